"""The schedule of periodic pipelines, on the raw connection, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from kuber.infra.db import JsonObject, RawConnection
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.types import TRIGGERS, PeriodicTrigger

_DUE = """
    select id, user_id, published_trigger, next_run_at from pipelines
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
class UnreadablePipeline:
    """A due pipeline whose stored trigger cannot be read; `problem` is a sentence."""

    pipeline_id: PipelineId
    due_at: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class Due:
    """What is due; one row that cannot be read hides no other."""

    pipelines: list[DuePipeline]
    unreadable: list[UnreadablePipeline]


@dataclass(frozen=True, slots=True)
class NextDue:
    """When a pipeline is due again, and why it was skipped this time, if it was."""

    pipeline_id: PipelineId
    next_run_at: datetime
    skip: JsonObject | None


async def due_pipelines(connection: RawConnection, now: datetime, limit: int, *, lock: bool) -> Due:
    """Return the pipelines that are due; with `lock`, only those no other scheduler holds."""
    query = _DUE + ("for update skip locked" if lock else "")
    found = Due([], [])
    for row in await (await connection.execute(query, (now, limit))).fetchall():
        try:
            trigger = _periodic(row[2])
        except ValueError as error:
            found.unreadable.append(UnreadablePipeline(PipelineId(row[0]), row[3], str(error)))
        else:
            one = DuePipeline(PipelineId(row[0]), UserId(row[1]), trigger, row[3])
            found.pipelines.append(one)
    return found


def _periodic(stored: object) -> PeriodicTrigger:
    """Return the trigger as it was stored; raises ValueError with a sentence for people."""
    try:
        trigger = TRIGGERS.validate_python(stored)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        why = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"The schedule cannot be read: {where}: {why}.") from error
    if not isinstance(trigger, PeriodicTrigger):
        raise ValueError("The pipeline has no schedule any more.")
    return trigger


async def schedule_next(connection: RawConnection, due: Sequence[NextDue]) -> None:
    """Store when each pipeline is due again."""
    rows = [
        {
            "id": str(item.pipeline_id),
            "next_run_at": item.next_run_at.isoformat(),
            "skip": item.skip,
        }
        for item in due
    ]
    if rows:
        await connection.execute(_NEXT, (Jsonb(rows),))
