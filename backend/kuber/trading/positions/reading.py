"""Positions as they are read: as the order service wrote them, at the newest prices."""

from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import Side
from kuber.kernel.ids import UserId
from kuber.kernel.money import quantize
from kuber.ledger.units import plain
from kuber.market.feed.store import newest_quotes
from kuber.trading.models import PositionRow
from kuber.trading.positions.schemas import PositionOut, PositionStatus, TargetOut

_PLACES = 8


async def positions_by_id(
    session: AsyncSession, user_id: UserId, position_ids: Collection[UUID]
) -> dict[UUID, PositionOut]:
    """Return those of the positions that are the user's, by id."""
    if not position_ids:
        return {}
    query = select(PositionRow).where(
        PositionRow.user_id == user_id, PositionRow.id.in_(position_ids)
    )
    rows = (await session.scalars(query)).all()
    quotes = await newest_quotes(session, {row.symbol for row in rows})
    prices = {quote.symbol: quote.price for quote in quotes}
    return {row.id: shown(row, prices.get(row.symbol)) for row in rows}


def shown(row: PositionRow, last_price: Decimal | None) -> PositionOut:
    """Return a position as the API shows it."""
    return PositionOut(
        id=row.id,
        account_id=row.account_id,
        mode=row.mode,
        symbol=row.symbol,
        pipeline_id=row.pipeline_id,
        execution_id=row.run_id,
        side=row.side,
        quantity=_tidy(row.quantity),
        average_price=_tidied(row.average_price),
        last_price=_tidied(last_price),
        unrealised_pnl=_unrealised(row, last_price),
        realised_pnl=_tidy(row.realised_pnl),
        stop=_tidied(row.stop),
        targets=[TargetOut(**one) for one in row.targets["items"]],
        protected_by=row.protected_by,
        status=cast(PositionStatus, row.status),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        exit_reason=row.exit_reason,
    )


def _unrealised(row: PositionRow, last_price: Decimal | None) -> Decimal | None:
    """Return what closing all of it at the last price would bring, before fees."""
    if not row.quantity or row.average_price is None:
        return Decimal(0)
    if last_price is None:
        return None
    gain = (last_price - row.average_price) * row.quantity
    return _tidy(quantize(gain if row.side == Side.BUY else -gain, _PLACES, ROUND_HALF_UP))


def _tidied(price: Decimal | None) -> Decimal | None:
    return None if price is None else _tidy(price)


def _tidy(amount: Decimal) -> Decimal:
    """Return an amount without the zeros that the column's scale adds."""
    return Decimal(plain(amount))
