"""The bars that providers gave, in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from psycopg.rows import TupleRow
from psycopg.types.multirange import TimestamptzMultirange
from psycopg.types.range import TimestamptzRange

from kuber.infra.db import RawConnection, RawPool
from kuber.market.providers.answer_store import AnswerSeries, News, SeriesKey, version_of
from kuber.market.providers.spans import Span, Spans
from kuber.market.repository import COLUMNS, decoded
from kuber.market.series import RawBars
from kuber.market.types import FloatArray, Source, Timeframe, to_datetime

KEPT_FOR = timedelta(days=30)
"""How long a series is kept that another one replaced: no run is under way for so long."""
_DELETED_AT_ONCE = 20_000

_SELECT = """
    SELECT source, provider, symbol, timeframe, calendar, id, vintage, covered, answered
    FROM provider_series
"""
_ACTIVE = f"""{_SELECT}
    WHERE source = %(source)s AND provider = %(provider)s AND symbol = %(symbol)s
        AND timeframe = %(timeframe)s AND state = 'active'
"""
_KEPT = f"{_SELECT} WHERE id = %s AND state <> 'dropped'"
_KNOWS = """
    SELECT EXISTS (
        SELECT FROM provider_series
        WHERE source = %s AND provider = %s AND symbol = %s AND state = 'active'
            AND NOT isempty(covered)
    )
"""

# One statement, so that the rows are those of the vintage that it tells.
_READ = f"""
    SELECT
        (SELECT vintage FROM provider_series WHERE id = %(id)s AND state <> 'dropped'),
        {COLUMNS}
    FROM (
        SELECT * FROM provider_bars
        WHERE series_id = %(id)s AND opened_at >= %(start)s AND opened_at < %(end)s
            AND closed_at <= %(closed_by)s AND vintage <= %(vintage)s
        ORDER BY opened_at
    ) AS found
"""  # noqa: S608  put together from constants
_NEWEST = 2**31 - 1
_OPENING_BEFORE = "SELECT max(opened_at) FROM provider_bars WHERE series_id = %s AND opened_at < %s"
_CLOSE_AFTER = """
    SELECT closed_at FROM provider_bars WHERE series_id = %s AND opened_at >= %s
    ORDER BY opened_at LIMIT 1
"""
_BEGIN = """
    INSERT INTO provider_series (id, source, provider, symbol, timeframe, calendar, state, vintage,
                                 covered, answered, created_at)
    VALUES (%(id)s, %(source)s, %(provider)s, %(symbol)s, %(timeframe)s, %(calendar)s, 'active', 0,
            '{}', '{}', now())
    ON CONFLICT (source, provider, symbol, timeframe) WHERE state = 'active' DO NOTHING
"""
_HOLD = f"{_ACTIVE} FOR UPDATE"
_GROW = """
    UPDATE provider_series
    SET vintage = %(vintage)s, covered = %(covered)s, answered = %(answered)s
    WHERE id = %(id)s
"""
_ADD_BARS = """
    INSERT INTO provider_bars (series_id, opened_at, closed_at, open, high, low, close, volume,
                               adj_close, vintage)
    SELECT %(id)s, new.*
    FROM unnest(%(opened)s::timestamptz[], %(closed)s::timestamptz[], %(open)s::numeric[],
                %(high)s::numeric[], %(low)s::numeric[], %(close)s::numeric[],
                %(volume)s::numeric[], %(adj_close)s::numeric[], %(vintage)s::int[]) AS new
    ON CONFLICT DO NOTHING
"""
_REPLACE = """
    UPDATE provider_series SET state = 'replaced', replaced_at = now()
    WHERE id = %s AND state = 'active'
"""
_DROP_OUTDATED = """
    UPDATE provider_series SET state = 'dropped'
    WHERE state = 'replaced' AND replaced_at < now() - %s::interval
"""
_FIND_DROPPED = """
    SELECT id FROM provider_series WHERE state = 'dropped' ORDER BY id LIMIT 1
    FOR UPDATE SKIP LOCKED
"""
_DELETE_BARS = """
    DELETE FROM provider_bars WHERE series_id = %(id)s AND opened_at IN (
        SELECT opened_at FROM provider_bars WHERE series_id = %(id)s ORDER BY opened_at
        LIMIT %(most)s
    )
