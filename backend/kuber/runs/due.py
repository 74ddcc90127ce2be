"""Which periodic pipelines are due, on the raw connection, in the caller's transaction."""

from datetime import datetime

from kuber.infra.db import RawConnection
from kuber.pipelines.schedule import Due, read_due
from kuber.pipelines.statements import SCHEDULED
from kuber.runs.models import ACTIVE

_MOST_OF_A_START = 20
"""A schedule starts at most so many runs at once: one for each of its symbols."""

_DUE = f"""
    select p.id, p.user_id, p.trigger, p.next_run_at, case when p.continuous then (
        select max(l.finished_at) from (
            select r.status, r.finished_at from runs r
            where r.pipeline_id = p.id and r.started_by = 'schedule'
              and r.pipeline_version = p.version
            order by r.id desc limit {_MOST_OF_A_START}
        ) l where l.status = 'failed'
    ) end
    from ({SCHEDULED}) p
    where p.next_run_at <= %s and not (p.continuous and exists (
        select 1 from runs r where r.pipeline_id = p.id and r.{ACTIVE}))
    order by p.next_run_at, p.id limit %s
"""  # noqa: S608  put together from constants
"""A continuous pipeline with a run under way is not due, and is again by the end of that run:
nobody has to tell the scheduler of it, so nobody can die before doing so."""


async def due_pipelines(connection: RawConnection, now: datetime, limit: int, *, lock: bool) -> Due:
    """Return the pipelines that are due; with `lock`, only those no other scheduler holds."""
    query = _DUE + ("for update of p skip locked" if lock else "")
    return read_due(await (await connection.execute(query, (now, limit))).fetchall())
