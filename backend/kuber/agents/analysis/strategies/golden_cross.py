"""Golden cross: the fast average crossed the slow one not long ago."""

from dataclasses import dataclass

import numpy as np

from kuber.agents.analysis.examine import MIN_BARS
from kuber.agents.analysis.numbers import last, rounded, show
from kuber.agents.analysis.strategies.base import View, common_factors, hold, support_of
from kuber.agents.analysis.types import Factor, Setup
from kuber.agents.state import Action
from kuber.market import indicators
from kuber.market.types import FloatArray

_EQUAL = 1e-9
"""Averages that differ by less than this part of their size are equal: it is rounding."""
_SIDES = {Action.BUY: "above", Action.SELL: "below"}


@dataclass(frozen=True, slots=True)
class GoldenCross:
    """Buy within `within` bars of the fast average crossing above the slow one, sell below it.

    With `trend_filter` the close must lie beyond both averages, on the cross's side.
    """

    fast: int = 50
    slow: int = 200
    within: int = 10
    trend_filter: bool = True

    @property
    def bars_needed(self) -> int:
        return max(self.slow + 1, MIN_BARS)

    def evaluate(self, view: View) -> Setup:
        close = view.seen.bars.close
        fast, slow = indicators.sma(close, self.fast), indicators.sma(close, self.slow)
        gap = np.where(np.abs(fast - slow) <= _EQUAL * np.abs(slow), 0.0, fast - slow)
        figures = rounded(
            {f"sma_{self.fast}": last(fast), f"sma_{self.slow}": last(slow), "close": last(close)}
        )
        shown = f"SMA {self.fast} is {show(last(fast))}, SMA {self.slow} is {show(last(slow))}"
        sides = gap[np.isfinite(gap) & (gap != 0)]
        if not sides.size:
            return hold(f"{shown}: the averages were always equal.", indicators=figures)
        action = Action.BUY if last(sides) > 0 else Action.SELL
        state = f"{shown}: the fast average is {_SIDES[action]} the slow one"
        age = bars_since_cross(gap)
        if age is None or age >= self.within:
            when = "for as long as the bars reach back" if age is None else _for_bars(age + 1)
            return hold(
                f"{state} {when}; a cross within the last {self.within} bars is needed.",
                indicators=figures,
            )
        blocked = self._blocked(action, last(close), last(fast), last(slow))
        if blocked:
            return hold(f"{state} {_for_bars(age + 1)}.", blocked, indicators=figures)
        return Setup(
            action,
            (
                f"{state}; they crossed {age + 1} bar{'s' if age else ''} ago.",
                *view.seen.trend.sentences,
                *view.seen.momentum.sentences,
            ),
            (
                Factor("Fresh cross", 1.0 - age / self.within, 1.0),
                Factor("Trend agrees", support_of(view.seen.trend.score, action), 2.0),
                *common_factors(view, action),
            ),
            {**figures, "bars_since_cross": float(age)},
        )

    def _blocked(self, action: Action, close: float, fast: float, slow: float) -> str:
        if not self.trend_filter:
            return ""
        if action is Action.BUY and close <= max(fast, slow):
            return f"The close {show(close)} is not above both averages (trend filter)."
        if action is Action.SELL and close >= min(fast, slow):
            return f"The close {show(close)} is not below both averages (trend filter)."
        return ""


def _for_bars(count: int) -> str:
    return f"for {count} {'bar' if count == 1 else 'bars'}"


def bars_since_cross(gap: FloatArray) -> int | None:
    """Return how many bars before the newest one the gap changed its sign, None if it never did.

    0 means that the newest bar made the cross. Zero gaps belong to the side before them.
    """
    signs = np.sign(gap[np.isfinite(gap)])
    sides = np.flatnonzero(signs)
    crosses = sides[1:][signs[sides[1:]] != signs[sides[:-1]]]
    return None if crosses.size == 0 else int(signs.size - 1 - crosses[-1])
