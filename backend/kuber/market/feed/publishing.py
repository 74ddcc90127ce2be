"""Sends believed quotes to Kafka, in order, without holding up the feed."""

import asyncio
import json
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from kuber.infra.kafka import KafkaUnavailable, OutgoingMessage
from kuber.infra.outbox import outbox_values
from kuber.kernel.events import Event
from kuber.kernel.ids import new_id
from kuber.market.events import QuotePushed, QuoteReceived
from kuber.market.feed.pushed.store import Pushed
from kuber.market.feed.types import FeedSource, Quote

log = structlog.get_logger(__name__)

_BATCH = 500
_RETRY_S = 2.0


class Publisher(Protocol):
    """What sends messages and returns once the cluster has them; a `KafkaProducer`."""

    async def publish(self, messages: Sequence[OutgoingMessage]) -> object: ...


class QuotePublisher:
    """A queue in front of a producer; when Kafka is away for long, the oldest quotes are lost.

    Not the outbox: see `QuoteReceived`. One task sends, a batch begins when the one before has
    been acknowledged or given up, so the quotes of a symbol keep their order.
    """

    def __init__(self, producer: Publisher, *, kept: int = 5_000) -> None:
        self._producer = producer
        self._waiting: deque[OutgoingMessage] = deque(maxlen=kept)
        self._filled = asyncio.Event()
        self.published = 0
        self.lost = 0

    def add(self, quotes: Iterable[Quote]) -> None:
        """Send `quotes` soon."""
        self._add(map(message_of, quotes))

    def add_pushed(self, quotes: Iterable[Pushed]) -> None:
        """Send soon what users sent for themselves."""
        self._add(map(pushed_message, quotes))

    def _add(self, messages: Iterable[OutgoingMessage]) -> None:
        for message in messages:
            self.lost += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(message)
        if self._waiting:
            self._filled.set()

    async def run(self) -> None:
        """Send until cancelled; waits while Kafka is away."""
        while True:
            await self._filled.wait()
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            if not self._waiting:
                self._filled.clear()
            try:
                await self._producer.publish(batch)
                self.published += len(batch)
            except KafkaUnavailable as error:
                self.lost += len(batch)
                log.warning("quotes_not_published", quotes=len(batch), reason=str(error))
                await asyncio.sleep(_RETRY_S)


def message_of(quote: Quote) -> OutgoingMessage:
    """Return the message that announces a quote, made as the outbox makes its own."""
    event = QuoteReceived(
        occurred_at=quote.quoted_at,
        correlation_id=str(new_id()),
        symbol=quote.symbol,
        price=quote.price,
        bid=quote.bid,
        ask=quote.ask,
        volume=quote.volume,
        source=quote.source.value,
        simulated=quote.source is FeedSource.SIMULATED,
        quoted_at=quote.quoted_at,
    )
    return _message(event)


def pushed_message(pushed: Pushed) -> OutgoingMessage:
    """Return the message that announces what a user sent."""
    quote = pushed.quote
    event = QuotePushed(
        occurred_at=quote.quoted_at,
        correlation_id=str(new_id()),
        user_id=pushed.user_id,
        symbol=quote.symbol,
        price=quote.price,
        bid=quote.bid,
        ask=quote.ask,
        volume=quote.volume,
        source=quote.source.value,
        sender=pushed.sender,
        quoted_at=quote.quoted_at,
    )
    return _message(event)


def _message(event: Event) -> OutgoingMessage:
    values = outbox_values(event)
    value = json.dumps(values["payload"], separators=(",", ":")).encode()
    return OutgoingMessage(event.topic, event.key().encode(), value, values["headers"])
