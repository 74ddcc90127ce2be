"""What a user's runs traded: orders and fills with the pipelines that they came from."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import Side
from kuber.kernel.ids import UserId
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import KnownPipeline, Mode
from kuber.runs.repository import RunRepository
from kuber.runs.schemas import (
    CommissionOut,
    OrderFillOut,
    OrderList,
    OrderOut,
    OrderTotalsOut,
)
from kuber.trading.orders import (
    JournalOrder,
    OrderQuery,
    OrderTotals,
    order_page,
    order_totals,
    orders_with,
)


async def orders_of(
    session: AsyncSession, pipelines: PipelineService, user_id: UserId, query: OrderQuery
) -> OrderList:
    """Return one page of a user's orders, newest first; deleted pipelines keep their names."""
    orders, cursor = await order_page(session, user_id, query)
    totals = await order_totals(session, user_id, query)
    items = await _shown(session, pipelines, user_id, orders)
    return OrderList(items=items, next_cursor=cursor, totals=_totals(totals))


async def orders_by_id(
    session: AsyncSession, pipelines: PipelineService, user_id: UserId, order_ids: Collection[UUID]
) -> dict[UUID, OrderOut]:
    """Return those of the orders that are the user's, by id."""
    orders = await orders_with(session, user_id, order_ids)
    return {order.id: order for order in await _shown(session, pipelines, user_id, orders)}


async def _shown(
    session: AsyncSession,
    pipelines: PipelineService,
    user_id: UserId,
    orders: Sequence[JournalOrder],
) -> list[OrderOut]:
    run_ids = {order.run_id for order in orders if order.run_id is not None}
    causes = await RunRepository(session).causes(user_id, run_ids)
    known = await pipelines.known(session, user_id, {pipeline for pipeline, _ in causes.values()})
    items = []
    for order in orders:
        pipeline_id, as_of = (causes.get(order.run_id) if order.run_id else None) or (None, None)
        pipeline = known.get(pipeline_id) if pipeline_id else None
        items.append(_out(order, pipeline_id, as_of, pipeline))
    return items


def _totals(totals: OrderTotals) -> OrderTotalsOut:
    return OrderTotalsOut(
        orders=totals.orders,
        filled=totals.filled,
        commissions=[
            CommissionOut(currency=currency, amount=amount)
            for currency, amount in totals.commissions.items()
        ],
    )


def _out(
    order: JournalOrder,
    pipeline_id: UUID | None,
    as_of: datetime | None,
    pipeline: KnownPipeline | None,
) -> OrderOut:
    return OrderOut(
        id=order.id,
        account_id=order.account_id,
        execution_id=order.run_id,
        pipeline_id=pipeline_id,
        pipeline_name=pipeline.name if pipeline else None,
        pipeline_deleted=pipeline.deleted if pipeline else True,
        mode=Mode(order.mode),
        symbol=order.symbol,
        side=Side(order.side),
        quantity=order.quantity,
        reference_price=order.reference_price,
        status=order.status,
        reason=order.reason,
        estimated=order.estimated,
        filled_quantity=order.filled_quantity,
        average_fill_price=order.average_fill_price,
        commission=order.commission,
        as_of=as_of,
        created_at=order.created_at,
        answered_at=order.answered_at,
        fills=[OrderFillOut.model_validate(fill, from_attributes=True) for fill in order.fills],
    )
