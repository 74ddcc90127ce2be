"""Bars in PostgreSQL: what users imported, and the sample. Replay is a movable `as_of` over them.

How fresh it is: `instrument()` asks the database for the version of the user's series on every
call, `bars()` when the last answer is older than a second. Arrays are kept by version. So a run
that begins with `instrument()` reads no bar that an import had replaced before it began.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from time import monotonic

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId
from kuber.market.errors import TimeframeUnavailable
from kuber.market.instruments import traits_of
from kuber.market.repository import (
    SeriesRow,
    find_series,
    load_bars,
    series_of,
    series_of_many,
)
from kuber.market.series import FrameCache, RawSeries, SizedCache, size_bytes
from kuber.market.types import Bars, Instrument, Timeframe

_FRESH_S = 1.0
_KEPT_ANSWERS = 10_000


@dataclass(frozen=True, slots=True)
class _Dataset:
    """The series behind one symbol for one user, finest first."""

    rows: tuple[SeriesRow, ...]
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the database said; `dataset` is None when it knows no such symbol."""

    dataset: _Dataset | None
    asked_at_s: float


class StoredBars:
    """Stored history behind the provider port.

    A user who imported anything for a symbol sees only that; mixing it with other prices of the
    same symbol would give timeframes that contradict each other.
    """

    source = None

    def __init__(self, pool: RawPool, *, cache_bytes: int = 64 * 2**20) -> None:
        self._pool = pool
        self._frames = FrameCache(cache_bytes)
        self._answers: OrderedDict[tuple[UserId, str], _Answer] = OrderedDict()
        self._series: SizedCache[RawSeries] = SizedCache(cache_bytes)
        self._loading = asyncio.Lock()

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        dataset = await self._ask(user_id, symbol)
        return None if dataset is None else dataset.instrument

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        answer = self._answers.get((user_id, symbol))
        fresh = answer is not None and monotonic() - answer.asked_at_s <= _FRESH_S
        dataset = answer.dataset if answer and fresh else await self._ask(user_id, symbol)
        if dataset is None:
            return None
        row = _series_for(dataset, timeframe)
        series = self._series.get((row.id, row.version)) or await self._load(row)
        split_count = series.splits_by(as_of)
        key = (row.id, row.version, timeframe, split_count)
        frame = self._frames.get(key)
        if frame is None:
            frame = series.frame(timeframe, split_count)
            self._frames.keep(key, frame)
        return frame.closed_by(as_of).last(count)

    async def instruments(
        self, wanted: Collection[tuple[UserId, str]]
    ) -> dict[tuple[UserId, str], Instrument]:
        """Return the stored instruments among `wanted` (user, symbol), in one query."""
        users, symbols = {user for user, _ in wanted}, {symbol for _, symbol in wanted}
        by_symbol: dict[str, list[SeriesRow]] = defaultdict(list)
        for row in await series_of_many(self._pool, users, symbols):
            by_symbol[row.symbol].append(row)
        found = {}
        for user_id, symbol in wanted:
            rows = [row for row in by_symbol[symbol] if row.user_id in (None, user_id)]
            if rows:
                found[user_id, symbol] = _dataset(symbol, rows).instrument
        return found

    async def search(self, user_id: UserId, query: str) -> list[Instrument]:
        rows = await find_series(self._pool, user_id, query)
        found = groupby(rows, key=lambda row: row.symbol)
        return [_dataset(symbol, list(group)).instrument for symbol, group in found]

    def forget(self, user_id: UserId | None = None) -> None:
        """Drop what is known of a user's series (of everybody's for None) after an import."""
        for key in [key for key in self._answers if user_id in (None, key[0])]:
            del self._answers[key]

    async def _ask(self, user_id: UserId, symbol: str) -> _Dataset | None:
        asked_at_s = monotonic()
        rows = await series_of(self._pool, user_id, symbol)
        dataset = _dataset(symbol, rows) if rows else None
        self._answers[user_id, symbol] = _Answer(dataset, asked_at_s)
        self._answers.move_to_end((user_id, symbol))
        if len(self._answers) > _KEPT_ANSWERS:
            self._answers.popitem(last=False)
        return dataset

    async def _load(self, row: SeriesRow) -> RawSeries:
        key = (row.id, row.version)
        async with self._loading:  # of many runs that begin together, one reads
            series = self._series.get(key)
            if series is None:
                raw = await load_bars(self._pool, row)
                calendar = traits_of(row.symbol).calendar
                series = await asyncio.to_thread(RawSeries.of, raw, calendar)
                self._series.put(key, series, size_bytes(series.bars))
        return series


def _dataset(symbol: str, rows: list[SeriesRow]) -> _Dataset:
    own = [row for row in rows if row.user_id is not None] or rows
    own.sort(key=lambda row: row.timeframe.span)
    traits = traits_of(symbol)
    instrument = Instrument(
        symbol,
        traits.name,
        own[0].source,
        traits.calendar,
        traits.currency,
        own[0].timeframe.and_coarser,
        min(row.first_at for row in own),
        max(row.last_at for row in own),
    )
    return _Dataset(tuple(own), instrument)


def _series_for(dataset: _Dataset, timeframe: Timeframe) -> SeriesRow:
    """Return the stored series itself, else the nearest finer one."""
    fitting = [row for row in dataset.rows if row.timeframe.span <= timeframe.span]
    if fitting:
        return fitting[-1]
    finest = dataset.instrument.timeframes[0]
    raise TimeframeUnavailable(
        f"{dataset.instrument.symbol} has no {timeframe} bars: its finest stored timeframe is"
        f" {finest}. Choose {finest} or a coarser one, or import {timeframe} bars."
    )
