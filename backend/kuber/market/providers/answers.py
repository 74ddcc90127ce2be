"""What providers answered: stored when it is read, and answered from what is stored.

A provider is asked only for what is not stored, and for the stored bars next to it: when these come
back with other prices, there was a correction or a split since, and a new series begins. Every
answer is read back from the store, so that it is the same the next time, in every process.
"""

import asyncio
from datetime import datetime
from uuid import UUID
from weakref import WeakValueDictionary

from cachetools import TTLCache

from kuber.kernel.clock import Clock
from kuber.market.calendars import calendar_for
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.answer_store import (
    AnswerSeries,
    AnswerStore,
    SeriesKey,
    parse_version,
)
from kuber.market.providers.asking import Asked, Asking, Fetch
from kuber.market.providers.fetching import frame_of, last_close, start_of
from kuber.market.providers.spans import Span, Spans
from kuber.market.series import FrameCache
from kuber.market.types import Bars, Source, Timeframe

_ATTEMPTS = 5
_ASKED_AGAIN_AFTER_S = 10.0
_MOST_AWAITED = 10_000


class ProviderAnswers:
    """Answers for the providers of a process, from a store that all processes share."""

    def __init__(self, store: AnswerStore, clock: Clock, *, cache_bytes: int = 32 * 2**20) -> None:
        self._store = store
        self._clock = clock
        self._frames = FrameCache(cache_bytes)
        self._asking: WeakValueDictionary[SeriesKey, asyncio.Lock] = WeakValueDictionary()
        self._awaited: TTLCache[SeriesKey, tuple[UUID, Spans]] = TTLCache(
            _MOST_AWAITED, _ASKED_AGAIN_AFTER_S, lambda: clock.now().timestamp()
        )

    async def knows(self, source: Source, provider: str, symbol: str) -> bool:
        """Return whether a provider gave bars of a symbol before, in any process."""
        return await self._store.knows(source, provider, symbol)

    async def bars(
        self, asked: Asked, timeframe: Timeframe, as_of: datetime, count: int, fetch: Fetch
    ) -> Bars:
        """Return at most `count` newest bars closed by `as_of`, and by now.

        `fetch` gets what is not stored. Raises ProviderUnavailable.
        """
        until = min(as_of, self._clock.now())
        span = _needed(asked.traits.calendar, asked.fetched, timeframe, until, count)
        series = await self._store.find(asked.key)
        if series is None or not self._suffices(series, asked, Spans.of([span])):
            # Of those who begin together one asks; others read what it stored.
            async with self._asking.setdefault(asked.key, asyncio.Lock()):
                series = await self._learn(asked, Spans.of([span]), until, fetch)
        question = (asked.key, timeframe, until, count)
        frame = self._frames.get((*question, series.version))
        if frame is None:
            raw = await self._store.read(series, span, until)
            assert raw is not None, "what is replaced is kept for weeks"
            frame = frame_of(raw, series.calendar, timeframe, until, count)
            self._frames.keep((*question, frame.version), frame)
        return frame

    def _suffices(self, series: AnswerSeries, asked: Asked, needed: Spans) -> bool:
        """Return whether nothing is missing, or only what the provider did not have just now."""
        if series.calendar != asked.traits.calendar:
            return False
        missing = needed - series.covered
        series_id, awaited = self._awaited.get(asked.key, (series.id, Spans()))
        return not missing or (series_id == series.id and awaited.covers(missing))

    async def _learn(
        self, asked: Asked, needed: Spans, until: datetime, fetch: Fetch
    ) -> AnswerSeries:
        """Ask for what is missing, store it, and return the series with it."""
        asking = Asking(self._store, asked, fetch, until)
        for _ in range(_ATTEMPTS):
            before = await self._store.find(asked.key)
            if before is not None and self._suffices(before, asked, needed):
                return before
            after = await self._stored(before, asked, needed, asking)
            if after is not None:  # else another process was faster
                self._awaited[asked.key] = after.id, needed
                return after
        raise ProviderUnavailable(
            f"The bars of {asked.traits.symbol} are being replaced. Try again in a moment.",
            retry_after_s=1,
        )

    async def _stored(
        self, before: AnswerSeries | None, asked: Asked, needed: Spans, asking: Asking
    ) -> AnswerSeries | None:
        calendar = asked.traits.calendar
        if before is None:
            before = AnswerSeries(asked.key, calendar)
        if before.calendar != calendar:
            return await self._store.replace(before, calendar, await asking.anew(needed))
        news = await asking.missing(before, needed)
        if news is not None:
            return await self._store.add(before, news)
        news = await asking.anew(needed)
        if not len(news.bars.bars):  # nothing takes the place of something
            return await self._store.add(before, news)
        return await self._store.replace(before, calendar, news)


async def bars_of_version(
    store: AnswerStore, version: str, timeframe: Timeframe, until: datetime, count: int
) -> Bars | None:
    """Return the bars that were answered with in a version, None when it is not kept any more."""
    named = parse_version(version)
    series = None if named is None else await store.kept(named[0])
    if named is None or series is None or timeframe not in series.key.timeframe.and_coarser:
        return None
    span = _needed(series.calendar, series.key.timeframe, timeframe, until, count)
    if not (series.covered | series.answered).covers(Spans.of([span])):
        return None
    raw = await store.read(series, span, until, named[1])
    return None if raw is None else frame_of(raw, series.calendar, timeframe, until, count)


def _needed(
    calendar_code: str, fetched: Timeframe, timeframe: Timeframe, until: datetime, count: int
) -> Span:
    """Return within which the fetched bars open that an answer is made of."""
    calendar = calendar_for(calendar_code)
    start = start_of(calendar, timeframe, until, count)
    return start, max(start, last_close(calendar, fetched, until))
