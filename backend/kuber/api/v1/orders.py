"""`/api/v1/orders`: what runs traded."""

from typing import Annotated

from fastapi import APIRouter, Query

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.v1.common import Cursor, Limit
from kuber.pipelines.types import Mode
from kuber.runs.schemas import OrderList
from kuber.runs.statement import orders_of
from kuber.trading.orders import OrderQuery

router = APIRouter(prefix="/orders", tags=["orders"])


@router.get("", operation_id="list_orders")
async def list_orders(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
    mode: Mode | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrderList:
    """Return the caller's orders with their fills, newest first; nothing deletes one."""
    query = OrderQuery(symbol, mode, cursor, limit)
    return await orders_of(session, container.pipelines, user.user_id, query)
