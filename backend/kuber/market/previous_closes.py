"""The close before the session of a quote: what its change is counted from."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cachetools import LRUCache

from kuber.kernel.ids import UserId
from kuber.market.calendars import calendar_for
from kuber.market.errors import MarketError
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.instruments import traits_of
from kuber.market.providers.port import BarProvider
from kuber.market.schemas import plain_decimal
from kuber.market.types import Timeframe, to_datetime, to_datetime64

_PLATFORM = UserId(UUID(int=0))
"""Asks as somebody who has imported nothing: quotes are everybody's."""
_PATIENCE_S = 1.0
_KEPT = 5_000

_Key = tuple[str, FeedSource, datetime]


class PreviousCloses:
    """Knows the last close before the session that each quote is of, from the quote's own source.

    An import or the sample never answers for a quote of another source: their prices do not go on.
    """

    def __init__(self, stored: BarProvider, provider: BarProvider) -> None:
        self._stored = stored
        self._provider = provider
        self._known: LRUCache[_Key, Decimal] = LRUCache(_KEPT)
        self._asking: dict[_Key, asyncio.Task[Decimal | None]] = {}

    async def of(self, quotes: Collection[Quote]) -> dict[str, Decimal]:
        """Return the previous close of each symbol that has one.

        A source that is slow is not waited for: its answers are there the next time.
        """
        keys = [(one.symbol, one.source, session_open(one)) for one in quotes]
        asking = [self._ask(key) for key in keys if key not in self._known]
        if asking:
            await asyncio.wait(asking, timeout=_PATIENCE_S)
        return {key[0]: self._known[key] for key in keys if key in self._known}

    def _ask(self, key: _Key) -> asyncio.Task[Decimal | None]:
        if key not in self._asking:
            task = asyncio.create_task(self._read(key))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return self._asking[key]

    async def _read(self, key: _Key) -> Decimal | None:
        symbol, source, opened_at = key
        provider = self._provider_of(source)
        if provider is None:
            return None
        try:
            bars = await provider.bars(_PLATFORM, symbol, Timeframe.D1, opened_at, 1)
        except MarketError:
            return None
        if bars is None or not len(bars):
            return None
        self._known[key] = plain_decimal(float(bars.close[-1]))
        return self._known[key]

    def _provider_of(self, source: FeedSource) -> BarProvider | None:
        if source is FeedSource.REPLAY:
            return self._stored
        own = self._provider.source
        return self._provider if own is not None and own.value == source.value else None


def session_open(quote: Quote) -> datetime:
    """Return when the session opened that a quote is of."""
    at = to_datetime64(quote.quoted_at)
    days = calendar_for(traits_of(quote.symbol).calendar).trading_days(at, at)
    return to_datetime(days.opens[int(days.opens.searchsorted(at, side="right")) - 1])
