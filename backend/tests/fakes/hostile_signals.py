"""Messages for `signals.raw` such as only a hostile or careless program would write."""

from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from kuber.infra.dead_letters import REPLAYED
from tests.fakes.kafka import signal

PATIENT = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""The same examples each time, however busy the machine is."""
NOW_S = 1_767_625_200
"""5 January 2026."""

TEXT = st.text(max_size=8) | st.sampled_from(["\x00", "\ud800", "\x7f", "😀"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TICKER = st.fixed_dictionaries(
    {
        "ticker": st.sampled_from(["AAPL", "aapl ", "BTC/USD", "BTC-USD", "X:1", "", "a b"]),
        "signal": st.just("BULLISH"),
        "confidence": st.floats(0, 101),
    },
    optional={"more": JSON},
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "timestamp": st.floats()
    | st.integers(-(10**18), 10**18)
    | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
    | st.integers(0, NOW_S)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
    "source": st.text(max_size=130),
    "signal_type": st.sampled_from(["external", "who_knows", "Two Words"]),
    "tickers": st.lists(TICKER, min_size=1, max_size=3) | JSON,
    "metadata": st.dictionaries(TEXT, JSON, max_size=4),
    "signal_id": JSON | st.uuids().map(str),
    "correlation_id": st.text(max_size=70),
    "user_id": st.uuids().map(str),
    "flavour": JSON,
}
SIGNALS = st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in names}).map(
        lambda changed: {**signal(), **changed}
    )
)
HEADERS = st.dictionaries(
    st.sampled_from(["correlation_id", "traceparent", "idempotency_key", REPLAYED]),
    st.text(max_size=80) | st.sampled_from(["1", "\x00", "x" * 65]),
    max_size=3,
)
