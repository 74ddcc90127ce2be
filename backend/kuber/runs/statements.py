"""The run engine's SQL: each statement leaves the run in a state another worker can go on from.

Every write names the claim's epoch; it changes nothing once another worker has claimed the run.
"""

from enum import StrEnum
from functools import cache

from kuber.costs.statements import CHARGED, READING, SPENT
from kuber.infra.outbox import outbox_insert_for
from kuber.pipelines.statements import GRAPH_DIGEST
from kuber.runs.queueing import CLAIMABLE, NEXT
from kuber.trading.statements import INTENDED, PLACED, PLACED_COLUMNS, WANTED_COLUMNS

_CLAIM_COLUMNS = f"""
    id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of, real_time, seed,
    correlation_id, claim_epoch, wait_count, last_sequence, cost, rerun_of, traceparent,
    cancel_requested, started_by, flushes, trigger_waits, seed_rule,
    (select name from pipelines p where p.id = runs.pipeline_id) as pipeline_name,
    {READING} as budget, {GRAPH_DIGEST.format(graph_id="runs.graph_id")} as graph_digest
"""

CLAIM = f"""
    update runs set status = 'running', claim_epoch = claim_epoch + 1, claimed_by = %(worker)s,
        lease_until = now() + make_interval(secs => %(lease_s)s), wake_at = null,
        waits_for = null, outcome = null, started_at = coalesce(started_at, %(now)s)
    where id in ({NEXT})
    returning {_CLAIM_COLUMNS}
"""

BACKLOG = f"select exists (select 1 from runs where {CLAIMABLE})"

RENEW = """
    with claims as (
        select * from unnest(%(ids)s::uuid[], %(epochs)s::int[]) as c (run_id, epoch)
    ), locked as (
        select r.id from runs r join claims c on r.id = c.run_id and r.claim_epoch = c.epoch
        where r.status = 'running'
        order by r.id for no key update of r skip locked
    ), renewed as (
        update runs set lease_until = now() + make_interval(secs => %(lease_s)s)
        from locked where runs.id = locked.id
    )
    select r.id, r.claim_epoch, r.cancel_requested
    from runs r join claims c on r.id = c.run_id and r.claim_epoch = c.epoch
    where r.status = 'running'
"""
"""Prolongs leases. A run whose row another statement has is passed over; it is not lost by that,
and the next renewal comes long before its lease ends."""

RELEASE_EXPIRED = """
    update runs set status = 'pending', claimed_by = null, lease_until = null
    where id in (
        select id from runs where status = 'running' and lease_until < now()
        and pg_postmaster_start_time() < now() - make_interval(secs => %(lease_s)s)
        for update skip locked
    )
    returning id
"""
"""Frees the runs of dead workers. Not just after PostgreSQL has started: nobody could renew a lease
while it was away."""

WAKE_DUE = """
    update runs set status = 'pending', wake_at = null,
        as_of = case when real_time and waits_for = 'trigger' then %(now)s else as_of end,
        waits_for = null
    where id in (
        select id from runs
        where status = 'waiting' and (wake_at <= %(now)s or cancel_requested)
        for update skip locked
    )
    returning id
"""
"""A trigger that was waited for looks at the present; an attempt after a pause sees what the first
one saw."""

CLOSE_NODES = """
    update node_runs n set status = 'cancelled', finished_at = r.finished_at, wake_at = null
    from runs r
    where n.run_id = r.id and r.id = %s and r.status in ('failed', 'cancelled')
        and n.status in ('pending', 'running', 'waiting')
"""

NODES = """
    select node_id, agent_type, status, attempts, started_at, finished_at, runtime_ms, cost, port,
           changes, reasoning, engine, input_tokens, output_tokens, error, wake_at,
           waits_for
    from node_runs where run_id = %s
"""

VOID_RESULTS = """
    with held as (
        select id from runs where id = %(id)s and claim_epoch = %(epoch)s and status = 'running'
        for share
    ), voided as (
        update node_runs n set status = 'pending', changes = null, port = null, reasoning = null,
            error = null, finished_at = null
        from held where n.run_id = held.id and n.node_id = any(%(nodes)s)
    )
    select id from held
"""
"""Lets nodes run again whose results no longer count, if the claim still holds."""

