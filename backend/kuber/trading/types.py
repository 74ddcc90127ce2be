"""An order as trading knows it: what is sent, and what an answer to it is recorded with."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kuber.brokers.port import Account, BracketOrder, Side
from kuber.kernel.ids import OrderId, RunId


class Origin(StrEnum):
    """Who wanted an order."""

    RUN = "run"
    MONITOR = "monitor"
    PERSON = "person"
    SWITCH = "switch"


class Standing(StrEnum):
    """Where an intent stands when it is about to be sent."""

    NEW = "new"
    OPEN = "open"
    """Recorded before; what became of it is not known."""
    ANSWERED = "answered"
    CANCELLED = "cancelled"
    """Its run was cancelled: it may have been sent before, and is not sent now."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An order on record, as far as its answer needs it."""

    id: OrderId
    account: Account
    run_id: RunId
    mode: str
    symbol: str
    side: Side
    quantity: Decimal
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order together with the node that asked for it."""

    order: BracketOrder
    run_id: RunId
    node_id: str
    mode: str
    correlation_id: str
    origin: Origin = Origin.RUN

    @property
    def id(self) -> OrderId:
        return self.order.client_order_id

    @property
    def intent(self) -> Intent:
        order = self.order
        return Intent(
            order.client_order_id,
            order.account,
            self.run_id,
            self.mode,
            order.symbol,
            order.side,
            order.quantity,
            self.correlation_id,
        )
