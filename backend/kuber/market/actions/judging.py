"""Whether the prices of a series are as traded, and so which splits they have to be adjusted for.

A file of splits does not say whether a series has been adjusted for them already; the prices do. At
a split of 15 % or more they jump, or they do not: open over previous close, times the ratio, is
nearer to 1 than without it (rule 3 of `adjustment`) or farther. What the large splits of a series
say with one voice holds for all its splits. When they contradict each other, or there are none, the
user is asked; without an answer nothing is applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from kuber.market.actions.types import Origin, Prices, ToldSplit, Use
from kuber.market.adjustment import PRICE_TOLERANCE, RATIO_TOLERANCE, SMALLEST_STEP, Split
from kuber.market.series import RawBars

AROUND = 4
"""Bars on each side of an ex-date that are looked at."""


class Basis(StrEnum):
    """How it is known on which basis prices stand."""

    JUMPS = "jumps"
    SAID = "said"


@dataclass(frozen=True, slots=True, eq=False)
class SplitSeen:
    """A split, and the bars of a series around it; `starts_at` is when its ex-date begins where
    the symbol trades."""

    split: ToldSplit
    starts_at: np.datetime64
    around: RawBars | None

    @property
    def first(self) -> int:
        """The place of the first bar on or after the ex-date among those around."""
        assert self.around is not None, "there are bars"
        return int(np.searchsorted(self.around.bars.opened_at, self.starts_at))

    @property
    def opened_at(self) -> np.datetime64 | None:
        """When the first bar on the new basis opens; None without bars on both sides."""
        if self.around is None or not 0 < self.first < len(self.around.bars):
            return None
        opened: np.datetime64 = self.around.bars.opened_at[self.first]
        return opened

    @property
    def within_bar(self) -> bool:
        """Whether the bar before lasts into the ex-date, and so trades on both bases."""
        assert self.around is not None, "there are bars"
        return bool(self.around.bars.closed_at[self.first - 1] > self.starts_at)

    @property
    def large(self) -> bool:
        return abs(_log(self.split.ratio)) >= SMALLEST_STEP

    def jump(self) -> Prices | None:
        """Return what the step of the price says; None when it fits neither."""
        assert self.around is not None, "there are bars"
        bars, first = self.around.bars, self.first
        if self.told_by_adjusted() is not None:
            return Prices.AS_TRADED
        if any(one.index == first for one in self.around.told_by_adjusted_close()):
            return None  # of another ratio on that day
        gap = float(np.log(bars.open[first] / bars.close[first - 1]))
        left = abs(gap + _log(self.split.ratio))
        if left < abs(gap):
            return Prices.AS_TRADED if left <= PRICE_TOLERANCE else None
        return Prices.ADJUSTED if abs(gap) <= PRICE_TOLERANCE else None

    def told_by_adjusted(self) -> Split | None:
        """Return the same split as an adjusted close tells it, perhaps some bars away."""
        assert self.around is not None, "there are bars"
        wanted = _log(self.split.ratio)
        found = self.around.told_by_adjusted_close()
        alike = (one for one in found if abs(_log(one.ratio) - wanted) <= RATIO_TOLERANCE)
        return next(alike, None)


@dataclass(frozen=True, slots=True)
class JudgedSplit:
    """What becomes of a split for one series; `opened_at` is that of the first bar after it."""

    split: ToldSplit
    use: Use
    origin: Origin = Origin.FILE
    opened_at: np.datetime64 | None = None
    kept: bool = False
    """Whether the series has to keep it: its adjusted close does not tell of it at that bar."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """On which basis the prices of a series are, how that is known, and its splits by ex-date."""

    prices: Prices | None
    basis: Basis | None
    splits: tuple[JudgedSplit, ...]

    @property
    def asked(self) -> bool:
        """Whether only the user can say."""
        return any(one.use is Use.UNDECIDED for one in self.splits)


def judge(
    seen: Sequence[SplitSeen], said: Prices | None, beside: Sequence[SplitSeen] = ()
) -> Judgement:
    """Decide for a series as a whole. `said` counts where the jumps do not tell.

    `beside` are splits that are decided already: they have a voice where none of `seen` has one.
    """
    prices, basis = _voice(seen) or _voice(beside) or (None, None)
    if prices is None and said is not None:
        prices, basis = said, Basis.SAID
    ordered = sorted(seen, key=lambda one: one.split.ex_date)
    return Judgement(prices, basis, tuple(_judged(one, prices) for one in ordered))


def _voice(seen: Sequence[SplitSeen]) -> tuple[Prices | None, Basis | None] | None:
    """Return what the large splits say with one voice; None when there are none to ask."""
    said = {one.jump() for one in seen if _inside(one) and one.large}
    if not said:
        return None
    prices = said.pop()
    return (None, None) if said or prices is None else (prices, Basis.JUMPS)


def _inside(one: SplitSeen) -> bool:
    return one.opened_at is not None and not one.within_bar


def _judged(one: SplitSeen, prices: Prices | None) -> JudgedSplit:
    opened_at = one.opened_at
    if opened_at is None:
        return JudgedSplit(one.split, Use.OUTSIDE)
    adjusted = one.told_by_adjusted()
    if adjusted is not None and one.around is not None:
        # Told twice, it counts once: at the bar that the adjusted close names.
        return JudgedSplit(
            one.split,
            Use.APPLIED,
            Origin.ADJUSTED_CLOSE,
            one.around.bars.opened_at[adjusted.index],
            kept=adjusted.index == one.first,
        )
    if one.within_bar:
        return JudgedSplit(one.split, Use.WITHIN_BAR, opened_at=opened_at)
    if prices is None:
        return JudgedSplit(one.split, Use.UNDECIDED, opened_at=opened_at)
    applied = prices is Prices.AS_TRADED
    use = Use.APPLIED if applied else Use.ADJUSTED
    return JudgedSplit(one.split, use, opened_at=opened_at, kept=applied)


def _log(ratio: Fraction) -> float:
    return float(np.log(float(ratio)))
