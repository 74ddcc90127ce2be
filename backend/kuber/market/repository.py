"""Reading and writing stored bars. Private to the package.

Reads go through the raw pool: a run asks for the version of its series on its hot path.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import TupleRow
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId, new_id
from kuber.market.models import BarImport, BarSeries, StoredBar
from kuber.market.series import RawBars
from kuber.market.types import Bars, Source, TimeArray, Timeframe


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A stored series without its bars; `version` changes with every import that touches it."""

    id: UUID
    version: UUID
    user_id: UserId | None
    symbol: str
    timeframe: Timeframe
    source: Source
    first_at: datetime
    last_at: datetime


_SELECT = """
    SELECT id, import_id, user_id, symbol, timeframe, source, first_at, last_at
    FROM bar_series
    WHERE (user_id = %s OR user_id IS NULL)
"""

_UPSERT_BARS = text("""
    INSERT INTO bars (series_id, opened_at, closed_at, open, high, low, close, volume, adj_close)
    SELECT :series_id,
           timestamptz 'epoch' + opened_us * interval '1 microsecond',
           timestamptz 'epoch' + closed_us * interval '1 microsecond',
           open, high, low, close, volume, nullif(adj_close, 'NaN')
    FROM unnest(
        cast(:opened_us AS bigint[]), cast(:closed_us AS bigint[]),
        cast(:open AS float8[]), cast(:high AS float8[]), cast(:low AS float8[]),
        cast(:close AS float8[]), cast(:volume AS float8[]), cast(:adj_close AS float8[])
    ) AS new (opened_us, closed_us, open, high, low, close, volume, adj_close)
    ON CONFLICT (series_id, opened_at) DO UPDATE SET
        closed_at = excluded.closed_at, open = excluded.open, high = excluded.high,
        low = excluded.low, close = excluded.close, volume = excluded.volume,
        adj_close = excluded.adj_close
""")

# Binary COPY in one fixed layout is read straight into arrays: no Python object per value.
_COPY_BARS = """
    COPY (
        SELECT opened_at, closed_at, open::float8, high::float8, low::float8, close::float8,
               volume::float8, coalesce(adj_close::float8, 'NaN')
        FROM bars WHERE series_id = %s ORDER BY opened_at
    ) TO STDOUT (FORMAT BINARY)
"""
_COPY_FIELDS = ("opened", "closed", "open", "high", "low", "close", "volume", "adj_close")
_COPY_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name in _COPY_FIELDS
        for part in (
            (f"{name}_size", ">i4"),
            (name, ">i8" if name in ("opened", "closed") else ">f8"),
        )
    ]
)
_COPY_HEADER_SIZE = 19
_COPY_TRAILER_SIZE = 2
_POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")


async def add_import(session: AsyncSession, record: BarImport, series: list[RawBars]) -> None:
    """Store a file's bars; a bar that is already there is replaced."""
    session.add(record)
    await session.flush()
    owner = None if record.user_id is None else UserId(record.user_id)
    for new in sorted(series, key=lambda one: one.bars.symbol):  # one lock order for all importers
        await _store_series(session, owner, record, new)


async def _store_series(
    session: AsyncSession, user_id: UserId | None, record: BarImport, new: RawBars
) -> None:
    values = {
        "user_id": user_id,
        "symbol": new.bars.symbol,
        "timeframe": record.timeframe,
        "source": record.source,
        "import_id": record.id,
    }
    statement = insert(BarSeries).values(
        id=new_id(), bar_count=0, first_at=record.first_at, last_at=record.last_at, **values
    )
    series_id = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["symbol", "user_id", "timeframe"],
            set_={"import_id": record.id, "source": record.source},
        ).returning(BarSeries.id)
    )
    assert series_id is not None
    bars = new.bars
    adjusted = np.full(len(bars), np.nan) if new.adj_close is None else new.adj_close
    await session.execute(
        _UPSERT_BARS,
        {
            "series_id": series_id,
            "opened_us": bars.opened_at.astype(np.int64).tolist(),
            "closed_us": bars.closed_at.astype(np.int64).tolist(),
            "open": bars.open.tolist(),
            "high": bars.high.tolist(),
            "low": bars.low.tolist(),
            "close": bars.close.tolist(),
            "volume": bars.volume.tolist(),
            "adj_close": adjusted.tolist(),
        },
    )
    await _count_bars(session, series_id)


async def _count_bars(session: AsyncSession, series_id: UUID) -> None:
    count, first_at, last_at = (
        await session.execute(
            select(
                func.count(), func.min(StoredBar.opened_at), func.max(StoredBar.closed_at)
            ).where(StoredBar.series_id == series_id)
        )
    ).one()
    series = await session.get_one(BarSeries, series_id)
    series.bar_count, series.first_at, series.last_at = count, first_at, last_at
    await session.flush()


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


async def series_of(pool: RawPool, user_id: UserId, symbol: str) -> list[SeriesRow]:
    """Return the user's and the platform's series of a symbol: one indexed query."""
    async with pool.connection() as connection:
        cursor = await connection.execute(f"{_SELECT} AND symbol = %s", (user_id, symbol))
        return [_row(found) for found in await cursor.fetchall()]


async def series_of_many(
    pool: RawPool, user_ids: Collection[UserId], symbols: Collection[str]
) -> list[SeriesRow]:
    """Return the users' and the platform's series of many symbols."""
    query = _SELECT.replace("user_id = %s", "user_id = any(%s)") + " AND symbol = any(%s)"
    async with pool.connection() as connection:
        cursor = await connection.execute(query, (list(user_ids), list(symbols)))
        return [_row(found) for found in await cursor.fetchall()]


async def find_series(pool: RawPool, user_id: UserId, query: str) -> list[SeriesRow]:
    """Return the user's and the platform's series whose symbol contains `query`, by symbol."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            f"{_SELECT} AND strpos(symbol, %s) > 0 ORDER BY symbol", (user_id, query)
        )
        return [_row(found) for found in await cursor.fetchall()]


def _row(values: TupleRow) -> SeriesRow:
    series_id, version, user_id, symbol, timeframe, source, first_at, last_at = values
    return SeriesRow(
        series_id,
        version,
        user_id,
        symbol,
        Timeframe(timeframe),
        Source(source),
        first_at.astimezone(UTC),
        last_at.astimezone(UTC),
    )


async def load_bars(pool: RawPool, row: SeriesRow) -> RawBars:
    """Return all bars of a series, as traded, oldest first."""
    async with (
        pool.connection() as connection,
        connection.cursor() as cursor,
        cursor.copy(_COPY_BARS, (row.id,)) as copy,
    ):
        content = b"".join([bytes(part) async for part in copy])
    body = content[_COPY_HEADER_SIZE : len(content) - _COPY_TRAILER_SIZE]
    table = np.frombuffer(body, dtype=_COPY_ROW)
    assert table.size == 0 or (table["fields"] == len(_COPY_FIELDS)).all(), "one fixed layout"
    prices = {name: table[name].astype(np.float64) for name in _COPY_FIELDS[2:]}
    adj_close = prices.pop("adj_close")
    bars = Bars(
        row.symbol, row.timeframe, row.source, _instants(table["opened"]),
        _instants(table["closed"]), **prices,
    )  # fmt: skip
    return RawBars(bars, None if np.isnan(adj_close).all() else adj_close)


def _instants(microseconds: NDArray[np.int64]) -> TimeArray:
    return _POSTGRES_EPOCH + microseconds.astype("timedelta64[us]")
