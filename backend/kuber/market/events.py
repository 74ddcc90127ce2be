"""What the market package announces."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from kuber.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteReceived(Event):
    """The feed believed a new quote of an instrument. `volume` is of the session so far.

    It is published without the outbox: quotes are many, each replaces the one before, and the
    newest one is in `market_quotes` anyway. So one may be lost while Kafka is away, none comes
    twice, and those of a symbol keep their order: one feed publishes, batch after batch.
    """

    topic: ClassVar[str] = "market.quotes"

    symbol: str
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    volume: Decimal | None
    source: str
    simulated: bool
    quoted_at: datetime

    def key(self) -> str:
        return self.symbol
