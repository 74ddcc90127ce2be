"""Bars in PostgreSQL: what users imported, and the sample. Replay is a movable `as_of` over them.

How fresh it is: `instrument()` asks the database for the version of the user's series on every
call, `bars()` when the last answer is older than a second. Arrays are kept by version. So a run
that begins with `instrument()` reads no bar that an import had replaced before it began.

How much is read: the bars that are asked for and some around them, in parts of a megabyte, however
long the series is. Coarse bars of a fine series may take many parts; each user reads one of those
at a time, and all of them together a few, so that everybody else's bars do not wait.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from itertools import groupby
from time import monotonic
from uuid import UUID
from weakref import WeakValueDictionary

import numpy as np
from cachetools import LRUCache

from kuber.infra.batching import Batched
from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId
from kuber.market.assembly import Stretch
from kuber.market.calendars import calendar_for
from kuber.market.errors import ProviderUnavailable, TimeframeUnavailable
from kuber.market.instruments import traits_of
from kuber.market.providers.reading import read_stretch
from kuber.market.repository import (
    SeriesChanged,
    SeriesRow,
    find_series,
    series_of_each,
    series_of_many,
)
from kuber.market.resampling import holds_whole
from kuber.market.series import SizedCache, size_bytes
from kuber.market.types import Bars, Instrument, Source, Timeframe, made_of, to_datetime64

_SURELY_WHOLE = timedelta(days=70)
"""So long a stretch holds a whole bar of any timeframe, be it a month."""
_FRESH_S = 1.0
_KEPT_ANSWERS = 10_000
_KEPT_STRETCHES = 4
"""Of one series and timeframe: a chart, a run and a replay look at different times."""
_STRETCH_BYTES = 2_000
"""What a stretch takes besides its bars, about."""
_ATTEMPTS = 5
_DEEP_AT_ONCE = 2

_Key = tuple[UUID, UUID, Timeframe]


@dataclass(frozen=True, slots=True)
class _Dataset:
    """The series behind one symbol for one user, finest first."""

    rows: tuple[SeriesRow, ...]
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the database said: the own import and the sample, None each when there is none."""

    imported: _Dataset | None
    sample: _Dataset | None
    asked_at_s: float

    def of(self, origin: Source | None) -> _Dataset | None:
        """Return the dataset of the origin; without one the user's own before the sample."""
        match origin:
            case Source.IMPORTED:
                return self.imported
            case Source.SAMPLE:
                return self.sample
            case _:
                return self.imported or self.sample


