"""Deleting a pipeline together with its runs, unless orders or costs hang on them."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.errors import Problem
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines import deleting
from kuber.pipelines.service import PipelineService
from kuber.runs.errors import AlreadyRunning, PipelineDeleted
from kuber.runs.models import RunRow
from kuber.runs.repository import RunRepository
from kuber.runs.schemas import PipelineHistory
from kuber.trading.orders import count_open_positions, count_orders

IsNamed = Callable[[AsyncSession, PipelineId], Awaitable[bool]]
"""Says whether something else than its runs tells of a pipeline, by its name."""


async def _require_idle(session: AsyncSession, pipeline_id: PipelineId) -> None:
    """Raise AlreadyRunning while a run of the pipeline is active."""
    active = await RunRepository(session).active(pipeline_id)
    if active is not None:
        raise AlreadyRunning(
            f"Run {active.id} on {active.symbol} is {active.status}.",
            [Problem("A run is active.", "Cancel it or wait for its end.")],
        )


async def hold_idle(session: AsyncSession, user_id: UserId, pipeline_id: PipelineId) -> None:
    """Let no run of a pipeline start until the transaction ends.

    Raises PipelineNotFound, and AlreadyRunning while one is active.
    """
    await deleting.hold(session, user_id, pipeline_id)
    await _require_idle(session, pipeline_id)


async def require_there(
    session: AsyncSession, pipelines: PipelineService, user_id: UserId, pipeline_id: PipelineId
) -> None:
    """Raise PipelineDeleted when the pipeline of a run was deleted."""
    known = await pipelines.known(session, user_id, {pipeline_id})
    if known[pipeline_id].deleted:
        raise PipelineDeleted(
            f"{known[pipeline_id].name} was deleted: its runs can be read, and not run again.",
            [Problem("The pipeline was deleted.", "Create a new pipeline and run that one.")],
        )


async def history_of(
    session: AsyncSession, pipelines: PipelineService, user_id: UserId, pipeline_id: PipelineId
) -> PipelineHistory:
    """Return what hangs on the runs of a pipeline; raises PipelineNotFound."""
    await pipelines.head(session, user_id, pipeline_id)
    return await _history(session, pipeline_id)


async def delete_pipeline(
    session: AsyncSession,
    user_id: UserId,
    pipeline_id: PipelineId,
    at: datetime,
    is_named: IsNamed,
) -> None:
    """Delete a pipeline; its runs go with it unless one of them traded or cost money.

    Its name stays with its runs, or where it `is_named`. No run starts on it meanwhile.
    Raises PipelineNotFound, AlreadyRunning.
    """
    held = await deleting.hold(session, user_id, pipeline_id)
    await _require_idle(session, pipeline_id)
    keep = (await _history(session, pipeline_id)).kept
    if not keep:
        await session.execute(delete(RunRow).where(RunRow.pipeline_id == pipeline_id))
    keep = keep or await is_named(session, pipeline_id)
    await deleting.delete(session, held, at, keep=keep)


async def runs_left(session: AsyncSession, run_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these runs were not deleted with their pipelines."""
    return set(await session.scalars(select(RunRow.id).where(RunRow.id.in_(run_ids))))


async def _history(session: AsyncSession, pipeline_id: PipelineId) -> PipelineHistory:
    ours = RunRow.pipeline_id == pipeline_id
    totals = select(func.count(), func.coalesce(func.sum(RunRow.cost), 0)).where(ours)
    runs, cost = (await session.execute(totals)).one()
    orders, fills = await count_orders(session, select(RunRow.id).where(ours))
    return PipelineHistory(
        runs=runs,
        orders=orders,
        fills=fills,
        open_positions=await count_open_positions(session, pipeline_id),
        cost=cost,
        kept=bool(orders or cost > 0),
    )
