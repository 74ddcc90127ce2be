"""Stored series: how an import brings them in, how an undo takes them back.

A series never changes. An import makes new ones beside those that are read; in one transaction they
get their rows and become active. What they replace is kept for an undo. Dropped series disappear
part by part in the background.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limits import one_at_a_time
from kuber.infra.db import RawConnection, RawPool
from kuber.kernel.ids import UserId, new_id
from kuber.market.importing.facts import FileFacts
from kuber.market.types import Source

KEPT_FOR_UNDO = timedelta(days=7)
_DROPPED_AT_ONCE = 20_000

_USER = bindparam("user_id", type_=Uuid)

_REPLACE = text("""
    UPDATE bar_series SET state = 'replaced', replaced_by = :import_id, replaced_at = :now
    WHERE state = 'active' AND user_id IS NOT DISTINCT FROM :user_id
        AND timeframe = :timeframe AND symbol = any(cast(:symbols AS text[]))
""").bindparams(_USER)

_ADD_SERIES = text("""
    INSERT INTO bar_series (id, user_id, symbol, timeframe, source, state, calendar, import_id,
                            bar_count, first_at, last_at, gaps)
    SELECT new.id, :user_id, new.symbol, :timeframe, :source, 'loading', new.calendar, :import_id,
           new.bars, new.first_at, new.last_at, new.gaps
    FROM unnest(cast(:ids AS uuid[]), cast(:symbols AS text[]), cast(:calendars AS text[]),
                cast(:bars AS int[]), cast(:firsts AS timestamptz[]),
                cast(:lasts AS timestamptz[]), cast(:gaps AS int[]))
        AS new (id, symbol, calendar, bars, first_at, last_at, gaps)
""").bindparams(_USER)

_ACTIVATE = text("""
    UPDATE bar_series SET state = 'active' WHERE import_id = :import_id AND state = 'loading'
""")

_COPY_ROWS = """
    COPY bars (series_id, opened_at, closed_at, open, high, low, close, volume, adj_close)
    FROM STDIN (FORMAT CSV)
"""

# Within its span the new file speaks alone; bars before and behind it stay, if they close by the
# same market.
_KEEP_OUTSIDE = text("""
    INSERT INTO bars (series_id, opened_at, closed_at, open, high, low, close, volume, adj_close)
    SELECT new.id, b.opened_at, b.closed_at, b.open, b.high, b.low, b.close, b.volume, b.adj_close
    FROM bar_series AS new
    JOIN bar_series AS old ON old.replaced_by = new.import_id AND old.symbol = new.symbol
        AND old.calendar = new.calendar AND old.state = 'replaced'
    JOIN bars AS b ON b.series_id = old.id
        AND (b.closed_at <= new.first_at OR b.opened_at >= new.last_at)
    WHERE new.import_id = :import_id AND new.state = 'active'
""")

_COUNT_KEPT = text("""
    UPDATE bar_series AS s SET
        bar_count = counted.bars, first_at = counted.first_at, last_at = counted.last_at,
        gaps = NULL
    FROM (
        SELECT series_id, count(*) AS bars, min(opened_at) AS first_at, max(closed_at) AS last_at
        FROM bars JOIN bar_series ON bar_series.id = series_id
        WHERE bar_series.import_id = :import_id GROUP BY series_id
    ) AS counted
    WHERE s.id = counted.series_id AND s.bar_count <> counted.bars
""")

# What came later may stand on the series of an import, on its actions, or be adjusted for them.
_STANDS = text("""
    SELECT NOT EXISTS (
        SELECT FROM bar_series WHERE import_id = :import_id AND state <> 'active'
    ) AND NOT EXISTS (
        SELECT FROM corporate_actions WHERE import_id = :import_id AND state <> 'active'
    ) AND NOT EXISTS (
        SELECT FROM series_splits AS kept JOIN bar_series AS s ON s.id = kept.series_id
        WHERE kept.told_by = :import_id AND s.import_id <> :import_id AND s.state = 'active'
    )
""")
_LATER = text("""
    SELECT filename FROM bar_imports
    WHERE status = 'done' AND id <> :import_id AND id IN (
        SELECT replaced_by FROM bar_series WHERE import_id = :import_id AND state <> 'active'
        UNION SELECT replaced_by FROM corporate_actions
        WHERE import_id = :import_id AND state <> 'active'
        UNION SELECT s.import_id
        FROM series_splits AS kept JOIN bar_series AS s ON s.id = kept.series_id
        WHERE kept.told_by = :import_id AND s.state = 'active'
    )
    ORDER BY id DESC LIMIT 1
""")
_FORGET_ACTIONS = text("DELETE FROM corporate_actions WHERE import_id = :import_id")
_BRING_ACTIONS_BACK = text("""
    UPDATE corporate_actions SET state = 'active', replaced_by = NULL, replaced_at = NULL
    WHERE replaced_by = :import_id
""")
_DROP_IMPORTED = text(
    "UPDATE bar_series SET state = 'dropped' WHERE import_id = :import_id AND state = 'active'"
)
_BRING_BACK = text("""
    UPDATE bar_series SET state = 'active', replaced_by = NULL, replaced_at = NULL
    WHERE replaced_by = :import_id AND state = 'replaced'
    RETURNING symbol
