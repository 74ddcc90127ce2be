"""Reading and writing what users changed of instruments. Private to the package."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId
from kuber.market.models import InstrumentRow
from kuber.market.terms.types import Change
from kuber.market.types import Source, Timeframe

_CHANGE = "symbol, name, market, currency, tick, quantity_step, shortable, dataset"
_CHANGED = tuple(_CHANGE.split(", "))[1:]

_OF_USERS = f"SELECT user_id, {_CHANGE} FROM instruments WHERE user_id = any(%s)"  # noqa: S608

# Sorted by the byte as Python sorts, since the provider's symbols are merged into the list; found
# by the collation of the indexes.
_ORDER = 'COLLATE "C"'
_ASKED = (
    f"symbol {_ORDER} > %(after)s AND (strpos(symbol, %(query)s) > 0 OR symbol = any(%(named)s)"
)

_PAGE = f"""
    WITH named AS (
        SELECT DISTINCT symbol {_ORDER} AS symbol FROM (
            (SELECT DISTINCT symbol FROM bar_series
             WHERE state = 'active' AND (user_id = %(user_id)s OR user_id IS NULL)
                AND {_ASKED}))
            UNION ALL
            (SELECT symbol FROM instruments
             WHERE user_id = %(user_id)s
                AND {_ASKED} OR strpos(upper(name), %(query)s) > 0))
            UNION ALL
            SELECT unnest(%(listed)s::text[])
        ) AS found
        ORDER BY symbol LIMIT %(limit)s
    )
    SELECT named.symbol, s.source, s.timeframe, s.first_at, s.last_at, s.gaps,
           {", ".join(f"i.{column}" for column in _CHANGED)}
    FROM named
    LEFT JOIN bar_series AS s ON s.symbol = named.symbol COLLATE "default"
        AND s.state = 'active' AND (s.user_id = %(user_id)s OR s.user_id IS NULL)
    LEFT JOIN instruments AS i ON i.symbol = named.symbol COLLATE "default"
        AND i.user_id = %(user_id)s
    ORDER BY named.symbol, s.user_id NULLS LAST
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Dataset:
    """Prices of one symbol from one source."""

    source: Source
    timeframes: tuple[Timeframe, ...]
    """Those that are stored, finest first; coarser bars are made of them."""
    first_at: datetime | None
    last_at: datetime | None
    """Opening of the first and close of the last bar; None where prices have no end."""
    gaps: int | None
    """Bars that are missing within sessions, None where nobody counted."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One symbol of a user's list: the stored prices, and what the user changed."""

    symbol: str
    change: Change | None
    datasets: tuple[Dataset, ...]


async def changes_of(
    pool: RawPool, user_ids: Collection[UserId]
) -> dict[UserId, dict[str, Change]]:
    """Return what each of these users changed, by symbol."""
    found: dict[UserId, dict[str, Change]] = {user_id: {} for user_id in user_ids}
    async with pool.connection() as connection:
        cursor = await connection.execute(_OF_USERS, (list(user_ids),))
        for user_id, *values in await cursor.fetchall():
            found[user_id][values[0]] = Change(*values)
    return found


async def markets_of(session: AsyncSession, user_id: UserId) -> dict[str, str]:
    """Return the markets that the user chose, by symbol."""
    query = select(InstrumentRow.symbol, InstrumentRow.market).where(
        InstrumentRow.user_id == user_id, InstrumentRow.market.is_not(None)
    )
    return {symbol: market for symbol, market in await session.execute(query) if market}


async def change_of(session: AsyncSession, user_id: UserId, symbol: str) -> Change | None:
    """Return what a user changed of one instrument."""
    row = await session.get(InstrumentRow, (user_id, symbol), populate_existing=True)
    return None if row is None else _change(row)


async def count(session: AsyncSession, user_id: UserId) -> int:
    """Return of how many instruments the user changed something."""
    query = select(func.count()).where(InstrumentRow.user_id == user_id)
    return (await session.execute(query)).scalar_one()


async def put(session: AsyncSession, user_id: UserId, change: Change, now: datetime) -> None:
    """Store what a user says of an instrument in place of what was said before."""
    values = {column: getattr(change, column) for column in _CHANGED}
    statement = insert(InstrumentRow).values(
        user_id=user_id, symbol=change.symbol, updated_at=now, **values
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "symbol"], set_={**values, "updated_at": now}
        )
    )


async def drop(session: AsyncSession, user_id: UserId, symbol: str) -> None:
    """Forget what a user said of an instrument."""
    await session.execute(
        delete(InstrumentRow).where(
            InstrumentRow.user_id == user_id, InstrumentRow.symbol == symbol
        )
    )


async def page(
    pool: RawPool,
    user_id: UserId,
    query: str,
    *,
    named: Sequence[str],
    listed: Sequence[str],
    after: str,
    limit: int,
) -> list[Listed]:
    """Return the first `limit` symbols after `after`, by symbol, in one query.

    They are those of the user's and the platform's bars and of the user's changes that contain
    `query` or are among `named`, and those of the provider, `listed`.
    """
    asked = {
        "user_id": user_id,
        "query": query,
        "named": list(named),
        "listed": list(listed),
        "after": after,
        "limit": limit,
    }
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PAGE, asked, prepare=False)
        rows = await cursor.fetchall()
    return [_listed(symbol, list(found)) for symbol, found in groupby(rows, itemgetter("symbol"))]


def _listed(symbol: str, rows: list[dict[str, Any]]) -> Listed:
    change = Change(symbol, **{column: rows[0][column] for column in _CHANGED})
    return Listed(symbol, change if change.fields else None, tuple(_datasets(rows)))


def _datasets(rows: list[dict[str, Any]]) -> Iterator[Dataset]:
    stored = [row for row in rows if row["source"] is not None]
    for source, found in groupby(stored, itemgetter("source")):
        series = list(found)
        gaps = [row["gaps"] for row in series]
        yield Dataset(
            Source(source),
            tuple(sorted((Timeframe(row["timeframe"]) for row in series), key=_FINEST_FIRST.index)),
            min(row["first_at"] for row in series).astimezone(UTC),
            max(row["last_at"] for row in series).astimezone(UTC),
            None if None in gaps else sum(gaps),
        )


_FINEST_FIRST = tuple(Timeframe)


def _change(row: InstrumentRow) -> Change:
    return Change(row.symbol, **{column: getattr(row, column) for column in _CHANGED})
