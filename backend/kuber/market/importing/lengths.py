"""How long most bars of a file are, where some stand nearer to the next one or at odd places: the
first or last bars of a session may be short, and a file may hold bars of two timeframes."""

from collections import Counter
from math import log

import numpy as np
from numpy.typing import NDArray

from kuber.market.types import TimeArray

HALF_DAY = 12 * 60
"""Minutes. Between sessions a clock change may lie: only steps within half a day tell how long bars
are."""
_ENOUGH = 5
"""Fewer steps tell nothing of which of them is the usual one."""
_MOST = 2 / 3
_LONG_RUN = 5
"""So many longer steps of one length in a row, and one more for every fourfold number of steps, do
not come about by missing bars: of a market without regular trades the shortest step is the most
frequent one, and a longer one follows it at most every fourth time."""
_FEW_IN_A_ROW = 2
"""Short bars before and behind the opening of a session."""
_SELDOM = 1 / 4
_DAY = 24 * 60

_Minutes = NDArray[np.int64]


class Lengths:
    """The steps of at most half a day between the times of one symbol, in minutes."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._runs: dict[int, int] = {}
        """The most steps of one length that follow each other."""
        self._run = (0, 0)
        """The last length, and how many steps of it there are in a row."""
        self._short_at: Counter[int] = Counter()
        """Steps shorter than the usual one that follow no break, by the minute of the day."""
        self._apart = 0

    def add(self, times: TimeArray, minutes: _Minutes) -> None:
        """Take times that follow each other, oldest first, shape (n,), and the steps between them,
        shape (n - 1,)."""
        begins = not self._counts
        near = minutes <= HALF_DAY
        steps = minutes[near]
        if not len(steps):
            return
        values, counts = np.unique(steps, return_counts=True)
        self._counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self._apart = int(np.gcd.reduce(values, initial=self._apart))
        self._count_runs(steps)
        if values[0] < (usual := self.usual):
            before = np.concatenate(([_DAY if begins else 0], minutes[:-1]))
            short = near & (minutes < usual) & (before <= usual)
            self._short_at.update(_minutes_of_day(times[:-1][short]))

    def _count_runs(self, steps: _Minutes) -> None:
        first = np.concatenate(([0], np.flatnonzero(np.diff(steps)) + 1))
        lengths = np.diff(np.append(first, len(steps)))
        last, count = self._run
        if steps[0] == last:
            lengths[0] += count
        for value, run in zip(steps[first].tolist(), lengths.tolist(), strict=True):
            self._runs[value] = max(self._runs.get(value, 0), run)
        self._run = int(steps[-1]), int(lengths[-1])

    @property
    def usual(self) -> int:
        """The most frequent step, the longest of several; 0 where there is none."""
        return max(self._counts, key=lambda step: (self._counts[step], step), default=0)

    @property
    def few(self) -> bool:
        """Whether there are too few steps to tell which is the usual one."""
        return self._counts.total() < _ENOUGH

    @property
    def doubtful(self) -> bool:
        """Whether a few steps may be those of longer bars of which one is short."""
        return self.few and self.usual > self._apart

    @property
    def with_short_ones(self) -> bool:
        """Whether bars are as long as the usual step, but for some beside a break or at the same
        times of the day."""
        return self._usual_is_longer and self._short_ones_recur

    @property
    def mixed(self) -> tuple[int, int] | None:
        """Two lengths of bars, where a file has both."""
        if self.few:
            return None
        if self._usual_is_longer:
            return None if self._short_ones_recur else (min(self._counts), self.usual)
        enough = _LONG_RUN + log(self._counts.total(), 4)
        longer = [step for step, run in self._runs.items() if run >= enough]
        found = max(longer, default=0)
        return (self._apart, found) if found > self._apart and self._apart in self._counts else None

    def has(self, step: int) -> bool:
        """Return whether two bars stand `step` minutes apart."""
        return step in self._counts

    @property
    def _usual_is_longer(self) -> bool:
        usual = self.usual
        return (
            not self.few
            and usual > self._apart
            and self._counts[usual] >= _MOST * self._counts.total()
        )

    @property
    def _short_ones_recur(self) -> bool:
        usual = self.usual
        if any(run > _FEW_IN_A_ROW for step, run in self._runs.items() if step < usual):
            return False
        alone = sum(count == 1 for count in self._short_at.values())
        return alone <= _SELDOM * self._short_at.total()


def _minutes_of_day(times: TimeArray) -> list[int]:
    found: list[int] = (times.astype("datetime64[m]").astype(np.int64) % _DAY).tolist()
    return found
