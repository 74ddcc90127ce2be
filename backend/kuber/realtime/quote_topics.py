"""The quotes that one client follows, at a pace that it can take."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from kuber.market.feed.types import Quote
from kuber.realtime.messages import QuoteMessage
from kuber.realtime.quote_push import QuotePush

EVERY_S = 0.25
"""A client is told of a symbol four times a second at most."""


@dataclass(frozen=True, slots=True)
class QuoteDue:
    """There is a quote to tell; which one is asked when its turn comes."""

    symbol: str


class QuoteTopics:
    """Of quotes that come faster than a client is told, the newest of each symbol is kept.

    `put` takes at most one word for each symbol until that was taken up, however slow the client.
    """

    def __init__(self, push: QuotePush, put: Callable[[QuoteDue], None]) -> None:
        self._push = push
        self._put = put
        self._followed: dict[str, _Followed] = {}

    def __len__(self) -> int:
        return len(self._followed)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._followed

    def add(self, symbol: str) -> None:
        """Follow a symbol from now on: the newest quote comes first, again if it was told."""
        self.remove(symbol)
        followed = self._followed[symbol] = _Followed(symbol, self._put)
        self._push.join(symbol, followed.take)

    def remove(self, symbol: str) -> None:
        """Follow a symbol no more."""
        followed = self._followed.pop(symbol, None)
        if followed is not None:
            self._push.leave(symbol, followed.take)
            followed.end()

    def message(self, due: QuoteDue) -> QuoteMessage | None:
        """Return what is to be told of a symbol now; None when it is followed no more."""
        followed = self._followed.get(due.symbol)
        quote = followed.give() if followed else None
        return None if quote is None else self._push.message(quote)

    def close(self) -> None:
        """Follow nothing any more."""
        for symbol in list(self._followed):
            self.remove(symbol)


class _Followed:
    """One symbol: the newest quote that the client does not know, and when it may be told."""

    def __init__(self, symbol: str, put: Callable[[QuoteDue], None]) -> None:
        self._due = QuoteDue(symbol)
        self._put = put
        self._newest: Quote | None = None
        self._told_at_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def take(self, quote: Quote) -> None:
        waits = self._newest is not None
        self._newest = quote
        if waits:
            return
        loop = asyncio.get_running_loop()
        again_at_s = self._told_at_s + EVERY_S
        if loop.time() >= again_at_s:
            self._put(self._due)
        else:
            self._timer = loop.call_at(again_at_s, self._put, self._due)

    def give(self) -> Quote | None:
        quote, self._newest = self._newest, None
        if quote is not None:
            self._told_at_s = asyncio.get_running_loop().time()
        return quote

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
