"""When the bars of a file open and close: the one place that derives it from what a file says.

When in doubt a bar counts as closed later, never earlier.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kuber.market.calendars import ROUND_THE_WEEK, DateArray, TradingCalendar
from kuber.market.importing.notes import Notes
from kuber.market.importing.times import Times
from kuber.market.instruments import CURRENCIES
from kuber.market.types import TimeArray, Timeframe

_DAY = np.timedelta64(1, "D")
_TICK = np.timedelta64(1, "us")
_THURSDAY_OFFSET = 3  # 1 January 1970 was a Thursday; Monday is 0
_FRIDAY, _SATURDAY = 4, 5


class Bounds(NamedTuple):
    """Opening and close of each bar, shape (n,), in UTC."""

    opened: TimeArray
    closed: TimeArray


def labels_of(
    times: Times,
    rows: NDArray[np.int64],
    timeframe: Timeframe,
    calendar: TradingCalendar,
    notes: Notes,
    *,
    ends: bool = False,
) -> TimeArray:
    """Return what names each bar of one symbol: its opening, or the date of its session.

    `ends`: the file names each bar by its end. Of an intraday bar that stays its name.
    """
    instants = times.instants[rows]
    if timeframe.intraday:
        return instants
    if timeframe is Timeframe.D1 and (times.has_clock or (ends and times.shows_clock)):
        opened = _days_begin(instants, calendar, ends=ends)
        if opened is not None:
            notes.add("day_boundary", "Days begin and end at 17:00 New York.")
            return opened
    return _dates(times, rows, calendar, notes, ends=ends).astype("datetime64[us]")


def bounds_of(
    labels: TimeArray,
    timeframe: Timeframe,
    calendar: TradingCalendar,
    notes: Notes,
    *,
    ends: bool = False,
) -> Bounds:
    """Return opening and close of bars by their labels, as `labels_of` gives them."""
    if timeframe.intraday:
        if ends:
            return Bounds(_opened_before(labels, timeframe, calendar), labels)
        closes = calendar.intraday_closes(labels, timeframe)
        return Bounds(labels, _cut_at_openings(labels, closes, calendar))
    dates = labels.astype("datetime64[D]")
    if timeframe is Timeframe.D1 and _days_begin(labels, calendar) is not None:
        days = calendar.trading_days(labels.min(), labels.max())
        return Bounds(labels, days.closes[np.searchsorted(days.opens, labels)])
    if timeframe is Timeframe.D1:
        return Bounds(*calendar.daily_bounds(dates))
    if timeframe is Timeframe.MO1:
        return Bounds(*calendar.monthly_bounds(_in_month(dates) if ends else dates))
    return Bounds(*calendar.weekly_bounds(_in_week(dates, calendar, notes, ends=ends)))


def _cut_at_openings(opened: TimeArray, closes: TimeArray, calendar: TradingCalendar) -> TimeArray:
    """Return the closes of intraday bars, oldest first: where one opens with a session, the bar
    before it is over, as that of 09:00 before 09:30. Any other keeps its whole length."""
    found = closes.copy()
    sessions = calendar.sessions(opened.min(), opened.max())
    behind = opened[1:]
    begins = np.isin(behind, sessions.opens)
    found[:-1][begins] = np.minimum(found[:-1], behind)[begins]
    return found


def _opened_before(closed: TimeArray, timeframe: Timeframe, calendar: TradingCalendar) -> TimeArray:
    """Return the opening of intraday bars by their close, oldest first.

    None opens before its session or before the close of the bar before: the last one of a session
    may be short.
    """
    opened = closed - np.timedelta64(timeframe.span)
    sessions = calendar.sessions(closed.min(), closed.max())
    index = np.searchsorted(sessions.closes, closed, side="left")
    within = sessions.opens[index] < closed
    found: TimeArray = np.where(within, np.maximum(opened, sessions.opens[index]), opened)
    found[1:] = np.maximum(found[1:], closed[:-1])
    return found


def _days_begin(
    instants: TimeArray, calendar: TradingCalendar, *, ends: bool = False
) -> TimeArray | None:
    """Return where the trading days of currencies begin that `instants` name; None when these are
    something else."""
    if calendar.code != CURRENCIES:
        return None
    days = calendar.trading_days(instants.min(), instants.max())
    named = days.closes if ends else days.opens
    if not np.isin(instants, named).all():
        return None
    return days.opens[np.searchsorted(named, instants)]


def _dates(
    times: Times,
    rows: NDArray[np.int64],
    calendar: TradingCalendar,
    notes: Notes,
    *,
    ends: bool,
) -> DateArray:
    """Return the session of each daily or weekly label.

    A date is one. A time as written counts by its date where an exchange keeps the days; where
    days are those of UTC, and for what names an instant, the session that ends next counts: a
    candle that opens at 21:00 is over on the day after.
    """
    written, instants, absolute = times.written[rows], times.instants[rows], times.absolute[rows]
    if ends and times.shows_clock:  # midnight ends the day before
        written, instants = written - _TICK, instants - _TICK
    if not times.has_clock:
        return written.astype("datetime64[D]")
    if calendar.clock_aligned:
        midnight = instants == instants.astype("datetime64[D]")
        dates: DateArray = np.where(midnight, instants, instants + _DAY - _TICK).astype(
            "datetime64[D]"
        )
        if not midnight.all():
            notes.add(
                "day_boundary",
                "Days that do not begin at 00:00 UTC count for the UTC day in which they end.",
            )
        return dates
    dates = written.astype("datetime64[D]")
    midnight = (instants == instants.astype("datetime64[D]")) & (written == dates)
    exact = absolute & ~midnight
    if exact.any():
        sessions = calendar.sessions(instants.min(), instants.max())
        at = np.searchsorted(sessions.closes, instants[exact], side="left")
        dates[exact] = sessions.dates[at]
    return dates


def _in_month(dates: DateArray) -> DateArray:
    """Return dates within the months that end on these; the first of a month ends the last one."""
    first = dates == dates.astype("datetime64[M]").astype("datetime64[D]")
    return np.where(first, dates - _DAY, dates)


def _in_week(dates: DateArray, calendar: TradingCalendar, notes: Notes, *, ends: bool) -> DateArray:
    """Return dates within the weeks that these labels name.

    A Saturday or Sunday may end a week or begin one: the later reading counts, unless the file is
    said to name weeks by their end. The week of currencies begins on Sunday.
    """
    weekday = (dates.astype(np.int64) + _THURSDAY_OFFSET) % 7
    off = weekday >= _SATURDAY
    if ends:
        return np.where(off, dates - (weekday - _FRIDAY) * _DAY, dates)
    if calendar.code in ROUND_THE_WEEK:
        return dates
    if off.any():
        notes.add(
            "week_label",
            "Weeks named by a Saturday or Sunday count for the week that follows.",
        )
    return np.where(off, dates + (7 - weekday) * _DAY, dates)