class StoredBars:
    """Stored history behind the provider port.

    A user's own import and the sample are two datasets and never mixed: that would give timeframes
    that contradict each other. Without a word of which, the own comes before the sample.
    """

    source = None

    def __init__(self, pool: RawPool, *, cache_bytes: int = 32 * 2**20) -> None:
        self._pool = pool
        self._series = Batched(partial(series_of_each, pool))
        self._answers: LRUCache[tuple[UserId, str], _Answer] = LRUCache(_KEPT_ANSWERS)
        self._stretches: SizedCache[tuple[Stretch, ...]] = SizedCache(cache_bytes)
        self._reading: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._deep = _Turns(_DEEP_AT_ONCE)

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        dataset = (await self._ask(user_id, symbol)).of(None)
        return None if dataset is None else dataset.instrument

    async def both(
        self, user_id: UserId, symbol: str, *, anew: bool
    ) -> tuple[Instrument | None, Instrument | None]:
        """Return the instrument as the user's import and as the sample have it.

        Asked `anew`, else as it was at most a second ago.
        """
        answer = await (self._ask if anew else self._recent)(user_id, symbol)
        found = (answer.imported, answer.sample)
        imported, sample = (None if one is None else one.instrument for one in found)
        return imported, sample

    async def bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        as_of: datetime,
        count: int,
        origin: Source | None = None,
    ) -> Bars | None:
        dataset = (await self._recent(user_id, symbol)).of(origin)
        for _ in range(_ATTEMPTS):
            if dataset is None:
                return None
            row = _series_for(dataset, timeframe)
            try:
                stretch = await self._stretch(user_id, row, timeframe, as_of, count)
            except SeriesChanged:
                dataset = (await self._ask(user_id, symbol)).of(origin)
            else:
                return stretch.bars.closed_by(as_of).last(count)
        raise ProviderUnavailable(
            f"The bars of {symbol} are being replaced by imports. Try again when they are done."
        )

    async def last_at(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, origin: Source
    ) -> datetime | None:
        """Return the close of the last bar of which bars of a timeframe are made.

        None when there is none. Raises TimeframeUnavailable.
        """
        dataset = (await self._recent(user_id, symbol)).of(origin)
        return None if dataset is None else _series_for(dataset, timeframe).last_at

    async def instruments(
        self, wanted: Collection[tuple[UserId, str]]
    ) -> dict[tuple[UserId, str], Instrument]:
        """Return the stored instruments among `wanted` (user, symbol), in one query.

        Of a user's own import and the sample it is the own.
        """
        pairs = await self.pairs(wanted)
        return {key: found for key, (own, sample) in pairs.items() if (found := own or sample)}

    async def pairs(
        self, wanted: Collection[tuple[UserId, str]]
    ) -> dict[tuple[UserId, str], tuple[Instrument | None, Instrument | None]]:
        """Return, of those of `wanted` (user, symbol) that are stored, the instrument as the
        user's import and as the sample have it, in one query."""
        users, symbols = {user for user, _ in wanted}, {symbol for _, symbol in wanted}
        by_symbol: dict[str, list[SeriesRow]] = defaultdict(list)
        for row in await series_of_many(self._pool, users, symbols):
            by_symbol[row.symbol].append(row)
        found = {}
        for user_id, symbol in wanted:
            own = [row for row in by_symbol[symbol] if row.user_id == user_id]
            sample = [row for row in by_symbol[symbol] if row.user_id is None]
            if own or sample:
                found[user_id, symbol] = (
                    _dataset(symbol, own).instrument if own else None,
                    _dataset(symbol, sample).instrument if sample else None,
                )
        return found

    async def search(
        self, user_id: UserId, query: str, *, after: str = "", limit: int
    ) -> list[Instrument]:
        rows = await find_series(self._pool, user_id, query, after=after, limit=limit)
        found = groupby(rows, key=lambda row: row.symbol)
        return [_dataset(symbol, _own(list(group))).instrument for symbol, group in found]

    def forget(self, user_id: UserId | None = None) -> None:
        """Drop what is known of a user's series (of everybody's for None) after an import."""
        for key in [key for key in self._answers if user_id in (None, key[0])]:
            del self._answers[key]

    async def _recent(self, user_id: UserId, symbol: str) -> _Answer:
        answer = self._answers.get((user_id, symbol))
        if answer is not None and monotonic() - answer.asked_at_s <= _FRESH_S:
            return answer
        return await self._ask(user_id, symbol)

    async def _ask(self, user_id: UserId, symbol: str) -> _Answer:
        asked_at_s = monotonic()
        rows = await self._series.ask((user_id, symbol))
        own = [row for row in rows if row.user_id is not None]
        sample = [row for row in rows if row.user_id is None]
        answer = _Answer(
            _dataset(symbol, own) if own else None,
            _dataset(symbol, sample) if sample else None,
            asked_at_s,
        )
        self._answers[user_id, symbol] = answer
        return answer

    async def _stretch(
        self, user_id: UserId, row: SeriesRow, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Stretch:
        """Return kept bars, else read them. Raises SeriesChanged."""
        key, at = (row.id, row.version, timeframe), to_datetime64(as_of)
        found = self._kept(key, at, count)
        if found is None:
            # Of many runs that begin together, one reads; those of other series do not wait.
            async with self._reading.setdefault(row.id, asyncio.Lock()):
                found = self._kept(key, at, count)
                if found is None:
                    turn = partial(self._deep.of, user_id)
                    found = await read_stretch(self._pool, row, timeframe, as_of, count, turn)
                    self._keep(key, found)
        return found

    def _kept(self, key: _Key, at: np.datetime64, count: int) -> Stretch | None:
        stretches = self._stretches.get(key) or ()
        return next((one for one in stretches if one.serves(at, count)), None)

    def _keep(self, key: _Key, stretch: Stretch) -> None:
        others = (one for one in self._stretches.get(key) or () if not stretch.covers(one))
        kept = (stretch, *others)[:_KEPT_STRETCHES]
        size = sum(size_bytes(one.bars) + _STRETCH_BYTES for one in kept)
        self._stretches.put(key, kept, size)


class _Turns:
    """Lets `at_once` read on, and each user only once: who reads much does not stand before others
    with little."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._of_users: WeakValueDictionary[UserId, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, user_id: UserId) -> AsyncIterator[None]:
        async with self._of_users.setdefault(user_id, asyncio.Lock()), self._places:
            yield


def _own(rows: list[SeriesRow]) -> list[SeriesRow]:
    """Return the series of a user's own import, those of the sample when there is none."""
    return [row for row in rows if row.user_id is not None] or rows


def _dataset(symbol: str, rows: list[SeriesRow]) -> _Dataset:
    own = sorted(rows, key=lambda row: row.timeframe.span)
    traits = traits_of(symbol)
    instrument = Instrument(
        symbol,
        traits.name,
        own[0].source,
        own[0].calendar,
        traits.currency,
        _readable_as(own),
        min(row.first_at for row in own),
        max(row.last_at for row in own),
    )
    return _Dataset(tuple(own), instrument)


def _readable_as(rows: list[SeriesRow]) -> tuple[Timeframe, ...]:
    """Return the timeframes that are stored or of which there is a whole bar, finest first."""
    return tuple(
        one
        for one in made_of(tuple(row.timeframe for row in rows))
        if any(one is row.timeframe or _makes(row, one) for row in rows)
    )


def _makes(row: SeriesRow, timeframe: Timeframe) -> bool:
    if timeframe not in row.timeframe.and_coarser:
        return False
    if row.last_at - row.first_at >= _SURELY_WHOLE:
        return True
    return _holds_whole(row.timeframe, timeframe, row.first_at, row.last_at, row.calendar)


@lru_cache(maxsize=4_096)
def _holds_whole(
    stored: Timeframe, timeframe: Timeframe, first_at: datetime, last_at: datetime, calendar: str
) -> bool:
    ends = to_datetime64(first_at), to_datetime64(last_at)
    return holds_whole(stored, timeframe, *ends, calendar_for(calendar))


def _series_for(dataset: _Dataset, timeframe: Timeframe) -> SeriesRow:
    """Return the stored series itself, else the nearest finer one."""
    fitting = [row for row in dataset.rows if timeframe in row.timeframe.and_coarser]
    if fitting:
        return fitting[-1]
    raise TimeframeUnavailable(
        f"{dataset.instrument.symbol} has no {timeframe} bars, and its stored bars make none. "
        f"Choose one of {', '.join(dataset.instrument.timeframes)}, or import {timeframe} bars."
    )
