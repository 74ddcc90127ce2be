"""`/api/v1/orders`: what was traded, and orders by hand."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from kuber.api.deps import AccountReader, Caller, ContainerDep, CurrentUser, Db, Outcome
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute, KeyHeader
from kuber.api.v1.common import CorrelationId, Cursor, Limit
from kuber.kernel.ids import UserId
from kuber.pipelines.types import Mode
from kuber.runs.order_schemas import ClosePending, OrderList, OrderOut, OrderState
from kuber.runs.statement import one_order, orders_of
from kuber.trading.orders import OrderQuery
from kuber.trading.tickets.cancelling import cancel_order as cancelled
from kuber.trading.tickets.placing import Placed, require_taken
from kuber.trading.tickets.schemas import OrderTicket

router = APIRouter(prefix="/orders", tags=["orders"], route_class=IdempotentRoute)


@router.get("", operation_id="list_orders")
async def list_orders(
    container: ContainerDep,
    session: Db,
    user: AccountReader,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
    mode: Mode | None = None,
    state: Annotated[
        OrderState | None,
        Query(description="`open`: something may still happen to it; `ended`; both if left out."),
    ] = None,
    account_id: UUID | None = None,
    position_id: UUID | None = None,
    execution_id: Annotated[
        UUID | None,
        Query(description="Orders of a run, and those of the position that it opened."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrderList:
    """Return the caller's orders with their fills, newest first; nothing deletes one."""
    query = OrderQuery(symbol, mode, state, account_id, position_id, execution_id, cursor, limit)
    now = container.clock.now()
    return await orders_of(session, container.pipelines, user.user_id, query, now)


async def _placed(
    ticket: OrderTicket,
    container: ContainerDep,
    user: Caller,
    correlation_id: CorrelationId,
    key: KeyHeader = None,
) -> Outcome[Placed]:
    """Place the order before the request's transaction: the order service has to see it."""
    placing = container.tickets.place(user.user_id, ticket, key, correlation_id)
    return await Outcome.of(placing)


_PLACED = Depends(_placed)


@router.post(
    "",
    status_code=201,
    operation_id="place_order",
    dependencies=[_PLACED, IDEMPOTENT],
    responses={202: {"model": ClosePending}},
)
async def place_order(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    placed: Annotated[Outcome[Placed], _PLACED],
    response: Response,
) -> OrderOut | ClosePending:
    """Place an order by hand, and return it as it stands after at most three seconds.

    It opens a position with the exit plan of `stop_loss` and `take_profit`, or closes one that you
    opened by hand. What the venue or the account would refuse is refused before anything is
    written: 422 with the code of the rule and the field. 202: the order service has not made the
    order that closes yet.
    """
    found = placed.get()
    if found.order_id is None:
        assert found.closes is not None, "it opens or closes"
        response.status_code = 202
        return ClosePending(position_id=found.closes)
    order = await _read(container, session, user.user_id, found.order_id)
    require_taken(order.status, order.reason)
    return order


@router.get("/{order_id}", operation_id="get_order")
async def get_order(
    order_id: UUID, container: ContainerDep, session: Db, user: AccountReader
) -> OrderOut:
    """Return one order with its fills."""
    return await _read(container, session, user.user_id, order_id)


@router.delete("/{order_id}", operation_id="cancel_order", responses={202: {"model": OrderOut}})
async def cancel_order(
    order_id: UUID,
    container: ContainerDep,
    user: Caller,
    correlation_id: CorrelationId,
    response: Response,
) -> OrderOut:
    """Take back what is not filled of an order that opens a position; what was filled stays.

    202: the order service has not done it yet. Codes: cannot_cancel.
    """
    now = container.clock.now()
    if not await cancelled(container.database, user.user_id, order_id, correlation_id, now):
        response.status_code = 202
    async with container.database.transaction() as session:
        return await _read(container, session, user.user_id, order_id)


async def _read(container: ContainerDep, session: Db, user_id: UserId, order_id: UUID) -> OrderOut:
    return await one_order(session, container.pipelines, user_id, order_id, container.clock.now())
