"""The symbols that a user keeps an eye on, in the user's own order."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limits import one_at_a_time
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.feed.store import quote_of
from kuber.market.feed.types import Quote
from kuber.market.models import QuoteRow, WatchRow
from kuber.market.watchlist.errors import NotWatched, WatchListFull

MAX_WATCHED = 100


@dataclass(frozen=True, slots=True)
class Watched:
    """One symbol of a watch list with its newest quote, None while nobody quotes it."""

    symbol: str
    position: int
    created_at: datetime
    quote: Quote | None


async def read_watch_list(session: AsyncSession, user_id: UserId) -> list[Watched]:
    """Return the user's watch list in its order, with the newest quotes: one query."""
    rows = await session.execute(
        select(WatchRow, QuoteRow)
        .outerjoin(QuoteRow, QuoteRow.symbol == WatchRow.symbol)
        .where(WatchRow.user_id == user_id)
        .order_by(WatchRow.position, WatchRow.symbol)
    )
    return [
        Watched(
            row.symbol,
            place,
            row.created_at.astimezone(UTC),
            quote_of(quote) if quote is not None else None,
        )
        for place, (row, quote) in enumerate(rows)
    ]


async def watch(
    session: AsyncSession, user_id: UserId, symbol: str, position: int | None, now: datetime
) -> None:
    """Put a symbol, which is canonical, on the list, or elsewhere on it. Raises WatchListFull."""
    rows = await _locked_rows(session, user_id)
    row = next((one for one in rows if one.symbol == symbol), None)
    if row is None:
        if len(rows) >= MAX_WATCHED:
            message = f"A watch list holds at most {MAX_WATCHED} symbols."
            remedy = "Remove one that you do not need, then add this one."
            raise WatchListFull(message, [Problem(message, remedy, field="symbol")])
        row = WatchRow(user_id=user_id, symbol=symbol, position=len(rows), created_at=now)
        session.add(row)
    else:
        rows.remove(row)
        position = row.position if position is None else position
    rows.insert(len(rows) if position is None else position, row)
    _number(rows)
    await session.flush()


async def unwatch(session: AsyncSession, user_id: UserId, symbol: str) -> None:
    """Take a symbol off the list. Raises NotWatched."""
    rows = await _locked_rows(session, user_id)
    row = next((one for one in rows if one.symbol == symbol), None)
    if row is None:
        raise NotWatched(f"{symbol} is not on your watch list.")
    rows.remove(row)
    await session.delete(row)
    _number(rows)
    await session.flush()


async def watched_symbols(session: AsyncSession) -> frozenset[str]:
    """Return the symbols that anybody keeps an eye on."""
    return frozenset(await session.scalars(select(WatchRow.symbol).distinct()))


async def _locked_rows(session: AsyncSession, user_id: UserId) -> list[WatchRow]:
    """Return the rows in their order; nobody else changes them until the transaction ends."""
    await one_at_a_time(session, user_id, "watch list")
    found = await session.scalars(
        select(WatchRow)
        .where(WatchRow.user_id == user_id)
        .order_by(WatchRow.position, WatchRow.symbol)
    )
    return list(found)


def _number(rows: list[WatchRow]) -> None:
    for place, row in enumerate(rows):
        row.position = place
