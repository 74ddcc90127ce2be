"""From a strategy's finding to a plan with prices, confidence and reasons."""

from dataclasses import dataclass, replace
from decimal import Decimal

from kuber.agents.analysis.confidence import confidence, factor_table
from kuber.agents.analysis.numbers import stands_still
from kuber.agents.analysis.plan import LevelContext, price_levels
from kuber.agents.analysis.strategies.base import Strategy, View, hold
from kuber.agents.analysis.types import PlanRules, PriceLevels, Setup
from kuber.agents.state import Action


@dataclass(frozen=True, slots=True)
class Proposal:
    """A strategy's decision. `levels` is None for HOLD; `reasoning` is Markdown."""

    setup: Setup
    levels: PriceLevels | None
    confidence: float

    @property
    def action(self) -> Action:
        return self.setup.action

    @property
    def reasoning(self) -> str:
        parts = [self._headline(), "\n".join(f"- {reason}" for reason in self.setup.reasons)]
        if self.levels is not None:
            parts.append("\n".join(f"- {note}" for note in self.levels.notes))
            parts.append(level_table(self.levels))
            parts.append(factor_table(self.setup.factors))
        return "\n\n".join(part for part in parts if part)

    def _headline(self) -> str:
        if self.levels is None:
            return "**HOLD**: no trade now."
        return (
            f"**{self.action.value}** at {self.levels.entry:f}, confidence {self.confidence:.1f}"
            " of 100."
        )

    def held(self, reason: str) -> "Proposal":
        """Return the same finding turned into HOLD for `reason`."""
        setup = replace(
            self.setup, action=Action.HOLD, reasons=(reason, *self.setup.reasons), factors=()
        )
        return Proposal(setup, None, 0.0)


def propose(
    strategy: Strategy, view: View, entry: Decimal, rules: PlanRules, tick: Decimal
) -> Proposal:
    """Return the strategy's plan at `entry`, HOLD when it finds nothing or no valid prices exist.

    `entry` is the last price, on the tick; `view` holds at least `strategy.bars_needed` bars.
    """
    if stands_still(view.seen.bars) or view.seen.volatility.atr <= 0:
        return Proposal(hold("The price has not moved for 14 bars: no stop can be set."), None, 0.0)
    setup = strategy.evaluate(view)
    if setup.action is Action.HOLD:
        return Proposal(setup, None, 0.0)
    around = LevelContext(view.seen.volatility.atr, view.seen.levels)
    levels = price_levels(setup.action, entry, around, rules, tick)
    plan = Proposal(setup, levels, confidence(setup.factors))
    if levels is None:
        return plan.held("No stop and targets on their proper sides fit between the price's ticks.")
    return plan


def level_table(levels: PriceLevels) -> str:
    """Return the plan's prices as a Markdown table."""
    return "\n".join(
        (
            "| Level | Price | In R |",
            "|---|---|---|",
            f"| Entry | {levels.entry:f} | 0 |",
            f"| Stop | {levels.stop_loss:f} | -1 |",
            f"| Target 1 | {levels.target_1:f} | {levels.reward_1:.2f} |",
            f"| Target 2 | {levels.target_2:f} | {levels.reward_2:.2f} |",
        )
    )
