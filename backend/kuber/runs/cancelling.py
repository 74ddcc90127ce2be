"""Calling off runs: at once what no worker has, within a second what one has."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject
from kuber.infra.outbox import announce
from kuber.kernel.ids import PipelineId, RunId
from kuber.runs.events import finished
from kuber.runs.models import RunEventRow, RunRow
from kuber.runs.recorder import SEQUENCE_GAP
from kuber.runs.repository import ACTIVE, close_nodes
from kuber.runs.types import RunEvent, RunEventType, RunStatus
from kuber.trading.orders import has_unanswered

SWITCHED_OFF = "Cancelled: the pipeline was switched off"


async def call_off(
    session: AsyncSession, run: RunRow, at: datetime, outcome: str
) -> Sequence[RunEvent]:
    """Cancel an active run whose row the caller has locked; return what is to be told of it.

    One that a worker has stops by itself, an order under way being carried to its answer. So does
    one whose worker died with an order out: the next one asks the venue for it.
    """
    if RunStatus(run.status) is RunStatus.RUNNING or await has_unanswered(session, RunId(run.id)):
        run.cancel_requested = True
        return ()
    run.status = RunStatus.CANCELLED.value
    run.outcome = outcome
    run.wake_at = run.waits_for = None
    run.finished_at = at
    run.last_sequence += SEQUENCE_GAP + 1
    data: JsonObject = {
        "status": "cancelled",
        "outcome": outcome,
        "error": None,
        "cost": format(run.cost, "f"),
    }
    event = RunEvent(RunId(run.id), run.last_sequence, RunEventType.EXECUTION_FINISHED, at, data)
    await close_nodes(session, run)
    session.add(RunEventRow(run_id=run.id, sequence=event.sequence, events=[event.stored()]))
    await announce(session, [finished(run, RunStatus.CANCELLED, None, at)])
    return (event,)


async def call_off_all(
    session: AsyncSession, pipeline_id: PipelineId, at: datetime
) -> list[RunEvent]:
    """Cancel the active runs that a pipeline started by itself, since it was switched off."""
    query = (
        select(RunRow)
        .where(
            RunRow.pipeline_id == pipeline_id,
            RunRow.status.in_(ACTIVE),
            RunRow.started_by != "manual",
        )
        .order_by(RunRow.id)
        .with_for_update()
    )
    return [
        event
        for run in await session.scalars(query)
        for event in await call_off(session, run, at, SWITCHED_OFF)
    ]
