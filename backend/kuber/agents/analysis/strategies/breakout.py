"""Breakout: a close beyond the range of the last bars, out of a quiet market."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from kuber.agents.analysis.examine import MIN_BARS
from kuber.agents.analysis.numbers import clip, last, percentile_of_last, rounded, show
from kuber.agents.analysis.strategies.base import View, common_factors, hold, support_of
from kuber.agents.analysis.types import Factor, Setup
from kuber.agents.analysis.volatility import COMPARED_BARS, band_widths
from kuber.agents.state import Action
from kuber.market.types import Bars

STRETCHED_ATR = 3.0
"""A breakout bar longer than this many ATRs is taken as spent."""


@dataclass(frozen=True, slots=True)
class Breakout:
    """Buy a close above the highest high of the `lookback` bars before it, sell below the lowest.

    The Bollinger band before the breakout must be narrower than in the widest
    `100 - max_width_percentile` percent of the last 120 bars. With `volume_filter` the volume
    must exceed its 20-bar average; it is skipped where the data has no volume.
    """

    lookback: int = 20
    max_width_percentile: float = 60.0
    volume_filter: bool = True

    @property
    def bars_needed(self) -> int:
        return max(self.lookback + 2, COMPARED_BARS + 21, MIN_BARS)

    def evaluate(self, view: View) -> Setup:
        bars = view.seen.bars
        before = bars.window(len(bars) - 1 - self.lookback, len(bars) - 1)
        top, bottom = float(np.max(before.high)), float(np.min(before.low))
        close = last(bars.close)
        width = _width_percentile_before(bars)
        figures = rounded(
            {"range_high": top, "range_low": bottom, "close": close, "width_percentile": width}
        )
        if bottom <= close <= top:
            return hold(
                f"The close {show(close)} is inside the {self.lookback}-bar range"
                f" {show(bottom)} to {show(top)}: nothing broke out.",
                indicators=figures,
            )
        action = Action.BUY if close > top else Action.SELL
        edge = top if action is Action.BUY else bottom
        word = "above" if action is Action.BUY else "below"
        found = f"The close {show(close)} is {word} the {self.lookback}-bar range ({show(edge)})."
        blocked = self._blocked(view, width)
        if blocked:
            return hold(found, blocked, indicators=figures)
        atr = view.seen.volatility.atr
        beyond = abs(close - edge) / atr
        quiet = f"The band before it was wider than in {width:.0f} % of {COMPARED_BARS} bars."
        return Setup(
            action,
            (found, quiet, *view.seen.trend.sentences),
            (
                Factor("Quiet before the breakout", 1.0 - width / 100.0, 1.5),
                Factor("Clear of the range", clip(beyond, 0.0, 1.0), 1.0),
                Factor("Trend agrees", support_of(view.seen.trend.score, action), 1.0),
                *common_factors(view, action),
            ),
            {**figures, "beyond_range_atr": round(beyond, 4)},
        )

    def _blocked(self, view: View, width: float) -> str:
        """Return why the breakout is not to be trusted, empty when nothing speaks against it."""
        bars = view.seen.bars
        if not isfinite(width):
            return f"The band before it cannot be compared with that of {COMPARED_BARS} bars."
        if width > self.max_width_percentile:
            return (
                f"The band before it was already wider than in {width:.0f} % of"
                f" {COMPARED_BARS} bars (limit {self.max_width_percentile:g} %)."
            )
        length = (last(bars.high) - last(bars.low)) / view.seen.volatility.atr
        if length > STRETCHED_ATR:
            return f"The bar is {length:.1f} ATR long (limit {STRETCHED_ATR:g}): the move is spent."
        usual = float(np.mean(bars.volume[-21:-1]))
        if self.volume_filter and usual > 0 and last(bars.volume) <= usual:
            return (
                f"Its volume {last(bars.volume):,.0f} is not above the 20-bar average {usual:,.0f}."
            )
        return ""


def _width_percentile_before(bars: Bars) -> float:
    return percentile_of_last(band_widths(bars.close[:-1]), COMPARED_BARS)
