"""What every strategy of the rule engine is."""

from dataclasses import dataclass
from typing import Protocol

from kuber.agents.analysis.types import Examination, Factor, Setup
from kuber.agents.state import Action


@dataclass(frozen=True, slots=True)
class View:
    """What a strategy may look at: its own timeframe and, where it asked for it, a longer one."""

    seen: Examination
    longer: Examination | None = None


class Strategy(Protocol):
    """A rule that reads a View and says BUY, SELL or HOLD, with its reasons."""

    @property
    def bars_needed(self) -> int:
        """Closed bars of its own timeframe without which it has no opinion."""
        ...

    def evaluate(self, view: View) -> Setup:
        """Return what the rule finds; reasons hold the very figures that decided."""
        ...


def hold(*reasons: str, indicators: dict[str, float] | None = None) -> Setup:
    """Return the decision not to trade."""
    return Setup(Action.HOLD, reasons, (), indicators or {})


def side_of(action: Action) -> int:
    """Return 1 for BUY, -1 for SELL, 0 for HOLD."""
    return {Action.BUY: 1, Action.SELL: -1, Action.HOLD: 0}[action]


def support_of(score: float, action: Action) -> float:
    """Return how far a score in [-100, 100] speaks for `action`, from 0 to 1."""
    return (side_of(action) * score + 100.0) / 200.0


def common_factors(view: View, action: Action) -> tuple[Factor, ...]:
    """Return the factors of strategies that go with the market: momentum and surroundings."""
    return (
        Factor("Momentum agrees", support_of(view.seen.momentum.score, action), 1.0),
        *surroundings(view, action),
    )


def surroundings(view: View, action: Action) -> tuple[Factor, ...]:
    """Return the factors that every strategy shares: location, and calm where it is known."""
    room = Factor("Room to the next level", support_of(view.seen.location.score, action), 0.5)
    calm = view.seen.volatility.calm
    return (room,) if calm is None else (room, Factor("Calm market", calm, 0.5))
