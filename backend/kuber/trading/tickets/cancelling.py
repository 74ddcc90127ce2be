"""Taking an order back: the order service does it, and says why it cannot be done."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import Database
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.trading.asking import ask, wait_until
from kuber.trading.lifecycle import OPEN
from kuber.trading.models import RequestRow
from kuber.trading.order_types import OrderEffect, RequestKind
from kuber.trading.orders import JournalOrder, order_of
from kuber.trading.tickets.errors import CannotCancel

WAITS_S = 2.0
_DONE = "select done_at is not null from order_requests where id = :id"
_ENDED = """
    select exists (select from orders where id = :id
                   and status not in ('intended', 'submitted', 'working', 'partially_filled'))
"""


async def cancel_order(
    database: Database,
    user_id: UserId,
    order_id: UUID,
    correlation_id: str,
    now: datetime,
    waits_s: float = WAITS_S,
) -> bool:
    """Ask that what is not filled of an order is taken back; return whether it has ended.

    Raises OrderNotFound, CannotCancel.
    """
    async with database.transaction() as session:
        _require_cancellable(await order_of(session, user_id, order_id))
        kind = RequestKind.CANCEL_ORDER
        (request,) = await ask(session, user_id, kind, [order_id], {}, correlation_id, now)
    if not await wait_until(database, _DONE, {"id": request}, waits_s):
        return False
    async with database.transaction() as session:
        await _require_done(session, request)
    return await wait_until(database, _ENDED, {"id": order_id}, 0)


def _require_cancellable(order: JournalOrder) -> None:
    if order.status not in OPEN:
        message = f"The order has ended already: it is {order.status.value.replace('_', ' ')}."
        raise CannotCancel(message, [Problem(message, "Look at the order again.")])
    if order.place.effect is OrderEffect.CLOSE:
        message = "The order protects or closes a position."
        remedy = "Close the position instead; its orders are taken back with it."
        raise CannotCancel(message, [Problem(message, remedy)])


async def _require_done(session: AsyncSession, request: UUID) -> None:
    row = await session.get(RequestRow, request)
    assert row is not None, "it was asked for"
    if row.outcome is not None:
        raise CannotCancel(row.outcome, [Problem(row.outcome, "Look at the order again.")])
