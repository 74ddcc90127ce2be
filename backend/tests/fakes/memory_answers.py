"""A store of providers' bars in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import numpy as np

from kuber.kernel.clock import Clock
from kuber.market.providers.answer_store import AnswerSeries, News, SeriesKey, version_of
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.spans import Span
from kuber.market.series import RawBars, join_raw, no_bars
from kuber.market.types import Source, to_datetime, to_datetime64
from tests.fakes.bars import FIELDS


@dataclass
class Kept:
    """A series with its bars and the vintage that each came with."""

    series: AnswerSeries
    bars: RawBars
    vintages: list[int] = field(default_factory=list)


def answers_at(clock: Clock) -> ProviderAnswers:
    """Return answers of a process that has stored none yet."""
    return ProviderAnswers(MemoryAnswers(), clock)


class MemoryAnswers:
    """An `AnswerStore` for tests; several `ProviderAnswers` on it are several processes."""

    def __init__(self) -> None:
        self.active: dict[SeriesKey, UUID] = {}
        self.all: dict[UUID, Kept] = {}

    async def find(self, key: SeriesKey) -> AnswerSeries | None:
        found = self.active.get(key)
        return None if found is None else self.all[found].series

    async def kept(self, series_id: UUID) -> AnswerSeries | None:
        found = self.all.get(series_id)
        return None if found is None else found.series

    async def knows(self, source: Source, provider: str, symbol: str) -> bool:
        return any(
            (key.source, key.provider, key.symbol) == (source, provider, symbol)
            and bool(self.all[series_id].series.covered)
            for key, series_id in self.active.items()
        )

    async def read(
        self,
        series: AnswerSeries,
        span: Span,
        closed_by: datetime,
        vintage: int | None = None,
    ) -> RawBars | None:
        found = self.all.get(series.id)
        if found is None:
            return None
        newest = found.series.vintage if vintage is None else vintage
        start, end = map(to_datetime64, span)
        bars = found.bars.bars
        wanted = (
            (bars.opened_at >= start)
            & (bars.opened_at < end)
            & (bars.closed_at <= to_datetime64(closed_by))
            & (np.array(found.vintages, dtype=int) <= newest)
        )
        chosen = found.bars.only(wanted)
        version = version_of(series.id, newest)
        return RawBars(replace(chosen.bars, version=version), chosen.adj_close)

    async def opening_before(self, series: AnswerSeries, instant: datetime) -> datetime | None:
        opened_at = self.all[series.id].bars.bars.opened_at
        found = opened_at[opened_at < to_datetime64(instant)]
        return to_datetime(found[-1]) if len(found) else None

    async def close_after(self, series: AnswerSeries, instant: datetime) -> datetime | None:
        bars = self.all[series.id].bars.bars
        found = bars.closed_at[bars.opened_at >= to_datetime64(instant)]
        return to_datetime(found[0]) if len(found) else None

    async def add(self, before: AnswerSeries, news: News) -> AnswerSeries | None:
        series_id = self.active.setdefault(before.key, before.id)
        held = self.all.setdefault(series_id, Kept(before, _none(before)))
        if (held.series.id, held.series.covered) != (before.id, before.covered):
            return None
        return self._grow(held, news)

    async def replace(self, before: AnswerSeries, calendar: str, news: News) -> AnswerSeries | None:
        if self.active.get(before.key) != before.id:
            return None
        after = AnswerSeries(before.key, calendar)
        self.active[before.key] = after.id
        self.all[after.id] = Kept(after, _none(after))
        return self._grow(self.all[after.id], news)

    def _grow(self, held: Kept, news: News) -> AnswerSeries:
        held.series, late = held.series.with_news(news)
        joined = join_raw(held.bars, news.bars)
        vintages = held.vintages + [held.series.vintage if one else 0 for one in late]
        _, order = np.unique(joined.bars.opened_at, return_index=True)
        in_order = {name: getattr(joined.bars, name)[order] for name in FIELDS}
        adjusted = None if joined.adj_close is None else joined.adj_close[order]
        held.bars = RawBars(replace(joined.bars, **in_order), adjusted)
        held.vintages = [vintages[at] for at in order]
        return held.series


def _none(series: AnswerSeries) -> RawBars:
    key = series.key
    return RawBars(no_bars(key.symbol, key.timeframe, key.source), None)
