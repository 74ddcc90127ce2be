"""A working order and the group it belongs to, as the book changes them."""

from dataclasses import dataclass, field
from enum import StrEnum

from kuber.exchange.types import AUCTIONED, IMPATIENT, STOPS, Effect, NewOrder
from kuber.kernel.orders import OrderType, Side

_BUY, _CLOSE = Side.BUY, Effect.CLOSE


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


_NOWHERE = Place.NOWHERE


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


@dataclass(slots=True, eq=False, init=False)
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
    impatient: bool = field(init=False)
    dormant: bool = field(init=False)
    """Whether it still waits for its stop."""

    def __init__(self, order: NewOrder, sequence: int, group: Group | None) -> None:
        """Take an order as it enters the book. Written out, since every order passes here."""
        self.id = order.id
        self.order = order
        self.born = self.sequence = sequence
        self.quantity = self.open = quantity = order.quantity
        self.effective_at = order.effective_at
        self.expires_at = order.expires_at
        self.limit = order.limit_price
        self.stop = order.stop_price
        self.reserved = order.reserved
        self.trail_amount = order.trail_amount
        self.trail_percent = order.trail_percent
        self.parent = order.parent
        self.group = None
        if group is not None:
            self.group = group.id
            self.open = min(quantity, group.released)
        self.place = _NOWHERE
        self.filled = self.value = self.fills = self.fee = 0
        self.mark = self.held = None
        self.triggered = False
        self.met = -1
        self.buys = order.side is _BUY
        self.closes = order.effect is _CLOSE
        self.impatient = order.time_in_force in IMPATIENT
        self.dormant = order.type in STOPS

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
