"""The quotes that users sent, by user and symbol, with what the rules remember."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import RawConnection
from kuber.kernel.ids import UserId
from kuber.market.feed.rules import SymbolMemory
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.models import PushedQuoteRow

_UNTOLD = """
    update pushed_quotes set told = true where not told
    returning user_id, symbol, price, bid, ask, volume, sender, quoted_at
"""


@dataclass(frozen=True, slots=True)
class Pushed:
    """The newest quote that a user sent of a symbol; `sender` is what they call its source."""

    user_id: UserId
    quote: Quote
    sender: str
    memory: SymbolMemory


async def read_pushed(session: AsyncSession, user_id: UserId, symbol: str) -> Pushed | None:
    """Return the newest quote that the user sent of a symbol."""
    row = await session.get(PushedQuoteRow, (user_id, symbol))
    return None if row is None else _pushed(row)


async def newest_pushed(
    session: AsyncSession, user_id: UserId, symbols: Collection[str]
) -> list[Pushed]:
    """Return the newest quotes that the user sent of those of `symbols` that have one."""
    query = select(PushedQuoteRow).where(
        PushedQuoteRow.user_id == user_id, PushedQuoteRow.symbol.in_(symbols)
    )
    return [_pushed(row) for row in await session.scalars(query)]


async def pushed_symbols(session: AsyncSession, user_id: UserId) -> int:
    """Return of how many symbols the user has sent quotes that are kept."""
    query = select(func.count()).where(PushedQuoteRow.user_id == user_id)
    return await session.scalar(query) or 0


async def forget_old(session: AsyncSession, user_id: UserId, before: datetime) -> None:
    """Delete the user's quotes that came before an instant."""
    await session.execute(
        delete(PushedQuoteRow).where(
            PushedQuoteRow.user_id == user_id, PushedQuoteRow.received_at < before
        )
    )


async def store_pushed(
    session: AsyncSession,
    user_id: UserId,
    quote: Quote,
    sender: str,
    received_at: datetime,
    memory: SymbolMemory,
) -> None:
    """Keep a quote in place of the one before."""
    values = {
        "price": quote.price,
        "bid": quote.bid,
        "ask": quote.ask,
        "volume": quote.volume,
        "sender": sender,
        "quoted_at": quote.quoted_at,
        "received_at": received_at,
        "told": False,
        **_remembered(memory),
    }
    kept = insert(PushedQuoteRow).values(user_id=user_id, symbol=quote.symbol, **values)
    await session.execute(
        kept.on_conflict_do_update(index_elements=["user_id", "symbol"], set_=values)
    )


async def remember(
    session: AsyncSession, user_id: UserId, symbol: str, memory: SymbolMemory
) -> None:
    """Keep what the rules know of a symbol after a refusal."""
    await session.execute(
        update(PushedQuoteRow)
        .where(PushedQuoteRow.user_id == user_id, PushedQuoteRow.symbol == symbol)
        .values(**_remembered(memory))
    )


async def take_untold(connection: RawConnection) -> list[Pushed]:
    """Return the quotes that were not announced yet, each once."""
    cursor = await connection.execute(_UNTOLD)
    return [
        Pushed(UserId(user), _quote(symbol, price, bid, ask, volume, at), sender, SymbolMemory())
        for user, symbol, price, bid, ask, volume, sender, at in await cursor.fetchall()
    ]


def _remembered(memory: SymbolMemory) -> dict[str, object]:
    return {
        "last_at": memory.last_at,
        "recent": list(memory.recent),
        "doubted": list(memory.doubted),
    }


def _pushed(row: PushedQuoteRow) -> Pushed:
    return Pushed(
        UserId(row.user_id),
        _quote(row.symbol, row.price, row.bid, row.ask, row.volume, row.quoted_at),
        row.sender,
        SymbolMemory(row.last_at.astimezone(UTC), tuple(row.recent), tuple(row.doubted)),
    )


def _quote(
    symbol: str,
    price: Decimal,
    bid: Decimal | None,
    ask: Decimal | None,
    volume: Decimal | None,
    quoted_at: datetime,
) -> Quote:
    return Quote(symbol, price, bid, ask, volume, FeedSource.PUSHED, quoted_at.astimezone(UTC))
