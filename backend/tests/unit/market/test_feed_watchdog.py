"""The watchdog says by itself what has changed: in the log, in metrics, in the heartbeat."""

from datetime import timedelta

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from kuber.market.feed.watch import MarketState, MarketWatch
from kuber.market.feed.watchdog import Watchdog
from tests.fakes.bars import utc

NOW = utc("2025-11-19T18:10:00")
SYMBOLS = ("AMD", "NVDA")


def market(state: MarketState, *stale: str, calendar: str = "XNYS") -> MarketWatch:
    return MarketWatch(calendar, state, NOW, SYMBOLS, stale)


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"calendar": "XNYS", **labels})


def test_a_market_that_stops_is_told_once_and_so_is_its_return() -> None:
    watchdog = Watchdog()
    open_, dead = market(MarketState.OPEN), market(MarketState.STALE, *SYMBOLS)
    with capture_logs() as logs:
        for second, seen in enumerate([open_, open_, dead, dead, open_]):
            watchdog.look([seen], NOW + timedelta(seconds=second))
    told = [(line["log_level"], line["event"]) for line in logs]
    assert told == [
        ("warning", "market_state_changed"),
        ("warning", "symbols_stale"),
        ("info", "market_state_changed"),
        ("info", "symbols_quoted_again"),
    ]
    assert logs[1]["symbols"] == ["AMD", "NVDA"]
    assert [change.as_json() for change in watchdog.changes] == [
        {
            "calendar": "XNYS",
            "from": "stale",
            "to": "open",
            "at": "2025-11-19T18:10:04+00:00",
        },
        {
            "calendar": "XNYS",
            "from": "open",
            "to": "stale",
            "at": "2025-11-19T18:10:02+00:00",
        },
    ]


def test_one_symbol_that_stops_is_told_while_its_market_goes_on() -> None:
    watchdog = Watchdog()
    with capture_logs() as logs:
        watchdog.look([market(MarketState.OPEN)], NOW)
        watchdog.look([market(MarketState.OPEN, "AMD")], NOW)
        watchdog.look([market(MarketState.CLOSED)], NOW)
    assert [line["event"] for line in logs] == ["symbols_stale", "market_state_changed"]
    assert logs[0]["symbols"] == ["AMD"]


def test_the_metrics_follow_and_end_with_the_market() -> None:
    watchdog = Watchdog()
    watchdog.look([market(MarketState.STALE, *SYMBOLS)], NOW)
    assert metric("kuber_symbols_stale") == 2
    states = [metric("kuber_market_state", state=state.value) for state in MarketState]
    assert states == [0, 0, 1]
    watchdog.look([market(MarketState.OPEN)], NOW)
    assert (metric("kuber_symbols_stale"), metric("kuber_market_state", state="open")) == (0, 1)
    watchdog.look([], NOW)
    assert metric("kuber_symbols_stale") is metric("kuber_market_state", state="open") is None


def test_only_the_last_changes_are_kept() -> None:
    watchdog = Watchdog()
    for number in range(20):
        state = MarketState.OPEN if number % 2 else MarketState.CLOSED
        watchdog.look([market(state)], NOW + timedelta(hours=number))
    assert len(watchdog.changes) == 5
    assert watchdog.changes[0].at == NOW + timedelta(hours=19)