"""
_DELETE_SERIES = "DELETE FROM provider_series WHERE id = %s"


class PostgresAnswers:
    """An `AnswerStore` in the tables `provider_series` and `provider_bars`."""

    def __init__(self, pool: RawPool) -> None:
        self._pool = pool

    async def find(self, key: SeriesKey) -> AnswerSeries | None:
        async with self._pool.connection() as connection:
            return await _one(connection, _ACTIVE, _names(key))

    async def kept(self, series_id: UUID) -> AnswerSeries | None:
        async with self._pool.connection() as connection:
            return await _one(connection, _KEPT, (series_id,))

    async def knows(self, source: Source, provider: str, symbol: str) -> bool:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_KNOWS, (source.value, provider, symbol))
            found = await cursor.fetchone()
        return found is not None and bool(found[0])

    async def read(
        self,
        series: AnswerSeries,
        span: Span,
        closed_by: datetime,
        vintage: int | None = None,
    ) -> RawBars | None:
        asked = {
            "id": series.id,
            "start": span[0],
            "end": span[1],
            "closed_by": closed_by,
            "vintage": _NEWEST if vintage is None else vintage,
        }
        async with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(_READ, asked, prepare=False)
            found = await cursor.fetchone()
        assert found is not None, "an aggregate gives one row"
        newest, *columns = found
        if newest is None:
            return None
        version = version_of(series.id, newest if vintage is None else vintage)
        key = series.key
        return decoded(columns, key.symbol, key.timeframe, key.source, version)

    async def opening_before(self, series: AnswerSeries, instant: datetime) -> datetime | None:
        return await self._instant(_OPENING_BEFORE, series, instant)

    async def close_after(self, series: AnswerSeries, instant: datetime) -> datetime | None:
        return await self._instant(_CLOSE_AFTER, series, instant)

    async def _instant(
        self, query: str, series: AnswerSeries, instant: datetime
    ) -> datetime | None:
        async with self._pool.connection() as connection:
            found = await (await connection.execute(query, (series.id, instant))).fetchone()
        return None if found is None or found[0] is None else found[0].astimezone(UTC)

    async def add(self, before: AnswerSeries, news: News) -> AnswerSeries | None:
        names = {**_names(before.key), "id": before.id, "calendar": before.calendar}
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_BEGIN, names)
            held = await _one(connection, _HOLD, names)
            if held is None or (held.id, held.covered) != (before.id, before.covered):
                return None
            return await _grow(connection, held, news)

    async def replace(self, before: AnswerSeries, calendar: str, news: News) -> AnswerSeries | None:
        after = AnswerSeries(before.key, calendar)
        names = {**_names(after.key), "id": after.id, "calendar": calendar}
        async with self._pool.connection() as connection, connection.transaction():
            replaced = await connection.execute(_REPLACE, (before.id,))
            if replaced.rowcount == 0:
                return None
            await connection.execute(_BEGIN, names)
            return await _grow(connection, after, news)


async def delete_outdated(pool: RawPool) -> int:
    """Delete some bars of series that were replaced long ago; returns how many."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(_DROP_OUTDATED, (KEPT_FOR,))
        found = await (await connection.execute(_FIND_DROPPED)).fetchone()
        if found is None:
            return 0
        asked = {"id": found[0], "most": _DELETED_AT_ONCE}
        deleted = (await connection.execute(_DELETE_BARS, asked)).rowcount
        if deleted < _DELETED_AT_ONCE:
            await connection.execute(_DELETE_SERIES, (found[0],))
        return max(1, deleted)


async def _one(
    connection: RawConnection, query: str, asked: dict[str, object] | tuple[object, ...]
) -> AnswerSeries | None:
    found = await (await connection.execute(query, asked)).fetchone()
    return None if found is None else _series(found)


async def _grow(connection: RawConnection, held: AnswerSeries, news: News) -> AnswerSeries:
    """Store what is new of a series that this transaction holds."""
    grown, late = held.with_news(news)
    if len(news.bars.bars):
        await connection.execute(_ADD_BARS, _rows(grown, late.tolist(), news.bars))
    asked = {
        "id": grown.id,
        "vintage": grown.vintage,
        "covered": _multirange(grown.covered),
        "answered": _multirange(grown.answered),
    }
    await connection.execute(_GROW, asked)
    return grown


def _rows(series: AnswerSeries, late: Sequence[bool], raw: RawBars) -> dict[str, object]:
    bars = raw.bars
    adjusted = np.full(len(bars), np.nan) if raw.adj_close is None else raw.adj_close
    return {
        "id": series.id,
        "opened": [to_datetime(one) for one in bars.opened_at],
        "closed": [to_datetime(one) for one in bars.closed_at],
        "open": _figures(bars.open),
        "high": _figures(bars.high),
        "low": _figures(bars.low),
        "close": _figures(bars.close),
        "volume": _figures(bars.volume),
        "adj_close": [None if one == "nan" else one for one in _figures(adjusted)],
        "vintage": [series.vintage if one else 0 for one in late],
    }


def _figures(numbers: FloatArray) -> list[str]:
    """Return numbers as text, which PostgreSQL takes to the last bit."""
    return [repr(one) for one in numbers.tolist()]


def _names(key: SeriesKey) -> dict[str, object]:
    return {
        "source": key.source.value,
        "provider": key.provider,
        "symbol": key.symbol,
        "timeframe": key.timeframe.value,
    }


def _series(row: TupleRow) -> AnswerSeries:
    source, provider, symbol, timeframe, calendar, series_id, vintage, covered, answered = row
    return AnswerSeries(
        SeriesKey(Source(source), provider, symbol, Timeframe(timeframe)),
        calendar,
        series_id,
        vintage,
        _spans(covered),
        _spans(answered),
    )


def _spans(stored: TimestamptzMultirange) -> Spans:
    return Spans.of((_utc(one.lower), _utc(one.upper)) for one in stored)


def _utc(instant: datetime | None) -> datetime:
    assert instant is not None, "every span has two ends"
    return instant.astimezone(UTC)


def _multirange(spans: Spans) -> TimestamptzMultirange:
    return TimestamptzMultirange([TimestamptzRange(*one, "[)") for one in spans.parts])
