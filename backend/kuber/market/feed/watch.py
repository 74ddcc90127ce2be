"""Watchdogs: whose quotes have stopped, and how a market does as a whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.instruments import traits_of
from kuber.market.types import to_datetime, to_datetime64

STALE_AFTER = timedelta(seconds=90)
"""A symbol without a new quote for so long while its market trades is stale."""

_LONGEST_STRETCH = 7
"""Sessions without a pause between them that are looked back over: a week of days."""


class MarketState(StrEnum):
    """`stale`: it should trade, but most of its symbols are not quoted: a halt, or a dead feed."""

    OPEN = "open"
    CLOSED = "closed"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class MarketWatch:
    """One market: the symbols of one calendar. `until` is when it closes, or opens next."""

    calendar: str
    state: MarketState
    until: datetime
    symbols: tuple[str, ...]
    stale: tuple[str, ...]


def trading_stretch(calendar: TradingCalendar, instant: datetime) -> tuple[datetime, datetime]:
    """Return begin and end of the unbroken trading around `instant`, or of the last before it.

    Where days follow each other without a pause it begins up to a week back.
    """
    at = to_datetime64(instant)
    hours = calendar.hours(at, at)
    last = int(np.searchsorted(hours.opens, at, side="right")) - 1
    first = last
    while last - first < _LONGEST_STRETCH and hours.closes[first - 1] == hours.opens[first]:
        first -= 1
    return to_datetime(hours.opens[first]), to_datetime(hours.closes[last])


def traded_until(calendar: TradingCalendar, instant: datetime) -> datetime:
    """Return `instant` while the market trades, else when it closed last."""
    return min(instant, trading_stretch(calendar, instant)[1])


def is_stale(
    stretch: tuple[datetime, datetime], quoted_at: datetime | None, now: datetime, limit: timedelta
) -> bool:
    """Say whether a symbol went unquoted for longer than `limit` of its market's `stretch`.

    A quote near the close stays fresh until the market has been open again for the limit.
    """
    begin, end = stretch
    return min(now, end) - max(quoted_at or begin, begin) > limit


def watch_markets(
    quoted_at: Mapping[str, datetime | None],
    now: datetime,
    limit: timedelta = STALE_AFTER,
    *,
    calendars: Iterable[str] = (),
) -> list[MarketWatch]:
    """Return the state of each market that the symbols trade on, and of `calendars`, by calendar.

    `quoted_at` holds the time of each symbol's newest quote, None when there was none yet.
    """
    by_calendar: dict[str, list[str]] = {code: [] for code in calendars}
    for symbol in sorted(quoted_at):
        by_calendar.setdefault(traits_of(symbol).calendar, []).append(symbol)
    found = []
    for code, symbols in sorted(by_calendar.items()):
        calendar = calendar_for(code)
        stretch = trading_stretch(calendar, now)
        stale = tuple(one for one in symbols if is_stale(stretch, quoted_at[one], now, limit))
        is_open = calendar.is_open(now)
        until = calendar.session_close(now) if is_open else calendar.next_open(now)
        found.append(
            MarketWatch(code, _state(is_open, symbols, stale), until, tuple(symbols), stale)
        )
    return found


def _state(is_open: bool, symbols: list[str], stale: tuple[str, ...]) -> MarketState:
    if not is_open:
        return MarketState.CLOSED
    return MarketState.STALE if 2 * len(stale) > len(symbols) else MarketState.OPEN
