"""Deleting a pipeline: without a trace, or so that the history of its runs can still be read."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.types import AuditEventType
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.errors import PipelineNotFound
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.on_record import record
from kuber.pipelines.quotas import take_measure
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.subscriptions import notify
from kuber.pipelines.types import PipelineStatus

_NOTHING = b'{"nodes": [], "edges": []}'
_DROP_NEVER_RUN = text("""
    delete from pipeline_versions v where v.pipeline_id = :pipeline_id
      and not exists (select 1 from runs r where r.pipeline_id = v.pipeline_id
                      and r.pipeline_version = v.version)
""")


async def hold(session: AsyncSession, user_id: UserId, pipeline_id: PipelineId) -> PipelineRow:
    """Keep others from changing a pipeline or starting a run of it until the transaction ends.

    Raises PipelineNotFound.
    """
    row = await PipelineRepository(session).find(user_id, pipeline_id, lock=True)
    if row is None:
        raise PipelineNotFound(f"There is no pipeline {pipeline_id}.")
    return row


async def delete(session: AsyncSession, held: PipelineRow, at: datetime, *, keep: bool) -> None:
    """Delete a pipeline that is held and of which no run is active.

    With `keep` its name and the versions that were run stay, for those who read its runs: nothing
    else finds it again. Without, its runs are gone already.
    """
    if keep:
        held.status = PipelineStatus.ARCHIVED.value
        held.next_run_at = None
        held.deleted_at = at
        held.graph = _NOTHING
        held.node_count = 0
        await record(session, AuditEventType.PIPELINE_DELETED, held, at, kept=True)
        await session.flush()
        await session.execute(_DROP_NEVER_RUN, {"pipeline_id": held.id})
        await take_measure(session, held.id)
    else:
        await record(session, AuditEventType.PIPELINE_DELETED, held, at)
        await session.delete(held)
        await session.flush()
    await notify(session, "pipeline", held.id)
