"""A working order and the group it belongs to, as the book changes them."""

from dataclasses import dataclass, field
from enum import StrEnum

from kuber.exchange.types import AUCTIONED, IMPATIENT, STOPS, NewOrder
from kuber.kernel.orders import OrderType, Side


class Place(StrEnum):
    """Where in the book an order waits, and what for."""

    NOWHERE = "nowhere"
    PARENT = "parent"
    """For fills of its parent."""
    TRAVELS = "travels"
    """For the moment at which it reaches the exchange."""
    FRESH = "fresh"
    """For its first price that is no older than itself."""
    TRIGGER = "trigger"
    """For its stop."""
    RESTS = "rests"
    """For its limit."""
    WAITS = "waits"
    """For more to be offered: it trades at any price."""
    AUCTION = "auction"


@dataclass(slots=True, eq=False)
class Group:
    """Orders that share one quantity: a fill of one reduces the others.

    An order with a parent but without a group is a group of its own. `released` is how much the
    parent's fills allow so far.
    """

    id: str
    quantity: int
    released: int
    parent: str | None
    legs: list[str] = field(default_factory=list)
    filled: int = 0

    @property
    def rest(self) -> int:
        return self.quantity - self.filled


@dataclass(slots=True, eq=False)
class Working:
    """An order in the book. `open` is what it may trade now, at most `quantity - filled`."""

    id: str
    order: NewOrder
    born: int
    """The sequence that it had first; orders that expire together end in this order."""
    sequence: int
    """Its turn; it moves back when the order does."""
    quantity: int
    open: int
    effective_at: int
    expires_at: int | None
    limit: int | None
    stop: int | None
    reserved: int | None
    trail_amount: int | None = None
    trail_percent: int | None = None
    group: str | None = None
    parent: str | None = None
    place: Place = Place.NOWHERE
    filled: int = 0
    value: int = 0
    """Sum of price times quantity of its fills (10^-21)."""
    fills: int = 0
    fee: int = 0
    mark: int | None = None
    triggered: bool = False
    held: str | None = None
    met: int = -1
    """The number of the price at which chance filled only a part: it is not met twice."""

    buys: bool = field(init=False)
    closes: bool = field(init=False)

    def __post_init__(self) -> None:
        self.buys = self.order.side is Side.BUY
        self.closes = self.order.closes

    @property
    def dormant(self) -> bool:
        """Whether it still waits for its stop."""
        return not self.triggered and self.order.type in STOPS

    @property
    def impatient(self) -> bool:
        return self.order.time_in_force in IMPATIENT

    @property
    def auctioned(self) -> bool:
        return self.order.time_in_force in AUCTIONED

    @property
    def trails(self) -> bool:
        return self.order.type is OrderType.TRAILING_STOP

    def stop_behind(self, mark: int) -> int:
        """Return a trailing stop's stop for a mark, on the tick, rounded towards the mark."""
        if self.trail_amount is not None:
            distance = self.trail_amount
        else:
            assert self.trail_percent is not None, "a trailing stop has one of the two"
            distance = mark * self.trail_percent // 1_000_000
        tick = self.order.spec.tick_at(mark)
        if self.buys:
            return max((mark + distance) // tick * tick, tick)
        return max(-(-(mark - distance) // tick) * tick, tick)


def working(order: NewOrder, sequence: int, group: Group | None) -> Working:
    """Return an order as it enters the book."""
    return Working(
        id=order.id,
        order=order,
        born=sequence,
        sequence=sequence,
        quantity=order.quantity,
        open=order.quantity if group is None else min(order.quantity, group.released),
        effective_at=order.effective_at,
        expires_at=order.expires_at,
        limit=order.limit_price,
        stop=order.stop_price,
        reserved=order.reserved,
        trail_amount=order.trail_amount,
        trail_percent=order.trail_percent,
        group=None if group is None else group.id,
        parent=order.parent,
    )
