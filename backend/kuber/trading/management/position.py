"""A position as data: its plan, the orders that were sent for it, and what they have done.

The position is cut into parts. Each part has a stop of its own and, where the venue can hold it, a
target in one group with the stop; the two share the quantity of the part.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from kuber.exchange.units import floor_to
from kuber.trading.management.plan import ExitPlan
from kuber.trading.origins import Origin, OriginKind


class Role(StrEnum):
    """What an order is for."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    TRIM = "trim"
    """Sells at the market what target 1 closes, where the venue cannot hold the target."""
    REDUCE = "reduce"
    """Sells at the market the part that a person asked to be closed."""
    CLOSE = "close"


class LegStatus(StrEnum):
    SENT = "sent"
    """Ordered; the venue has not said yet that it has it."""
    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"
    REPLACED = "replaced"


LIVE = frozenset({LegStatus.SENT, LegStatus.WORKING})


class Status(StrEnum):
    OPENING = "opening"
    """The entry has not ended: it may fill, or fill more."""
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    DUST = "dust"
    """What is left is too small to be sold or protected. A person may still try to close it."""
    FROZEN = "frozen"
    """Kuber does nothing more with it by itself; a person decides."""


class Reason(StrEnum):
    """Why a position is closed, or was never opened."""

    STOP = "stop"
    BREAK_EVEN = "break_even"
    TARGET_1 = "target_1"
    TARGET_2 = "target_2"
    UNPROTECTED = "unprotected"
    """No stop was accepted in time."""
    ASKED = "asked"
    BY_HAND = "by_hand"
    """It was closed at the broker."""
    PRICE_MOVED = "price_moved"
    ENTRY_OVER = "entry_over"
    """The life of the entry ended before it was filled."""
    ENTRY_REFUSED = "entry_refused"
    ENTRY_UNWANTED = "entry_unwanted"
    """A switch or the pipeline's end took the entry back."""
    MARGIN_CALL = "margin_call"
    """The account did not cover its shorts any more (M23)."""
    NOT_FOLLOWED = "not_followed"
    """The prices of the symbol cannot be followed."""
    RESET = "reset"
    """Its account was reset."""
    SPLIT = "split"
    """A split left nothing of it but cash, or took its entry back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One order of a position. An attempt is a new order with a new id.

    `filled` counts in the quantities of today, `heard` in those of the executions: they differ
    after a split. `value` is the sum of price times quantity of its fills (10^-21).
    """

    order_id: str
    role: Role
    attempt: int
    quantity: int
    sent_at: int
    changed_at: int
    part: int = 0
    """Legs with the same number above 0 share one quantity."""
    target: int = 0
    """Which target the part aims at, 1 or 2; 0 for the entry and for orders at the market."""
    price: int | None = None
    status: LegStatus = LegStatus.SENT
    filled: int = 0
    heard: int = 0
    value: int = 0
    fee: int = 0
    asked_at: int | None = None
    """When its cancel was asked for."""
    replaces: str | None = None
    outdated: bool = False
    """It stands on the basis before a split, or no longer on whole steps after one."""
    urgent: bool = False
    """A stop that was made marketable, since its cancel got stuck."""

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def name(self) -> str:
        return f"{self.role}_{self.target}" if self.target else str(self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position and everything that its management remembers.

    `stop` is the level at which it is protected now. `by_hand` was sold at the broker, not
    by its own orders, `in_cash` paid out after splits; their values are what that brought (10^-21).
    `bare` was unprotected at the last look, `bare_area` sums quantity times
    microseconds of that.
    """

    id: str
    owner: str
    """Which pipeline it is attributed to, or `by hand`."""
    plan: ExitPlan
    stop: int
    looked_at: int
    entry_id: str
    """The order id of its entry, which a run or a person made."""
    entry_end: Reason | None = None
    """Why no more of the entry is wanted."""
    status: Status = Status.OPENING
    legs: tuple[Leg, ...] = ()
    trimming: bool = False
    """Target 1 was reached and is being sold at the market."""
    trimmed: bool = False
    """Target 1 is done: the stop stands at break-even or better."""
    reason: Reason | None = None
    forced: bool = False
    """A person asked for the close: even what is too small is tried."""
    reduce: int = 0
    """What people asked to be closed of it, in all."""
    by_hand: int = 0
    by_hand_value: int = 0
    in_cash: int = 0
    in_cash_value: int = 0
    failures: int = 0
    failed_at: int | None = None
    retry_at: int = 0
    bare: int = 0
    bare_since: int | None = None
    bare_area: int = 0
    held_since: int | None = None
    closed_at: int | None = None
    told: tuple[str, ...] = ()
    version: int = 0

    @property
    def entry(self) -> Leg | None:
        return next((leg for leg in self.legs if leg.role is Role.ENTRY), None)

    @property
    def bought(self) -> int:
        """What the entry filled, in today's quantities (for a short: what it sold)."""
        return 0 if self.entry is None else self.entry.filled

    @property
    def held(self) -> int:
        """What is held, long or short; negative when exits took more than there was."""
        gone = sum(leg.filled for leg in self.exits)
        return self.bought - gone - self.outside

    def held_after(self, numerator: int, denominator: int) -> int:
        """Return what is held after a split; the fraction of a step is paid in cash."""
        exact = max(self.held, 0) * numerator // denominator
        return floor_to(exact, self.plan.spec.lot)

    @property
    def outside(self) -> int:
        """What left it by other ways than its own exits."""
        return self.by_hand + self.in_cash

    @property
    def exits(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.role is not Role.ENTRY)

    @property
    def at_market(self) -> tuple[Leg, ...]:
        """Live exits at the market: trims, parts that people close, and closes."""
        roles = (Role.TRIM, Role.REDUCE, Role.CLOSE)
        return tuple(leg for leg in self.legs if leg.live and leg.role in roles)

    @property
    def reduced(self) -> int:
        """What was sold of the parts that people asked to be closed."""
        return sum(leg.filled for leg in self.legs if leg.role is Role.REDUCE)

    @property
    def lacks_reduce(self) -> int:
        """What of these parts is neither sold nor ordered yet."""
        ordered = rest_of(tuple(leg for leg in self.at_market if leg.role is Role.REDUCE))
        return max(self.reduce - self.reduced - ordered, 0)

    @property
    def basis(self) -> int:
        """What the two targets share: the entry, less what left by other ways."""
        return max(self.bought - self.outside - max(self.reduce, self.reduced), 0)

    @property
    def entry_ended(self) -> bool:
        return self.entry is not None and not self.entry.live

    @property
    def over(self) -> bool:
        return self.status is Status.CLOSED

    @property
    def must_be_followed(self) -> bool:
        """Whether the prices of its symbol come first, whatever else is watched (rule M9)."""
        return not self.over and (self.held != 0 or any(leg.live for leg in self.legs))

    def leg(self, order_id: str) -> Leg | None:
        return next((leg for leg in self.legs if leg.order_id == order_id), None)

    def parts(self) -> Iterator["Part"]:
        """Yield the parts that have live orders, oldest first."""
        for number in sorted({leg.part for leg in self.legs if leg.part and leg.live}):
            yield Part(tuple(leg for leg in self.legs if leg.part == number))

    def resting(self) -> int:
        """Return what live exits may still sell; the orders of a part count once."""
        return sum(part.rest for part in self.parts()) + rest_of(self.at_market)

    def protected(self) -> int:
        """Return what an accepted stop, or an accepted exit at the market, stands for."""
        accepted = [leg for leg in self.at_market if leg.status is LegStatus.WORKING]
        return rest_of(accepted) + sum(
            part.rest
            for part in self.parts()
            if any(leg.status is LegStatus.WORKING for leg in part.stops)
        )

    def with_leg(self, changed: Leg) -> "Position":
        """Return the position with a leg in place of the one of the same order id."""
        return replace(
            self,
            legs=tuple(changed if leg.order_id == changed.order_id else leg for leg in self.legs),
        )

    def next_attempt(self, name: str) -> int:
        return 1 + sum(leg.name == name for leg in self.legs)

    def order_id(self, name: str, attempt: int) -> str:
        """Return the id of an attempt at a leg: the same whoever asks, and whenever."""
        return str(Origin(OriginKind.MONITOR, (self.id,)).order_id(name, attempt))


@dataclass(frozen=True, slots=True)
class Part:
    """The orders of one part of a position, the stop first."""

    legs: tuple[Leg, ...]

    @property
    def number(self) -> int:
        return self.legs[0].part

    @property
    def target(self) -> int:
        return self.legs[0].target

    @property
    def rest(self) -> int:
        """What it may still sell."""
        return max(self.legs[0].quantity - sum(leg.filled for leg in self.legs), 0)

    @property
    def live(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.live)

    @property
    def stops(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.live if leg.role is Role.STOP)

    @property
    def asked(self) -> bool:
        """Whether its end was asked for."""
        return any(leg.asked_at is not None for leg in self.live)


def rest_of(legs: tuple[Leg, ...] | list[Leg]) -> int:
    """Return what orders may still fill."""
    return sum(max(leg.quantity - leg.filled, 0) for leg in legs)


def planned(
    name: str, owner: str, plan: ExitPlan, at: int, entry_id: str | None = None
) -> Position:
    """Return a position whose entry is yet to be sent."""
    entry_id = entry_id or str(Origin(OriginKind.MONITOR, (name,)).order_id())
    return Position(
        id=name, owner=owner, plan=plan, stop=plan.stop, looked_at=at, entry_id=entry_id
    )


def entered(
    name: str, owner: str, plan: ExitPlan, *, quantity: int, price: int, fee: int, at: int
) -> Position:
    """Return a position whose entry is filled already, as a scratch run's is by estimate."""
    position = planned(name, owner, plan, at)
    entry = Leg(
        order_id=position.entry_id,
        role=Role.ENTRY,
        attempt=1,
        quantity=quantity,
        sent_at=at,
        changed_at=at,
        status=LegStatus.FILLED,
        filled=quantity,
        heard=quantity,
        value=quantity * price,
        fee=fee,
    )
    return replace(position, legs=(entry,), held_since=at)
