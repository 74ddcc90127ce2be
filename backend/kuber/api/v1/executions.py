"""`/api/v1/executions`: what runs did, node by node."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import CorrelationId, Cursor, Limit
from kuber.kernel.ids import PipelineId, RunId
from kuber.pipelines.types import Mode
from kuber.runs.schemas import (
    EventList,
    ExecutionList,
    ExecutionOut,
    RerunBody,
    RunAccepted,
)
from kuber.runs.types import RunQuery, RunStatus

router = APIRouter(prefix="/executions", tags=["executions"], route_class=IdempotentRoute)


@router.get("", operation_id="list_executions")
async def list_executions(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    pipeline_id: UUID | None = None,
    status: RunStatus | None = None,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
    mode: Mode | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ExecutionList:
    """Return the caller's runs, newest first."""
    query = RunQuery(
        PipelineId(pipeline_id) if pipeline_id else None, status, symbol, mode, cursor, limit
    )
    return await container.runs.page(session, user.user_id, query)


@router.get("/{execution_id}", operation_id="get_execution")
async def get_execution(
    execution_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> ExecutionOut:
    """Return one run in full, also while it is running."""
    return await container.runs.get(session, user.user_id, RunId(execution_id))


@router.get("/{execution_id}/events", operation_id="list_execution_events")
async def list_execution_events(
    execution_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    after: Annotated[int, Query(ge=0, description="The last sequence number seen.")] = 0,
) -> EventList:
    """Return the recorded events after a sequence number: what to poll without a WebSocket."""
    return await container.runs.events(session, user.user_id, RunId(execution_id), after)


@router.post("/{execution_id}/cancel", status_code=202, operation_id="cancel_execution")
async def cancel_execution(
    execution_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> ExecutionOut:
    """Stop a run: at once while it queues or waits, within a second while it works."""
    return await container.runs.cancel(session, user.user_id, RunId(execution_id))


@router.post(
    "/{execution_id}/rerun",
    status_code=202,
    operation_id="rerun_execution",
    dependencies=[IDEMPOTENT],
)
async def rerun_execution(
    execution_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    correlation_id: CorrelationId,
    background: BackgroundTasks,
    body: RerunBody | None = None,
) -> RunAccepted:
    """Queue a finished run again, wholly or from one node on."""
    from_node = body.from_node if body else None
    accepted = await container.runs.rerun(
        session, user.user_id, RunId(execution_id), from_node, correlation_id
    )
    background.add_task(container.wake_workers)
    return accepted
