"""Reading and writing scanners. Private to the package."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor, rows_that_fit
from kuber.kernel.ids import UserId
from kuber.market.models import ScannerRow
from kuber.market.scanners.types import ScannerKind
from kuber.market.symbols import stored_symbol

MAX_TICKERS_OF_A_PAGE = 20_000
"""A page ends early when its scanners hold more: writing it down would hold up others."""

_CHANNEL = "kuber_subscriptions"  # the dispatchers listen to it


async def find(
    session: AsyncSession, user_id: UserId, scanner_id: UUID, *, lock: bool = False
) -> ScannerRow | None:
    """Return one scanner of one user."""
    query = select(ScannerRow).where(ScannerRow.id == scanner_id, ScannerRow.user_id == user_id)
    if lock:
        query = query.with_for_update()
    return (await session.scalars(query)).one_or_none()


async def count(session: AsyncSession, user_id: UserId) -> int:
    """Return how many scanners a user has."""
    query = select(func.count()).where(ScannerRow.user_id == user_id)
    return (await session.execute(query)).scalar_one()


async def page(
    session: AsyncSession, user_id: UserId, cursor: str | None, limit: int
) -> tuple[list[ScannerRow], str | None]:
    """Return one page by name, and the cursor of the next, None on the last page."""
    size = func.cardinality(ScannerRow.tickers)
    query = select(ScannerRow.name, ScannerRow.id, size).where(ScannerRow.user_id == user_id)
    if cursor:
        name, row_id = decode_cursor(cursor, 2)
        try:
            after = UUID(row_id)
        except ValueError as error:
            raise bad_cursor() from error
        query = query.where(tuple_(ScannerRow.name, ScannerRow.id) > tuple_(name, after))
    order = (ScannerRow.name, ScannerRow.id)
    found = (await session.execute(query.order_by(*order).limit(limit + 1))).all()
    kept = found[: rows_that_fit([row[2] for row in found[:limit]], MAX_TICKERS_OF_A_PAGE)]
    whole = select(ScannerRow).where(ScannerRow.id.in_([row.id for row in kept])).order_by(*order)
    rows = list((await session.scalars(whole)).all())
    more = len(found) > len(kept)
    return rows, encode_cursor(kept[-1].name, str(kept[-1].id)) if more else None


async def tickers(
    session: AsyncSession, scanner_ids: Collection[UUID]
) -> dict[UUID, tuple[str, ...]]:
    """Return the tickers of scanners, whoever owns them; one that is gone is left out."""
    query = select(ScannerRow.id, ScannerRow.tickers).where(
        ScannerRow.id == func.any(list(scanner_ids))
    )
    return {
        row.id: tuple(dict.fromkeys(map(stored_symbol, row.tickers)))
        for row in await session.execute(query)
    }


async def take_due(
    session: AsyncSession,
    now: datetime,
    lease: timedelta,
    limit: int,
    *,
    kind: ScannerKind,
    per_user: int,
) -> list[ScannerRow]:
    """Return scanners that are due and put them off by `lease`, so that nobody else takes them.

    At most `per_user` of each user; the longest due of everybody before the second of anybody.
    Rows that another instance is taking at this moment are passed over.
    """
    is_due = and_(ScannerRow.next_refresh_at <= now, ScannerRow.kind == kind.value)
    rank = func.row_number().over(
        partition_by=ScannerRow.user_id, order_by=(ScannerRow.next_refresh_at, ScannerRow.id)
    )
    ranked = select(ScannerRow.id, rank.label("rank")).where(is_due).subquery()
    query = (
        select(ScannerRow)
        .join(ranked, ranked.c.id == ScannerRow.id)
        # Asked again of the locked row: another instance may have taken it just before.
        .where(is_due, ranked.c.rank <= per_user)
        .order_by(ranked.c.rank, ScannerRow.next_refresh_at)
        .limit(limit)
        .with_for_update(of=ScannerRow, skip_locked=True)
    )
    rows = list((await session.scalars(query)).all())
    for row in rows:
        row.next_refresh_at = now + lease
    await session.flush()
    return rows


async def announce_change(session: AsyncSession, scanner_id: UUID) -> None:
    """Tell every dispatcher, once this transaction commits, that the tickers are others."""
    await session.execute(
        text("select pg_notify(:channel, :what)"),
        {"channel": _CHANNEL, "what": f"scanner:{scanner_id}"},
    )