_STARTED = """
    insert into node_runs (run_id, node_id, symbol, agent_type, status, attempts, started_at)
    select h.id, n.node_id, h.symbol, n.agent_type, 'running', n.attempts, n.started_at
    from held h join jsonb_to_recordset(%(started)s)
      as n(run_id uuid, node_id text, agent_type text, attempts int, started_at timestamptz)
      on n.run_id = h.id
    on conflict (run_id, node_id, symbol) do update
        set status = 'running', attempts = excluded.attempts,
            started_at = coalesce(node_runs.started_at, excluded.started_at), wake_at = null,
            waits_for = null
        where node_runs.status in ('pending', 'running', 'waiting')
"""

_SETTLED = """
    insert into node_runs (run_id, node_id, symbol, agent_type, status, attempts, started_at,
                           finished_at, runtime_ms, cost, port, changes, reasoning, engine,
                           input_tokens, output_tokens, error, wake_at, waits_for)
    select h.id, n.node_id, h.symbol, n.agent_type, n.status, n.attempts, n.started_at,
           n.finished_at, n.runtime_ms, n.cost, n.port, n.changes, n.reasoning, n.engine,
           n.input_tokens, n.output_tokens, n.error, n.wake_at, n.waits_for
    from held h join jsonb_to_recordset(%(settled)s)
      as n(run_id uuid, node_id text, agent_type text, status text, attempts int,
           started_at timestamptz, finished_at timestamptz, runtime_ms float8, cost numeric,
           port text, changes jsonb, reasoning text, engine text, input_tokens int,
           output_tokens int, error jsonb, wake_at timestamptz, waits_for text)
      on n.run_id = h.id
    on conflict (run_id, node_id, symbol) do update
        set status = excluded.status, attempts = excluded.attempts,
            started_at = coalesce(node_runs.started_at, excluded.started_at),
            finished_at = excluded.finished_at,
            runtime_ms = coalesce(node_runs.runtime_ms + excluded.runtime_ms,
                                  node_runs.runtime_ms, excluded.runtime_ms),
            cost = node_runs.cost + excluded.cost, port = excluded.port, changes = excluded.changes,
            reasoning = excluded.reasoning, engine = excluded.engine,
            input_tokens = node_runs.input_tokens + excluded.input_tokens,
            output_tokens = node_runs.output_tokens + excluded.output_tokens,
            error = excluded.error, wake_at = excluded.wake_at, waits_for = excluded.waits_for
        where node_runs.status in ('pending', 'running', 'waiting')
"""

_TOLD = """
    insert into run_events (run_id, sequence, events)
    select h.id, e.sequence, e.events
    from held h join jsonb_to_recordset(%(events)s) as e(run_id uuid, sequence int, events jsonb)
      on e.run_id = h.id
    on conflict do nothing
"""

_NOTICED = """
    insert into notice_outbox (user_id, kind, at, data, subject)
    select h.user_id, 'run_failed', h.finished_at,
        jsonb_build_object('run_id', h.id, 'pipeline_id', h.pipeline_id,
                           'pipeline_name', p.name, 'symbol', h.symbol, 'message', h.outcome),
        h.pipeline_id::text
    from held h join pipelines p on p.id = h.pipeline_id
    where h.status = 'failed'
"""

_ANNOUNCED = outbox_insert_for("held", "jsonb_build_object('cost', held.cost::text)")

_LOCKED = """
    locked as (
        select r.id, r.user_id, r.pipeline_id, r.mode, r.symbol, b.number, b.sequence,
               b.status, b.finished_at, b.wake_at, b.waits_for, b.waited, b.outcome, b.error
        from jsonb_to_recordset(%(batches)s)
          as b(id uuid, epoch int, number int, sequence int, status text, finished_at timestamptz,
               wake_at timestamptz, waits_for text, waited int, outcome text, error jsonb)
        join runs r on r.id = b.id
        where r.claim_epoch = b.epoch and r.status = 'running' and r.flushes = b.number - 1
        order by r.id for no key update of r {past}
    )
"""

