"""Deleting a pipeline: without a trace, or so that the history of its runs can still be read."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.types import AuditEventType
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.announcing import announce
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.on_record import record, record_dropped
from kuber.pipelines.quotas import drop_unused, take_measure
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.subscriptions import notify
from kuber.pipelines.types import PipelineStatus

_NOTHING = b'{"nodes": [], "edges": []}'
_DROP_NEVER_RUN = text("""
    delete from pipeline_versions v using pipelines p
    where p.id = :pipeline_id and v.pipeline_id = p.id and v.version <> p.version
      and not exists (select 1 from runs r where r.graph_id = v.graph_id)
    returning v.version
""")


async def hold(session: AsyncSession, user_id: UserId, pipeline_id: PipelineId) -> PipelineRow:
    """Keep others from changing a pipeline or starting a run of it until the transaction ends.

    Raises PipelineNotFound.
    """
    return await PipelineRepository(session).get(user_id, pipeline_id, alone=True)


async def delete(session: AsyncSession, held: PipelineRow, at: datetime, *, keep: bool) -> None:
    """Delete a pipeline that is held and of which no run is active.

    With `keep` its name, its newest version and what was run stay, for those who read its runs
    or signals: nothing else finds it again. Without, its runs are gone already.
    """
    if keep:
        dropped = (await session.scalars(_DROP_NEVER_RUN, {"pipeline_id": held.id})).all()
        await record_dropped(session, held, dropped, at)
        await record(session, AuditEventType.PIPELINE_DELETED, held, at, kept=True)
        held.status = PipelineStatus.ARCHIVED.value
        held.next_run_at = None
        held.deleted_at = at
        held.graph = _NOTHING
        held.graph_digest = await PipelineRepository(session).digest_of(_NOTHING)
        held.node_count = 0
        await session.flush()
        await drop_unused(session, held.id)
        await take_measure(session, held.id)
    else:
        await record(session, AuditEventType.PIPELINE_DELETED, held, at)
        await session.delete(held)
        await session.flush()
    await notify(session, "pipeline", held.id)
    await announce(session, held, deleted=True)
