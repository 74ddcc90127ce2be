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


def frame_of(
    traits: Traits,
    timeframe: Timeframe,
    fetched: Timeframe,
    source: Source,
    times: TimeArray,
    table: FloatArray,
    as_of: datetime,
) -> Bars:
    """Return the bars of `timeframe` closed by `as_of`, adjusted for splits up to then.

    `times` are when the fetched bars open, of shape (n,), of days their dates. `table` has shape
    (n, 6): open, high, low, close and volume as traded, and the close adjusted for all splits, NaN
    where it is not known. What was traded outside of sessions is left out.
    """
    if not len(times):
        return no_bars(traits.symbol, timeframe, source)
    calendar = calendar_for(traits.calendar)
    if fetched is Timeframe.D1:
        opened_at, closed_at = calendar.daily_bounds(times.astype("datetime64[D]"))
        kept = np.ones(len(times), dtype=np.bool_)
    else:
        opened_at, closed_at = times, calendar.intraday_closes(times, fetched)
        kept = calendar.trades_at(times)
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
    series = RawSeries.of(RawBars(bars, adj_close), traits.calendar)
    return series.frame(timeframe, series.splits_by(as_of)).closed_by(as_of)


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
