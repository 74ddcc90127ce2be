"""The feed service: takes quotes from the source, checks them, stores and publishes them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from psycopg import AsyncConnection

from kuber.infra.db import JsonObject, RawConnection
from kuber.infra.heartbeats import Progress
from kuber.infra.tasks import end_tasks
from kuber.infra.telemetry import QUOTES_BELIEVED, QUOTES_REFUSED
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import Clock
from kuber.market.calendars import calendar_for
from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.mixed import sources_of, trouble_of
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.publishing import Publisher, QuotePublisher
from kuber.market.feed.pushed.store import take_untold
from kuber.market.feed.rules import IntakeLimits, Judgement, Refusal, SymbolMemory, judge
from kuber.market.feed.store import forget_others, last_quoted, store_quotes
from kuber.market.feed.types import FeedSource, Quote, WantedSymbols, lag_of
from kuber.market.feed.watch import STALE_AFTER, MarketWatch, traded_until, watch_markets
from kuber.market.feed.watchdog import Watchdog
from kuber.market.instruments import traits_of
from kuber.market.symbols import canonical_symbol

log = structlog.get_logger(__name__)

Wanted = Callable[[], Awaitable[WantedSymbols]]
"""Reads the symbols that somebody follows now."""

_LOCK = 0x6B756265725F66
"""Advisory lock: one feed acts, however many run, so that symbols keep their order."""
_TRY_LOCK = "select pg_try_advisory_lock(%s)"
_SHOWN = 20


class FeedProducer(Publisher, Protocol):
    """A `KafkaProducer`."""

    def close(self) -> None: ...


_BACKOFF = Backoff(first_s=0.5, longest_s=60, jitter=0.5)


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """The pace of the feed, in seconds; `backoff` is for a source that fails.

    What is followed is looked up every `follow_every_s`, and `look_again_s` after the last time
    when somebody calls for it.
    """

    limits: IntakeLimits = field(default_factory=IntakeLimits)
    stale_after: timedelta = STALE_AFTER
    follow_every_s: float = 10.0
    look_again_s: float = 0.25
    backoff: Backoff = _BACKOFF
    stand_by_s: float = 2.0
    watch_every_s: float = 5.0
    tell_every_s: float = 1.0

    def at_speed(self, speed: float) -> "FeedOptions":
        """Return the options for a clock that moves `speed` times as fast as it should."""
        factor = max(speed, 1.0)
        limits = replace(self.limits, max_age=self.limits.max_age * factor)
        return replace(self, limits=limits, stale_after=self.stale_after * factor)


class FeedService:
    """One feed; of several that run, one acts and the others stand by.

    What it writes goes through the connection that holds the lock: a feed that lost the lock
    with its connection cannot write any more. The newest quotes are read back at start, so a
    restart believes nothing that is older than what is stored, or far from it.
    """

    name = "feed"

    def __init__(
        self,
        source: QuoteSource,
        wanted: Wanted,
        make_producer: Callable[[], FeedProducer],
        database_url: str,
        clock: Clock,
        options: FeedOptions | None = None,
    ) -> None:
        self._source = source
        self._wanted = wanted
        self._make_producer = make_producer
        self._database_url = database_url
        self._clock = clock
        self._options = options or FeedOptions()
        self._connection: RawConnection | None = None
        self._producer: FeedProducer | None = None
        self._publisher: QuotePublisher | None = None
        self._active = False
        self._memories: dict[str, SymbolMemory] = {}
        self._followed_at: dict[str, datetime] = {}
        self._lags: dict[str, timedelta] = {}
        self._wants = WantedSymbols()
        self._turned = asyncio.Event()
        self._called = asyncio.Event()
        self._believed = 0
        self._refused: Counter[Refusal] = Counter()
        self._failures = 0
        self._failure: str | None = None
        self._watchdog = Watchdog()
        self.progress = Progress()

    async def initialize(self) -> None:
        """Connect to the database and make the producer."""
        self._connection = await AsyncConnection.connect(
            self._database_url, autocommit=True, application_name="kuber-feed", connect_timeout=5
        )
        self._producer = self._make_producer()
        self._publisher = QuotePublisher(self._producer)

    def look_again(self) -> None:
        """Look up at once what is followed; returns before that."""
        self._called.set()

    async def run(self) -> None:
        """Feed until cancelled; raises psycopg.Error when the database is lost."""
        assert self._connection is not None
        assert self._publisher is not None
        await self._stand_by(self._connection)
        stored = await last_quoted(self._connection, sources_of(self._source))
        self._memories = {
            symbol: SymbolMemory(at, (price,)) for symbol, (at, price) in stored.items()
        }
        tasks = [
            asyncio.create_task(part)
            for part in (
                self._look_up_wanted(),
                self._feed(self._connection, self._publisher),
                self._publisher.run(),
                self._watch(),
                self._tell_pushed(self._connection, self._publisher),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def cleanup(self) -> None:
        """Close the source, the connection and the producer."""
        self._active = False
        await self._source.close()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        if self._producer is not None:
            await asyncio.to_thread(self._producer.close)
            self._producer = None

    def status(self) -> JsonObject:
        """Return what is followed, believed and refused, and how the markets do."""
        source, publisher = self._source, self._publisher
        markets = self.markets()
        stale = [symbol for market in markets for symbol in market.stale]
        return {
            "role": "active" if self._active else "standby",
            "source": ", ".join(sorted(sources_of(source))),
            "simulated": sources_of(source) == {FeedSource.SIMULATED},
            "followed": len(source.following),
            "not_quoted_by_source": self._left_out(frozenset(self._wants.in_turn())),
            "held_but_not_quoted": self._left_out(self._wants.first),
            "believed": self._believed,
            "refused": {reason.value: count for reason, count in sorted(self._refused.items())},
            "published": publisher.published if publisher else 0,
            "lost": publisher.lost if publisher else 0,
            "markets": {market.calendar: market.state.value for market in markets},
            "market_changes": [change.as_json() for change in self._watchdog.changes],
            "stale": stale[:_SHOWN],
            "stale_count": len(stale),
            "source_failures_in_a_row": self._failures,
            "source_error": self._failure or trouble_of(source),
        }

    def markets(self) -> list[MarketWatch]:
        """Return the state of every market with a followed symbol.

        One that is not quoted yet counts from when it is followed.
        """
        return watch_markets(
            {symbol: self._heard_at(symbol) for symbol in self._source.following},
            self._clock.now(),
            self._options.stale_after,
        )

    def _heard_at(self, symbol: str) -> datetime | None:
        last_at = self._memories.get(symbol, SymbolMemory()).last_at
        followed_at = self._followed_at.get(symbol)
        heard_at = max((one for one in (last_at, followed_at) if one), default=None)
        return heard_at + self._lags.get(symbol, timedelta(0)) if heard_at else None

    async def _watch(self) -> None:
        while True:  # beside the feed: it has to bark while the source is waited for
            self._watchdog.look(self.markets(), self._clock.now())
            await asyncio.sleep(self._options.watch_every_s)

    async def _tell_pushed(self, connection: RawConnection, publisher: QuotePublisher) -> None:
        while True:
            publisher.add_pushed(await take_untold(connection))
            await asyncio.sleep(self._options.tell_every_s)

    async def _stand_by(self, connection: RawConnection) -> None:
        while True:
            row = await (await connection.execute(_TRY_LOCK, (_LOCK,))).fetchone()
            if row and row[0]:
                self._active = True
                log.info("feed_active", source=self._source.source.value)
                return
            self.progress.made()
            await asyncio.sleep(self._options.stand_by_s)

    async def _look_up_wanted(self) -> None:
        """Have the source follow what is wanted whenever that has changed."""
        told: WantedSymbols | None = None
        while True:
            self._called.clear()
            found = await self._wanted()
            others = _canonical(found.others) | self._source.offered
            self._wants = WantedSymbols(_canonical(found.first), others)
            if self._wants != told:
                told = self._wants
                self._turned.set()
            await asyncio.sleep(self._options.look_again_s)
            await _happens(self._called, self._options.follow_every_s)

    async def _feed(self, connection: RawConnection, publisher: QuotePublisher) -> None:
        await self._turned.wait()
        while True:
            if self._turned.is_set():
                self._turned.clear()
                await self._follow(connection)
            try:
                quotes = await self._receive()
            except ProviderUnavailable as error:
                await self._wait_out(error)
                continue
            if quotes is None:
                continue
            self._failures, self._failure = 0, None
            believed = self._examine(quotes)
            await store_quotes(connection, believed, self._clock.now())
            publisher.add(believed)
            self.progress.made()

    async def _receive(self) -> Sequence[Quote] | None:
        """Return the next quotes; None when other symbols are wanted before they come."""
        receiving = asyncio.create_task(self._source.receive())
        turning = asyncio.create_task(self._turned.wait())
        try:
            await asyncio.wait((receiving, turning), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_tasks((receiving, turning))
        return None if receiving.cancelled() else receiving.result()

    async def _follow(self, connection: RawConnection) -> None:
        before = self._source.following
        await self._source.follow(self._wants.in_turn())
        following, now = self._source.following, self._clock.now()
        self._followed_at = {symbol: self._followed_at.get(symbol, now) for symbol in following}
        if missing := self._left_out(self._wants.first):
            log.warning("held_symbols_not_quoted", symbols=missing)
        if before == following:
            return
        await forget_others(connection, following)
        for symbol in self._memories.keys() - following:
            del self._memories[symbol]

    def _left_out(self, symbols: frozenset[str]) -> list[str]:
        """Return those that the source does not quote, some of them when there are many."""
        return sorted(symbols - self._source.following)[:_SHOWN]

    async def _wait_out(self, error: ProviderUnavailable) -> None:
        self._failures += 1
        self._failure = error.detail
        self.progress.wait_for("the source of quotes")
        wait_s = self._options.backoff.pause_s(self._failures)
        log.warning(
            "quote_source_failed",
            source=self._source.source.value,
            failures=self._failures,
            wait_s=round(wait_s, 2),
            reason=error.detail,
        )
        await asyncio.sleep(wait_s)

    def _examine(self, quotes: Sequence[Quote]) -> list[Quote]:
        """Return the believed quotes; count them and the others."""
        now, believed = self._clock.now(), []
        for quote in quotes:
            judgement = self._judge(quote, now)
            source, refusal = quote.source.value, judgement.refusal
            if refusal is None:
                believed.append(quote)
                QUOTES_BELIEVED.labels(source).inc()
            else:
                self._refused[refusal] += 1
                QUOTES_REFUSED.labels(source, refusal.value).inc()
            if refusal is not Refusal.NOT_FOLLOWED:
                self._lags[quote.symbol] = lag_of(quote.source)
                self._memories[quote.symbol] = judgement.memory
        self._believed += len(believed)
        return believed

    def _judge(self, quote: Quote, now: datetime) -> Judgement:
        memory = self._memories.get(quote.symbol, SymbolMemory())
        if quote.symbol not in self._source.following:
            return Judgement(Refusal.NOT_FOLLOWED, memory)
        closed_at = traded_until(calendar_for(traits_of(quote.symbol).calendar), now)
        return judge(quote, memory, now, closed_at, self._options.limits)


async def _happens(event: asyncio.Event, within_s: float) -> None:
    """Return when the event is set, or once the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


def _canonical(written: Iterable[str]) -> frozenset[str]:
    """Return the symbols in their one spelling; what is no symbol is left out."""
    found = set()
    for one in written:
        with suppress(ValueError):
            found.add(canonical_symbol(one))
    return frozenset(found)
