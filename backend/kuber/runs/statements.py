"""The run engine's SQL: each statement leaves the run in a state another worker can go on from.

Every write names the claim's epoch; it changes nothing once another worker has claimed the run.
"""

from kuber.costs.statements import BUDGET_EXHAUSTED
from kuber.infra.outbox import outbox_insert_for
from kuber.runs.queueing import CLAIM_ORDER, CLAIMABLE

_CLAIM_COLUMNS = """
    id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of, real_time, seed,
    correlation_id, claim_epoch, wait_count, last_sequence, cost, rerun_of, traceparent,
    cancel_requested, started_by, (select name from pipelines p where p.id = runs.pipeline_id),
    trigger_waits
"""

CLAIM = f"""
    update runs set status = 'running', claim_epoch = claim_epoch + 1, claimed_by = %(worker)s,
        lease_until = now() + make_interval(secs => %(lease_s)s), wake_at = null,
        waits_for = null, outcome = null, started_at = coalesce(started_at, %(now)s)
    where id in (
        select id from runs where {CLAIMABLE}
        order by {CLAIM_ORDER} limit %(count)s for update skip locked
    )
    returning {_CLAIM_COLUMNS}
"""

BACKLOG = f"select exists (select 1 from runs where {CLAIMABLE})"

RENEW = """
    update runs set lease_until = now() + make_interval(secs => %(lease_s)s)
    from unnest(%(ids)s::uuid[], %(epochs)s::int[]) as held (run_id, epoch)
    where runs.id = held.run_id and runs.claim_epoch = held.epoch and runs.status = 'running'
    returning runs.id, runs.claim_epoch, runs.cancel_requested
"""

RELEASE_EXPIRED = """
    update runs set status = 'pending', claimed_by = null, lease_until = null
    where id in (
        select id from runs where status = 'running' and lease_until < now()
        for update skip locked
    )
    returning id
"""

HAND_BACK = """
    update runs set status = 'pending', claimed_by = null, lease_until = null
    where id = %s and claim_epoch = %s and status = 'running'
"""

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

NODES = """
    select node_id, agent_type, status, attempts, started_at, finished_at, runtime_ms, cost, port,
           changes, reasoning, engine, input_tokens, output_tokens, error, wake_at,
           waits_for
    from node_runs where run_id = %s
"""

_HELD = """
    held as (
        update runs set cost = cost + %(cost)s,
            last_sequence = greatest(last_sequence, %(sequence)s)
        where id = %(run_id)s and claim_epoch = %(epoch)s and status = 'running'
        returning id
    )
"""

_EVENTS = """
    insert into run_events (run_id, sequence, type, at, node_id, data)
    select h.id, e.sequence, e.type, e.at, e.node_id, e.data
    from held h, jsonb_to_recordset(%(events)s)
      as e(sequence int, type text, at timestamptz, node_id text, data jsonb)
    on conflict do nothing
"""

NODE_STARTED = f"""
    with {_HELD}, told as ({_EVENTS})
    insert into node_runs (run_id, node_id, agent_type, status, attempts, started_at)
    select id, %(node_id)s, %(agent_type)s, 'running', %(attempts)s, %(started_at)s from held
    on conflict (run_id, node_id) do update
        set status = 'running', attempts = excluded.attempts,
            started_at = coalesce(node_runs.started_at, excluded.started_at), wake_at = null,
            waits_for = null
        where node_runs.status in ('pending', 'running', 'waiting')
    returning node_id
"""

_NODE_DONE = """
    insert into node_runs (run_id, node_id, agent_type, status, attempts, started_at, finished_at,
                           runtime_ms, cost, port, changes, reasoning, engine, input_tokens,
                           output_tokens, error, wake_at, waits_for)
    select id, %(node_id)s, %(agent_type)s, %(status)s, %(attempts)s, %(started_at)s,
           %(finished_at)s, %(runtime_ms)s, %(cost)s, %(port)s, %(changes)s, %(reasoning)s,
           %(engine)s, %(input_tokens)s, %(output_tokens)s, %(error)s, %(wake_at)s,
           %(waits_for)s
    from held
    on conflict (run_id, node_id) do update
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
    returning node_id
"""

NODE_SETTLED = f"""
    with {_HELD}, told as ({_EVENTS})
    {_NODE_DONE}
"""
"""A node that used nothing up (skipped, waiting for its trigger): its row and its events."""

_CHARGE = """
    insert into cost_tracking (run_id, node_id, attempt, user_id, pipeline_id, pipeline_name,
                               agent_type, mode, symbol, input_tokens, output_tokens,
                               tokens_estimated, runtime_ms, token_cost, rental_cost, api_cost,
                               amount, charged_at)
    select %(run_id)s, d.node_id, %(attempts)s, %(user_id)s, %(pipeline_id)s, %(pipeline_name)s,
           %(agent_type)s, %(mode)s, %(symbol)s, %(input_tokens)s, %(output_tokens)s,
           %(tokens_estimated)s, %(runtime_ms)s, %(token_cost)s, %(rental_cost)s, %(api_cost)s,
           %(cost)s, %(charged_at)s
    from done d
    on conflict (run_id, node_id, attempt) do nothing
    returning node_id, amount
"""

NODE_CHARGED = f"""
    with {_HELD}, told as ({_EVENTS}), done as ({_NODE_DONE})
    {_CHARGE}
"""
"""A node that ran: its row, its events and the cost entry of its attempts in this claim."""

NODE_SPENT = f"""
    with {_HELD}, recorded as ({_EVENTS}), done as ({_NODE_DONE}), charged as ({_CHARGE}),
    spent as (
        insert into daily_spend (user_id, day, amount)
        select %(user_id)s, %(day)s, amount from charged
        on conflict (user_id, day) do update set amount = daily_spend.amount + excluded.amount
        returning amount
    ), told as (
        {BUDGET_EXHAUSTED}
    )
    select node_id from charged
"""
"""The same for a node that cost money, which also counts against the day's budget: its owner is
told when that is spent."""

FINISH = f"""
    with held as (
        update runs set status = %(status)s, finished_at = %(finished_at)s, wake_at = %(wake_at)s,
            waits_for = %(waits_for)s, wait_count = wait_count + %(waited)s,
            trigger_waits = trigger_waits + %(trigger_waited)s, outcome = %(outcome)s,
            error = %(error)s, last_sequence = greatest(last_sequence, %(sequence)s),
            lease_until = null, claimed_by = null
        where id = %(run_id)s and claim_epoch = %(epoch)s and status = 'running'
        returning id, user_id, cost, pipeline_id, symbol
    ), told as ({_EVENTS}), announced as (
        {outbox_insert_for("held", "jsonb_build_object('cost', held.cost::text)")}
    ), noticed as (
        insert into notice_outbox (user_id, kind, at, data, subject)
        select h.user_id, 'run_failed', %(finished_at)s,
            jsonb_build_object('run_id', h.id, 'pipeline_id', h.pipeline_id,
                               'pipeline_name', p.name, 'symbol', h.symbol,
                               'message', %(outcome)s::text),
            h.pipeline_id::text
        from held h join pipelines p on p.id = h.pipeline_id
        where %(status)s::text = 'failed'
    )
    select id from held
"""
"""The run ends, or goes to wait: its row and its last events. That it ended is announced with what
it cost; when it failed, its user is told.
"""
