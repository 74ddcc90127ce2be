"""An order as trading knows it: what is sent, and what an answer to it is recorded with."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kuber.brokers.port import Account, BracketOrder, Execution, OrderStatus, Side
from kuber.kernel.ids import OrderId, RunId
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.trading.origins import ENTRY, Origin


class Standing(StrEnum):
    """Where an intent stands when it is about to be sent."""

    NEW = "new"
    OPEN = "open"
    """Recorded before; what became of it is not known."""
    ANSWERED = "answered"
    CANCELLED = "cancelled"
    """Its run was cancelled: it may have been sent before, and is not sent now."""


@dataclass(frozen=True, slots=True)
class TradeRequest:
    """What an execution agent wants. Prices per unit, in `currency`, all > 0."""

    symbol: str
    side: Side
    quantity: Decimal
    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]
    correlation_id: str
    currency: str = "USD"
    price_tick: Decimal = Decimal("0.01")
    """The smallest step of a price."""
    closes: bool = False
    """Wanted against an open position only: where that is gone meanwhile, nothing is ordered."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An order on record, as far as its answers need it."""

    id: OrderId
    account: Account
    origin: Origin
    mode: str
    symbol: str
    side: Side
    quantity: Decimal
    correlation_id: str
    venue: str
    of_run: RunId | None = None
    """The run whose position it belongs to, where no run wanted it."""

    @property
    def run_id(self) -> RunId | None:
        """The run that it goes back to, None for what people do by hand."""
        return self.origin.run_id or self.of_run


@dataclass(frozen=True, slots=True)
class RecordedIntent:
    """An intent with the instant at which it was recorded: no venue knew the order before."""

    intent: Intent
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """What an entry says beside what is bought and protected. Prices per unit.

    caller_reference: what a caller of the API names it. asked: a digest of what was asked for, by
    which a repetition is told from another order.
    """

    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    extended_hours: bool = False
    caller_reference: str | None = None
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order together with what wanted it, and the venue that it goes to."""

    order: BracketOrder
    origin: Origin
    venue: str
    mode: str
    correlation_id: str
    leg: str = ENTRY
    attempt: int = 1
    estimated: bool = False
    """No exchange fills it: its fill is reckoned."""
    terms: OrderTerms = OrderTerms()

    @property
    def id(self) -> OrderId:
        return self.order.client_order_id

    @property
    def intent(self) -> Intent:
        order = self.order
        return Intent(
            order.client_order_id,
            order.account,
            self.origin,
            self.mode,
            order.symbol,
            order.side,
            order.quantity,
            self.correlation_id,
            self.venue,
        )


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What is on record of an order: how it stands, and its fills so far, oldest first."""

    order_id: OrderId
    status: OrderStatus
    reason: str
    fills: tuple[Execution, ...] = field(default=())
    estimated: bool = False
    """No exchange filled it: its fill was reckoned."""

    @property
    def filled_quantity(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), Decimal(0))
