"""Sessions of exchanges as `exchange-calendars` knows them, worked out in this process.

The library brings pandas, which no long-lived process shall hold: they keep the answer
(`kept_sessions`) and have `python -m kuber.market.exchange_sessions CODE FIRST LAST` work it out,
which writes it to standard output and ends.
"""

import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kuber.market.types import TimeArray

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange_calendars import ExchangeCalendar

_WEEKDAYS = {"XSAU": (6, 0, 1, 2, 3), "XTAE": (6, 0, 1, 2, 3, 4)}
"""Of exchanges that do not trade from Monday to Friday; 0 is Monday. Tel Aviv had Sundays until
2025 and has Fridays since."""


class NoSessions(ValueError):
    """The library knows none for these years."""


@dataclass(frozen=True, slots=True, eq=False)
class ExchangeSessions:
    """Sessions oldest first, shape (n,) each: dates, and datetime64[us] in UTC."""

    dates: NDArray[np.datetime64]
    opens: TimeArray
    closes: TimeArray


def work_out(code: str, first_year: int, last_year: int) -> ExchangeSessions:
    """Return the sessions of whole years; imports pandas. Raises NoSessions.

    For years whose holidays the library does not know, or cannot work out, every weekday of the
    exchange counts as a session with its usual hours.
    """
    import exchange_calendars
    from exchange_calendars.errors import CalendarError

    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    try:
        return _of(exchange_calendars.get_calendar(code, start=str(first), end=str(last)))
    except CalendarError as error:  # there is no such exchange
        raise NoSessions(f"{code}: {error}") from error
    except (ValueError, NotImplementedError):
        return _as_far_as_known(code, first, last)


def _of(calendar: "ExchangeCalendar") -> ExchangeSessions:
    return ExchangeSessions(
        calendar.sessions.to_numpy().astype("datetime64[D]"),
        calendar.opens.dt.tz_convert(None).to_numpy().astype("datetime64[us]"),
        calendar.closes.dt.tz_convert(None).to_numpy().astype("datetime64[us]"),
    )


def _as_far_as_known(code: str, first: date, last: date) -> ExchangeSessions:
    from exchange_calendars.calendar_utils import global_calendar_dispatcher

    kind = global_calendar_dispatcher._calendar_factories[code]
    earliest, latest = kind.bound_min(), kind.bound_max()
    begin = max(first, earliest.date()) if earliest is not None else first
    end = min(last, latest.date()) if latest is not None else last
    try:
        known = _of(kind(start=str(begin), end=str(end)))
    except (ValueError, NotImplementedError):  # the library and pandas of today do not agree
        return _usual(kind, code, first, last)
    parts = [known]
    if first < begin:
        parts.insert(0, _usual(kind, code, first, begin - timedelta(days=1)))
    if end < last:
        parts.append(_usual(kind, code, end + timedelta(days=1), last))
    return ExchangeSessions(
        np.concatenate([part.dates for part in parts]),
        np.concatenate([part.opens for part in parts]),
        np.concatenate([part.closes for part in parts]),
    )


def _usual(kind: "type[ExchangeCalendar]", code: str, first: date, last: date) -> ExchangeSessions:
    """Return each weekday of the exchange as a session with the hours that were usual then."""
    day = np.timedelta64(1, "D")
    dates = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + day, day)
    weekdays = (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    dates = dates[np.isin(weekdays, list(_WEEKDAYS.get(code, range(5))))]
    zone = ZoneInfo(str(kind.tz))

    def instants(times: "Iterable[tuple[datetime | None, time]]") -> TimeArray:
        changes = [(since.date() if since else date.min, at) for since, at in times]
        found = []
        for day in dates.tolist():
            at = next(at for since, at in reversed(changes) if since <= day)
            found.append(int(datetime.combine(day, at, zone).timestamp()))
        return np.array(found, "datetime64[s]").astype("datetime64[us]")

    return ExchangeSessions(dates, instants(kind.open_times), instants(kind.close_times))


def to_bytes(answer: ExchangeSessions | NoSessions) -> bytes:
    """Return sessions, or that there are none, as the content of a file."""
    content = BytesIO()
    if isinstance(answer, NoSessions):
        np.savez_compressed(content, none=np.array(str(answer)))
    else:
        np.savez_compressed(content, dates=answer.dates, opens=answer.opens, closes=answer.closes)
    return content.getvalue()


def from_bytes(content: bytes) -> ExchangeSessions | NoSessions:
    """Return what `to_bytes` was given. Raises ValueError for any other content."""
    try:
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            if "none" in arrays:
                return NoSessions(str(arrays["none"]))
            found = ExchangeSessions(arrays["dates"], arrays["opens"], arrays["closes"])
    except Exception as error:  # of a damaged file any layer of the format may complain
        raise ValueError(f"these are no sessions: {error}") from error
    kinds = [str(one.dtype) for one in (found.dates, found.opens, found.closes)]
    shapes = {one.shape for one in (found.dates, found.opens, found.closes)}
    if kinds != ["datetime64[D]", "datetime64[us]", "datetime64[us]"] or len(shapes) != 1:
        raise ValueError("these are no sessions: arrays of other kinds")
    return found


def main(code: str, first_year: str, last_year: str) -> None:
    """Write the sessions to standard output."""
    answer: ExchangeSessions | NoSessions
    try:
        answer = work_out(code, int(first_year), int(last_year))
    except NoSessions as error:
        answer = error
    sys.stdout.buffer.write(to_bytes(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
