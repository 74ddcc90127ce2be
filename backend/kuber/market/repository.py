"""Reading and writing stored bars. Private to the package.

Reads go through the raw pool: a run asks for the version of its series on its hot path.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import numpy as np
from psycopg.rows import TupleRow
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId
from kuber.market.adjustment import KnownSplit
from kuber.market.models import BarImport, BarSeries
from kuber.market.series import RawBars
from kuber.market.types import Bars, Source, TimeArray, Timeframe


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A stored series without its bars; `version` is the import that made it.

    `splits` are those that files told of and that its prices are not adjusted for.
    """

    id: UUID
    version: UUID
    user_id: UserId | None
    symbol: str
    timeframe: Timeframe
    source: Source
    calendar: str
    first_at: datetime
    last_at: datetime
    splits: tuple[KnownSplit, ...] = ()


# Splits come as microseconds since 1970, new shares and old ones.
_COLUMNS = """
    s.id, s.import_id, s.user_id, s.symbol, s.timeframe, s.source, s.calendar, s.first_at,
    s.last_at, ARRAY(
        SELECT ARRAY[extract(epoch FROM opened_at) * 1000000, new_shares, old_shares]
        FROM series_splits WHERE series_id = s.id ORDER BY opened_at
    )
"""
_SELECT = f"""
    SELECT {_COLUMNS}
    FROM bar_series AS s
    WHERE state = 'active' AND (user_id = %s OR user_id IS NULL)
"""  # noqa: S608  put together from constants

_SELECT_EACH = f"""
    SELECT w.number, {_COLUMNS}
    FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w (user_id, symbol, number)
    JOIN bar_series AS s ON s.symbol = w.symbol AND s.state = 'active'
        AND (s.user_id = w.user_id OR s.user_id IS NULL)
"""  # noqa: S608  put together from constants

# Both lists of symbols end as soon as the page is full: they come sorted from the index.
_FIND_SERIES = f"""
    WITH named AS (
        (SELECT DISTINCT symbol FROM bar_series
         WHERE state = 'active' AND user_id = %(user_id)s AND symbol > %(after)s
            AND strpos(symbol, %(query)s) > 0
         ORDER BY symbol LIMIT %(limit)s)
        UNION
        (SELECT DISTINCT symbol FROM bar_series
         WHERE state = 'active' AND user_id IS NULL AND symbol > %(after)s
            AND strpos(symbol, %(query)s) > 0
         ORDER BY symbol LIMIT %(limit)s)
        ORDER BY symbol LIMIT %(limit)s
    )
    SELECT {_COLUMNS}
    FROM named JOIN bar_series AS s ON s.symbol = named.symbol AND s.state = 'active'
        AND (s.user_id = %(user_id)s OR s.user_id IS NULL)
    ORDER BY s.symbol
"""  # noqa: S608

COLUMNS = """
        string_agg(timestamptz_send(opened_at), ''),
        string_agg(timestamptz_send(closed_at), ''),
        string_agg(float8send(open::float8), ''),
        string_agg(float8send(high::float8), ''),
        string_agg(float8send(low::float8), ''),
        string_agg(float8send(close::float8), ''),
        string_agg(float8send(volume::float8), ''),
        string_agg(float8send(coalesce(adj_close::float8, 'NaN')), '')
"""
"""Each column of bars as one value, the numbers of all rows behind each other: no message and no
Python object for a bar."""

# `before` is read backwards from the index, `after` forwards.
_READ_ROWS = f"""
    WITH before AS MATERIALIZED (
        SELECT * FROM bars
        WHERE series_id = %(series_id)s AND opened_at < %(before)s AND closed_at <= %(closed_by)s
        ORDER BY opened_at DESC LIMIT %(most_before)s
    ), after AS MATERIALIZED (
        SELECT * FROM bars
        WHERE series_id = %(series_id)s
            AND opened_at > coalesce((SELECT max(opened_at) FROM before), '-infinity')
        ORDER BY opened_at LIMIT %(most_after)s
    ), found AS (
        SELECT * FROM before UNION ALL SELECT * FROM after ORDER BY opened_at
    )
    SELECT
        (SELECT import_id FROM bar_series WHERE id = %(series_id)s AND state <> 'dropped'),
        (SELECT count(*) FROM before),
        (SELECT count(*) FROM after),
        {COLUMNS}
    FROM found
"""  # noqa: S608  put together from constants
_POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")


async def platform_import(session: AsyncSession, sha256: str) -> UUID | None:
    """Return the platform's import of a file with these bytes, None when there is none."""
    found: UUID | None = await session.scalar(
        select(BarImport.id).where(BarImport.user_id.is_(None), BarImport.sha256 == sha256)
    )
    return found


async def delete_platform_imports(session: AsyncSession, filename: str) -> None:
    """Delete what an older release imported from the sample file of this name."""
    await session.execute(
        delete(BarImport).where(BarImport.user_id.is_(None), BarImport.filename == filename)
    )


