"""Starting many runs at once, for signals and the schedule: one statement, in the caller's
transaction, on the raw connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from kuber.infra.db import RawConnection
from kuber.infra.telemetry import RUNS_ACCEPTED
from kuber.kernel.ids import PipelineId, RunId
from kuber.runs.models import ACTIVE

_START = f"""
    insert into runs (id, user_id, pipeline_id, pipeline_version, mode, symbol, symbols, as_of,
                      real_time, seed, correlation_id, traceparent, status, started_by, signal_id,
                      created_at)
    select w.run_id, p.user_id, p.id, p.version, p.mode, w.symbol, array[w.symbol], w.as_of,
           w.real_time, w.seed, w.correlation_id, w.traceparent, 'pending', w.started_by,
           w.signal_id, %(now)s
    from jsonb_to_recordset(%(wanted)s)
      as w(run_id uuid, pipeline_id uuid, symbol text, as_of timestamptz, real_time bool,
           seed bigint, correlation_id text, traceparent text, started_by text, signal_id uuid,
           place int)
    join pipelines p on p.id = w.pipeline_id
    where p.status = 'active'
      and p.trigger ->> 'kind' = case w.started_by when 'signal' then 'signal' else 'periodic' end
    order by w.symbol collate "C", p.id, w.place
    on conflict (pipeline_id, symbol) where {ACTIVE} do nothing
    returning id, mode
"""  # noqa: S608  ACTIVE is a constant

_INACTIVE = """
    select w.id from unnest(%s::uuid[]) as w(id)
    left join pipelines p on p.id = w.id and p.status = 'active' where p.id is null
"""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that somebody other than a person asks for; `started_by` is signal or schedule."""

    run_id: RunId
    pipeline_id: PipelineId
    symbol: str
    as_of: datetime
    real_time: bool
    seed: int
    correlation_id: str
    traceparent: str | None
    started_by: str
    signal_id: UUID | None = None


async def start_runs(
    connection: RawConnection, requests: Sequence[RunRequest], now: datetime
) -> set[RunId]:
    """Queue the runs whose pipeline is still active and idle on the symbol; return which.

    Of several for one pipeline and symbol the first wins. All callers make rows by symbol, then by
    pipeline, also one that calls several times, so that two of them never wait for each other.
    """
    if not requests:
        return set()
    wanted = [
        {
            "run_id": str(item.run_id),
            "pipeline_id": str(item.pipeline_id),
            "symbol": item.symbol,
            "as_of": item.as_of.isoformat(),
            "real_time": item.real_time,
            "seed": item.seed,
            "correlation_id": item.correlation_id,
            "traceparent": item.traceparent,
            "started_by": item.started_by,
            "signal_id": str(item.signal_id) if item.signal_id else None,
            "place": place,
        }
        for place, item in enumerate(requests)
    ]
    cursor = await connection.execute(_START, {"wanted": Jsonb(wanted), "now": now})
    rows = await cursor.fetchall()
    for _, mode in rows:
        RUNS_ACCEPTED.labels(mode).inc()
    return {RunId(run_id) for run_id, _ in rows}


async def inactive(
    connection: RawConnection, pipeline_ids: Sequence[PipelineId]
) -> set[PipelineId]:
    """Return which of the pipelines are not active any more."""
    rows = await (await connection.execute(_INACTIVE, (list(pipeline_ids),))).fetchall()
    return {PipelineId(row[0]) for row in rows}
