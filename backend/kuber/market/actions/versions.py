"""A version of a series with other splits: a copy of its bars, which takes its place."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import new_id
from kuber.market.actions.repository import KeptSplit, keep_splits

_COPIED_AT_ONCE = 100_000
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

_ADD_COPY = text("""
    INSERT INTO bar_series (id, user_id, symbol, timeframe, source, state, calendar, import_id,
                            bar_count, first_at, last_at, gaps)
    SELECT :new_id, user_id, symbol, timeframe, source, 'loading', calendar, :import_id,
           bar_count, first_at, last_at, gaps
    FROM bar_series WHERE id = :old_id
""")
_COPY_BARS = text("""
    WITH part AS (
        INSERT INTO bars
            (series_id, opened_at, closed_at, open, high, low, close, volume, adj_close)
        SELECT :new_id, opened_at, closed_at, open, high, low, close, volume, adj_close
        FROM bars WHERE series_id = :old_id AND opened_at > :after
        ORDER BY opened_at LIMIT :most
        RETURNING opened_at
    )
    SELECT count(*), max(opened_at) FROM part
""")
_REPLACE = text("""
    UPDATE bar_series SET state = 'replaced', replaced_by = :import_id, replaced_at = :now
    WHERE id = :old_id
""")
_ACTIVATE = text("UPDATE bar_series SET state = 'active' WHERE id = :new_id")


async def make_version(
    session: AsyncSession,
    series_id: UUID,
    import_id: UUID,
    splits: Collection[KeptSplit],
    now: datetime,
    heard: Callable[[], Awaitable[None]],
) -> None:
    """Let a copy of a series be read in its place, adjusted for `splits`; the old one is kept for
    an undo. `heard` is told after each part of the bars."""
    asked = {"new_id": new_id(), "old_id": series_id, "import_id": import_id, "now": now}
    await session.execute(_ADD_COPY, asked)
    count, after = _COPIED_AT_ONCE, _BEGINNING
    while count == _COPIED_AT_ONCE:
        part = asked | {"after": after, "most": _COPIED_AT_ONCE}
        count, after = (await session.execute(_COPY_BARS, part)).one()
        await heard()
    await keep_splits(session, asked["new_id"], splits)  # type: ignore[arg-type]
    await session.execute(_REPLACE, asked)
    await session.execute(_ACTIVATE, asked)
