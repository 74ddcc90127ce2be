"""What senders write without having asked: alerts of TradingView, short signals, odd tickers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kuber.signals.gateway.errors import GatewayError
from kuber.signals.gateway.messages import metadata_of
from kuber.signals.types import SignalMessage
from tests.fakes.webhook_senders import body_of
from tests.unit.signals.gateway.test_messages import AAPL, NOW, alert, read, spelled

STRATEGY = "RSI Strategy (14, 30): order {} @ 10 filled on {}. New strategy position is {}"


def told(message: SignalMessage) -> tuple[str, str, float]:
    [item] = message.tickers
    return item.ticker, item.signal.value, item.confidence


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        (STRATEGY.format("sell", "AAPL", 0), "NEUTRAL"),
        (STRATEGY.format("buy", "AAPL", "0.0"), "NEUTRAL"),
        (STRATEGY.format("sell", "AAPL", -10), "BEARISH"),
        (STRATEGY.format("buy", "AAPL", 10), "BULLISH"),
        ("order sell @ 10 filled on AAPL.", "BEARISH"),
        ("AAPL flat", "FLAT"),
        ("AAPL close 90", "FLAT"),
        ("AAPL neutral", "NEUTRAL"),
    ],
)
def test_leaving_a_position_is_no_short(text: str, direction: str) -> None:
    assert told(alert(text.encode(), "text/plain"))[1] == direction


@pytest.mark.parametrize(
    ("more", "direction"),
    [
        ({"action": "sell", "market_position": "flat"}, "NEUTRAL"),
        ({"action": "sell", "position_size": 0}, "NEUTRAL"),
        ({"action": "sell", "position_size": "0"}, "NEUTRAL"),
        ({"action": "sell", "market_position": "short", "position_size": -3}, "BEARISH"),
        ({"action": "sell", "position_size": "{{strategy.position_size}}"}, "BEARISH"),
        ({"action": "exit"}, "FLAT"),
        ({"action": "flat", "market_position": "flat"}, "FLAT"),
    ],
)
def test_an_alert_in_json_tells_where_the_strategy_stands(
    more: dict[str, Any], direction: str
) -> None:
    assert told(alert(json.dumps({"ticker": "AAPL", **more}).encode()))[1] == direction


@pytest.mark.parametrize(
    ("ticker", "symbol"),
    [
        ("CME_MINI:ES1!", "ES1!"),
        ("NYMEX_DL:CL1!", "CL1!"),
        ("NSE:BAJAJ_AUTO", "BAJAJ-AUTO.NS"),
        ("BINANCE:BTCUSDT.P", "BTCUSDT.P"),
        ("NASDAQ:NVDA", "NVDA"),
        ("M&M.NS", "M&M.NS"),
    ],
)
def test_symbols_are_taken_as_tradingview_writes_them(ticker: str, symbol: str) -> None:
    in_json = alert(json.dumps({"ticker": ticker, "action": "buy"}).encode())
    in_words = alert(f"{ticker} buy 80".encode(), "text/plain")
    filled = alert(STRATEGY.format("buy", ticker, 3).encode(), "text/plain")
    assert [told(one)[0] for one in (in_json, in_words, filled)] == [symbol] * 3
    if ":" in ticker:
        assert in_json.metadata["exchange"] == ticker.partition(":")[0]


def test_a_plot_without_a_value_and_a_line_break_lose_no_alert() -> None:
    text = (
        b'{"ticker": "AAPL", "action": "buy", "rsi": NaN, "far": -Infinity, "big": 1e999, "at": 5}'
    )
    assert alert(text).metadata == {"rsi": None, "far": None, "big": None, "at": 5}
    broken = b'{"ticker": "AAPL", "action": "buy", "comment": "first\nsecond\tline"}'
    assert alert(broken).metadata == {"comment": "first\nsecond\tline"}


def test_an_alert_that_is_not_json_says_where() -> None:
    with pytest.raises(GatewayError, match="line 2, column 11") as refused:
        alert(b'{"ticker": "AAPL",\n "action" "buy"}')
    assert refused.value.code == "not_json"


def test_odd_tickers_leave_and_the_others_stay() -> None:
    message = read(body_of(tickers=spelled("AAPL", "$$$", "BTC/USD", "A B")))
    assert [item.ticker for item in message.tickers] == ["AAPL", "BTCUSD"]
    assert metadata_of(message)["extra"] == {"dropped_tickers": ["$$$", "A B"]}


def test_a_signal_of_odd_tickers_alone_is_refused_with_each_of_them() -> None:
    with pytest.raises(GatewayError) as refused:
        read(body_of(tickers=spelled("$$$", "A B")))
    assert refused.value.code == "invalid"
    assert [one.field for one in refused.value.problems] == ["tickers.0.ticker", "tickers.1.ticker"]
    assert "'$$$' is not a symbol" in refused.value.problems[0].message


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("as_text", [False, True])
def test_the_time_is_read_in_whatever_unit_a_clock_gives(factor: int, as_text: bool) -> None:
    value = int(NOW.timestamp()) * factor
    message = read(body_of(timestamp=str(value) if as_text else value))
    assert message.timestamp == NOW


def test_microseconds_are_kept_and_what_is_too_far_is_refused() -> None:
    exact = NOW - timedelta(microseconds=7)
    since = (exact - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert read(body_of(timestamp=since)).timestamp == exact
    for odd in (10**20, 10**25, float("1e300")):
        with pytest.raises(GatewayError) as refused:
            read(body_of(timestamp=odd))
        assert refused.value.code == "bad_signal_time"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"instrument": "btc/usd", "signal": "buy", "strength": 0.8}, ("BTCUSD", "BULLISH", 80)),
        ({"instrument": "AAPL", "signal": "SELL"}, ("AAPL", "BEARISH", 100)),
        ({"instrument": "AAPL", "signal": "flat", "strength": 0}, ("AAPL", "FLAT", 0)),
    ],
)
def test_a_short_signal_is_one_of_a_single_ticker(
    fields: dict[str, Any], expected: tuple[str, str, float]
) -> None:
    message = read(json.dumps({**fields, "price": 101.5, "timestamp": NOW.timestamp()}).encode())
    assert told(message) == expected
    assert (message.signal_type, message.metadata) == ("external", {"price": 101.5})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"signal": "up"}, "signal"),
        ({"strength": 1.01}, "strength"),
        ({"strength": -0.01}, "strength"),
        ({"strength": True}, "strength"),
        ({"strength": "0.5"}, "strength"),
        ({"instrument": "A B"}, "tickers.0.ticker"),
    ],
)
def test_a_short_signal_that_is_wrong_names_its_field(change: dict[str, Any], field: str) -> None:
    fields = {"instrument": "AAPL", "signal": "buy", "strength": 0.5, **change}
    with pytest.raises(GatewayError) as refused:
        read(json.dumps(fields).encode())
    assert refused.value.problems[0].field == field


def test_a_whole_signal_that_names_an_instrument_besides_is_read_as_such() -> None:
    assert told(read(body_of(tickers=[AAPL], instrument="MSFT")))[0] == "AAPL"
