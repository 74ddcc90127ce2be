"""Feeds on one database, with a source that does what a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from kuber.infra.db import Database
from kuber.infra.kafka import KafkaUnavailable, OutgoingMessage
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import FixedClock
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.service import FeedOptions, FeedService
from kuber.market.feed.store import newest_quotes, newest_times
from kuber.market.feed.types import FeedSource, Quote, WantedSymbols

OPTIONS = FeedOptions(
    follow_every_s=0.05,
    backoff=Backoff(0.01, 0.02),
    stand_by_s=0.05,
    watch_every_s=0.02,
    tell_every_s=0.02,
    look_again_s=0.02,
)


@dataclass
class ScriptedSource:
    """Gives the quotes and the failures that a test puts into it."""

    source: FeedSource = FeedSource.ALPACA
    offered: frozenset[str] = frozenset()
    following: frozenset[str] = frozenset()
    most: int | None = None
    """How many symbols it can follow."""
    script: asyncio.Queue[list[Quote] | Exception] = field(default_factory=asyncio.Queue)
    asked: int = 0

    async def follow(self, symbols: Sequence[str]) -> None:
        self.following = frozenset(symbols[: self.most])

    async def receive(self) -> Sequence[Quote]:
        self.asked += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                given = await self.script.get()
                if isinstance(given, Exception):
                    raise given
                return given
        return []

    async def close(self) -> None:
        """Nothing is open."""


class SilentProducer:
    """Takes every message, or none while Kafka is away."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.away = False

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        if self.away:
            raise KafkaUnavailable("away")
        self.messages += messages

    def close(self) -> None:
        """Nothing is open."""


class Feeds:
    """Makes feeds on one database; each runs until its block ends."""

    def __init__(self, url: str, clock: FixedClock, symbols: set[str]) -> None:
        self.url, self.clock, self.symbols = url, clock, symbols
        self.held: set[str] = set()
        self.slow = replace(OPTIONS, follow_every_s=3600)
        self.looks = 0
        """How often a feed looked what is wanted."""

    @asynccontextmanager
    async def run(
        self, source: QuoteSource, producer: Any = None, options: FeedOptions = OPTIONS
    ) -> AsyncIterator[FeedService]:
        async def wanted() -> WantedSymbols:
            self.looks += 1
            return WantedSymbols(frozenset(self.held), frozenset(self.symbols))

        made = producer or SilentProducer()
        feed = FeedService(source, wanted, lambda: made, self.url, self.clock, options)
        await feed.initialize()
        running = asyncio.create_task(feed.run())
        try:
            yield feed
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await feed.cleanup()

    def quote(self, symbol: str, price: float, seconds: float = 0) -> Quote:
        """Return a quote that is `seconds` later than the clock."""
        at = self.clock.now() + timedelta(seconds=seconds)
        return Quote(symbol, Decimal(str(price)), None, None, None, FeedSource.ALPACA, at)


async def stored(database: Database) -> dict[str, Decimal]:
    async with database.transaction() as session:
        newest = await newest_quotes(session, await newest_times(session))
    return {quote.symbol: quote.price for quote in newest}


def price_is(
    database: Database, symbol: str, price: int | Decimal
) -> Callable[[], Awaitable[bool]]:
    async def told() -> bool:
        return (await stored(database)).get(symbol) == price

    return told


async def done(source: ScriptedSource) -> bool:
    return source.script.empty()


async def counted(feed: FeedService, name: str, least: int) -> bool:
    return int(feed.status()[name]) >= least


async def is_(feed: FeedService, role: str) -> bool:
    return bool(feed.status()["role"] == role)