async def series_of_each(
    pool: RawPool, wanted: Sequence[tuple[UserId, str]]
) -> list[list[SeriesRow]]:
    """Return for each user and symbol the user's and the platform's series: one indexed query."""
    users, symbols = [user_id for user_id, _ in wanted], [symbol for _, symbol in wanted]
    found: list[list[SeriesRow]] = [[] for _ in wanted]
    async with pool.connection() as connection:
        cursor = await connection.execute(_SELECT_EACH, (users, symbols))
        for number, *values in await cursor.fetchall():
            found[number - 1].append(_row(tuple(values)))
    return found


async def series_of_many(
    pool: RawPool, user_ids: Collection[UserId], symbols: Collection[str]
) -> list[SeriesRow]:
    """Return the users' and the platform's series of many symbols."""
    query = _SELECT.replace("user_id = %s", "user_id = any(%s)") + " AND symbol = any(%s)"
    async with pool.connection() as connection:
        cursor = await connection.execute(query, (list(user_ids), list(symbols)))
        return [_row(found) for found in await cursor.fetchall()]


async def find_series(
    pool: RawPool, user_id: UserId, query: str, *, after: str, limit: int
) -> list[SeriesRow]:
    """Return the user's and the platform's series of a page of symbols, by symbol.

    Of the symbols that contain `query` and come after `after` they are the first `limit`.
    """
    asked = {"user_id": user_id, "query": query, "after": after, "limit": limit}
    async with pool.connection() as connection:
        cursor = await connection.execute(_FIND_SERIES, asked, prepare=False)
        return [_row(found) for found in await cursor.fetchall()]


async def count_symbols(session: AsyncSession, user_id: UserId) -> int:
    """Return of how many symbols the user has imported bars."""
    query = select(func.count(BarSeries.symbol.distinct())).where(
        BarSeries.user_id == user_id, BarSeries.state == "active"
    )
    return (await session.execute(query)).scalar_one()


def _row(values: TupleRow) -> SeriesRow:
    series_id, version, user_id, symbol, timeframe, source, calendar, first_at, last_at, splits = (
        values
    )
    return SeriesRow(
        series_id,
        version,
        user_id,
        symbol,
        Timeframe(timeframe),
        Source(source),
        calendar,
        first_at.astimezone(UTC),
        last_at.astimezone(UTC),
        tuple(_split(*one) for one in splits),
    )


def _split(opened_us: Decimal, new_shares: Decimal, old_shares: Decimal) -> KnownSplit:
    at = np.datetime64(int(opened_us), "us")
    return KnownSplit(at, Fraction(new_shares) / Fraction(old_shares))


class SeriesChanged(Exception):
    """The series is gone, or its bars are being deleted."""


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Consecutive bars of a series as PostgreSQL gave them; `decode` makes arrays of them.

    The first `before` of them were asked for as such, the other `after` follow them.
    """

    row: SeriesRow
    before: int
    after: int
    columns: tuple[bytes | None, ...]

    def decode(self) -> RawBars:
        """Return the bars as traded, oldest first."""
        row = self.row
        version = str(row.version)
        raw = decoded(self.columns, row.symbol, row.timeframe, row.source, version)
        return replace(raw, known=row.splits)


def decoded(
    columns: Sequence[bytes | None],
    symbol: str,
    timeframe: Timeframe,
    source: Source,
    version: str,
) -> RawBars:
    """Return bars whose columns came as one value each: two of instants, six of numbers."""
    opened, closed, *numbers = columns
    open_, high, low, close, volume, adj_close = (
        np.frombuffer(one or b"", ">f8").astype(np.float64) for one in numbers
    )
    bars = Bars(
        symbol,
        timeframe,
        source,
        _instants(opened),
        _instants(closed),
        open_,
        high,
        low,
        close,
        volume,
        version,
    )
    return RawBars(bars, None if np.isnan(adj_close).all() else adj_close)


async def read_rows(
    pool: RawPool,
    row: SeriesRow,
    *,
    before: datetime,
    closed_by: datetime,
    most_before: int,
    most_after: int,
) -> EncodedRows:
    """Return the newest bars that opened before an instant and had closed by another.

    At most `most_before` of them, and at most `most_after` that follow. Raises SeriesChanged when
    they are no longer those of the version of `row`.
    """
    asked = {
        "series_id": row.id,
        "before": before,
        "closed_by": closed_by,
        "most_before": most_before,
        "most_after": most_after,
    }
    async with pool.connection() as connection, connection.cursor(binary=True) as cursor:
        # Planned each time: a plan for any number of bars would read and sort all of them.
        await cursor.execute(_READ_ROWS, asked, prepare=False)
        found = await cursor.fetchone()
    assert found is not None, "an aggregate gives one row"
    version, count_before, count_after, *columns = found
    if version != row.version:
        raise SeriesChanged
    return EncodedRows(row, count_before, count_after, tuple(columns))


def _instants(sent: bytes | None) -> TimeArray:
    microseconds = np.frombuffer(sent or b"", ">i8").astype("timedelta64[us]")
    return _POSTGRES_EPOCH + microseconds
