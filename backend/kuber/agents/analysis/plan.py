"""Stop and targets of a plan: by ATR, moved a little where the market turned before."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from kuber.agents.analysis.numbers import show
from kuber.agents.analysis.types import Levels, PlanRules, PriceLevels
from kuber.agents.state import Action
from kuber.kernel.money import exact

SNAP_ATR = 0.5
"""How far, in ATRs, a stop may be moved to lie behind a level."""
SNAP_R = 0.35
"""How far, in multiples of the risk, a target may be moved to lie before a level."""
CLEARANCE_ATR = 0.1
"""Distance kept from a level."""
MIN_TARGET_R = 1.0
"""A moved first target still pays at least the risk."""


@dataclass(frozen=True, slots=True)
class LevelContext:
    """What stop and targets are set by: the ATR in price units, and the levels around."""

    atr: float
    levels: Levels


def on_tick(price: float | Decimal, tick: Decimal, rounding: str) -> Decimal:
    """Return `price` on the grid of `tick`, rounded with the given `decimal` mode."""
    number = price if isinstance(price, Decimal) else exact(price)
    return (number / tick).to_integral_value(rounding=rounding) * tick


def price_levels(
    action: Action, entry: Decimal, view: LevelContext, rules: PlanRules, tick: Decimal
) -> PriceLevels | None:
    """Return the prices of a BUY or SELL at `entry`; None when no valid ones exist.

    The stop lies `rules.stop_atr` ATRs from the entry; where a support (BUY) or resistance
    (SELL) is within half an ATR of it, it moves just behind that level. Targets lie the given
    multiples of the risk away and move just before a level that is slightly nearer. Rounding is
    never in the plan's favour: stops round away from the entry, targets towards it.
    """
    assert action is not Action.HOLD, "a plan not to trade has no prices"
    draft = _Draft(1 if action is Action.BUY else -1, float(entry), view, rules)
    stop, stop_note = draft.stop()
    risk = abs(draft.entry - stop)
    first, first_note = draft.target(rules.target_1_r, risk)
    second, second_note = draft.target(rules.target_2_r, risk)
    # For a BUY all three round down: its stop away from the entry, its targets towards it.
    rounding = ROUND_FLOOR if draft.side > 0 else ROUND_CEILING
    stop_loss, target_1, target_2 = (
        on_tick(price, tick, rounding) for price in (stop, first, second)
    )
    ordered = [stop_loss, entry, target_1, target_2][:: draft.side]
    if not (ordered[0] > 0 and rising(ordered)):
        return None
    notes = tuple(note for note in (stop_note, first_note, second_note) if note)
    return PriceLevels(entry, stop_loss, target_1, target_2, notes)


def rising(prices: Sequence[Decimal]) -> bool:
    """Return whether each price is above the one before it."""
    return all(low < high for low, high in pairwise(prices))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A plan before rounding; `side` is 1 for BUY and -1 for SELL."""

    side: int
    entry: float
    view: LevelContext
    rules: PlanRules

    def stop(self) -> tuple[float, str]:
        """Return the stop, and a note where it was moved."""
        atr, levels = self.view.atr, self.view.levels
        plain = self.entry - self.side * self.rules.stop_atr * atr
        behind = levels.supports if self.side > 0 else levels.resistances
        for level in behind if self.rules.snap else ():
            if abs(level - plain) <= SNAP_ATR * atr:
                word = "support" if self.side > 0 else "resistance"
                moved = level - self.side * CLEARANCE_ATR * atr
                return moved, f"Stop set behind {word} {show(level)}."
        return plain, ""

    def target(self, multiple: float, risk: float) -> tuple[float, str]:
        """Return a target `multiple` times the risk away, and a note where it was moved."""
        plain = self.entry + self.side * multiple * risk
        levels = self.view.levels
        ahead = levels.resistances if self.side > 0 else levels.supports
        for level in ahead if self.rules.snap else ():
            moved = level - self.side * CLEARANCE_ATR * self.view.atr
            pays = self.side * (moved - self.entry) >= MIN_TARGET_R * risk
            if pays and 0 <= self.side * (plain - moved) <= SNAP_R * risk:
                word = "resistance" if self.side > 0 else "support"
                return moved, f"Target set before {word} {show(level)}."
        return plain, ""
