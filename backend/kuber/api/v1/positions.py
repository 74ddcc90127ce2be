"""`/api/v1/positions`: what is held, and how it is closed."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from kuber.api.deps import AccountReader, ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import CorrelationId, Cursor, Limit
from kuber.pipelines.types import Mode
from kuber.runs.order_schemas import PositionDetail
from kuber.runs.statement import position_detail
from kuber.trading.positions.closing import close_all, close_one
from kuber.trading.positions.reading import PositionQuery, position_page
from kuber.trading.positions.schemas import (
    CloseAllBody,
    CloseAllOut,
    CloseBody,
    PositionList,
    PositionOut,
)

router = APIRouter(prefix="/positions", tags=["positions"], route_class=IdempotentRoute)


@router.get("", operation_id="list_positions")
async def list_positions(
    container: ContainerDep,
    session: Db,
    user: AccountReader,
    status: Annotated[
        Literal["open", "closed"] | None,
        Query(description="`open` are all that are not closed; both when left out."),
    ] = None,
    mode: Mode | None = None,
    pipeline_id: UUID | None = None,
    account_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PositionList:
    """Return the caller's positions at the newest prices, newest first."""
    query = PositionQuery(status, mode, pipeline_id, account_id, cursor, limit)
    return await position_page(session, user.user_id, query, container.clock.now())


@router.post(
    "/close-all", status_code=202, operation_id="close_all_positions", dependencies=[IDEMPOTENT]
)
async def close_all_positions(
    body: CloseAllBody,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    correlation_id: CorrelationId,
) -> CloseAllOut:
    """Close all positions of one mode at the market; their stops and targets are taken back.

    More than one needs `confirm`: without it the answer is 422 and says how many they are, of which
    mode and account, and for about how much. Codes: confirmation_needed.
    """
    return await close_all(session, user.user_id, body, correlation_id, container.clock.now())


@router.get("/{position_id}", operation_id="get_position")
async def get_position(
    position_id: UUID, container: ContainerDep, session: Db, user: AccountReader
) -> PositionDetail:
    """Return one position with its orders, oldest first."""
    return await position_detail(
        session, container.pipelines, user.user_id, position_id, container.clock.now()
    )


@router.post(
    "/{position_id}/close",
    status_code=202,
    operation_id="close_position",
    dependencies=[IDEMPOTENT],
)
async def close_position(
    position_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    correlation_id: CorrelationId,
    body: CloseBody | None = None,
) -> PositionOut:
    """Close a position at the market, or `quantity` of it; returns it as it stands when asked.

    Of the rest stop and targets stay, for as much as is left. In a closed market it is sold as soon
    as that opens. Codes: position_closed, position_not_open, bad_quantity.
    """
    return await close_one(
        session,
        user.user_id,
        position_id,
        body or CloseBody(),
        correlation_id,
        container.clock.now(),
    )
