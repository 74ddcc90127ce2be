"""What trading announces."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from kuber.kernel.events import Event
from kuber.kernel.ids import OrderId, RunId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended(Event):
    """A run decided to trade; committed before the venue is called."""

    topic: ClassVar[str] = "decisions.order_intent"

    order_id: OrderId
    run_id: RunId
    user_id: UserId
    mode: str
    symbol: str
    side: str
    quantity: Decimal
    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]

    def key(self) -> str:
        return self.symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(Event):
    """A venue filled an order, wholly or in part."""

    topic: ClassVar[str] = "executions.fill"

    order_id: OrderId
    run_id: RunId
    user_id: UserId
    mode: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    filled_at: datetime

    def key(self) -> str:
        return self.symbol
