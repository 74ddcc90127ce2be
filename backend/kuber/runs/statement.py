"""What a user's runs traded: orders and fills with the pipelines that they came from."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import Side
from kuber.kernel.ids import UserId
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import KnownPipeline, Mode
from kuber.runs.repository import RunRepository
from kuber.runs.schemas import OrderFillOut, OrderList, OrderOut
from kuber.trading.orders import JournalOrder, OrderQuery, order_page


async def orders_of(
    session: AsyncSession, pipelines: PipelineService, user_id: UserId, query: OrderQuery
) -> OrderList:
    """Return one page of a user's orders, newest first; deleted pipelines keep their names."""
    orders, cursor = await order_page(session, user_id, query)
    run_ids = {order.run_id for order in orders if order.run_id is not None}
    of_run = await RunRepository(session).pipelines(user_id, run_ids)
    known = await pipelines.known(session, user_id, set(of_run.values()))
    items = []
    for order in orders:
        pipeline_id = of_run.get(order.run_id) if order.run_id else None
        items.append(_out(order, pipeline_id, known.get(pipeline_id) if pipeline_id else None))
    return OrderList(items=items, next_cursor=cursor)


def _out(order: JournalOrder, pipeline_id: UUID | None, pipeline: KnownPipeline | None) -> OrderOut:
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
        filled_quantity=order.filled_quantity,
        average_fill_price=order.average_fill_price,
        created_at=order.created_at,
        answered_at=order.answered_at,
        fills=[OrderFillOut.model_validate(fill, from_attributes=True) for fill in order.fills],
    )
