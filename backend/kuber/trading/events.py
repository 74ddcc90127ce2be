"""What trading announces."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self
from uuid import UUID

from kuber.brokers.port import Execution, OrderStatus
from kuber.kernel.events import Event
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.trading.types import Intent, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfOrder(Event):
    """What is told of every order; of one symbol in the order in which it happened."""

    order_id: OrderId
    run_id: RunId | None
    """The run that it goes back to; None for what people do by hand."""
    user_id: UserId
    mode: str
    symbol: str
    side: str
    quantity: Decimal

    def key(self) -> str:
        return self.symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskParams:
    """The exit plan of an order: prices per unit, and what is lost when the stop is hit."""

    stop_loss: Decimal
    targets: tuple[Decimal, ...]
    risk: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended(_OfOrder):
    """A run decided to trade; committed before the venue is called."""

    topic: ClassVar[str] = "decisions.order_intent"
    schema_version: ClassVar[int] = 2

    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]
    agent_id: str | None
    """The node of the run that decided; None for people."""
    order_type: str
    risk_params: RiskParams

    @classmethod
    def of(cls, ticket: Ticket, at: datetime) -> Self:
        """Return what is told of an order that is wanted since `at`."""
        order = ticket.order
        return cls(
            occurred_at=at,
            correlation_id=ticket.correlation_id,
            order_id=ticket.id,
            run_id=ticket.origin.run_id,
            user_id=order.account.user_id,
            mode=ticket.mode,
            symbol=order.symbol,
            side=order.side.value,
            quantity=order.quantity,
            reference_price=order.reference_price,
            stop_loss=order.stop_loss,
            targets=order.targets,
            agent_id=ticket.origin.node_id,
            order_type=ticket.terms.type.value,
            risk_params=RiskParams(
                stop_loss=order.stop_loss,
                targets=order.targets,
                risk=abs(order.reference_price - order.stop_loss) * order.quantity,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRefused(Event):
    """An intent of an outside agent became no order; nothing was bought or sold."""

    topic: ClassVar[str] = "decisions.order_intent"

    user_id: UserId
    account_id: UUID
    idempotency_key: str
    """The agent's own: which intent it was."""
    agent_id: str | None
    symbol: str
    code: str
    detail: str
    field: str | None
    remedy: str

    def key(self) -> str:
        return self.symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(_OfOrder):
    """A venue filled an order, wholly or in part."""

    topic: ClassVar[str] = "executions.fill"
    schema_version: ClassVar[int] = 2

    price: Decimal
    commission: Decimal
    filled_at: datetime
    fill_id: str
    """The venue's: unique within venue and account."""
    execution_venue: str
    fill_status: str
    """How the order stands with it: `partially_filled` or `filled`."""

    @classmethod
    def of(cls, intent: Intent, execution: Execution, at: datetime, status: OrderStatus) -> Self:
        """Return what is told of an execution that was heard of at `at`."""
        return cls(
            occurred_at=at,
            correlation_id=intent.correlation_id,
            order_id=intent.id,
            run_id=intent.run_id,
            user_id=intent.account.user_id,
            mode=intent.mode,
            symbol=intent.symbol,
            side=intent.side.value,
            quantity=execution.quantity,
            price=execution.price,
            commission=execution.commission,
            filled_at=execution.time,
            fill_id=execution.execution_id,
            execution_venue=intent.venue,
            fill_status=status.value,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReconciled(Event):
    """A position was closed, with what it brought, or a comparison found differences."""

    topic: ClassVar[str] = "executions.reconcile"

    account_id: UUID
    pipeline_id: UUID | None
    """Whose position it was; None by hand, and for comparisons."""
    position_id: UUID | None
    symbol: str | None
    pnl: Decimal | None
    """After fees, in the account's currency; None for comparisons."""
    differences: tuple[str, ...]
    at: datetime

    def key(self) -> str:
        return str(self.account_id)
