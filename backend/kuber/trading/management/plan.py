"""The exit plan of a position: frozen when the entry is decided, whatever becomes of its pipeline.

Prices and quantities are in the units of `kuber.exchange.units`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from kuber.exchange.types import Spec
from kuber.exchange.units import ceil_to, floor_to
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.trading.errors import RefusedOrder


class Protection(StrEnum):
    """What the venue can hold for a position."""

    OCO = "oco"
    """Stop and target together, each part of the position with its own pair."""
    STOP = "stop"
    """Stops only: targets are watched by the monitor."""
    MONITOR = "monitor"
    """Nothing: the monitor watches stop and targets, and sleeps when this computer does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlan:
    """How a position is entered and left.

    `entry` is the price that the plan was made for: the limit of a limit or stop-limit entry, the
    stop of a stop entry. `targets` has
    none, one or two, the nearer first. `entry_ends_at` is the end of the entry's life (rule M18).
    Raises RefusedOrder when the numbers do not go together.
    """

    side: Side
    spec: Spec
    quantity: int
    entry: int
    stop: int
    targets: tuple[int, ...] = ()
    protection: Protection = Protection.OCO
    entry_type: OrderType = OrderType.MARKET
    entry_ends_at: int | None = None
    exits_in_force: TimeInForce = TimeInForce.GTC
    after_split: bool = False
    """Its levels were rounded after a split, so that two of them may have met."""

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault is not None:
            raise RefusedOrder(fault)

    @property
    def long(self) -> bool:
        return self.side is Side.BUY

    @property
    def risk(self) -> int:
        """R: the distance from entry to stop, as a price."""
        return abs(self.entry - self.stop)

    def beyond(self, price: int, stop: int) -> bool:
        """Return whether `price` has reached a stop."""
        return price <= stop if self.long else price >= stop

    def reached(self, price: int, target: int) -> bool:
        """Return whether `price` has reached a target."""
        return price >= target if self.long else price <= target

    def tighter(self, stop: int, than: int) -> int:
        """Return whichever stop lies nearer to profit: a stop is never loosened."""
        return max(stop, than) if self.long else min(stop, than)

    def sellable(self, quantity: int) -> bool:
        """Return whether a quantity is large enough for an order of its own."""
        spec = self.spec
        enough = quantity >= max(spec.lot, spec.minimum_quantity)
        return enough and quantity * min(self.entry, self.stop) >= spec.minimum_value

    def first_part(self, quantity: int) -> int:
        """Return what target 1 closes of `quantity`: the larger half in steps.

        All of it when there are no two targets, or when either half could not be sold.
        """
        if len(self.targets) < 2:
            return quantity
        steps = quantity // self.spec.lot
        first = (steps - steps // 2) * self.spec.lot
        halves = (first, quantity - first)
        return first if all(self.sellable(half) for half in halves) else quantity

    def target(self, number: int) -> int | None:
        """Return the price of target 1 or 2, None where the plan has none."""
        return self.targets[number - 1] if number <= len(self.targets) else None

    def break_even(self, quantity: int, value: int) -> int:
        """Return the average entry price on the tick, rounded to the side of profit; no fees.

        value: sum of price times quantity of the entry's fills (10^-21).
        """
        assert quantity > 0, "nothing was bought"
        average = -(-value // quantity) if self.long else value // quantity
        tick = self.spec.tick_at(average)
        return ceil_to(average, tick) if self.long else max(floor_to(average, tick), tick)

    def split(self, numerator: int, denominator: int) -> "ExitPlan":
        """Return the plan on the basis after a split, exits rounded to come earlier."""

        def price(old: int, *, up: bool) -> int:
            return split_price(self.spec, old, numerator, denominator, up=up)

        return replace(
            self,
            after_split=True,
            quantity=max(self.quantity * numerator // denominator, 1),
            entry=price(self.entry, up=self.long),
            stop=price(self.stop, up=self.long),
            targets=tuple(price(one, up=not self.long) for one in self.targets),
        )


def split_price(spec: Spec, price: int, numerator: int, denominator: int, *, up: bool) -> int:
    """Return a price after a split, on the tick."""
    above = price * denominator
    exact = -(-above // numerator) if up else above // numerator
    tick = spec.tick_at(exact)
    return max(ceil_to(exact, tick) if up else floor_to(exact, tick), tick)


def _fault(plan: ExitPlan) -> str | None:
    prices = (plan.entry, plan.stop, *plan.targets)
    if plan.quantity <= 0:
        return "The quantity must be more than nothing."
    if min(prices) <= 0:
        return "Prices must be more than nothing."
    if any(price % plan.spec.tick_at(price) for price in prices[1:]):
        return "Stop and targets must be on the instrument's tick."
    if len(plan.targets) > 2:
        return "A plan has two targets at most."
    way = [plan.stop, plan.entry, *plan.targets]
    if not plan.after_split and sorted(set(way), reverse=not plan.long) != way:
        return "The stop lies before the entry, and each target lies beyond what comes before it."
    if plan.entry_type is OrderType.TRAILING_STOP:
        return "An entry is a market, limit, stop or stop-limit order."
    return None
