"""The risk manager's arithmetic: size and checks. Pure; limits can only make positions smaller."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from kuber.agents.state import Action, RiskCheck, StrategyPlan
from kuber.agents.toolkit import amount, plain
from kuber.brokers.port import Position

HUNDRED = Decimal(100)
ACCOUNT_CURRENCY = "USD"
"""Equity is in this currency; positions priced in another one cannot be measured against it."""


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits of one node; percentages are of the account's equity."""

    account_risk_percent: Decimal
    max_position_percent: Decimal
    max_exposure_percent: Decimal
    max_open_positions: int
    min_reward_risk: Decimal
    min_confidence: float


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the account looks like before the trade."""

    equity: Decimal
    positions: tuple[Position, ...]
    currency: str
    symbol: str
    """What the plan would trade."""

    @property
    def exposure(self) -> Decimal:
        """Value of all positions at cost, long and short added."""
        return sum((abs(p.quantity) * p.average_price for p in self.positions), Decimal(0))

    def held(self, action: Action) -> Decimal:
        """Value at cost of what is held in the symbol already on the side of `action`."""
        side = 1 if action is Action.BUY else -1
        return sum(
            (
                abs(p.quantity) * p.average_price
                for p in self.positions
                if p.symbol == self.symbol and p.quantity * side > 0
            ),
            Decimal(0),
        )


@dataclass(frozen=True, slots=True)
class TradePrices:
    """The prices of a plan that is not HOLD."""

    action: Action
    entry: Decimal
    stop_loss: Decimal
    target_1: Decimal

    @classmethod
    def of(cls, plan: StrategyPlan) -> "TradePrices | None":
        """Return the plan's prices, None when it is HOLD or a price is missing."""
        if plan.action is Action.HOLD:
            return None
        if plan.entry is None or plan.stop_loss is None or plan.target_1 is None:
            return None
        return cls(plan.action, plan.entry, plan.stop_loss, plan.target_1)

    @property
    def risk(self) -> Decimal:
        return abs(self.entry - self.stop_loss)

    @property
    def reward(self) -> Decimal:
        return abs(self.target_1 - self.entry)


@dataclass(frozen=True, slots=True)
class Sizing:
    """How many units, and what they mean in money."""

    quantity: Decimal
    risk_amount: Decimal
    position_value: Decimal
    binding: str
    """The limit that decided the size, in words."""


def size(prices: TradePrices, limits: RiskLimits, account: AccountView, step: Decimal) -> Sizing:
    """Return the largest quantity, on `step`, that keeps every limit; it may be zero.

    The smallest of: equity x account risk / risk per unit; (equity x maximum position - what is
    held of it) / entry; (equity x maximum exposure - exposure) / entry. Rounded down.
    """
    equity = max(account.equity, Decimal(0))
    held = account.held(prices.action)
    more = max(equity * limits.max_position_percent / HUNDRED - held, Decimal(0))
    room = max(equity * limits.max_exposure_percent / HUNDRED - account.exposure, Decimal(0))
    candidates = (
        (equity * limits.account_risk_percent / HUNDRED / prices.risk, "the risk for one trade"),
        (more / prices.entry, "the largest position"),
        (room / prices.entry, "the total exposure"),
    )
    most, binding = min(candidates, key=lambda candidate: candidate[0])
    return sized((most / step).to_integral_value(ROUND_DOWN) * step, prices, binding)


def sized(quantity: Decimal, prices: TradePrices, binding: str) -> Sizing:
    """Return what `quantity` units mean in money."""
    return Sizing(quantity, quantity * prices.risk, quantity * prices.entry, binding)


def check(
    plan: StrategyPlan,
    prices: TradePrices,
    sizing: Sizing,
    limits: RiskLimits,
    account: AccountView,
) -> tuple[RiskCheck, ...]:
    """Return every check with its numbers; the plan is acceptable when all have passed."""
    side = 1 if prices.action is Action.BUY else -1
    sides_right = (
        side * (prices.entry - prices.stop_loss) > 0 and side * (prices.target_1 - prices.entry) > 0
    )
    ratio = prices.reward / prices.risk
    cash = account.currency
    return (
        RiskCheck(
            name="Stop and target",
            passed=sides_right,
            detail=f"Entry {prices.entry:f}, stop {prices.stop_loss:f}, first target"
            f" {prices.target_1:f}.",
        ),
        RiskCheck(
            name="Confidence",
            passed=plan.confidence >= limits.min_confidence,
            detail=f"{plan.confidence:g} of at least {limits.min_confidence:g}.",
        ),
        RiskCheck(
            name="Reward to risk",
            passed=ratio >= limits.min_reward_risk,
            detail=f"{prices.reward:f} to win for {prices.risk:f} at risk: {ratio:.2f} of at least"
            f" {plain(limits.min_reward_risk)}.",
        ),
        _at_most(
            "Risk for this trade",
            sizing.risk_amount,
            account.equity,
            limits.account_risk_percent,
            cash,
        ),
        _at_most(
            "Position size",
            account.held(prices.action) + sizing.position_value,
            account.equity,
            limits.max_position_percent,
            cash,
        ),
        _at_most(
            "Total exposure",
            account.exposure + sizing.position_value,
            account.equity,
            limits.max_exposure_percent,
            cash,
        ),
        RiskCheck(
            name="Open positions",
            passed=len(account.positions) < limits.max_open_positions,
            detail=f"{len(account.positions)} open, at most {limits.max_open_positions} allowed.",
        ),
        RiskCheck(
            name="Quantity",
            passed=sizing.quantity > 0,
            detail=f"{plain(sizing.quantity)} units; the limit that decides is {sizing.binding}.",
        ),
    )


def all_passed(checks: Sequence[RiskCheck]) -> bool:
    """Return whether every check has passed."""
    return all(item.passed for item in checks)


def _at_most(
    name: str, value: Decimal, equity: Decimal, percent: Decimal, currency: str
) -> RiskCheck:
    limit = max(equity, Decimal(0)) * percent / HUNDRED
    return RiskCheck(
        name=name,
        passed=value <= limit,
        detail=f"{amount(value)} {currency} of at most {amount(limit)} {currency}"
        f" ({plain(percent)} % of {amount(equity)}).",
    )
