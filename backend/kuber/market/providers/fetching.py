"""What providers that are asked over the network have in common: how far back, and of what."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from itertools import islice

import numpy as np

from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.instruments import EXCHANGE, Traits, traits_of
from kuber.market.series import RawBars, RawSeries, no_bars
from kuber.market.symbols import SymbolKind, parse_symbol
from kuber.market.types import (
    Bars,
    FloatArray,
    Instrument,
    Source,
    TimeArray,
    Timeframe,
    to_datetime,
    to_datetime64,
)


def is_listed_in_new_york(symbol: str) -> bool:
    """Return whether a symbol names what New York's exchanges list."""
    listed = parse_symbol(symbol).kind is SymbolKind.LISTED
    return listed and traits_of(symbol).calendar == EXCHANGE


def fetched_for(offered: Collection[Timeframe]) -> Mapping[Timeframe, Timeframe]:
    """Return what is fetched for each timeframe: the coarsest of `offered` that makes it."""
    coarsest_first = sorted(offered, key=lambda one: one.span, reverse=True)
    return {
        timeframe: next(one for one in coarsest_first if timeframe in one.and_coarser)
        for timeframe in Timeframe
        if any(timeframe in one.and_coarser for one in offered)
    }


def start_of(
    calendar: TradingCalendar, timeframe: Timeframe, as_of: datetime, count: int
) -> datetime:
    """Return the open of the session that the oldest of `count` bars lies in, with a margin."""
    day = timedelta(days=1) if calendar.clock_aligned else timedelta(hours=6, minutes=30)
    if timeframe is Timeframe.W1:
        needed = 5 * (count + 1) if not calendar.clock_aligned else 7 * (count + 1)
    elif timeframe is Timeframe.MO1:
        needed = 23 * (count + 1) if not calendar.clock_aligned else 31 * (count + 1)
    elif timeframe is Timeframe.D1:
        needed = count
    else:
        needed = count // max(1, -(-day // timeframe.span)) + 1
    needed += needed // 10 + 2  # early closes, bars without a trade
    at = to_datetime64(as_of)
    reach = np.timedelta64(timedelta(days=2 * needed + 30))
    sessions = calendar.sessions(at - reach, at)
    now = int(np.searchsorted(sessions.closes, at, side="right"))
    return to_datetime(sessions.opens[max(0, now - needed)])


def last_close(calendar: TradingCalendar, timeframe: Timeframe, at: datetime) -> datetime:
    """Return the newest close by `at` that the calendar expects of bars of a timeframe."""
    instant = to_datetime64(at)
    if timeframe in (Timeframe.W1, Timeframe.MO1):
        return to_datetime(_last_long_close(calendar, timeframe, instant))
    find = calendar.hours if timeframe.intraday else calendar.sessions
    spans = find(instant, instant)
    now = int(np.searchsorted(spans.closes, instant, side="right"))
    before, began_at = spans.closes[now - 1], spans.opens[now]
    if not timeframe.intraday or instant <= began_at:
        return to_datetime(before)
    midnight = began_at.astype("datetime64[D]").astype("datetime64[us]")
    first = midnight if calendar.clock_aligned else began_at
    span = np.timedelta64(timeframe.span)
    newest = first + (instant - first) // span * span
    return to_datetime(newest if newest > began_at else before)


def _last_long_close(
    calendar: TradingCalendar, timeframe: Timeframe, instant: np.datetime64
) -> np.datetime64:
    bounds = _bounds_of(calendar, timeframe)
    day = instant.astype("datetime64[D]")
    before = day - np.timedelta64(7, "D")
    if timeframe is Timeframe.MO1:
        before = day.astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(1, "D")
    closes = bounds(np.array([before, day]))[1]
    return np.datetime64(closes[closes <= instant][-1])


def _bounds_of(
    calendar: TradingCalendar, timeframe: Timeframe
) -> Callable[[TimeArray], tuple[TimeArray, TimeArray]]:
    """Return what gives opening and close of the days, weeks or months that dates name."""
    if timeframe is Timeframe.W1:
        return calendar.weekly_bounds
    return calendar.monthly_bounds if timeframe is Timeframe.MO1 else calendar.daily_bounds


def asked_from(timeframe: Timeframe, opened_at: datetime) -> datetime:
    """Return from when to ask for bars that open at `opened_at` and later.

    Days and what is longer are named by a date, which providers put at any time of it.
    """
    if timeframe.intraday:
        return opened_at
    midnight = opened_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - (timeframe.span - timedelta(days=1))


def raw_bars(
    traits: Traits, fetched: Timeframe, source: Source, times: TimeArray, table: FloatArray
) -> RawBars:
    """Return what a provider gave as bars with their closes, oldest first.

    `times` are when the bars open, of shape (n,), of days their dates. `table` has shape (n, 6):
    open, high, low, close and volume as traded, and the close adjusted for all splits, NaN where it
    is not known. What was traded outside of sessions is left out.
    """
    if not len(times):
        return RawBars(no_bars(traits.symbol, fetched, source), None)
    calendar = calendar_for(traits.calendar)
    if fetched.intraday:
        opened_at, closed_at = times, calendar.intraday_closes(times, fetched)
        kept = np.flatnonzero(calendar.trades_at(times))
    else:
        opened_at, closed_at = _bounds_of(calendar, fetched)(times.astype("datetime64[D]"))
        kept = np.arange(len(times))
    kept = kept[np.unique(opened_at[kept], return_index=True)[1]]
    open_, high, low, close, volume, adj_close = map(np.ascontiguousarray, table[kept].T)
    bars = Bars(
        traits.symbol,
        fetched,
        source,
        opened_at[kept],
        closed_at[kept],
        open_,
        high,
        low,
        close,
        volume,
    )
    return RawBars(bars, adj_close)


def frame_of(
    raw: RawBars, calendar_code: str, timeframe: Timeframe, as_of: datetime, count: int
) -> Bars:
    """Return the `count` newest bars of `timeframe` closed by `as_of`, adjusted for splits up to
    then."""
    series = RawSeries.of(raw, calendar_code)
    return series.frame(timeframe, series.splits_by(as_of)).closed_by(as_of).last(count)


def found_among(
    symbols: Collection[str],
    listed: Callable[[str], Instrument | None],
    query: str,
    after: str,
    limit: int,
) -> list[Instrument]:
    """Return at most `limit` of the instruments of `symbols` that come after `after`, by symbol,
    and whose symbol or name contains `query`; `listed` gives those that there are."""
    found = (
        one
        for symbol in sorted(one for one in symbols if one > after)
        if (one := listed(symbol)) is not None and (query in symbol or query in one.name.upper())
    )
    return list(islice(found, limit))
