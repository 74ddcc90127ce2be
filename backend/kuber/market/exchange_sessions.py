"""Sessions of exchanges as `exchange-calendars` knows them, worked out in this process.

The library brings pandas, which no long-lived process shall hold: they keep the answer
(`kept_sessions`) and have `python -m kuber.market.exchange_sessions CODE FIRST LAST` work it out,
which writes it to standard output and ends.
"""

import sys
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from kuber.market.types import TimeArray


class NoSessions(ValueError):
    """The library knows none for these years."""


@dataclass(frozen=True, slots=True, eq=False)
class ExchangeSessions:
    """Sessions oldest first, shape (n,) each: dates, and datetime64[us] in UTC."""

    dates: NDArray[np.datetime64]
    opens: TimeArray
    closes: TimeArray


def work_out(code: str, first_year: int, last_year: int) -> ExchangeSessions:
    """Return the sessions of whole years; imports pandas. Raises NoSessions."""
    import exchange_calendars
    from exchange_calendars.errors import CalendarError

    try:
        calendar = exchange_calendars.get_calendar(
            code, start=f"{first_year}-01-01", end=f"{last_year}-12-31"
        )
    except (ValueError, NotImplementedError, CalendarError) as error:
        raise NoSessions(f"{code}: {error}") from error
    return ExchangeSessions(
        calendar.sessions.to_numpy().astype("datetime64[D]"),
        calendar.opens.dt.tz_convert(None).to_numpy().astype("datetime64[us]"),
        calendar.closes.dt.tz_convert(None).to_numpy().astype("datetime64[us]"),
    )


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
