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
from kuber.pipelines.runnable import STARTING_BY_ITSELF
from kuber.runs.models import ACTIVE
from kuber.runs.queueing import free_places_sql

_START = f"""
    with wanted as (
        select w.*, p.user_id, p.graph_id, p.version, p.mode
        from jsonb_to_recordset(%(wanted)s)
          as w(run_id uuid, pipeline_id uuid, symbol text, as_of timestamptz, real_time bool,
               seed bigint, correlation_id text, traceparent text, started_by text,
               signal_id uuid, place int)
        join ({STARTING_BY_ITSELF}) p on p.id = w.pipeline_id
        where p.kind = case w.started_by when 'signal' then 'signal' else 'periodic' end
    ), owners as materialized (
        -- A limit that was lowered may leave fewer than none.
        select u.user_id, u.asked, greatest({free_places_sql("u.user_id")}, 0) as free
        from (select user_id, count(*) as asked from wanted group by user_id) u
    ), fitting as (
        -- Only where not all fit does it matter which of them would start at all.
        select w.*, o.free,
            row_number() over (partition by w.pipeline_id, w.symbol order by w.place) as turn,
            case when o.asked > o.free then exists (
            select 1 from runs r where r.pipeline_id = w.pipeline_id and r.symbol = w.symbol
              and r.{ACTIVE}) else false end as busy
        from wanted w join owners o using (user_id)
    ), numbered as (
        -- Of several for one pipeline and symbol all have the number of the first: one place.
        select *, case when busy then 0 else count(*) filter (where not busy and turn = 1) over (
            partition by user_id order by symbol collate "C", pipeline_id, place) end as number
        from fitting
    ), queued as (
        insert into runs (id, user_id, pipeline_id, graph_id, pipeline_version, mode, symbol,
                          symbols, as_of, real_time, seed, correlation_id, traceparent, status,
                          started_by, signal_id, created_at)
        select run_id, user_id, pipeline_id, graph_id, version, mode, symbol,
               array[symbol], as_of, real_time, seed, correlation_id, traceparent, 'pending',
               started_by, signal_id, %(now)s
        from numbered where number <= free
        order by symbol collate "C", pipeline_id, place
        on conflict (pipeline_id, symbol) where {ACTIVE} do nothing
        returning id, mode
    )
    select n.run_id, q.mode, n.number > n.free from numbered n left join queued q on q.id = n.run_id
    where q.id is not null or n.number > n.free
"""  # noqa: S608  put together from constants

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


@dataclass(frozen=True, slots=True)
class Started:
    """What came of requests: `queued` are runs now, `full` found no place in their user's queue."""

    queued: set[RunId]
    full: set[RunId]


async def start_runs(
    connection: RawConnection, requests: Sequence[RunRequest], now: datetime
) -> Started:
    """Queue the runs whose pipeline is still active and idle on the symbol, and whose user's queue
    has a place left; return which.

    Of several for one pipeline and symbol the first wins. All callers make rows by symbol, then by
    pipeline, also one that calls several times, so that two of them never wait for each other.
    """
    if not requests:
        return Started(set(), set())
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
    started = Started(set(), set())
    for run_id, mode, full in await cursor.fetchall():
        if full:
            started.full.add(RunId(run_id))
        else:
            started.queued.add(RunId(run_id))
            RUNS_ACCEPTED.labels(mode).inc()
    return started


async def inactive(
    connection: RawConnection, pipeline_ids: Sequence[PipelineId]
) -> set[PipelineId]:
    """Return which of the pipelines are not active any more."""
    rows = await (await connection.execute(_INACTIVE, (list(pipeline_ids),))).fetchall()
    return {PipelineId(row[0]) for row in rows}
