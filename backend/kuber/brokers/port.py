"""What Kuber needs of any place that takes orders: simulation, paper, live, validation."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from kuber.kernel.ids import OrderId, UserId


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderStatus(StrEnum):
    """Where an order stands at the venue."""

    FILLED = "filled"
    PARTIALLY_FILLED = "partially_filled"
    REJECTED = "rejected"
    VALIDATED = "validated"


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """How unkind the simulated venue is.

    `slippage`, `partial_fill_rate` and `rejection_rate` are fractions in [0, 1];
    `commission_per_share` and `starting_balance` are in the account's currency.
    """

    slippage: Decimal = Decimal("0.001")
    commission_per_share: Decimal = Decimal("0.005")
    partial_fill_rate: Decimal = Decimal("0.20")
    rejection_rate: Decimal = Decimal("0.05")
    starting_balance: Decimal = Decimal(100000)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose order it is. In simulation and validation every run has an account of its own, whose
    id is the run's."""

    user_id: UserId
    id: UUID


@dataclass(frozen=True, slots=True)
class BracketOrder:
    """A market entry with its protective stop and its targets.

    `reference_price` is the last price known at `as_of`; prices are per unit and > 0.
    """

    client_order_id: OrderId
    account: Account
    symbol: str
    side: Side
    quantity: Decimal
    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]
    as_of: datetime
    seed: int
    currency: str = "USD"
    simulation: SimulationOptions | None = None
    """How the simulated venue treats this order, if not by its defaults; others ignore it."""


@dataclass(frozen=True, slots=True)
class Fill:
    time: datetime
    quantity: Decimal
    price: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True)
class OrderReport:
    """The venue's last word on an order."""

    client_order_id: OrderId
    status: OrderStatus
    reason: str
    fills: tuple[Fill, ...] = field(default=())

    @property
    def filled_quantity(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), Decimal(0))


@dataclass(frozen=True, slots=True)
class Position:
    symbol: str
    quantity: Decimal
    """Signed: negative is short."""
    average_price: Decimal


class Broker(Protocol):
    """One venue. Submitting the same client order id again returns the first report."""

    async def equity(self, account: Account) -> Decimal:
        """Return cash plus positions at cost, in the account's currency."""
        ...

    async def positions(self, account: Account) -> tuple[Position, ...]:
        """Return the open positions, the venue being the source of truth."""
        ...

    async def find(self, account: Account, client_order_id: OrderId) -> OrderReport | None:
        """Return what the venue knows of an order, None when it never saw it."""
        ...

    async def submit(self, order: BracketOrder) -> OrderReport:
        """Place the order; raises BrokerUnavailable when the outcome is unknown."""
        ...
