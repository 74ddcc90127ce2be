"""What a round changed, to be written."""

from dataclasses import dataclass, field
from decimal import Decimal

from kuber.brokers.port import Execution, OrderStatus
from kuber.kernel.ids import OrderId
from kuber.trading.management.commands import Tell
from kuber.trading.order_service.held import LiveOrder, Tracked


@dataclass(slots=True)
class Word:
    """What the venue said of one order in this round: its newest status, and every execution."""

    status: OrderStatus
    reason: str = ""
    executions: list[Execution] = field(default_factory=list)
    remaining: int | None = None
    waits_for: str | None = None
    stop_price: int | None = None
    rest: Decimal = Decimal(0)
    """What its reservation keeps after the last execution."""


@dataclass(slots=True)
class Changes:
    """What a round changed, to be written."""

    new_orders: list[tuple[LiveOrder, Tracked, str, int, str | None, OrderId | None]] = field(
        default_factory=list
    )
    """Order, its position, leg, attempt, group, and what it replaces."""
    words: dict[str, Word] = field(default_factory=dict)
    tells: list[tuple[Tracked, Tell]] = field(default_factory=list)
    positions: dict[str, Tracked] = field(default_factory=dict)
    entries: list[tuple[Tracked, LiveOrder]] = field(default_factory=list)
    """Entries that want to be sent, once money is held for them."""
    book: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.book or self.words or self.positions or self.new_orders or self.entries)
