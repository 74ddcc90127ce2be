"""Trend following: go with a trend that the longer timeframe confirms, unless it has run away."""

from dataclasses import dataclass

from kuber.agents.analysis.examine import MIN_BARS
from kuber.agents.analysis.numbers import last, over, rounded, show, show_score, sign
from kuber.agents.analysis.strategies.base import View, common_factors, hold, support_of
from kuber.agents.analysis.types import Examination, Factor, Setup
from kuber.agents.state import Action
from kuber.market import indicators

MEAN_PERIOD = 20


@dataclass(frozen=True, slots=True)
class TrendFollowing:
    """Trade in the direction of a trend score of at least `min_trend`.

    The longer timeframe's trend, where one is given, must have the same sign. The close may be
    at most `max_stretch_atr` ATRs beyond its 20-bar exponential average.
    """

    min_trend: float = 40.0
    max_stretch_atr: float = 2.5

    @property
    def bars_needed(self) -> int:
        return MIN_BARS

    def evaluate(self, view: View) -> Setup:
        score, longer = view.seen.trend.score, view.longer
        figures = _figures(view)
        words = view.seen.trend.sentences
        if abs(score) < self.min_trend:
            return hold(
                f"The trend score is {show_score(score)}; at least {self.min_trend:g} either way is"
                " needed.",
                *words,
                indicators=figures,
            )
        action = Action.BUY if score > 0 else Action.SELL
        if longer is not None and sign(longer.trend.score) != sign(score):
            return hold(
                f"The trend score is {show_score(score)}, but the longer timeframe's is"
                f" {show_score(longer.trend.score)}.",
                *words,
                indicators=figures,
            )
        if "stretch_atr" not in figures:
            return hold("The stretch has no value: nothing moves.", *words, indicators=figures)
        stretch = figures["stretch_atr"] * sign(score)
        if stretch > self.max_stretch_atr:
            return hold(
                f"The close {show(view.seen.price)} is {stretch:.1f} ATR beyond EMA {MEAN_PERIOD}"
                f" (limit {self.max_stretch_atr:g}): too late to join.",
                *words,
                indicators=figures,
            )
        return Setup(
            action,
            (_found(score, longer), *words, *view.seen.momentum.sentences),
            _factors(view, action, stretch / self.max_stretch_atr),
            figures,
        )


def _factors(view: View, action: Action, stretched: float) -> tuple[Factor, ...]:
    factors = [
        Factor("Trend", support_of(view.seen.trend.score, action), 2.0),
        Factor("Near its average", 1.0 - max(0.0, stretched), 1.0),
        *common_factors(view, action),
    ]
    if view.longer is not None:
        strength = support_of(view.longer.trend.score, action)
        factors.insert(1, Factor("Longer timeframe agrees", strength, 1.5))
    return tuple(factors)


def _found(score: float, longer: Examination | None) -> str:
    if longer is None:
        return f"The trend score is {show_score(score)}."
    frame = longer.bars.timeframe.value
    other = show_score(longer.trend.score)
    return f"The trend score is {show_score(score)}, on {frame} {other}: they agree."


def _figures(view: View) -> dict[str, float]:
    seen = view.seen
    mean = last(indicators.ema(seen.bars.close, MEAN_PERIOD))
    stretch = over(seen.price - mean, seen.volatility.atr)
    figures = {
        "trend_score": seen.trend.score,
        f"ema_{MEAN_PERIOD}": mean,
        "stretch_atr": stretch,
        **seen.trend.figures,
    }
    if view.longer is not None:
        figures["longer_trend_score"] = view.longer.trend.score
    return rounded(figures)
