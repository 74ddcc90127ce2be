"""Tickets against an own position that was opened by hand: they close it, whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import raw_connection
from kuber.kernel.ids import UserId, new_id
from kuber.kernel.orders import OrderType
from kuber.ledger.units import plain
from kuber.trading.asking import call
from kuber.trading.management.position import Status
from kuber.trading.models import PositionRow, RequestRow
from kuber.trading.order_service.admitting import BY_HAND
from kuber.trading.order_types import RequestKind
from kuber.trading.tickets.errors import TicketRefused
from kuber.trading.tickets.schemas import OrderTicket

CLOSES = """
    select exists (
        select from order_requests r where r.id = :request
          and (r.outcome is not null
               or exists (select from orders o where o.position_id = r.target
                          and o.leg = 'close' and o.created_at >= r.requested_at))
    )
"""
"""Whether the order service has made the order that closes, or said that there is none."""
_CLOSING = """
    select r.outcome, (select o.id from orders o where o.position_id = r.target
                       and o.leg = 'close' and o.created_at >= r.requested_at
                       order by o.created_at desc limit 1)
    from order_requests r where r.id = %s
"""


@dataclass(frozen=True, slots=True)
class Closing:
    """A ticket that closed a position; `asked` is the digest of the ticket."""

    position_id: UUID
    asked: str | None


async def closed_by(
    session: AsyncSession, account_id: UUID, symbol: str, ticket: OrderTicket
) -> list[UUID]:
    """Return the positions by hand that a ticket closes, none when it opens one.

    Raises TicketRefused when it would close a part, or not at the market.
    """
    query = select(PositionRow.id, PositionRow.quantity).where(
        PositionRow.account_id == account_id,
        PositionRow.symbol == symbol,
        PositionRow.owner == BY_HAND,
        PositionRow.side == ticket.side.opposite.value,
        PositionRow.status.in_([Status.OPENING.value, Status.OPEN.value]),
        PositionRow.quantity > 0,
    )
    rows = await session.execute(query.order_by(PositionRow.created_at, PositionRow.id))
    held = {row.id: row.quantity for row in rows}
    if not held:
        return []
    if ticket.type is not OrderType.MARKET:
        raise TicketRefused(
            "closes_at_market",
            f"You hold {symbol} the other way; an order by hand closes that at the market.",
            "Choose the type market, or close the position on its page.",
            "type",
        )
    total = sum(held.values(), Decimal(0))
    if ticket.quantity == total:
        return list(held)
    one = next((id_ for id_, quantity in held.items() if quantity == ticket.quantity), None)
    if one is not None:
        return [one]
    raise TicketRefused(
        "partial_close",
        f"You hold {plain(total)} {symbol} the other way; an order by hand closes all of it, and"
        " none turns it round.",
        f"Give the quantity {plain(total)}, or close a part on the position's page.",
        "notional" if ticket.quantity is None else "quantity",
    )


async def ask_to_close(
    session: AsyncSession,
    user_id: UserId,
    name: UUID,
    what: Closing,
    positions: Sequence[UUID],
    correlation_id: str,
    now: datetime,
) -> None:
    """Ask the order service to close positions; the request for the first is called `name`."""
    for number, position_id in enumerate(positions):
        session.add(
            RequestRow(
                id=new_id() if number else name,
                user_id=user_id,
                kind=RequestKind.CLOSE_POSITION.value,
                target=position_id,
                args={"asked": what.asked, "reason": "order by hand"},
                correlation_id=correlation_id,
                requested_at=now,
            )
        )
    await session.flush()
    await call(session)


async def asked_before(session: AsyncSession, name: UUID) -> Closing | None:
    """Return what a ticket of this name closed when it was sent before, None if it was not."""
    row = await session.get(RequestRow, name)
    return None if row is None else Closing(row.target, row.args.get("asked"))


async def closing_order(session: AsyncSession, name: UUID) -> UUID | None:
    """Return the order that closes, None before there is one. Raises TicketRefused."""
    connection = await raw_connection(session)
    row: Any = await (await connection.execute(_CLOSING.encode(), (name,))).fetchone()
    assert row is not None, "the request is on record"
    outcome, order_id = row
    if outcome is not None:
        raise TicketRefused("position_closed", outcome, "Look at your positions again.", "symbol")
    return None if order_id is None else UUID(str(order_id))
