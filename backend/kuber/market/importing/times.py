"""Reading the times of a file, in UTC unless a zone says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kuber.market.importing.faults import Faults
from kuber.market.importing.moments import Moment, read_moment
from kuber.market.importing.uniform_times import read_uniform
from kuber.market.types import TimeArray, to_datetime64

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_NEVER = np.datetime64("NaT", "us")
_EXAMPLE = "Write times like 2024-01-31T14:30:00Z, dates like 2024-01-31."
_WITH_OFFSET = "Write the time with its offset, such as 2024-11-03T01:30:00-05:00, or in UTC."


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """What a file's column of times says; arrays have shape (n,), NaT where a value was refused.

    `instants` are in UTC. `written` are the clock and date as they stand in the file, or in the
    zone that was given beside it. `absolute` are values that name an instant and no clock.
    """

    instants: TimeArray
    written: TimeArray
    absolute: NDArray[np.bool_]
    has_clock: bool
    """Whether any value has a time of day other than midnight."""
    shows_clock: bool = False
    """Whether values are written with a time of day, be it midnight."""


class TimeReader:
    """Reads a file's column of times, block by block; remembers whether its values have offsets.

    `exact`: the time of day counts, so that one which clocks show twice or never is noted, and so
    is a file in which some values have an offset and others none.
    """

    def __init__(
        self, zone: tzinfo, faults: Faults, field: str, *, day_is_first: bool, exact: bool
    ) -> None:
        self._zone = zone
        self._faults = faults
        self._field = field
        self._day_is_first = day_is_first
        self._exact = exact
        self._aware_file: bool | None = None
        self._has_clock = False

    def apart(self, faults: Faults) -> "TimeReader":
        """Return a reader of the same kind of times, which notes elsewhere what it cannot read."""
        return TimeReader(
            self._zone, faults, self._field, day_is_first=self._day_is_first, exact=False
        )

    @property
    def aware(self) -> bool:
        """Whether the values say their offset."""
        return bool(self._aware_file)

    def column(self, values: pl.Series, lines: Sequence[int]) -> Times:
        """Return the times of a block; what cannot be read is noted."""
        uniform = read_uniform(values, self._zone)
        if uniform is not None and (not self._exact or self._aware_file in (None, uniform.aware)):
            if self._aware_file is None:
                self._aware_file = uniform.aware
            self._has_clock |= uniform.has_clock
            return Times(
                uniform.instants,
                uniform.written,
                uniform.absolute,
                self._has_clock,
                uniform.shows_clock,
            )
        count = len(values)
        instants, written = np.full(count, _NEVER), np.full(count, _NEVER)
        absolute = np.zeros(count, dtype=np.bool_)
        for at, (value, line) in enumerate(zip(values.to_list(), lines, strict=True)):
            found = self._read(value, line)
            if found is None:
                continue
            instant, local, absolute[at] = found
            instants[at] = to_datetime64(instant)
            written[at] = np.datetime64(local.replace(tzinfo=None), "us")
        shows_clock = bool(values.str.contains(":", literal=True).any())
        return Times(instants, written, absolute, self._has_clock, shows_clock)

    def _read(self, value: str | None, line: int) -> tuple[datetime, datetime, bool] | None:
        """Return instant, local time, and whether the value is absolute; None when refused."""
        if not value:
            self._faults.add("missing_value", "The time is missing.", _EXAMPLE, line, self._field)
            return None
        try:
            moment = read_moment(value, day_is_first=self._day_is_first)
            found = self._placed(value, moment, line)
        except (ValueError, OverflowError):
            self._bad(f"{value[:40]!r} is not a time that can be read.", line)
            return None
        if found is not None and not _FIRST <= found[0] < _LAST:
            self._bad(f"The year of {value!r} is not between 1970 and 2099.", line)
            return None
        return found

    def _placed(
        self, value: str, moment: Moment, line: int
    ) -> tuple[datetime, datetime, bool] | None:
        at = moment.at
        self._has_clock |= (at.hour, at.minute, at.second) != (0, 0, 0)
        aware = at.tzinfo is not None
        if self._aware_file is None:
            self._aware_file = aware
        if self._exact and aware != self._aware_file:
            self._faults.add(
                "mixed_zones",
                f"The time {value!r} has {'an' if aware else 'no'} offset, "
                f"the lines before have {'none' if aware else 'one'}.",
                "Give every time an offset, or none.",
                line,
                self._field,
            )
            return None
        if not aware:
            local = _localised(at, self._zone, line, self._faults, self._field, exact=self._exact)
            return local.astimezone(UTC), local, False
        # Midnight with an offset names a day, another time of day an instant.
        absolute = moment.absolute or (at.hour, at.minute, at.second) != (0, 0, 0)
        return (
            at.astimezone(UTC),
            at if self._zone is UTC else at.astimezone(self._zone),
            absolute and self._zone is UTC,
        )

    def _bad(self, message: str, line: int) -> None:
        self._faults.add("bad_time", message, _EXAMPLE, line, self._field)


def _localised(
    moment: datetime, zone: tzinfo, line: int, faults: Faults, field: str, *, exact: bool
) -> datetime:
    """Return a time without offset in `zone`, having noted when a clock change blurs it."""
    local = moment.replace(tzinfo=zone)
    if zone is UTC or not exact:
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
