"""What trading announces."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from kuber.brokers.port import Execution
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
class OrderIntended(_OfOrder):
    """A run decided to trade; committed before the venue is called."""

    topic: ClassVar[str] = "decisions.order_intent"
    schema_version: ClassVar[int] = 2

    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]

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
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(_OfOrder):
    """A venue filled an order, wholly or in part."""

    topic: ClassVar[str] = "executions.fill"
    schema_version: ClassVar[int] = 2

    price: Decimal
    commission: Decimal
    filled_at: datetime

    @classmethod
    def of(cls, intent: Intent, execution: Execution, at: datetime) -> Self:
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
        )
