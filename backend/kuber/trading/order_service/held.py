"""What the order service knows of one instrument: its book, live orders and open positions."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kuber.exchange.behaviour import Behaviour
from kuber.exchange.book import Book
from kuber.exchange.events import Cancel, Holding, MarketPhase
from kuber.exchange.types import Effect
from kuber.exchange.units import to_instant
from kuber.kernel.ids import RunId, UserId
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.trading.lifecycle import OrderLife
from kuber.trading.management.attribution import Stake
from kuber.trading.management.decide import next_look
from kuber.trading.management.facts import Seen
from kuber.trading.management.levels import Levels, levels
from kuber.trading.management.position import Position
from kuber.trading.order_service.traded import Traded
from kuber.trading.types import Intent

VENUE = "simulation"
"""The simulated venue's name, in keys of fills."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a position is, and how its account is treated."""

    user_id: UserId
    account_id: UUID
    currency: str
    mode: str
    behaviour: Behaviour
    pipeline_id: UUID | None
    run_id: RunId | None
    correlation_id: str


@dataclass(slots=True)
class Tracked:
    """A position under management. `stored` is the version that the database has, None for none."""

    position: Position
    holder: Holder
    created_at: datetime
    stored: int | None = None
    levels: Levels | None = None
    look_at: int | None = None
    """When to look again even if nothing is heard until then."""
    unwatched_since: int | None = None
    """Nobody looked at it from then until now: it was set aside."""

    @property
    def name(self) -> str:
        """What the record knows it by: before it was written by the order of its entry."""
        return self.position.entry_id if self.stored is None else self.position.id

    def keep(self, position: Position) -> None:
        """Take the position as it is after a look."""
        self.position = position
        self.levels = levels(position)
        self.look_at = next_look(position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order says beside side and quantity; prices in 10^-12."""

    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: int | None = None
    stop_price: int | None = None
    trail_amount: int | None = None
    trail_percent: int | None = None
    effect: Effect = Effect.OPEN
    extended_hours: bool = False
    expires_at: int | None = None


@dataclass(slots=True)
class LiveOrder:
    """An order on record that has not ended. `reserved` is what the ledger holds for it."""

    intent: Intent
    terms: Terms
    position_id: str
    life: OrderLife
    reserved: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Aside:
    """A position that is not worked, as far as others have to know of it."""

    account_id: UUID
    stake: Stake
    held: int
    """Negative for a short."""


@dataclass(slots=True)
class Hosted:
    """One instrument. `stored` is the version of the book that the database has."""

    traded: Traded
    book: Book = field(default_factory=Book)
    stored: int | None = None
    tracked: dict[str, Tracked] = field(default_factory=dict)
    orders: dict[str, LiveOrder] = field(default_factory=dict)
    aside: dict[str, Aside] = field(default_factory=dict)
    """Positions that are left alone, by id: they could not be worked."""
    unread: dict[str, Exception] = field(default_factory=dict)
    """Those of them that could not be read just now, with the reason."""
    returned: frozenset[str] = frozenset()
    """Positions whose orders may be missing in the book: they were set aside, or it was lost."""
    phase: MarketPhase = MarketPhase.OPEN
    phase_until: datetime | None = None
    seen: Seen | None = None
    quoted_at: int = 0
    switched: bool = True
    """Decide again for every position: it was read anew, or a switch was changed."""
    due_at: int | None = 0
    """When to work here even if nothing is heard until then; None for never."""

    @property
    def symbol(self) -> str:
        return self.traded.symbol

    @property
    def idle(self) -> bool:
        """Whether nothing is left here to do: it may be dropped."""
        return not self.tracked and not self.orders and not self.aside

    def wants_work(self, now: int) -> bool:
        """Return whether there is something to do here without any news."""
        return self.switched or (self.due_at is not None and self.due_at <= now)

    def rest(self) -> None:
        """Note that everything is done here, and until when nothing falls due."""
        self.switched = False
        dues = [one.look_at for one in self.tracked.values()]
        dues += [order.terms.expires_at for order in self.orders.values()]
        if self.phase_until is not None:
            dues.append(to_instant(self.phase_until))
        self.due_at = min((due for due in dues if due is not None), default=None)

    def stakes_of(self, account_id: UUID) -> list[Stake]:
        """Return what stands here of an account, also what is set aside."""
        worked = [one.position for one in self.tracked.values() if _owns(one, account_id)]
        aside = [one.stake for one in self.aside.values() if one.account_id == account_id]
        return [*(Stake(one.id, one.owner, one.plan.side) for one in worked), *aside]

    def lost_orders(self) -> list[str]:
        """Return the orders of `returned` positions that live on record and not in the book."""
        there = set(self.book.working())
        return [
            name
            for name, order in self.orders.items()
            if order.position_id in self.returned
            and name not in there
            and self.tracked[order.position_id].position.leg(name) is not None
        ]

    def forget_strays(self) -> None:
        """Take out of the book what is not worked: a reset has ended it, or it is set aside.

        What a position that is set aside holds is still held.
        """
        for name in self.book.working():
            if name not in self.orders:
                self.book.apply(Cancel(name, 0))
        known = self.tracked.keys() | self.aside.keys()
        accounts = {str(one.holder.account_id) for one in self.tracked.values()}
        accounts |= {str(one.account_id) for one in self.aside.values()}
        for account, position_id in self.book.holders():
            gone = position_id not in known if position_id else account not in accounts
            if gone:
                self.book.apply(Holding(0, account, 0, position_id))

    def hold_all(self) -> None:
        """Tell a new book what is held."""
        sums: Counter[str] = Counter()
        for name, one in self.tracked.items():
            held = one.position.held if one.position.plan.long else -one.position.held
            sums[str(one.holder.account_id)] += held
            self.book.apply(Holding(0, str(one.holder.account_id), held, name))
        for name, aside in self.aside.items():
            sums[str(aside.account_id)] += aside.held
            self.book.apply(Holding(0, str(aside.account_id), aside.held, name))
        for account, held in sums.items():
            self.book.apply(Holding(0, account, held))


def _owns(one: Tracked, account_id: UUID) -> bool:
    return one.holder.account_id == account_id
