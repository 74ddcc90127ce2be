"""What the market package announces."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

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


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePushed(Event):
    """A user sent a quote of an instrument, for themselves alone.

    A type of its own: whoever goes by `QuoteReceived` is never moved by what one user sends. Of
    quotes that follow each other within a second only the newest may come.
    """

    topic: ClassVar[str] = "market.quotes"

    user_id: UUID
    symbol: str
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    volume: Decimal | None
    source: str
    sender: str
    quoted_at: datetime

    def key(self) -> str:
        return f"{self.user_id}:{self.symbol}"
