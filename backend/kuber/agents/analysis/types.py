"""The nouns of the rule engine. Formulas are explained in docs/concepts/rule-engine.md."""

from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite

from kuber.agents.state import Action, Direction
from kuber.market.types import Bars


@dataclass(frozen=True, slots=True)
class Evidence:
    """One kind of evidence about the direction of one series of bars."""

    name: str
    score: float
    """From -100 (bearish) to 100 (bullish)."""
    sentences: tuple[str, ...]
    """What was seen, in words, with the figures."""
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Volatility:
    """How much the market moves, and how that compares with its recent past; NaN where there is no
    answer."""

    atr: float
    """Average true range over 14 bars, in price units."""
    atr_percent: float
    bollinger_width: float
    """Width of the 20-bar, two-deviation band as a fraction of its middle."""
    width_percentile: float
    """Share (0 to 100) of the last 120 bars with a narrower band."""
    realised_percentile: float
    """Share (0 to 100) of the last 120 bars with a lower realised volatility."""
    sentences: tuple[str, ...]

    @property
    def calm(self) -> float | None:
        """1 up to the 75th percentile of realised volatility, falling to 0.5 at the 100th; None
        where it cannot be compared."""
        if not isfinite(self.realised_percentile):
            return None
        return 1.0 - 0.5 * max(0.0, self.realised_percentile - 75.0) / 25.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices at which the market turned before, nearest first."""

    supports: tuple[float, ...]
    resistances: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything the rule engine knows of one series of closed bars."""

    bars: Bars
    price: float
    """Close of the newest bar."""
    trend: Evidence
    momentum: Evidence
    location: Evidence
    volatility: Volatility
    levels: Levels

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return (self.trend, self.momentum, self.location)


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdict on one timeframe."""

    direction: Direction
    score: float
    examination: Examination | None
    """None when there are too few bars, or the price stands still."""
    note: str


@dataclass(frozen=True, slots=True)
class Factor:
    """One contribution to a confidence: how well one thing speaks for the plan, 0 to 1."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Setup:
    """What a strategy found, before prices are set. Factors are empty for HOLD."""

    action: Action
    reasons: tuple[str, ...]
    factors: tuple[Factor, ...] = ()
    indicators: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanRules:
    """How stop and targets are set; distances in ATRs, targets in multiples of the risk (R)."""

    stop_atr: float
    target_1_r: float
    target_2_r: float
    snap: bool = True


@dataclass(frozen=True, slots=True)
class PriceLevels:
    """The prices of a plan, on the tick, stop and targets on their proper sides of the entry."""

    entry: Decimal
    stop_loss: Decimal
    target_1: Decimal
    target_2: Decimal
    notes: tuple[str, ...]

    @property
    def risk(self) -> Decimal:
        """Price units lost per unit traded when the stop is hit."""
        return abs(self.entry - self.stop_loss)

    @property
    def reward_1(self) -> Decimal:
        """First target's gain in multiples of the risk."""
        return abs(self.target_1 - self.entry) / self.risk

    @property
    def reward_2(self) -> Decimal:
        """Second target's gain in multiples of the risk."""
        return abs(self.target_2 - self.entry) / self.risk
