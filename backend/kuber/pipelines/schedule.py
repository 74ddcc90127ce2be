"""The schedule of periodic pipelines, on the raw connection, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from kuber.infra.db import JsonObject, RawConnection
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.types import TRIGGERS, PeriodicTrigger

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
    failed_at: datetime | None = None
    """When a run of its last start failed; for continuous ones."""


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


def read_due(rows: Iterable[tuple[Any, ...]]) -> Due:
    """Return what is due from rows of id, owner, published trigger, due time and failure."""
    found = Due([], [])
    for pipeline_id, user_id, stored, due_at, failed_at in rows:
        try:
            trigger = _periodic(stored)
        except ValueError as error:
            found.unreadable.append(UnreadablePipeline(PipelineId(pipeline_id), due_at, str(error)))
        else:
            one = DuePipeline(PipelineId(pipeline_id), UserId(user_id), trigger, due_at, failed_at)
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
