"""Which symbols and markets are stale, around closes, weekends and midnights."""

from datetime import datetime, timedelta

import pytest

from kuber.kernel.clock import FixedClock
from kuber.market.calendars import calendar_for
from kuber.market.feed.replay import ReplayClock
from kuber.market.feed.watch import (
    MarketState,
    is_stale,
    traded_until,
    trading_stretch,
    watch_markets,
)
from tests.fakes.bars import utc

LIMIT = timedelta(seconds=90)


@pytest.mark.parametrize(
    ("code", "now", "begin", "end"),
    [
        ("XNYS", "2025-11-19T18:00", "2025-11-19T14:30", "2025-11-19T21:00"),
        ("XNYS", "2025-11-19T14:30", "2025-11-19T14:30", "2025-11-19T21:00"),
        ("XNYS", "2025-11-19T14:29", "2025-11-18T14:30", "2025-11-18T21:00"),
        ("XNYS", "2025-11-23T12:00", "2025-11-21T14:30", "2025-11-21T21:00"),
        ("XNYS", "2025-11-28T20:00", "2025-11-28T14:30", "2025-11-28T18:00"),  # closes early
        ("24/5", "2025-11-18T12:00", "2025-11-16T22:00", "2025-11-19T00:00"),
        ("24/5", "2025-11-22T12:00", "2025-11-16T22:00", "2025-11-21T22:00"),
        ("24/7", "2025-11-19T18:00", "2025-11-12T00:00", "2025-11-20T00:00"),
    ],
)
def test_the_stretch_of_trading(code: str, now: str, begin: str, end: str) -> None:
    assert trading_stretch(calendar_for(code), utc(now)) == (utc(begin), utc(end))


def test_trading_lasts_until_now_or_the_close() -> None:
    exchange = calendar_for("XNYS")
    assert traded_until(exchange, utc("2025-11-19T18:00")) == utc("2025-11-19T18:00")
    assert traded_until(exchange, utc("2025-11-22T18:00")) == utc("2025-11-21T21:00")


@pytest.mark.parametrize(
    ("code", "quoted", "now", "expected"),
    [
        ("XNYS", "2025-11-19T17:58:30", "2025-11-19T18:00", False),
        ("XNYS", "2025-11-19T17:58:29", "2025-11-19T18:00", True),
        ("XNYS", "2025-11-21T20:59:59", "2025-11-23T12:00", False),
        ("XNYS", "2025-11-21T20:30:00", "2025-11-23T12:00", True),
        ("XNYS", "2025-11-21T20:59:59", "2025-11-24T14:31", False),
        ("XNYS", "2025-11-21T20:59:59", "2025-11-24T14:32", True),
        ("XNYS", None, "2025-11-24T14:31", False),
        ("XNYS", None, "2025-11-24T14:32", True),
        ("24/7", "2025-11-19T23:59:00", "2025-11-20T00:00:10", False),
        ("24/7", "2025-11-19T12:00:00", "2025-11-20T00:00:10", True),
    ],
)
def test_only_time_while_the_market_trades_makes_stale(
    code: str, quoted: str | None, now: str, expected: bool
) -> None:
    stretch = trading_stretch(calendar_for(code), utc(now))
    assert is_stale(stretch, utc(quoted) if quoted else None, utc(now), LIMIT) is expected


def states(quoted: dict[str, datetime | None], now: datetime) -> dict[str, MarketState]:
    return {market.calendar: market.state for market in watch_markets(quoted, now, LIMIT)}


def test_a_market_is_stale_when_most_of_its_symbols_are() -> None:
    now = utc("2025-11-19T18:00")
    old = now - timedelta(hours=1)
    assert states({"NVDA": now, "AMD": old, "BTCUSD": now}, now) == {
        "24/7": MarketState.OPEN,
        "XNYS": MarketState.OPEN,
    }
    assert states({"NVDA": now, "AMD": old, "V": None, "BTCUSD": now}, now) == {
        "24/7": MarketState.OPEN,
        "XNYS": MarketState.STALE,
    }
    assert states({"NVDA": old, "BTCUSD": None}, utc("2025-11-22T18:00")) == {
        "24/7": MarketState.STALE,
        "XNYS": MarketState.CLOSED,
    }


def test_a_market_says_when_it_closes_or_opens() -> None:
    [opened] = watch_markets({"NVDA": None}, utc("2025-11-19T18:00"), LIMIT)
    [closed] = watch_markets({"NVDA": None}, utc("2025-11-22T18:00"), LIMIT)
    assert (opened.until, closed.until) == (utc("2025-11-19T21:00"), utc("2025-11-24T14:30"))


def test_the_clock_of_a_replay_moves_as_fast_as_wanted(clock: FixedClock) -> None:
    replay = ReplayClock(clock, utc("2020-03-02T14:30"), 3600)
    clock.advance(timedelta(seconds=2))
    assert replay.now() == utc("2020-03-02T16:30")
