"""Until when an order lives, and when orders for an auction are taken, by the market's calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kuber.kernel.orders import TimeInForce
from kuber.market.calendars import TradingCalendar
from kuber.market.types import to_datetime, to_datetime64

_NEW_YORK = ZoneInfo("America/New_York")
_GTC_DAYS = 90
_GTC_ENDS = time(16, 15)
"""New York (S3: aged orders are cancelled 90 days after their creation, at 16:15)."""
_BEFORE_OPEN = timedelta(hours=5, minutes=30)
_AFTER_CLOSE = timedelta(hours=4)
"""Extended hours: 4:00 to 9:30 and 16:00 to 20:00 (S1); on a half day they end earlier."""
_OPENING_CALL = timedelta(minutes=2)
_CLOSING_CALL = timedelta(minutes=10)
"""Orders for an auction are taken until 9:28 and 15:50 (S1, S2)."""
_TAKEN_AGAIN = time(19)
_CALL_TAKES = timedelta(minutes=15)
"""How long after its time an auction may still be held."""


@dataclass(frozen=True, slots=True)
class Session:
    """One trading session in UTC."""

    day: date
    opens: datetime
    closes: datetime


def expires_at(
    time_in_force: TimeInForce,
    at: datetime,
    calendar: TradingCalendar,
    *,
    extended_hours: bool = False,
) -> datetime | None:
    """Return when an order of `at` expires; None for IOC and FOK, which do not last.

    A DAY order ends with the session that trades at `at`, or with the next one; with extended
    hours four hours later. Half days and daylight saving are the calendar's.
    """
    if time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        return None
    if time_in_force is TimeInForce.GTC:
        last = at.astimezone(_NEW_YORK).date() + timedelta(days=_GTC_DAYS)
        return datetime.combine(last, _GTC_ENDS, _NEW_YORK).astimezone(UTC)
    if time_in_force is TimeInForce.DAY:
        if calendar.clock_aligned:
            return calendar.session_close(at)
        after = _AFTER_CLOSE if extended_hours else timedelta()
        return next(
            one.closes + after for one in _sessions(at, calendar) if one.closes + after > at
        )
    sessions = _sessions(at, calendar)
    if time_in_force is TimeInForce.OPG:
        opens = (one.opens for one in sessions if one.opens - _OPENING_CALL > at)
        return next(opens) + _CALL_TAKES
    closes = (one.closes for one in sessions if one.closes - _CLOSING_CALL > at)
    return next(closes) + _CALL_TAKES


def too_late_for(time_in_force: TimeInForce, at: datetime, calendar: TradingCalendar) -> bool:
    """Return whether the venue refuses an order for an auction at `at`.

    From two minutes before the open (ten before the close) until 19:00 New York of that day; what
    comes later is queued for the next auction. On days without a session all are queued.
    """
    local = at.astimezone(_NEW_YORK)
    session = next((one for one in _sessions(at, calendar) if one.day == local.date()), None)
    if session is None or local.time() >= _TAKEN_AGAIN:
        return False
    if time_in_force is TimeInForce.OPG:
        return at >= session.opens - _OPENING_CALL
    return time_in_force is TimeInForce.CLS and at >= session.closes - _CLOSING_CALL


def in_extended_hours(at: datetime, calendar: TradingCalendar) -> bool:
    """Return whether `at` lies before or after a session, while limit orders trade."""
    return any(
        one.opens - _BEFORE_OPEN <= at < one.opens or one.closes <= at < one.closes + _AFTER_CLOSE
        for one in _sessions(at, calendar)
    )


def _sessions(at: datetime, calendar: TradingCalendar) -> list[Session]:
    """Return the sessions from the day before `at` to some weeks after it, oldest first."""
    instant = to_datetime64(at)
    found = calendar.sessions(instant, instant)
    first = int(np.searchsorted(found.closes, instant - np.timedelta64(1, "D")))
    return [
        Session(
            found.dates[index].astype("datetime64[D]").astype(date),
            to_datetime(found.opens[index]),
            to_datetime(found.closes[index]),
        )
        for index in range(first, min(first + 16, len(found.dates)))
    ]
