"""From a proven body to a signal: each thing that can be wrong has its own code and remedy."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from kuber.kernel.ids import UserId
from kuber.signals.catalog import SIGNAL_KINDS, signal_types
from kuber.signals.gateway.errors import GatewayError
from kuber.signals.gateway.messages import metadata_of, parse_body
from kuber.signals.gateway.types import MAX_BODY_BYTES, Source, SourceId, SourceKind
from kuber.signals.intake import MAX_MESSAGE_BYTES
from kuber.signals.types import SignalDirection, SignalMessage
from tests.fakes.webhook_senders import SIGNAL, body_of

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
AAPL = {"ticker": "AAPL", "signal": "BULLISH", "confidence": 85}


def source(kind: SourceKind) -> Source:
    ids = SourceId(uuid4()), UserId(uuid4())
    return Source(*ids, "My system", kind, ("s",), (), 60, True, NOW, NOW)


def read(
    body: bytes, kind: SourceKind = SourceKind.HMAC, content_type: str = "application/json"
) -> SignalMessage:
    headers = {"content-type": content_type} if content_type else {}
    return parse_body(source(kind), headers, body, NOW, signal_types)


def alert(body: bytes, content_type: str = "application/json") -> SignalMessage:
    return read(body, SourceKind.TRADINGVIEW, content_type)


def many(count: int) -> list[dict[str, object]]:
    return [{**AAPL, "ticker": f"T{number}"} for number in range(count)]


def spelled(*names: str) -> list[dict[str, object]]:
    return [{**AAPL, "ticker": name} for name in names]


def nested(levels: int) -> bytes:
    return body_of(metadata={"a": "here"}).replace(b'"here"', b"[" * levels + b"]" * levels)


REFUSED = [
    ("not JSON", b"{", "not_json"),
    ("empty", b"", "not_json"),
    ("a list", b"[]", "not_json"),
    ("a number that JSON does not have", body_of(metadata={"a": float("nan")}), "not_json"),
    ("not UTF-8", b'{"a": "\xff"}', "not_json"),
    ("half a character", b'{"a": "\\ud800"}', "not_json"),
    ("no fields", b"{}", "invalid"),
    ("unknown type", body_of(signal_type="golden_goose"), "unknown_signal_type"),
    ("type in capitals", body_of(signal_type="GOLDEN"), "invalid"),
    ("no tickers", body_of(tickers=[]), "no_tickers"),
    ("501 tickers", body_of(tickers=many(501)), "too_many_tickers"),
    ("10,000 tickers", body_of(tickers=many(10_000)), "too_many_tickers"),
    ("the same ticker twice", body_of(tickers=[AAPL, AAPL]), "invalid"),
    ("a ticker in two spellings", body_of(tickers=spelled("BTC/USD", "BTC-USD")), "invalid"),
    ("long numbers", body_of(metadata={"a": [1e300] * 500}), "invalid"),
    ("no ticker", body_of(tickers=[{**AAPL, "ticker": ""}]), "invalid"),
    ("unknown direction", body_of(tickers=[{**AAPL, "signal": "UP"}]), "invalid"),
    ("confidence 101", body_of(tickers=[{**AAPL, "confidence": 101}]), "bad_confidence"),
    ("confidence -1", body_of(tickers=[{**AAPL, "confidence": -1}]), "bad_confidence"),
    ("confidence in words", body_of(tickers=[{**AAPL, "confidence": "high"}]), "bad_confidence"),
    ("confidence true", body_of(tickers=[{**AAPL, "confidence": True}]), "bad_confidence"),
    ("confidence null", body_of(tickers=[{**AAPL, "confidence": None}]), "bad_confidence"),
    ("future", body_of(timestamp=NOW_S + 301), "bad_signal_time"),
    ("before 1970", body_of(timestamp="1969-12-31T23:59:59Z"), "bad_signal_time"),
    ("time in words", body_of(timestamp="yesterday"), "bad_signal_time"),
    ("endless time", body_of(timestamp=1e300), "bad_signal_time"),
    ("end of the calendar", body_of(timestamp="9999-12-31T23:59:59-05:00"), "bad_signal_time"),
    ("no time", body_of(timestamp=None), "bad_signal_time"),
    ("NUL character", body_of(metadata={"a": "b\0"}), "invalid"),
    ("NUL character in a name", body_of(metadata={"a\0": 1}), "invalid"),
    ("too deep", nested(300), "invalid"),
    ("far too deep", nested(20_000), "not_json"),
]


@pytest.mark.parametrize(("name", "body", "code"), REFUSED)
def test_a_body_that_is_no_signal_is_refused_with_its_code(
    name: str, body: bytes, code: str
) -> None:
    with pytest.raises(GatewayError) as caught:
        read(body)
    error = caught.value
    assert error.code == code, f"{name}: {error.code}: {error.detail}"
    assert error.problems
    assert all(one.remedy for one in error.problems)


def test_a_refusal_names_the_field_and_not_the_value() -> None:
    with pytest.raises(GatewayError) as caught:
        read(body_of(tickers=[AAPL, {**AAPL, "ticker": "MSFT", "confidence": 4711}]))
    (problem,) = caught.value.problems
    assert problem.field == "tickers.1.confidence"
    assert problem.remedy == "Use a number from 0 to 100."
    assert "4711" not in caught.value.detail + problem.message


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_only_json_is_read_from_those_who_sign(content_type: str) -> None:
    with pytest.raises(GatewayError) as caught:
        read(body_of(), content_type=content_type)
    assert caught.value.code == "unsupported_media_type"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"]
)
def test_json_is_read_however_its_type_is_spelled(content_type: str) -> None:
    assert read(body_of(), content_type=content_type).signal_type == "golden_cross"


def test_a_compressed_body_is_refused() -> None:
    mine = source(SourceKind.HMAC)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    with pytest.raises(GatewayError, match="compressed"):
        parse_body(mine, headers, body_of(), NOW, signal_types)


def test_a_signal_goes_by_the_name_of_its_source_and_keeps_what_nobody_knows() -> None:
    body = json.dumps({**SIGNAL, "metadata": {"sma": 1.5}, "desk": "Tokyo"}).encode()
    message = read(body)
    assert message.source == "My system"
    assert metadata_of(message) == {"sma": 1.5, "extra": {"desk": "Tokyo"}}


def test_the_sender_need_not_name_itself() -> None:
    body = json.dumps({k: v for k, v in SIGNAL.items() if k != "source"}).encode()
    assert read(body).source == "My system"


def test_a_text_that_only_looks_like_a_nul_is_kept() -> None:
    assert read(body_of(metadata={"a": "\\u0000"})).metadata == {"a": "\\u0000"}


def test_an_alert_in_json_becomes_a_signal() -> None:
    message = alert(
        json.dumps(
            {
                "ticker": "NASDAQ:AAPL",
                "action": "Sell",
                "confidence": 70,
                "time": "2026-01-05T14:59:00Z",
                "price": 150.5,
            }
        ).encode()
    )
    (item,) = message.tickers
    assert (item.ticker, item.signal, item.confidence) == ("AAPL", SignalDirection.BEARISH, 70)
    assert (message.signal_type, message.timestamp.minute) == ("external", 59)
    assert message.metadata == {"price": 150.5, "exchange": "NASDAQ"}


@pytest.mark.parametrize(
    ("text", "ticker", "direction", "confidence"),
    [
        ("AAPL buy", "AAPL", "BULLISH", 100),
        ("nasdaq:aapl SELL 62.5 because of the weather", "AAPL", "BEARISH", 62.5),
        ("BTCUSDT.P long\nsecond line", "BTCUSDT.P", "BULLISH", 100),
        (
            "MACD (12, 26): order buy @ 3.5 filled on AAPL. New strategy position is 3.5",
            "AAPL",
            "BULLISH",
            100,
        ),
    ],
)
def test_an_alert_in_words_becomes_a_signal(
    text: str, ticker: str, direction: str, confidence: float
) -> None:
    message = alert(text.encode(), "text/plain; charset=utf-8")
    (item,) = message.tickers
    assert (item.ticker, item.signal, item.confidence) == (ticker, direction, confidence)
    assert message.timestamp == NOW
    assert message.metadata["message"] == text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"good morning", "not_json"),
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"ticker": ', "not_json"),
        (b'{"ticker": "AAPL", "action": "hodl"}', "invalid"),
        (b'{"action": "buy"}', "invalid"),
        (b'{"ticker": "AAPL", "action": "buy", "confidence": 120}', "bad_confidence"),
        (b"AAPL buy 120", "bad_confidence"),
        (b"AAPL buy \0", "invalid"),
    ],
)
def test_an_alert_that_says_nothing_clear_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        alert(body, "")
    assert caught.value.code == code, caught.value.detail
    assert caught.value.problems[0].remedy


def test_every_signal_type_of_the_catalogue_is_named_once_and_explained() -> None:
    names = [kind.signal_type for kind in SIGNAL_KINDS]
    assert len(set(names)) == len(names) == 12
    assert all(kind.name and kind.description for kind in SIGNAL_KINDS)


def test_a_ticker_in_two_spellings_is_refused_with_its_places_and_alone_it_is_one_symbol() -> None:
    with pytest.raises(GatewayError) as caught:
        read(body_of(tickers=spelled("AAPL", "BTC/USD", "btcusd")))
    (problem,) = caught.value.problems
    assert problem.field == "tickers"
    assert problem.message == "name each ticker once: tickers.1 and tickers.2 are the same."
    assert [item.ticker for item in read(body_of(tickers=spelled("eur/usd"))).tickers] == ["EURUSD"]


@pytest.mark.parametrize(
    "filling", [[1] * 31_000, [0.1] * 12_000, ["é"] * 12_000, [1e300] * 400, [1e-7] * 10_000]
)
def test_what_is_taken_is_not_too_large_for_the_dispatcher(filling: list[object]) -> None:
    body = json.dumps(
        {**SIGNAL, "timestamp": NOW_S, "metadata": {"a": filling}},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    assert len(body) <= MAX_BODY_BYTES
    taken = read(body)
    rest = len(taken.model_dump_json(exclude={"metadata"}))
    assert rest + sum(_written(one) + 2 for one in filling) < MAX_MESSAGE_BYTES


def _written(value: object) -> int:
    """Return the bytes that a value takes as PostgreSQL writes it."""
    if isinstance(value, float):
        return len(format(Decimal(repr(value)), "f"))
    return len(json.dumps(value, ensure_ascii=False).encode())
