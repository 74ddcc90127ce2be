"""Reading the times of a file: ISO 8601, in UTC unless a zone says otherwise."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from kuber.market.importing.faults import Faults, refuse
from kuber.market.types import TimeArray, to_datetime64

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_NEVER = np.datetime64("NaT", "us")
_EXAMPLE = "Write times like 2024-01-31T14:30:00Z, dates like 2024-01-31."
_WITH_OFFSET = "Write the time with its offset, such as 2024-11-03T01:30:00-05:00, or in UTC."


def zone_of(timezone: str | None) -> tzinfo:
    """Return the zone of a name such as `America/New_York`, UTC for None."""
    if timezone is None or timezone.strip().upper() in ("", "UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(timezone.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise refuse(
            "unknown_timezone",
            f"There is no time zone {timezone[:40]!r}.",
            "Use a name such as Europe/London or America/New_York.",
            field="timezone",
        ) from error


def read_instants(
    values: Sequence[str | None], lines: list[int], zone: tzinfo, faults: Faults, field: str
) -> TimeArray:
    """Return each value as datetime64[us] in UTC, NaT where it was noted in `faults`."""
    aware_file: bool | None = None

    def instant(value: str, line: int) -> np.datetime64:
        nonlocal aware_file
        moment = datetime.fromisoformat(value)
        aware = moment.tzinfo is not None
        if aware_file is None:
            aware_file = aware
        if aware != aware_file:
            faults.add(
                "mixed_zones",
                f"The time {value!r} has {'an' if aware else 'no'} offset, "
                f"the lines before have {'none' if aware else 'one'}.",
                "Give every time an offset, or none.",
                line,
                field,
            )
            return _NEVER
        return to_datetime64(moment if aware else _localised(moment, zone, line, faults, field))

    return _each(values, lines, faults, field, instant)


def read_dates(
    values: Sequence[str | None], lines: list[int], zone: tzinfo, faults: Faults, field: str
) -> NDArray[np.datetime64]:
    """Return the trading date of each value as datetime64[D], NaT where it was noted.

    A time with an offset counts as the date in `zone`, or as written when no zone was given.
    """

    def day(value: str, line: int) -> np.datetime64:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None and zone is not UTC:
            moment = moment.astimezone(zone)
        return np.datetime64(moment.replace(tzinfo=None), "us")

    return _each(values, lines, faults, field, day).astype("datetime64[D]")


def _each(
    values: Sequence[str | None],
    lines: list[int],
    faults: Faults,
    field: str,
    read: Callable[[str, int], np.datetime64],
) -> TimeArray:
    result = np.full(len(values), _NEVER)
    for at, (value, line) in enumerate(zip(values, lines, strict=True)):
        if not value:
            faults.add("missing_value", "The time is missing.", _EXAMPLE, line, field)
            continue
        try:
            result[at] = read(value, line)
        except (ValueError, OverflowError):
            faults.add(
                "bad_time", f"{value[:40]!r} is not a time that can be read.", _EXAMPLE, line, field
            )
    low, high = to_datetime64(_FIRST), to_datetime64(_LAST)
    for outside in np.flatnonzero((result < low) | (result >= high)):
        at = int(outside)
        faults.add(
            "bad_time",
            f"The year of {values[at]!r} is not between 1970 and 2099.",
            _EXAMPLE,
            lines[at],
            field,
        )
        result[at] = _NEVER
    return result


def _localised(moment: datetime, zone: tzinfo, line: int, faults: Faults, field: str) -> datetime:
    """Return a time without offset in `zone`, having noted when a clock change blurs it."""
    local = moment.replace(tzinfo=zone)
    if zone is UTC:
        return local
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    if before != after:
        assert before is not None
        assert after is not None
        twice = before > after
        faults.add(
            "ambiguous_time" if twice else "nonexistent_time",
            f"{moment.isoformat(' ', 'minutes')} "
            f"{'happened twice' if twice else 'was skipped'} in {zone}: the clocks changed.",
            _WITH_OFFSET,
            line,
            field,
        )
    return local
