"""What Kuber needs of any place that takes orders: simulation, paper, live, validation."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from kuber.kernel.ids import OrderId, UserId
from kuber.kernel.orders import Side as Side  # noqa: PLC0414  a part of the port


class OrderStatus(StrEnum):
    """Where an order stands, from its intent to its end."""

    INTENDED = "intended"
    """On record at Kuber, without an answer; no venue says this."""
    SUBMITTED = "submitted"
    """The venue has it, and does not work it yet."""
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    """Filled in part; the rest is still working."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Nothing more will be filled; what was filled before stays."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    VALIDATED = "validated"
    """Validation mode: checked and recorded, never sent."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose order it is. In simulation and validation every run has an account of its own, whose
    id is the run's."""

    user_id: UserId
    id: UUID


@dataclass(frozen=True, slots=True)
class BracketOrder:
    """A market entry with its protective stop and its targets.

    `reference_price` is the last price known when it was decided; prices are per unit and > 0.
    """

    client_order_id: OrderId
    account: Account
    symbol: str
    side: Side
    quantity: Decimal
    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill as the venue tells it. `execution_id` is unique within venue and account."""

    execution_id: str
    client_order_id: OrderId
    time: datetime
    quantity: Decimal
    price: Decimal
    commission: Decimal

    def __post_init__(self) -> None:
        amounts = (self.quantity, self.price, self.commission)
        assert all(amount.is_finite() for amount in amounts), "amounts are numbers"
        assert self.quantity > 0, "an execution carries something out"


@dataclass(frozen=True, slots=True)
class OrderState:
    """Where an order stands at the venue; `filled_quantity` is all that was filled so far."""

    client_order_id: OrderId
    status: OrderStatus
    filled_quantity: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The venue has the order. `executions` are those that it told at once, maybe none: the others
    come by `Broker.executions`."""

    order: OrderState
    executions: tuple[Execution, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue refused the order; nothing of it was or will be filled."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whether the venue has the order is not known: it must be asked."""

    reason: str


Submission = Acknowledged | Rejected | Unknown
"""What came of sending an order."""


@dataclass(frozen=True, slots=True)
class Position:
    symbol: str
    quantity: Decimal
    """Signed: negative is short."""
    average_price: Decimal
    own: bool = True
    """Whether it is of the pipeline that asks; others may trade in the same account."""


class BrokerReader(Protocol):
    """What a venue can be asked. Each raises BrokerUnavailable when it does not answer, which is
    not the same as an empty answer."""

    @property
    def venue(self) -> str:
        """The venue's name; with account and execution id the key of a fill."""
        ...

    async def equity(self, account: Account) -> Decimal:
        """Return cash plus positions at cost, in the account's currency."""
        ...

    async def positions(self, account: Account) -> tuple[Position, ...]:
        """Return the open positions, the venue being the source of truth."""
        ...

    async def order(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        """Return where an order stands, None when the venue does not know it."""
        ...

    async def orders(
        self, account: Account, *, since: datetime, open_only: bool = False
    ) -> tuple[OrderState, ...]:
        """Return the orders that the venue took at `since` or later, oldest first.

        With `open_only` those that may still be filled.
        """
        ...

    async def executions(self, account: Account, since: datetime) -> tuple[Execution, ...]:
        """Return the executions that the venue booked at `since` or later, oldest first.

        The same execution always has the same id.
        """
        ...


class Broker(BrokerReader, Protocol):
    """One venue that takes orders."""

    async def submit(self, order: BracketOrder) -> Submission:
        """Send the order. A client order id that was used before stands for the order that used
        it, whatever the new one says; it is never sent twice."""
        ...

    async def cancel(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        """Ask to cancel what is not filled yet; return where the order stands afterwards.

        An order that has ended stays as it is; one that is still open may yet be filled. None when
        the venue does not know it. Raises BrokerUnavailable.
        """
        ...
