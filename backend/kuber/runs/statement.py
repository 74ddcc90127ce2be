"""What a user traded: orders and fills with the runs and pipelines that they came from."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.brokers.port import Side
from kuber.kernel.ids import UserId
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import KnownPipeline, Mode
from kuber.runs.order_schemas import (
    CommissionOut,
    OrderFillOut,
    OrderList,
    OrderOut,
    OrderTotalsOut,
    PositionDetail,
)
from kuber.runs.repository import RunRepository
from kuber.trading.lifecycle import OPEN
from kuber.trading.orders import (
    JournalOrder,
    OrderQuery,
    OrderTotals,
    order_of,
    order_page,
    order_totals,
    orders_of_position,
    orders_with,
)
from kuber.trading.origins import OriginKind
from kuber.trading.positions.reading import position_of
from kuber.trading.positions.waiting import waits_of_order


async def orders_of(
    session: AsyncSession,
    pipelines: PipelineService,
    user_id: UserId,
    query: OrderQuery,
    now: datetime,
) -> OrderList:
    """Return one page of a user's orders, newest first; deleted pipelines keep their names."""
    orders, cursor = await order_page(session, user_id, query)
    totals = await order_totals(session, user_id, query)
    items = await _shown(session, pipelines, user_id, orders, now)
    return OrderList(items=items, next_cursor=cursor, totals=_totals(totals))


async def orders_by_id(
    session: AsyncSession,
    pipelines: PipelineService,
    user_id: UserId,
    order_ids: Collection[UUID],
    now: datetime,
) -> dict[UUID, OrderOut]:
    """Return those of the orders that are the user's, by id."""
    orders = await orders_with(session, user_id, order_ids)
    return {order.id: order for order in await _shown(session, pipelines, user_id, orders, now)}


async def one_order(
    session: AsyncSession,
    pipelines: PipelineService,
    user_id: UserId,
    order_id: UUID,
    now: datetime,
) -> OrderOut:
    """Return one of a user's orders. Raises OrderNotFound."""
    order = await order_of(session, user_id, order_id)
    (found,) = await _shown(session, pipelines, user_id, [order], now)
    return found


async def position_detail(
    session: AsyncSession,
    pipelines: PipelineService,
    user_id: UserId,
    position_id: UUID,
    now: datetime,
) -> PositionDetail:
    """Return one of a user's positions with its orders. Raises PositionNotFound."""
    position = await position_of(session, user_id, position_id, now)
    orders = await orders_of_position(session, user_id, position_id)
    shown = await _shown(session, pipelines, user_id, orders, now)
    return PositionDetail(**dict(position), orders=shown)


async def _shown(
    session: AsyncSession,
    pipelines: PipelineService,
    user_id: UserId,
    orders: Sequence[JournalOrder],
    now: datetime,
) -> list[OrderOut]:
    """Return orders with their causes, which are read for all of them at once."""
    run_ids = {order.place.run_id for order in orders if order.place.run_id is not None}
    causes = await RunRepository(session).causes(user_id, run_ids)
    named = {order.place.pipeline_id for order in orders if order.place.pipeline_id is not None}
    known = await pipelines.known(
        session, user_id, named | {pipeline for pipeline, _ in causes.values()}
    )
    items = []
    for order in orders:
        run_id = order.place.run_id
        pipeline_id, as_of = (causes.get(run_id) if run_id else None) or (None, None)
        pipeline_id = pipeline_id or order.place.pipeline_id
        pipeline = known.get(pipeline_id) if pipeline_id else None
        items.append(_out(order, pipeline_id, as_of, pipeline, now))
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
    now: datetime,
) -> OrderOut:
    terms, place = order.terms, order.place
    by_run = place.origin is OriginKind.RUN
    return OrderOut(
        id=order.id,
        account_id=order.account_id,
        origin=place.origin,
        execution_id=place.run_id,
        pipeline_id=pipeline_id,
        pipeline_name=pipeline.name if pipeline else None,
        pipeline_deleted=pipeline.deleted if pipeline else by_run,
        position_id=place.position_id,
        effect=place.effect,
        leg=place.leg,
        attempt=place.attempt,
        order_group=place.order_group,
        replaces=place.replaces,
        mode=Mode(order.mode),
        symbol=order.symbol,
        side=Side(order.side),
        type=terms.type,
        time_in_force=terms.time_in_force,
        extended_hours=terms.extended_hours,
        quantity=order.quantity,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        trail_amount=terms.trail_amount,
        trail_percent=terms.trail_percent,
        stop_loss=order.stop,
        targets=list(order.targets),
        reference_price=order.reference_price,
        status=order.status,
        reason=order.reason,
        waits_for=terms.waits_for,
        waits=waits_of_order(
            order.symbol,
            terms.waits_for,
            now,
            live=order.status in OPEN,
            extended_hours=terms.extended_hours,
        ),
        settlement_status=terms.settlement_status,
        estimated=order.estimated,
        remaining=terms.remaining,
        client_order_id=place.caller_reference,
        expires_at=terms.expires_at,
        filled_quantity=order.filled_quantity,
        average_fill_price=order.average_fill_price,
        commission=order.commission,
        as_of=as_of,
        created_at=order.created_at,
        answered_at=order.answered_at,
        fills=[OrderFillOut.model_validate(fill, from_attributes=True) for fill in order.fills],
    )
