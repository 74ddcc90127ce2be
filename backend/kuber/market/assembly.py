"""Bars of a timeframe from a series that is read backwards, part by part.

However long the series, at hand are one part of it, the rows of one bar that may go on in the part
before, and the bars made so far. They are equal, bit for bit, to those of the whole series at once
(`RawSeries`), wherever its parts begin: a bar is made of all its rows together, and splits are
found across the border of two parts.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kuber.market.calendars import TradingCalendar
from kuber.market.resampling import begins_late, ends_early, resample
from kuber.market.series import RawBars, adjust, join, join_raw
from kuber.market.types import Bars, Timeframe

_FIRST = np.datetime64("0001-01-01", "us")
_LAST = np.datetime64("9999-12-31T23:59:59.999999", "us")


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Bars of a series that follow each other, adjusted for the splits as of some time.

    They are what there is to see `as_of` any instant from `since` on and before `until`; `whole`
    says that nothing older is to be had. The arrays are shared: they cannot be written to.
    """

    bars: Bars
    whole: bool
    since: np.datetime64
    until: np.datetime64

    def serves(self, at: np.datetime64, count: int) -> bool:
        """Return whether the `count` newest bars closed by `at` are all of them here."""
        if not self.since <= at < self.until:
            return False
        return self.whole or int(np.searchsorted(self.bars.closed_at, at, side="right")) >= count

    def covers(self, other: "Stretch") -> bool:
        """Return whether whatever `other` serves is served from here too."""
        if not (self.since <= other.since and other.until <= self.until):
            return False
        if not len(other.bars):
            return self.whole
        return self.whole or bool(
            not other.whole and len(self.bars) and self.bars.closed_at[0] <= other.bars.closed_at[0]
        )


class Assembly:
    """The newest `count` bars of `timeframe` closed by `at`, and what follows as far as it is read.

    Begin with the newest rows, then add older ones until it is `done`.
    """

    def __init__(
        self,
        timeframe: Timeframe,
        calendar: TradingCalendar,
        at: np.datetime64,
        count: int,
    ) -> None:
        self._timeframe = timeframe
        self._calendar = calendar
        self._at = at
        self._count = count
        self._parts: list[Bars] = []
        self._carried: RawBars | None = None
        self._share = Fraction(1)
        self._whole = False
        self._cut: np.datetime64 | None = None
        """The close of the last bar, of which the series holds only a beginning."""
        self._since, self._until = _FIRST, _LAST
        self._seen = _FIRST, _LAST
        self.found = 0
        """How many bars closed by `at` there are so far."""

    @property
    def done(self) -> bool:
        return self._whole or self.found >= self._count

    def begin(self, rows: RawBars, *, oldest: bool, newest: bool) -> None:
        """Take the rows around `at`; `oldest` and `newest` say that there are none beyond them.

        A split after `at` ends them: what follows is on another basis.
        """
        closed_at = rows.bars.closed_at
        cut = int(np.searchsorted(closed_at, self._at, side="right"))
        self._seen = (
            closed_at[cut - 1] if cut else _FIRST,
            closed_at[cut] if cut < len(closed_at) else _LAST,
        )
        later = [split.index for split in rows.splits() if closed_at[split.index] > self._at]
        if later:
            self._until = closed_at[later[0]]
            rows = rows.window(0, later[0])
        elif not newest and len(closed_at):
            self._until = closed_at[-1]
        self._add(rows, oldest=oldest, newest=newest and not later)

    def add(self, older: RawBars, *, oldest: bool) -> None:
        """Take the rows before those that were taken; `oldest` says that there are none before."""
        self._add(older, oldest=oldest, newest=False)

    def _add(self, older: RawBars, *, oldest: bool, newest: bool) -> None:
        rows = older if self._carried is None else join_raw(older, self._carried)
        splits = rows.splits()
        if splits:
            self._since = max(self._since, rows.bars.closed_at[splits[-1].index])
        made = resample(adjust(rows.bars, splits, self._share), self._timeframe, self._calendar)
        if newest and ends_early(made, rows.bars, self._calendar):
            self._cut = made.closed_at[-1]
        self._whole = oldest
        if not oldest:
            kept = 1
            if len(made):  # the first may be only the end of its bar
                closed = made.closed_at[0]
                kept = int(np.searchsorted(rows.bars.closed_at, closed, side="right"))
                made = made.window(1, len(made))
            self._carried = rows.window(0, kept)
            for split in splits:
                if split.index >= kept:
                    self._share /= split.ratio
        elif begins_late(made, rows.bars, self._calendar):
            made = made.window(1, len(made))
        if self._cut is not None and len(made) and made.closed_at[-1] == self._cut:
            made = made.window(0, len(made) - 1)
        self._parts.append(made)
        self.found += int(np.searchsorted(made.closed_at, self._at, side="right"))

    def stretch(self) -> Stretch:
        """Return the bars. Of an assembly that is not `done` they are all that is to be had."""
        bars = join(self._parts[::-1])
        for array in (bars.open, bars.high, bars.low, bars.close, bars.volume):
            array.setflags(write=False)
        if self.done:
            return Stretch(bars, self._whole, self._since, self._until)
        since, until = self._seen
        return Stretch(bars, True, max(self._since, since), min(self._until, until))
