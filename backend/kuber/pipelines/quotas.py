"""How many pipelines and versions one user may have, and what they take up.

Each rule is asked within the transaction that writes, so that nobody gets past it by being quick.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_of, one_at_a_time, quota_reached
from kuber.identity.storage import require_storage
from kuber.kernel.ids import UserId

_PIPELINES = text("select count(*) from pipelines where user_id = :user_id and deleted_at is null")
_VERSIONS = text("select count(*) from pipeline_versions where pipeline_id = :pipeline_id")
_MOST_VERSIONS = text("""
    select coalesce(max(v.count), 0) from (
        select count(*) as count from pipeline_versions v
        join pipelines p on p.id = v.pipeline_id
        where p.user_id = :user_id and p.deleted_at is null group by p.id
    ) v
""")
_DROP_OLDEST = text("""
    delete from pipeline_versions where pipeline_id = :pipeline_id and version in (
        select v.version from pipeline_versions v
        where v.pipeline_id = :pipeline_id
          and v.version < (select max(version) from pipeline_versions
                           where pipeline_id = :pipeline_id)
          and not exists (select 1 from runs r where r.pipeline_id = v.pipeline_id
                          and r.pipeline_version = v.version)
        order by v.version limit :count
    )
    returning version
""")
_DROP_UNUSED = text("""
    delete from pipeline_graphs g where g.pipeline_id = :pipeline_id
      and not exists (select 1 from pipeline_versions v where v.graph_id = g.id)
      and not exists (select 1 from runs r where r.graph_id = g.id)
""")
_MEASURE = text("""
    update pipelines p set stored_bytes = pg_column_size(p.graph) + coalesce(
        (select sum(pg_column_size(g.graph)) from pipeline_graphs g
         where g.pipeline_id = p.id), 0)
    where p.id = :pipeline_id
""")


async def require_pipeline_room(session: AsyncSession, user_id: UserId) -> None:
    """Raise QuotaReached when the user has as many pipelines as may be.

    Until the transaction ends nobody else adds a pipeline for the user.
    """
    await one_at_a_time(session, user_id, "pipelines")
    most = await limit_of(session, user_id, LimitName.PIPELINES)
    if await pipeline_count(session, user_id) >= most:
        raise quota_reached(
            LimitName.PIPELINES,
            most,
            f"You have {most} pipelines, as many as may be; archived ones count too.",
            "Delete pipelines that you do not need, or ask an administrator for more.",
        )


async def make_version_room(
    session: AsyncSession, user_id: UserId, pipeline_id: UUID
) -> Sequence[int]:
    """Drop the oldest versions that no run used, so that one more may be published; return them.

    Their graphs go with them where nothing else needs them. The caller holds the pipeline's row.
    The newest version stays: a run may be starting on it.
    Raises QuotaReached when every version was run.
    """
    most = await limit_of(session, user_id, LimitName.VERSIONS_PER_PIPELINE)
    values = {"pipeline_id": pipeline_id}
    over: int = (await session.execute(_VERSIONS, values)).scalar_one() - most + 1
    if over <= 0:
        return ()
    dropped = (await session.scalars(_DROP_OLDEST, {**values, "count": over})).all()
    if len(dropped) < over:
        raise quota_reached(
            LimitName.VERSIONS_PER_PIPELINE,
            most,
            f"The pipeline has {most} versions that were run; none can be dropped for a new one.",
            "Clone the pipeline and go on in the copy, which begins at version 1.",
        )
    await drop_unused(session, pipeline_id)
    return dropped


async def drop_unused(session: AsyncSession, pipeline_id: UUID) -> None:
    """Drop the graphs of a pipeline that no version and no run has."""
    await session.execute(_DROP_UNUSED, {"pipeline_id": pipeline_id})


async def measure(session: AsyncSession, user_id: UserId, pipeline_id: UUID) -> None:
    """Store what was added, and how much the pipeline takes up; raises QuotaReached."""
    await session.flush()
    await take_measure(session, pipeline_id)
    await require_storage(session, user_id)


async def take_measure(session: AsyncSession, pipeline_id: UUID) -> None:
    """Store how much a pipeline and its versions take up as they are stored now."""
    await session.execute(_MEASURE, {"pipeline_id": pipeline_id})


async def pipeline_count(session: AsyncSession, user_id: UserId) -> int:
    """Return how many pipelines the user has, archived ones included."""
    count: int = (await session.execute(_PIPELINES, {"user_id": user_id})).scalar_one()
    return count


async def most_versions(session: AsyncSession, user_id: UserId) -> int:
    """Return the number of versions of the user's pipeline that has the most."""
    count: int = (await session.execute(_MOST_VERSIONS, {"user_id": user_id})).scalar_one()
    return count
