"""RSI mean reversion: buy a turn out of oversold, sell a turn out of overbought."""

from dataclasses import dataclass

import numpy as np

from kuber.agents.analysis.examine import MIN_BARS
from kuber.agents.analysis.numbers import clip, last, rounded, show
from kuber.agents.analysis.strategies.base import View, hold, surroundings
from kuber.agents.analysis.types import Factor, Setup
from kuber.agents.state import Action
from kuber.market import indicators

TREND_PERIOD = 200


@dataclass(frozen=True, slots=True)
class RsiReversion:
    """Buy when the RSI was below `oversold` within `lookback` bars and has turned up; mirrored.

    With `trend_filter` only in the direction of the 200-bar average.
    """

    period: int = 14
    oversold: float = 30.0
    overbought: float = 70.0
    lookback: int = 3
    trend_filter: bool = True

    @property
    def bars_needed(self) -> int:
        floor = TREND_PERIOD if self.trend_filter else self.period * 3
        return max(floor, MIN_BARS)

    def evaluate(self, view: View) -> Setup:
        close = view.seen.bars.close
        rsi = indicators.rsi(close, self.period)
        now, before = last(rsi), last(rsi, 1)
        recent = rsi[-1 - self.lookback :]
        lowest, highest = float(np.min(recent)), float(np.max(recent))
        if not np.isfinite((before, lowest)).all():
            return hold(f"RSI {self.period} has no value: the price stood still.")
        figures = rounded({f"rsi_{self.period}": now, "rsi_before": before, "close": last(close)})
        moved = f"RSI {self.period} went from {before:.1f} to {now:.1f}"
        if lowest <= self.oversold and now > before:
            action, extreme = Action.BUY, lowest
            found = f"{moved} after {lowest:.1f}: turning up out of oversold ({self.oversold:g})."
            depth = (self.oversold - lowest) / 15.0
        elif highest >= self.overbought and now < before:
            action, extreme = Action.SELL, highest
            limit = f"{self.overbought:g}"
            found = f"{moved} after {highest:.1f}: turning down out of overbought ({limit})."
            depth = (highest - self.overbought) / 15.0
        else:
            return hold(
                f"{moved}; within {self.lookback} bars it was between {lowest:.1f} and"
                f" {highest:.1f}. It must turn out of {self.oversold:g} or {self.overbought:g}.",
                indicators=figures,
            )
        blocked, figures = self._trend(view, action, figures)
        if blocked:
            return hold(found, blocked, indicators=figures)
        return Setup(
            action,
            (found, *view.seen.location.sentences, *view.seen.volatility.sentences),
            (
                Factor("Depth of the extreme", 0.5 + 0.5 * clip(depth, 0.0, 1.0), 1.5),
                Factor("Strength of the turn", abs(now - before) / 5.0, 1.0),
                *surroundings(view, action),
            ),
            {**figures, "rsi_extreme": round(extreme, 4)},
        )

    def _trend(
        self, view: View, action: Action, figures: dict[str, float]
    ) -> tuple[str, dict[str, float]]:
        """Return why the trend forbids the trade (empty if it does not), and the figures."""
        if not self.trend_filter:
            return "", figures
        close = view.seen.price
        average = last(indicators.sma(view.seen.bars.close, TREND_PERIOD))
        figures = {**figures, **rounded({f"sma_{TREND_PERIOD}": average})}
        if (close > average) == (action is Action.BUY):
            return "", figures
        where = "below" if action is Action.BUY else "above"
        return (
            f"The close {show(close)} is {where} SMA {TREND_PERIOD} {show(average)}:"
            " the trade would go against the trend (trend filter)."
        ), figures
