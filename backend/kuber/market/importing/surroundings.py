"""The bars around splits, of a series that comes block by block."""

import numpy as np

from kuber.market.actions.judging import AROUND, SplitSeen
from kuber.market.actions.types import ToldSplit
from kuber.market.series import RawBars, join_raw
from kuber.market.types import Bars

_COLUMNS = ("opened_at", "closed_at", "open", "high", "low", "close", "volume")


class Surroundings:
    """Keeps the bars next to the ex-dates of some splits, whatever order the blocks have."""

    def __init__(self) -> None:
        self._seen: dict[object, SplitSeen] = {}

    def watch(self, split: ToldSplit, starts_at: np.datetime64, *passed: RawBars) -> None:
        """Keep what is around a split from now on, and of the bars that have `passed`."""
        self._seen[split.ex_date] = SplitSeen(split, starts_at, None)
        for bars in passed:
            self._take(split.ex_date, bars)

    def take(self, made: RawBars) -> None:
        """Look at a block of bars, oldest first."""
        for day in self._seen:
            self._take(day, made)

    def all(self) -> tuple[SplitSeen, ...]:
        return tuple(self._seen.values())

    def _take(self, day: object, made: RawBars) -> None:
        one = self._seen[day]
        near = _near(made, one.starts_at)
        if one.around is not None:
            near = _near(_sorted(join_raw(one.around, near)), one.starts_at)
        self._seen[day] = SplitSeen(one.split, one.starts_at, near)


def _near(raw: RawBars, at: np.datetime64) -> RawBars:
    place = int(np.searchsorted(raw.bars.opened_at, at))
    return raw.window(max(0, place - AROUND), place + AROUND)


def _sorted(raw: RawBars) -> RawBars:
    bars = raw.bars
    _, order = np.unique(bars.opened_at, return_index=True)
    adjusted = None if raw.adj_close is None else raw.adj_close[order]
    columns = (getattr(bars, name)[order] for name in _COLUMNS)
    return RawBars(Bars(bars.symbol, bars.timeframe, bars.source, *columns), adjusted)
