"""Whatever comes on `signals.raw` is a signal that can be kept, or refused by name, at once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.infra.dead_letters import REPLAYED, Rejected, announcement
from kuber.infra.kafka import IncomingMessage
from kuber.infra.outbox import outbox_json
from kuber.kernel.ids import new_id
from kuber.signals.events import SignalNormalized
from kuber.signals.intake import MAX_MESSAGE_BYTES, parse_message
from kuber.signals.types import MAX_CLOCK_AHEAD_S, Signal
from tests.fakes.hostile_signals import HEADERS, JSON, NOW_S, PATIENT, SIGNALS
from tests.fakes.kafka import signal

NOW = datetime.fromtimestamp(NOW_S, UTC)
TYPES = frozenset({"golden_cross", "external"})
REASONS = {"too_large", "not_json", "bad_schema", "newer_schema", "unknown_signal_type"}
KAFKA_TAKES = 1_000_000
BULLISH = {"signal": "BULLISH", "confidence": 85}


def message(value: bytes | dict[str, Any], /, **headers: str) -> IncomingMessage:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return IncomingMessage("signals.raw", 0, 7, 1, b"AAPL", raw, headers)


def read(value: bytes | dict[str, Any], /, **headers: str) -> Signal | Rejected:
    return parse_message(message(value, **headers), TYPES, NOW)


def accepted(value: bytes | dict[str, Any], /, **headers: str) -> Signal:
    found = read(value, **headers)
    assert isinstance(found, Signal), found
    return found


def tickers(*names: str) -> list[dict[str, Any]]:
    return [{"ticker": name, **BULLISH} for name in names]


def with_metadata(text: str) -> bytes:
    return json.dumps(signal(metadata={"a": "here"})).replace('"here"', text).encode()


def check_fits(kept: Signal) -> None:
    """Fail unless PostgreSQL could keep the signal and Kafka could carry its announcement."""
    event = SignalNormalized(
        occurred_at=NOW,
        correlation_id=kept.correlation_id,
        signal_id=kept.id,
        timestamp=kept.occurred_at.timestamp(),
        source=kept.source,
        signal_type=kept.signal_type,
        tickers=tuple(item.model_dump(mode="json") for item in kept.tickers),
        metadata=dict(kept.metadata),
        user_id=kept.user_id,
        started=0,
        skipped=0,
    )
    written = orjson.dumps([*outbox_json([event]), kept.extra, kept.idempotency_key, kept.source])
    assert b"\\u0000" not in written  # PostgreSQL takes none
    assert len(json.dumps(json.loads(written), ensure_ascii=False)) < KAFKA_TAKES
    assert len(kept.idempotency_key) <= 120
    assert 1 <= len(kept.correlation_id) <= 64
    assert kept.traceparent is None or len(kept.traceparent) == 55
    assert 1 <= len(event.key()) <= 32
    assert datetime(1970, 1, 1, tzinfo=UTC) <= kept.occurred_at <= NOW + timedelta(minutes=5)
    names = [item.ticker for item in kept.tickers]
    assert len(set(names)) == len(names)


@PATIENT
@given(st.binary(max_size=200) | JSON.map(json.dumps).map(str.encode), HEADERS)
def test_whatever_bytes_come_they_are_refused_by_name(raw: bytes, headers: dict[str, str]) -> None:
    found = parse_message(replace(message(raw), headers=headers), TYPES, NOW)
    assert isinstance(found, Rejected)
    assert found.reason in REASONS
    assert found.detail


@PATIENT
@given(SIGNALS, HEADERS)
def test_whatever_a_signal_says_it_can_be_kept_or_is_refused_by_name(
    value: dict[str, Any], headers: dict[str, str]
) -> None:
    found = parse_message(replace(message(value), headers=headers), TYPES, NOW)
    if isinstance(found, Signal):
        check_fits(found)
    else:
        assert found.reason in REASONS
        orjson.dumps(announcement(found, new_id()))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (with_metadata('"\\ud800"'), "not_json"),
        (with_metadata("NaN"), "not_json"),
        (with_metadata("[" * 5000 + "]" * 5000), "not_json"),
        (with_metadata("[" * 300 + "]" * 300), "bad_schema"),
        (with_metadata('"a\\u0000b"'), "bad_schema"),
        (with_metadata('{"a\\u0000b": 1}'), "bad_schema"),
        (with_metadata(f"[{','.join(['1e300'] * 1000)}]"), "bad_schema"),
        (signal(timestamp="0001-01-01T00:00:00+14:00"), "bad_schema"),
        (signal(timestamp="9999-12-31T23:59:59-14:00"), "bad_schema"),
        (signal(timestamp="1969-12-31T23:59:59Z"), "bad_schema"),
        (signal(timestamp="9000-01-01T00:00:00Z"), "bad_schema"),
        (signal(timestamp=NOW.timestamp() + MAX_CLOCK_AHEAD_S + 1), "bad_schema"),
        (signal(tickers=tickers("BTC/USD", "BTCUSD", "BTC-USD")), "bad_schema"),
        (signal(source="\x00"), "bad_schema"),
        (b"[]", "bad_schema"),
        (b"", "not_json"),
        (signal(more="x" * MAX_MESSAGE_BYTES), "too_large"),
    ],
)
def test_a_message_that_cannot_be_kept_is_refused_at_once(
    value: bytes | dict[str, Any], reason: str
) -> None:
    found = read(value)
    assert isinstance(found, Rejected), found
    assert found.reason == reason, found.detail
    assert found.detail


def test_the_largest_signals_can_still_be_announced() -> None:
    room = MAX_MESSAGE_BYTES - 300
    for filling in ("é" * (room // 2), "\u0001" * (room // 6), [1] * (room // 3), [0.1] * 50_000):
        raw = json.dumps(signal(metadata={"a": filling}), ensure_ascii=False).encode()
        if len(raw) <= MAX_MESSAGE_BYTES:
            check_fits(accepted(raw))


def test_a_number_of_any_length_is_kept_as_near_as_numbers_come() -> None:
    assert (
        accepted(with_metadata("123456789012345678901234567890")).metadata["a"]
        == 1.2345678901234568e29
    )


def test_an_old_signal_is_still_one_and_so_is_one_from_a_clock_that_is_a_little_ahead() -> None:
    assert accepted(signal(timestamp=0)).occurred_at == datetime(1970, 1, 1, tzinfo=UTC)
    ahead = accepted(signal(timestamp=NOW.timestamp() + MAX_CLOCK_AHEAD_S))
    assert ahead.occurred_at > NOW


def test_a_ticker_has_one_spelling_and_comes_once() -> None:
    kept = accepted(signal(tickers=tickers(" btc/usd", "aapl", "eur-usd", "BRK.B")))
    assert [item.ticker for item in kept.tickers] == ["BTCUSD", "AAPL", "EURUSD", "BRK.B"]
    found = read(signal(tickers=tickers("AAPL", "BTC/USD", "BTCUSD")))
    assert isinstance(found, Rejected)
    assert "tickers.1 and tickers.2 are the same" in found.detail


@pytest.mark.parametrize("given", ["x" * 65, "a\x00b", "", "ä"])
def test_a_header_that_does_not_fit_is_replaced(given: str) -> None:
    kept = accepted(signal(), correlation_id=given, traceparent=f"00-{given}")
    assert len(kept.correlation_id) == 36
    assert kept.traceparent is None
    assert accepted(signal(correlation_id="in the body"), correlation_id=given).correlation_id == (
        "in the body"
    )


def test_a_trace_that_fits_is_carried_on() -> None:
    parent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    kept = accepted(signal(), correlation_id="theirs-1", traceparent=parent)
    assert (kept.correlation_id, kept.traceparent) == ("theirs-1", parent)


@pytest.mark.parametrize("header", ["idempotency_key", REPLAYED])
@pytest.mark.parametrize("given", ["1", "x" * 500, "a\x00b"])
def test_a_producers_key_counts_once_within_its_source_and_not_beyond(
    header: str, given: str
) -> None:
    first, again = (accepted(signal(source="one"), **{header: given}) for _ in range(2))
    other = accepted(signal(source="two"), **{header: given})
    owned = accepted(signal(source="one", user_id=str(uuid4())), **{header: given})
    assert (first.id, first.idempotency_key) == (again.id, again.idempotency_key)
    keys = {one.idempotency_key for one in (first, other, owned)}
    assert len(keys) == 3
    assert max(map(len, keys)) <= 120
    assert len({one.id for one in (first, other, owned)}) == 3