_HELD = """
    held as (
        update runs r set flushes = l.number, last_sequence = greatest(r.last_sequence, l.sequence),
            cost = r.cost + {cost},
            status = coalesce(l.status, r.status), finished_at = l.finished_at,
            wake_at = l.wake_at, waits_for = l.waits_for, wait_count = r.wait_count + l.waited,
            trigger_waits = r.trigger_waits + coalesce((l.waits_for = 'trigger')::int, 0),
            outcome = coalesce(l.outcome, r.outcome), error = l.error,
            lease_until = case when l.status is null then r.lease_until end,
            claimed_by = case when l.status is null then r.claimed_by end
        from locked l {charges} where r.id = l.id
        returning r.id, r.user_id, r.pipeline_id, r.symbol, r.status, r.finished_at, r.outcome,
                  r.cost, r.cancel_requested
    )
"""
_CHARGEABLE = """
    chargeable as (
        select c.*, r.user_id, r.pipeline_id, r.mode, r.symbol
        from locked r join jsonb_to_recordset(%(charges)s)
          as c(run_id uuid, node_id text, attempt int, pipeline_name text, agent_type text,
               input_tokens int, output_tokens int, tokens_estimated bool, runtime_ms float8,
               token_cost numeric, rental_cost numeric, api_cost numeric, amount numeric,
               charged_at timestamptz)
          on c.run_id = r.id
        where not exists (
            select from node_runs n
            where (n.run_id, n.node_id, n.symbol) = (c.run_id, c.node_id, r.symbol)
                and n.status not in ('pending', 'running', 'waiting')
        )
    )
"""
"""What nodes cost whose result is not on record yet."""
_CHARGES = """
    left join (select run_id, sum(amount) as amount from charged group by run_id) c
      on c.run_id = l.id
"""


_WANTED = f"""
    wanted as (
        select i.* from held join jsonb_to_recordset(%(intents)s) as i({WANTED_COLUMNS})
          on i.about = held.id
        where not held.cancel_requested
    )
"""
_MAY_BE_SENT = """
    (select jsonb_object_agg(n.id, n.is_new) from intended n join wanted w on w.id = n.id
     where w.about = held.id)
"""
_PLACED = f"""
    placed as (
        select o.* from held join jsonb_to_recordset(%(orders)s) as o({PLACED_COLUMNS})
          on o.about = held.id
    )
"""


class Part(StrEnum):
    """What a flush may hold besides the runs themselves; the statement has those that are there."""

    STARTED = "started"
    SETTLED = "settled"
    CHARGES = "charges"
    EVENTS = "events"
    OUTBOX = "outbox"
    INTENTS = "intents"
    ORDERS = "orders"
    SPENT = "spent"
    """A charge of more than nothing, which counts against a budget."""
    FAILED = "failed"
    """A run that failed, of which its user is told."""


@cache
def flush(parts: frozenset[Part], *, wait: bool) -> str:
    """Return the statement that writes batches of runs, one of each, all or nothing of a batch.

    It returns the runs whose batch was written, whether they shall be cancelled, and which of
    their intents may be sent (by id, whether they are new). A batch
    counts only for the claim that it was made under, and once: its number is the one after the
    run's `flushes`. Whoever repeats it after a lost answer therefore gets no row.

    Without `wait` it passes over runs whose row another transaction has, such as that of a person
    who cancels, so that the others need not wait with them.
    """
    charges = Part.CHARGES in parts
    queries = [
        _LOCKED.format(past="" if wait else "skip locked"),
        _CHARGEABLE if charges else None,
        CHARGED if charges else None,
        _HELD.format(
            cost="coalesce(c.amount, 0)" if charges else "0", charges=_CHARGES if charges else ""
        ),
        f"started as ({_STARTED})" if Part.STARTED in parts else None,
        f"settled as ({_SETTLED})" if Part.SETTLED in parts else None,
        f"told as ({_TOLD})" if Part.EVENTS in parts else None,
        SPENT if Part.SPENT in parts else None,
        f"noticed as ({_NOTICED})" if Part.FAILED in parts else None,
        f"announced as ({_ANNOUNCED})" if Part.OUTBOX in parts else None,
        f"{_WANTED}, {INTENDED}" if Part.INTENTS in parts else None,
        f"{_PLACED}, {PLACED}" if Part.ORDERS in parts else None,
    ]
    intended = _MAY_BE_SENT if Part.INTENTS in parts else "null::jsonb"
    return f"""
        with {", ".join(filter(None, queries))}
        select id, cancel_requested, {intended} from held
    """


FLUSHED = """
    select cancel_requested from runs
    where id = %(id)s and claim_epoch = %(epoch)s and flushes = %(number)s
"""
"""One row if the run's batch of that number was written under that claim."""
