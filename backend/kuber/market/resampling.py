"""Coarser bars from finer ones, on the boundaries of the trading calendar.

Exchange-traded instruments: intraday bars are counted from the session's open and the last one is
cut at its close (4 h on the New York exchange: 09:30-13:30 and 13:30-16:00), and bars outside the
session are left out. Currencies and crypto: intraday bars are counted from 00:00 UTC, and none
opens before its market does (currencies, 4 h: the first of a week from Sunday 22:00 UTC in winter
to 24:00, though 20:00 would be its place). Daily bars are
trading days (of currencies to 17:00 New York, unless the bars at hand are UTC days), weekly bars
are trading weeks, monthly bars the sessions whose dates lie in the month.

A fine bar belongs to the coarse bar in which it closes, and a coarse bar's close comes from the
calendar, not from the bars at hand. So a coarse bar never holds a price from after its own close,
and a missing fine bar moves no boundary. Where the bars at hand begin in a coarse bar or end in
one, it is none: a week of which Friday is missing has no close, however old it is.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kuber.market.calendars import (
    ROUND_THE_WEEK,
    DateArray,
    Sessions,
    TradingCalendar,
    months_of,
)
from kuber.market.types import Bars, Source, TimeArray, Timeframe

Mask = NDArray[np.bool_]

_DAY = np.timedelta64(1, "D")
_DATE = np.dtype("datetime64[D]")
_TICK = np.timedelta64(1, "us")
_SUNDAY = 6
_HOLIDAYS = ((1, 1), (12, 25))
_CLOSED = np.timedelta64(5, "D")
"""So long a market is closed at most, about."""
_PART = 10
"""Of a session or bar this part may be without trades at its edge: few are traded every minute."""


def resample(bars: Bars, timeframe: Timeframe, calendar: TradingCalendar) -> Bars:
    """Return the bars of `timeframe` made of finer `bars` (oldest first).

    The first and the last may hold only a part of theirs: see `begins_late` and `ends_early`.
    """
    if timeframe is bars.timeframe:
        return bars
    if len(bars) == 0:
        return replace(bars, timeframe=timeframe)
    assert timeframe in bars.timeframe.and_coarser, "resampling only makes coarser bars"
    inside, opened_at, closed_at = _buckets(bars, timeframe, calendar)
    bars = select(bars, inside)
    if len(bars) == 0:
        return replace(bars, timeframe=timeframe)
    changes = np.flatnonzero(closed_at[1:] != closed_at[:-1]) + 1
    first = np.concatenate(([0], changes))
    last = np.concatenate((changes, [len(bars)])) - 1
    return Bars(
        bars.symbol,
        timeframe,
        bars.source,
        opened_at[first],
        closed_at[first],
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        np.add.reduceat(bars.volume, first),
        bars.version,
    )


def begins_late(made: Bars, bars: Bars, calendar: TradingCalendar) -> bool:
    """Return whether `bars` begin after the first tenth of the first bar `made` of them, or of the
    first session in it."""
    if made.timeframe is bars.timeframe or not len(made):
        return False
    opened, closed = made.opened_at[0], made.closed_at[0]
    opens, closes, trades = _traded(bars, calendar, opened, closed)
    begin = max(opened, opens[0], trades[0])
    return bool(bars.opened_at[0] - begin > (min(closed, closes[0]) - begin) // _PART)


def ends_early(made: Bars, bars: Bars, calendar: TradingCalendar) -> bool:
    """Return whether `bars` end before the last tenth of the last bar `made` of them, or of the
    last session in it."""
    if made.timeframe is bars.timeframe or not len(made):
        return False
    opened, closed = made.opened_at[-1], made.closed_at[-1]
    opens, closes, trades = _traded(bars, calendar, opened, closed)
    end = min(closed, closes[-1], trades[1])
    return bool(bars.closed_at[-1] < end - (end - max(opened, opens[-1])) // _PART)


def _traded(
    bars: Bars, calendar: TradingCalendar, opened: np.datetime64, closed: np.datetime64
) -> tuple[TimeArray, TimeArray, tuple[np.datetime64, np.datetime64]]:
    """Return opening and close of the sessions in a bar, shape (n,) each, and from when to when
    its market trades in it. Of a bar that lies outside of them, as by times in a wrong zone, it is
    all of the bar.

    Few files of currencies have a bar for a Sunday or a New Year's Day, which their calendar has.
    """
    days = _days_of(bars, calendar, opened, closed)
    within = (days.closes > opened) & (days.opens < closed)
    if not bars.timeframe.intraday:
        if calendar.code in ROUND_THE_WEEK:
            usual = within & ~_is_seldom(days.dates)
            within = usual if usual.any() else within
        return *_spans(days, within, opened, closed), (opened, closed)
    hours = calendar.hours(opened, closed)
    opens, closes = _spans(hours, (hours.closes > opened) & (hours.opens < closed), opened, closed)
    return *_spans(days, within, opened, closed), (opens[0], closes[-1])


def _spans(
    sessions: Sessions, chosen: Mask, opened: np.datetime64, closed: np.datetime64
) -> tuple[TimeArray, TimeArray]:
    """Return opening and close of the sessions that are chosen, else from `opened` to `closed`."""
    if not chosen.any():
        return np.array([opened]), np.array([closed])
    return sessions.opens[chosen], sessions.closes[chosen]


def _is_seldom(dates: DateArray) -> Mask:
    """Return which dates are Sundays or holidays everywhere, shape (n,)."""
    days = dates.astype("datetime64[D]").astype(object)
    return np.array(
        [day.weekday() == _SUNDAY or (day.month, day.day) in _HOLIDAYS for day in days],
        dtype=np.bool_,
    )


def resample_whole(bars: Bars, timeframe: Timeframe, calendar: TradingCalendar) -> Bars:
    """Return the bars of `timeframe` of a whole series, without those that it holds a part of."""
    made = resample(bars, timeframe, calendar)
    first, last = begins_late(made, bars, calendar), ends_early(made, bars, calendar)
    return made.window(int(first), max(int(first), len(made) - int(last)))


def _buckets(
    bars: Bars, timeframe: Timeframe, calendar: TradingCalendar
) -> tuple[Mask, TimeArray, TimeArray]:
    """Return which bars are used, and opening and close of the coarse bar of each used one."""
    sessions = _days_of(bars, calendar, bars.opened_at[0], bars.closed_at[-1])
    index = np.searchsorted(sessions.closes, bars.closed_at, side="left")
    used = np.ones(len(bars), dtype=np.bool_)
    if bars.timeframe.intraday and not (timeframe.intraday and calendar.clock_aligned):
        used = bars.closed_at > sessions.opens[index]
        index = index[used]
    if timeframe in (Timeframe.W1, Timeframe.MO1):
        spans = sessions.weeks if timeframe is Timeframe.W1 else months_of(sessions.dates)
        first = np.searchsorted(spans, spans[index], side="left")
        last = np.searchsorted(spans, spans[index], side="right") - 1
        return used, sessions.opens[first], sessions.closes[last]
    opens, closes = sessions.opens[index], sessions.closes[index]
    if timeframe is Timeframe.D1:
        return used, opens, closes
    ends, span = bars.closed_at[used] - _TICK, np.timedelta64(timeframe.span)
    if calendar.clock_aligned:
        opens = ends.astype("datetime64[D]").astype("datetime64[us]")
        closes = opens + _DAY
    starts = opens + (ends - opens) // span * span
    closes = np.minimum(starts + span, closes)
    if calendar.code in ROUND_THE_WEEK:
        starts = _not_before_the_market(starts, bars.opened_at[used], calendar)
    return used, starts, closes


def _not_before_the_market(
    starts: TimeArray, opened_at: TimeArray, calendar: TradingCalendar
) -> TimeArray:
    """Return where coarse bars open of which `opened_at` is the first fine one: `starts`, or the
    opening of the market within them. Of a fine bar out of hours it is `starts`."""
    hours = calendar.hours(starts[0], opened_at[-1])
    opens = hours.opens[np.searchsorted(hours.closes, opened_at, side="right")]
    found: TimeArray = np.where(opens <= opened_at, np.maximum(starts, opens), starts)
    return found


def holds_whole(
    stored: Timeframe,
    made: Timeframe,
    first_at: np.datetime64,
    last_at: np.datetime64,
    calendar: TradingCalendar,
) -> bool:
    """Return whether bars of `stored` from `first_at` to `last_at` make one of `made` that is
    whole, gaps aside."""
    span = np.timedelta64(made.span)
    if last_at - first_at > 2 * span + _CLOSED:
        return True
    length = np.timedelta64(stored.span) if stored.intraday else _TICK  # a day has many lengths
    opened, closed = np.array([first_at, last_at - length]), np.array([first_at + length, last_at])
    prices = np.ones(2)
    ends = Bars("", stored, Source.IMPORTED, opened, closed, *(prices,) * 5)
    bars = resample(ends, made, calendar)
    if not len(bars):
        return False
    late, early = begins_late(bars, ends, calendar), ends_early(bars, ends, calendar)
    if len(bars) == 1:
        return not late and not early
    between = bars.opened_at[1] - bars.closed_at[0]
    return not late or not early or bool(between > span / 2)


def _days_of(
    bars: Bars, calendar: TradingCalendar, first: np.datetime64, last: np.datetime64
) -> Sessions:
    """Return the days that coarse bars are made of: those that the bars at hand are, if any."""
    if not bars.timeframe.intraday and (bars.closed_at == bars.closed_at.astype(_DATE)).all():
        return calendar.sessions(first, last)
    return calendar.trading_days(first, last)


def select(bars: Bars, used: Mask) -> Bars:
    """Return the bars that are marked in `used`, shape (n,)."""
    if used.all():
        return bars
    return Bars(
        bars.symbol,
        bars.timeframe,
        bars.source,
        bars.opened_at[used],
        bars.closed_at[used],
        bars.open[used],
        bars.high[used],
        bars.low[used],
        bars.close[used],
        bars.volume[used],
        bars.version,
    )
