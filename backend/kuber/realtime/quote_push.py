"""Tells open connections of new quotes, as the feed tells them over PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from decimal import Decimal

import structlog

from kuber.infra.tasks import end_tasks
from kuber.kernel.clock import Clock
from kuber.ledger.units import plain
from kuber.market.calendars import calendar_for
from kuber.market.feed.notifying import quotes_of
from kuber.market.feed.types import FeedSource, Quote, lag_of
from kuber.market.feed.watch import STALE_AFTER, is_stale, trading_stretch
from kuber.market.instruments import traits_of
from kuber.realtime.messages import QuoteData, QuoteMessage
from kuber.realtime.push import Push

log = structlog.get_logger(__name__)

ReadQuotes = Callable[[Collection[str]], Awaitable[Sequence[Quote]]]
"""Returns the stored quotes of those symbols that have one."""

STALE_EVERY_S = 5.0
"""How often it is looked whether quotes have become stale."""
_AGAIN_AFTER_S = 1.0


class QuotePush(Push[str, Quote]):
    """The newest quote of every symbol that anybody watches: from the channel, and from the
    database for who comes, and after a lost connection."""

    def __init__(self, read: ReadQuotes, clock: Clock) -> None:
        super().__init__()
        self._read = read
        self._clock = clock
        self._newest: dict[str, Quote] = {}
        self._stale: set[str] = set()
        self._due: set[str] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to tell."""
        self._tasks = [
            asyncio.create_task(self._read_for_ever()),
            asyncio.create_task(self._look_for_stale()),
        ]

    async def close(self) -> None:
        """Stop telling."""
        await end_tasks(self._tasks)

    def join(self, key: str, put: Callable[[Quote], None]) -> None:
        """Call `put` with the newest quote of a symbol, soon, and then with each."""
        super().join(key, put)
        if key in self._newest:
            put(self._newest[key])
        else:
            self._mark({key})

    def leave(self, key: str, put: Callable[[Quote], None]) -> None:
        """Call `put` no more."""
        super().leave(key, put)
        if key not in self._watchers:
            self._newest.pop(key, None)
            self._stale.discard(key)

    def heard(self, payload: str) -> None:
        """Take quotes that the feed tells."""
        for quote in quotes_of(payload):
            if quote.symbol in self._watchers and not self._is_old(quote):
                self._take(quote)

    def look_again(self) -> None:
        """Read what is watched: something may have been missed."""
        self._mark(self.watched())

    def message(self, quote: Quote) -> QuoteMessage:
        """Return what a client is told of a quote now."""
        data = QuoteData(
            symbol=quote.symbol,
            price=_tidy(quote.price),
            bid=quote.bid and _tidy(quote.bid),
            ask=quote.ask and _tidy(quote.ask),
            source=quote.source,
            simulated=quote.source is FeedSource.SIMULATED,
            quoted_at=quote.quoted_at,
            stale=self._is_stale(quote),
        )
        return QuoteMessage(type="quote", at=self._clock.now(), data=data)

    def _is_old(self, quote: Quote) -> bool:
        """Say whether this one, or a newer one of its source, is known."""
        known = self._newest.get(quote.symbol)
        return (
            known is not None
            and known.source is quote.source
            and quote.quoted_at <= known.quoted_at
        )

    def _take(self, quote: Quote) -> None:
        self._newest[quote.symbol] = quote
        self._stale.discard(quote.symbol)
        self.tell(quote.symbol, quote)

    def _mark(self, symbols: set[str]) -> None:
        self._due |= symbols
        if self._due:
            self._wake.set()

    async def _read_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            due, self._due = self._due & self.watched(), set()
            before = {symbol: self._newest.get(symbol) for symbol in due}
            try:
                found = await self._read(due) if due else ()
            except Exception as error:  # noqa: BLE001  connections outlive an absence of the database
                log.warning("quotes_not_read", error=type(error).__name__)
                await asyncio.sleep(_AGAIN_AFTER_S)
                self._mark(due)
                continue
            for quote in found:
                symbol = quote.symbol
                heard_meanwhile = self._newest.get(symbol) is not before[symbol]
                if symbol in self._watchers and not heard_meanwhile and not self._is_old(quote):
                    self._take(quote)

    async def _look_for_stale(self) -> None:
        while True:
            await asyncio.sleep(STALE_EVERY_S)
            for symbol, quote in list(self._newest.items()):
                if symbol not in self._stale and self._is_stale(quote):
                    self._stale.add(symbol)
                    self.tell(symbol, quote)

    def _is_stale(self, quote: Quote) -> bool:
        now, limit = self._clock.now(), STALE_AFTER + lag_of(quote.source)
        if now - quote.quoted_at <= limit:
            return False  # whatever the market does
        stretch = trading_stretch(calendar_for(traits_of(quote.symbol).calendar), now)
        return is_stale(stretch, quote.quoted_at, now, limit)


def _tidy(price: Decimal) -> Decimal:
    """Return a price without the zeros that the column's scale adds."""
    return Decimal(plain(price))
