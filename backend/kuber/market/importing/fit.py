"""Whether the times of one symbol are those of a timeframe, told from a file that is read block by
block: how far apart they stand, their order, and that none is there twice."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from kuber.market.importing.faults import Faults
from kuber.market.importing.lengths import HALF_DAY, Lengths
from kuber.market.types import TimeArray, Timeframe

_MINUTE = np.timedelta64(1, "m")
_DAY_MINUTES = 1440
_WEEK_DAYS = 7
_MONTH_DAYS = (27, 32)
_FEW_STEPS = 2
_LONG_WEEKEND_DAYS = 5
"""Most days from one session to the next, such as from Thursday over Easter to Tuesday."""
_DAYS = (Timeframe.D1, Timeframe.W1, Timeframe.MO1)
_INTRADAY = tuple(one for one in Timeframe if one.intraday)


class Steps:
    """How far apart times stand that follow each other."""

    def __init__(self) -> None:
        self.smallest_at: int | None = None
        """The line behind the smallest step; None while there is no step."""
        self._smallest = 0
        self._near = self._all = 0
        self._near_smallest = 0
        self._counts: Counter[int] = Counter()
        self._lengths = Lengths()

    def add(self, times: TimeArray, lines: Sequence[int]) -> None:
        """Take times that follow each other, oldest first, shape (n,), with their lines."""
        if len(times) < 2:
            return
        minutes = (np.diff(times) // _MINUTE).astype(np.int64)
        at = int(np.argmin(minutes))
        if self.smallest_at is None or minutes[at] < self._smallest:
            self._smallest, self.smallest_at = int(minutes[at]), lines[at + 1]
        values, counts = np.unique(minutes, return_counts=True)
        self._counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self._lengths.add(times, minutes)
        near = values[values <= HALF_DAY]
        if len(near):
            self._near = int(np.gcd.reduce(near, initial=self._near))
            smallest = int(near.min())
            self._near_smallest = min(self._near_smallest or smallest, smallest)
        self._all = int(np.gcd.reduce(values, initial=self._all))

    @property
    def apart(self) -> int:
        """Minutes of which every step is a multiple, steps over half a day not counted."""
        return self._near or self._all

    @property
    def typical_days(self) -> float:
        """The median step, in days."""
        total, seen = self._counts.total(), 0
        for minutes in sorted(self._counts):
            seen += self._counts[minutes]
            if 2 * seen >= total:
                return minutes / _DAY_MINUTES
        return 0.0

    def timeframe(self, *, clock: bool) -> Timeframe | None:
        """Return the timeframe that the steps are of, None when they are of none, or few and of
        several.

        `clock`: times have a time of day.
        """
        if self.smallest_at is None:
            return None
        if clock and self._near:
            if self._lengths.doubtful or self._lengths.mixed:
                return None
            return next((one for one in _INTRADAY if _minutes(one) == self._length), None)
        fitting = [one for one in _DAYS if self.fits(one)]
        return fitting[0] if fitting and not (self.few and len(fitting) > 1) else None

    @property
    def few(self) -> bool:
        """Whether there are too few steps for more than a guess."""
        return self._counts.total() <= _FEW_STEPS

    def fits(self, timeframe: Timeframe) -> bool:
        """Return whether bars of `timeframe` can stand so far apart.

        A bar that is longer than its timeframe would count as closed before it is over.
        """
        if self.smallest_at is None:
            return True
        if timeframe.intraday:
            return self._fits_within_days(_minutes(timeframe))
        if self.few:
            return self._few_fit(timeframe)
        smallest_days, typical = self._smallest // _DAY_MINUTES, self.typical_days
        # Holidays move the label of a week by some days; a day has at most some days off behind it.
        if timeframe is Timeframe.D1:
            return max(smallest_days, typical) < _WEEK_DAYS - 3
        if timeframe is Timeframe.W1:
            return smallest_days >= 1 and _WEEK_DAYS - 3 <= typical <= _WEEK_DAYS + 3
        return _MONTH_DAYS[0] <= typical <= _MONTH_DAYS[1]

    @property
    def short_ones(self) -> bool:
        """Whether bars stand nearer together beside the breaks of their market."""
        return self._lengths.with_short_ones and not self._lengths.mixed

    def note_mixed(self, field: str, faults: Faults) -> bool:
        """Note when bars are of two lengths within a day; returns whether they are."""
        if (both := self._lengths.mixed) is None:
            return False
        shorter, longer = map(words, both)
        faults.add(
            "wrong_timeframe",
            f"Some bars are {shorter} apart, others {longer}: they are of two timeframes.",
            "Import those of each timeframe from a file of their own, and leave out lines that"
            " stand between others.",
            self.smallest_at,
            field,
        )
        return True

    @property
    def _length(self) -> int:
        """How many minutes bars are long, as far as steps within half a day tell."""
        return self._lengths.usual if self._lengths.with_short_ones else self.apart

    def _fits_within_days(self, size: int) -> bool:
        """Return whether bars of `size` minutes can stand so far apart."""
        if self._lengths.mixed:
            return False
        if self._lengths.with_short_ones:
            return size == self._lengths.usual
        if self._lengths.doubtful and self._lengths.has(size):
            return True
        longest = max(
            (one for timeframe in _INTRADAY if self.apart % (one := _minutes(timeframe)) == 0),
            default=0,
        )
        smallest = self._near_smallest or self._smallest
        return longest == size and (self.apart == size or self.apart != smallest)

    def _few_fit(self, timeframe: Timeframe) -> bool:
        """Return whether one step, or two, can be those of days, weeks or months.

        Between two days a long weekend may lie; behind a week or month the newest day may follow,
        as in Yahoo's files, so that one step tells nothing of how short bars are.
        """
        smallest, *others = sorted(minutes / _DAY_MINUTES for minutes in self._counts.elements())
        if timeframe is Timeframe.D1:
            return smallest <= _LONG_WEEKEND_DAYS
        if timeframe is Timeframe.W1:
            shortest, longest = _WEEK_DAYS - 3, _WEEK_DAYS + 3
        else:
            shortest, longest = _MONTH_DAYS
        if others:
            return smallest >= 1 and all(shortest <= days <= longest for days in others)
        return 1 <= smallest <= longest

    def check(self, timeframe: Timeframe, field: str, faults: Faults) -> None:
        """Note when the steps are not those of `timeframe`.

        What is advised never is shorter than the bars.
        """
        if self.fits(timeframe):
            return
        if timeframe.intraday and self.note_mixed(field, faults):
            return
        if timeframe.intraday:
            minutes = self._length
            found = next((one for one in Timeframe if _minutes(one) == minutes), None)
        else:
            minutes = round(self.typical_days) * _DAY_MINUTES
            found = next((one for one in _DAYS if self.fits(one)), None)
        remedy = (
            f"Import the file with the timeframe it has, here '{found}'."
            if found and found is not timeframe
            else "Bars of this length are not supported: export them with another timeframe."
        )
        faults.add(
            "wrong_timeframe",
            f"These bars are {words(minutes)} apart, which is not the timeframe {timeframe}.",
            remedy,
            self.smallest_at,
            field,
        )


class Order:
    """The times of one symbol, block after block: in which order they come, and none twice."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.sorted = True
        """Whether all came oldest first so far."""
        self.newest = np.datetime64("NaT", "us")
        """The newest time so far."""
        self._oldest = np.datetime64("NaT", "us")
        self._opened = self.newest, self._oldest
        self._scattered = self._named_by_end = False
        self._seen: list[NDArray[np.int32]] = []
        self._line = 0

    def add(self, times: TimeArray, lines: Sequence[int], opened: TimeArray | None = None) -> None:
        """Take the times of a block, oldest first, none twice, shape (n,), with their lines.

        `opened`: when the bars open, where that is not what their times name.
        """
        self._named_by_end |= opened is not None
        begins = times if opened is None else opened
        self._line = self._line or lines[0]
        self._seen.append(_whole_minutes(times))
        first, last = self._opened
        if np.isnat(self.newest):
            self.steps.add(begins, lines)
        elif times[0] > self.newest:
            self.steps.add(np.insert(begins, 0, last), [lines[0], *lines])
        elif times[-1] < self._oldest:
            self.sorted = False
            self.steps.add(np.append(begins, first), [*lines, lines[-1]])
        else:
            self.sorted, self._scattered = False, True
        if np.isnat(self._oldest) or times[0] < self._oldest:
            self._oldest, first = times[0], begins[0]
        if np.isnat(self.newest) or times[-1] > self.newest:
            self.newest, last = times[-1], begins[-1]
        self._opened = first, last

    def finish(self, symbol: str, field: str, faults: Faults) -> None:
        """Look at all times together where their blocks overlap."""
        if not self._scattered:
            return
        minutes = np.sort(np.concatenate(self._seen))
        times = minutes.astype("datetime64[m]").astype("datetime64[us]")
        for at in (np.flatnonzero(minutes[1:] == minutes[:-1]) + 1).tolist():
            note_repeated(symbol, times[at], None, field, faults)
        if not self._named_by_end:
            self.steps = Steps()
            self.steps.add(np.unique(times), range(self._line, self._line + len(times)))


