"""What the order service knows of one instrument: its book, live orders and open positions."""

from collections.abc import Iterator
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


@dataclass(slots=True)
class Hosted:
    """One instrument. `stored` is the version of the book that the database has."""

    traded: Traded
    book: Book = field(default_factory=Book)
    stored: int | None = None
    tracked: dict[str, Tracked] = field(default_factory=dict)
    orders: dict[str, LiveOrder] = field(default_factory=dict)
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
        return not self.tracked and not self.orders

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

    def of_account(self, account_id: UUID) -> Iterator[Tracked]:
        """Yield the positions of an account."""
        return (one for one in self.tracked.values() if one.holder.account_id == account_id)

    def forget_strays(self) -> None:
        """Take out of the book what the record does not know as live: a reset has ended it."""
        for name in self.book.working():
            if name not in self.orders:
                self.book.apply(Cancel(name, 0))
        accounts = {str(one.holder.account_id) for one in self.tracked.values()}
        for account, position_id in self.book.holders():
            gone = position_id not in self.tracked if position_id else account not in accounts
            if gone:
                self.book.apply(Holding(0, account, 0, position_id))
