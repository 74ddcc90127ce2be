"""`/api/v1/executions`: what runs did, node by node."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Response

from kuber.api.answers import json_answer
from kuber.api.deps import ContainerDep, CurrentUser, Db, Outcome
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import CorrelationId, Cursor, Limit
from kuber.kernel.ids import PipelineId, RunId
from kuber.pipelines.types import Mode
from kuber.runs.live_events import EventList
from kuber.runs.schemas import (
    ExecutionList,
    ExecutionOut,
    RerunBody,
    RunAccepted,
)
from kuber.runs.service import RunStart
from kuber.runs.types import RunQuery, RunStatus
from kuber.runs.what_next.schemas import WhatHappenedNextOut

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


@router.get("/{execution_id}", operation_id="get_execution", response_model=ExecutionOut)
async def get_execution(
    execution_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Return one run in full, also while it is running."""
    return json_answer(await container.runs.get(session, user.user_id, RunId(execution_id)))


@router.get(
    "/{execution_id}/events",
    operation_id="list_execution_events",
    response_model_exclude_unset=True,
)
async def list_execution_events(
    execution_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    after: Annotated[int, Query(ge=0, lt=2**63, description="The last sequence number seen.")] = 0,
) -> EventList:
    """Return the recorded events after a sequence number: what to poll without a WebSocket."""
    return await container.runs.events(session, user.user_id, RunId(execution_id), after)


@router.get("/{execution_id}/what-happened-next", operation_id="what_happened_next")
async def what_happened_next(
    execution_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
) -> WhatHappenedNextOut:
    """Play the trades of a finished run that looked at a past moment forward over the bars that
    followed, in the prices that it saw and by the rules that manage a live trade."""
    return await container.what_next.of_run(session, user.user_id, RunId(execution_id), symbol)


@router.post(
    "/{execution_id}/cancel",
    status_code=202,
    operation_id="cancel_execution",
    response_model=ExecutionOut,
)
async def cancel_execution(
    execution_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Stop a run: at once while it queues or waits, within a second while it works."""
    cancelled = await container.runs.cancel(session, user.user_id, RunId(execution_id))
    return json_answer(cancelled, 202)


async def _prepared_rerun(
    execution_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    body: RerunBody | None = None,
) -> Outcome[RunStart]:
    from_node = body.from_node if body else None
    return await Outcome.of(
        container.runs.prepare_rerun(session, user.user_id, RunId(execution_id), from_node)
    )


PREPARED_RERUN = Depends(_prepared_rerun)


@router.post(
    "/{execution_id}/rerun",
    status_code=202,
    operation_id="rerun_execution",
    dependencies=[PREPARED_RERUN, IDEMPOTENT],
)
async def rerun_execution(
    start: Annotated[Outcome[RunStart], PREPARED_RERUN],
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    correlation_id: CorrelationId,
    background: BackgroundTasks,
) -> RunAccepted:
    """Queue a finished run again, wholly or from one node on."""
    accepted = await container.runs.accept(session, user.user_id, start.get(), correlation_id)
    background.add_task(container.wake_workers)
    return accepted