""")
_DROP_SYMBOL = text("""
    UPDATE bar_series SET state = 'dropped'
    WHERE user_id = :user_id AND symbol = :symbol AND state <> 'dropped'
    RETURNING id
""").bindparams(_USER)
_DROP_ACTIONS = text("""
    DELETE FROM corporate_actions WHERE user_id = :user_id AND symbol = :symbol
    RETURNING id
""").bindparams(_USER)
_FORGET_REPLACED = """
    DELETE FROM corporate_actions WHERE state = 'replaced' AND replaced_at < %s
"""
_DROP_OUTDATED = """
    UPDATE bar_series SET state = 'dropped' WHERE state = 'replaced' AND replaced_at < %s
"""
_FIND_DROPPED = """
    SELECT id FROM bar_series WHERE state = 'dropped' ORDER BY id LIMIT 1
    FOR UPDATE SKIP LOCKED
"""
_DELETE_BARS = """
    DELETE FROM bars WHERE series_id = %(id)s AND opened_at IN (
        SELECT opened_at FROM bars WHERE series_id = %(id)s ORDER BY opened_at LIMIT %(most)s
    )
"""
_DELETE_SERIES = "DELETE FROM bar_series WHERE id = %s"


async def add_series(
    session: AsyncSession,
    user_id: UserId | None,
    import_id: UUID,
    source: Source,
    facts: FileFacts,
) -> Mapping[str, UUID]:
    """Make the series of a file and return them by symbol: their rows have to follow."""
    ids = {one.symbol: new_id() for one in facts.symbols}
    await session.execute(
        _ADD_SERIES,
        {
            "user_id": user_id,
            "import_id": import_id,
            "timeframe": _timeframe(facts),
            "symbols": list(ids),
            "source": source.value,
            "ids": list(ids.values()),
            "calendars": [one.calendar for one in facts.symbols],
            "bars": [one.bars for one in facts.symbols],
            "firsts": [one.first_at for one in facts.symbols],
            "lasts": [one.last_at for one in facts.symbols],
            "gaps": [one.gaps for one in facts.symbols],
        },
    )
    return ids


def _timeframe(facts: FileFacts) -> str:
    assert facts.timeframe is not None, "a file of bars"
    return facts.timeframe.value


async def copy_rows(session: AsyncSession, rows: AsyncIterator[bytes]) -> None:
    """Store the rows of series, given as CSV, in the transaction that made these: each part by a
    statement of its own, so that the checks at its end are short."""
    held = await (await session.connection()).get_raw_connection()
    connection = cast(RawConnection, held.driver_connection)
    async with connection.cursor() as cursor:
        async for part in rows:
            async with cursor.copy(_COPY_ROWS) as copy:
                await copy.write(part)


async def activate(
    session: AsyncSession,
    user_id: UserId | None,
    import_id: UUID,
    facts: FileFacts,
    now: datetime,
) -> None:
    """Let the series of an import be read in place of those before, whose bars outside of the new
    ones' span they take over.

    Whoever activates or undoes for the same user waits until this transaction ends.
    """
    if user_id is not None:
        await one_at_a_time(session, user_id, "imports")
    asked = {
        "user_id": user_id,
        "import_id": import_id,
        "timeframe": _timeframe(facts),
        "symbols": [one.symbol for one in facts.symbols],
        "now": now,
    }
    for statement in (_REPLACE, _ACTIVATE, _KEEP_OUTSIDE, _COUNT_KEPT):
        await session.execute(statement, asked)


async def later_file(session: AsyncSession, import_id: UUID) -> str | None:
    """Return the name of the newest file that stands on an import; None where there is none."""
    return cast("str | None", await session.scalar(_LATER, {"import_id": import_id}))


async def take_back(session: AsyncSession, user_id: UserId, import_id: UUID) -> bool:
    """Undo an import: what it had replaced is read again.

    False, and nothing is changed, when another import has replaced some of it.
    """
    await one_at_a_time(session, user_id, "imports")
    asked = {"import_id": import_id}
    if not await session.scalar(_STANDS, asked):
        return False
    for statement in (_DROP_IMPORTED, _BRING_BACK, _FORGET_ACTIONS, _BRING_ACTIONS_BACK):
        await session.execute(statement, asked)
    return True


async def drop_symbol(session: AsyncSession, user_id: UserId, symbol: str) -> bool:
    """Drop all that the user imported for a symbol, its splits and dividends too; False when there
    is nothing."""
    await one_at_a_time(session, user_id, "imports")
    asked = {"user_id": user_id, "symbol": symbol}
    found = [(await session.execute(one, asked)).all() for one in (_DROP_SYMBOL, _DROP_ACTIONS)]
    return any(found)


async def delete_dropped(pool: RawPool, now: datetime) -> int:
    """Delete some bars of series that nobody reads any more; returns how many."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(_DROP_OUTDATED, (now - KEPT_FOR_UNDO,))
        await connection.execute(_FORGET_REPLACED, (now - KEPT_FOR_UNDO,))
        found = await (await connection.execute(_FIND_DROPPED)).fetchone()
        if found is None:
            return 0
        asked = {"id": found[0], "most": _DROPPED_AT_ONCE}
        deleted = (await connection.execute(_DELETE_BARS, asked)).rowcount
        if deleted < _DROPPED_AT_ONCE:
            await connection.execute(_DELETE_SERIES, (found[0],))
        return max(1, deleted)
