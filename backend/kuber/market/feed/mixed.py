"""Several sources of quotes as one: each symbol is one source's, and one that fails stops no
other."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from kuber.infra.tasks import end_tasks
from kuber.kernel.backoff import Backoff
from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.types import FeedSource, Quote

log = structlog.get_logger(__name__)

_BACKOFF = Backoff(first_s=0.5, longest_s=60, jitter=0.5)
_WAIT_S = 1.0


@dataclass
class Part:
    """One source, and which symbols are its own."""

    source: QuoteSource
    serves: Callable[[str], bool]
    failures: int = field(default=0, init=False)
    reason: str | None = field(default=None, init=False)
    work: asyncio.Task[Sequence[Quote]] | None = field(default=None, init=False)


class MixedQuotes:
    """Asks all parts at the same time; the first that serves a symbol quotes it.

    A part that fails is asked again after a pause of its own; `receive` raises when all fail.
    """

    def __init__(
        self, parts: Sequence[Part], *, backoff: Backoff = _BACKOFF, wait_s: float = _WAIT_S
    ) -> None:
        assert parts, "there is somebody to ask"
        self._parts = tuple(parts)
        self._backoff = backoff
        self._wait_s = wait_s

    @property
    def source(self) -> FeedSource:
        return self._parts[0].source.source

    @property
    def sources(self) -> frozenset[FeedSource]:
        """Every source that quotes."""
        return frozenset(part.source.source for part in self._parts)

    @property
    def trouble(self) -> str | None:
        """Why parts fail now, None when none does."""
        reasons = [part.reason for part in self._parts if part.reason]
        return " ".join(reasons) or None

    @property
    def offered(self) -> frozenset[str]:
        return frozenset(
            symbol
            for part in self._parts
            for symbol in part.source.offered
            if self._of(symbol) is part
        )

    @property
    def following(self) -> frozenset[str]:
        return frozenset[str]().union(*(part.source.following for part in self._parts))

    async def follow(self, symbols: Sequence[str]) -> None:
        for part in self._parts:
            own = [symbol for symbol in symbols if self._of(symbol) is part]
            if part.work is not None and part.source.following != frozenset(own):
                await self._stop(part)  # a source is asked by one task
            await part.source.follow(own)

    async def receive(self) -> Sequence[Quote]:
        for part in self._parts:
            if part.work is None:
                part.work = asyncio.create_task(self._ask(part))
        tasks = {part.work: part for part in self._parts if part.work is not None}
        done, _ = await asyncio.wait(
            tasks, timeout=self._wait_s, return_when=asyncio.FIRST_COMPLETED
        )
        quotes: list[Quote] = []
        for task in done:
            part = tasks[task]
            part.work = None
            error = task.exception()
            if error is None:
                part.failures, part.reason = 0, None
                quotes += task.result()
            elif isinstance(error, ProviderUnavailable):
                self._failed(part, error)
            else:
                raise error
        if not quotes and all(part.reason for part in self._parts):
            raise ProviderUnavailable(self.trouble or "no source of quotes answers")
        return sorted(quotes, key=lambda quote: quote.quoted_at)

    async def close(self) -> None:
        for part in self._parts:
            await self._stop(part)
            await part.source.close()

    def _of(self, symbol: str) -> Part | None:
        return next((part for part in self._parts if part.serves(symbol)), None)

    async def _ask(self, part: Part) -> Sequence[Quote]:
        if part.failures:
            await asyncio.sleep(self._backoff.pause_s(part.failures))
        return await part.source.receive()

    def _failed(self, part: Part, error: ProviderUnavailable) -> None:
        part.failures += 1
        part.reason = error.detail
        log.warning(
            "quote_source_failed",
            source=part.source.source.value,
            failures=part.failures,
            reason=error.detail,
        )

    @staticmethod
    async def _stop(part: Part) -> None:
        if part.work is not None:
            await end_tasks([part.work])
            part.work = None


def sources_of(source: QuoteSource) -> frozenset[FeedSource]:
    """Return every source that a source of quotes passes on."""
    return source.sources if isinstance(source, MixedQuotes) else frozenset({source.source})


def trouble_of(source: QuoteSource) -> str | None:
    """Return why a part of a source fails, None when none does."""
    return source.trouble if isinstance(source, MixedQuotes) else None
