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
_SATURDAY, _SUNDAY = 5, 6


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
) -> TimeArray:
    """Return what names each bar of one symbol: its opening, or the date of its session."""
    if timeframe.intraday:
        return times.instants[rows]
    if (
        timeframe is Timeframe.D1
        and times.has_clock
        and _begins_days(times.instants[rows], calendar)
    ):
        notes.add("day_boundary", "Days begin and end at 17:00 New York.")
        return times.instants[rows]
    return _dates(times, rows, calendar, notes).astype("datetime64[us]")


def bounds_of(
    labels: TimeArray, timeframe: Timeframe, calendar: TradingCalendar, notes: Notes
) -> Bounds:
    """Return opening and close of bars by their labels, as `labels_of` gives them."""
    if timeframe.intraday:
        return Bounds(labels, calendar.intraday_closes(labels, timeframe))
    dates = labels.astype("datetime64[D]")
    if timeframe is Timeframe.D1 and _begins_days(labels, calendar):
        days = calendar.trading_days(labels.min(), labels.max())
        return Bounds(labels, days.closes[np.searchsorted(days.opens, labels)])
    if timeframe is Timeframe.D1:
        return Bounds(*calendar.daily_bounds(dates))
    if timeframe is Timeframe.MO1:
        return Bounds(*calendar.monthly_bounds(dates))
    return Bounds(*calendar.weekly_bounds(_in_week(dates, calendar, notes)))


def _begins_days(instants: TimeArray, calendar: TradingCalendar) -> bool:
    """Whether each of `instants` is where a trading day of currencies begins."""
    if calendar.code != CURRENCIES:
        return False
    days = calendar.trading_days(instants.min(), instants.max())
    return bool(np.isin(instants, days.opens).all())


def _dates(
    times: Times, rows: NDArray[np.int64], calendar: TradingCalendar, notes: Notes
) -> DateArray:
    """Return the session of each daily or weekly label.

    A date is one. A time as written counts by its date where an exchange keeps the days; where
    days are those of UTC, and for what names an instant, the session that ends next counts: a
    candle that opens at 21:00 is over on the day after.
    """
    written, instants, absolute = times.written[rows], times.instants[rows], times.absolute[rows]
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


def _in_week(dates: DateArray, calendar: TradingCalendar, notes: Notes) -> DateArray:
    """Return dates within the weeks that these labels name.

    A Saturday or Sunday may end a week or begin one: the later reading counts. The week of
    currencies begins on Sunday.
    """
    if calendar.code in ROUND_THE_WEEK:
        return dates
    weekday = (dates.astype(np.int64) + _THURSDAY_OFFSET) % 7
    off = weekday >= _SATURDAY
    if off.any():
        notes.add(
            "week_label",
            "Weeks named by a Saturday or Sunday count for the week that follows.",
        )
    return np.where(off, dates + (7 - weekday) * _DAY, dates)