def check_repeated(
    times: TimeArray, lines: Sequence[int], symbol: str, field: str, faults: Faults
) -> bool:
    """Note every time that is there twice; returns whether there was none.

    times: one symbol's, oldest first, no NaT.
    """
    again = np.flatnonzero(times[1:] == times[:-1]) + 1
    for at in again.tolist():
        note_repeated(symbol, times[at], max(lines[at], lines[at - 1]), field, faults)
    return not len(again)


def note_repeated(
    symbol: str, time: np.datetime64, line: int | None, field: str, faults: Faults
) -> None:
    """Note a time that is there twice."""
    shown = str(time.astype("datetime64[s]")).replace("T", " ")
    faults.add(
        "duplicate_time",
        f"{symbol} has two bars for {shown}.",
        "Keep one bar for each time.",
        line,
        field,
    )


def check_minutes(
    times: TimeArray, lines: Sequence[int], timeframe: Timeframe, field: str, faults: Faults
) -> bool:
    """Note every intraday time that is not at a whole minute; returns whether there was none."""
    uneven = np.flatnonzero((times - times.astype("datetime64[D]")) % _MINUTE != np.timedelta64(0))
    for at in uneven.tolist():
        faults.add(
            "off_grid_time",
            f"A {timeframe} bar cannot open at {times[at].astype('datetime64[s]')}Z.",
            "Give the opening time of each bar.",
            lines[at],
            field,
        )
    return not len(uneven)


def words(minutes: int) -> str:
    """Return a span of time as it is said: 2 hours."""
    for unit, size in (("day", _DAY_MINUTES), ("hour", 60)):
        if minutes >= size:
            count = minutes / size
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def _whole_minutes(times: TimeArray) -> NDArray[np.int32]:
    return times.astype("datetime64[m]").astype(np.int64).astype(np.int32)


def _minutes(timeframe: Timeframe) -> int:
    return timeframe.span // timedelta(minutes=1)
