"""The schedule of periodic pipelines, on the raw connection, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from kuber.infra.db import JsonObject, RawConnection
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.types import TRIGGERS, PeriodicTrigger

_DUE = """
    select id, user_id, trigger, next_run_at from pipelines
    where next_run_at <= %s order by next_run_at, id limit %s
"""
_NEXT = """
    update pipelines set next_run_at = n.next_run_at, last_skip = coalesce(n.skip, last_skip)
    from jsonb_to_recordset(%s) as n(id uuid, next_run_at timestamptz, skip jsonb)
    where pipelines.id = n.id
"""


@dataclass(frozen=True, slots=True)
class DuePipeline:
    """A periodic pipeline whose time has come."""

    pipeline_id: PipelineId
    user_id: UserId
    trigger: PeriodicTrigger
    due_at: datetime


@dataclass(frozen=True, slots=True)
class NextDue:
    """When a pipeline is due again, and why it was skipped this time, if it was."""

    pipeline_id: PipelineId
    next_run_at: datetime | None
    skip: JsonObject | None


async def due_pipelines(
    connection: RawConnection, now: datetime, limit: int, *, lock: bool
) -> list[DuePipeline]:
    """Return the pipelines that are due; with `lock`, only those no other scheduler holds."""
    query = _DUE + ("for update skip locked" if lock else "")
    found = []
    for row in await (await connection.execute(query, (now, limit))).fetchall():
        trigger = TRIGGERS.validate_python(row[2])
        assert isinstance(trigger, PeriodicTrigger), "only periodic pipelines have a next time"
        found.append(DuePipeline(PipelineId(row[0]), UserId(row[1]), trigger, row[3]))
    return found


async def schedule_next(connection: RawConnection, due: Sequence[NextDue]) -> None:
    """Store when each pipeline is due again."""
    rows = [
        {
            "id": str(item.pipeline_id),
            "next_run_at": item.next_run_at.isoformat() if item.next_run_at else None,
            "skip": item.skip,
        }
        for item in due
    ]
    if rows:
        await connection.execute(_NEXT, (Jsonb(rows),))
