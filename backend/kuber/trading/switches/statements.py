"""The SQL of switches, over a connection of psycopg within the caller's transaction."""

LATCH = "update trading_latch set epoch = epoch + 1 where id = 1"
"""What makes the order service look again before it commits anything. It waits for the commit of
a round under way, and those who set switches for each other."""
WAKE = "select pg_notify('kuber_orders', '')"
WATCHED = "select watched_at from trading_latch where id = 1"

_COLUMNS = "scope, state, reason, set_by, set_at, report"
ONE = f"select {_COLUMNS} from trading_switches where scope = %(scope)s"  # noqa: S608
SHOWN = f"""
    select {_COLUMNS} from trading_switches
    where scope = 'platform' or user_id = %(user_id)s order by scope
"""  # noqa: S608  put together from constants
STANDING = """
    select scope, state, reason, set_by, set_at from trading_switches
    where state <> 'off' and scope = any(%(scopes)s)
"""
STOPPING = """
    select scope, state, reason, set_by, set_at from trading_switches
    where state = any(%(states)s) and (user_id is null or user_id = any(%(users)s))
"""
"""The switches of some users, and the platform's, that keep runs from starting."""
SET = f"""
    insert into trading_switches as s (scope, user_id, state, reason, set_by, set_at, report)
    values (%(scope)s, %(user_id)s, %(state)s, %(reason)s, %(set_by)s, %(now)s, %(report)s)
    on conflict (scope) do update set state = excluded.state, reason = excluded.reason,
        set_by = excluded.set_by, set_at = excluded.set_at,
        report = coalesce(excluded.report, s.report)
    returning {_COLUMNS}
"""  # noqa: S608  put together from constants

_UNDER = """
    (%(user_id)s::uuid is null or p.user_id = %(user_id)s)
    and (%(pipeline_id)s::uuid is null or p.pipeline_id = %(pipeline_id)s)
"""
CLOSE_ALL = f"""
    with live as (
        select p.id, p.user_id from positions p where p.status <> 'closed' and {_UNDER}
    ), asked as (
        insert into order_requests (id, user_id, kind, target, args, correlation_id, requested_at)
        select gen_random_uuid(), user_id, 'close_position', id, %(args)s, %(correlation_id)s,
            %(now)s from live
        returning id, target
    )
    select coalesce(jsonb_agg(jsonb_build_object('request', id, 'position', target)), '[]')
    from asked
"""  # noqa: S608  put together from constants
"""Asks for the close of every position under a switch; entries that work are among them."""

TAKE_BACK = f"""
    insert into order_requests (id, user_id, kind, target, args, correlation_id, requested_at)
    select gen_random_uuid(), p.user_id, 'cancel_order', o.id, %(args)s, %(correlation_id)s, %(now)s
    from positions p join orders o on o.id = p.entry_order_id
    where p.status <> 'closed' and {_UNDER}
      and o.status in ('intended', 'submitted', 'working', 'partially_filled')
"""  # noqa: S608  put together from constants
"""Asks for the end of every entry under a switch: it is on record, so that it is taken back also
where the order service is away until the switch is off again."""

CONCERNED = f"""
    select distinct p.user_id from positions p where p.status <> 'closed' and {_UNDER}
    union
    select o.user_id from orders o join accounts a on a.id = o.account_id
    where %(user_id)s::uuid is null and o.status in ('intended', 'submitted', 'working',
        'partially_filled') and a.kind = 'lasting'
    union
    select %(user_id)s::uuid where %(user_id)s::uuid is not null
"""  # noqa: S608  put together from constants
"""Whom a switch concerns: its owner, or everybody with something live."""

FLATTENED = """
    select p.id, p.user_id, p.account_id, p.mode, p.symbol, p.quantity, p.status, p.opened_at,
           r.done_at, r.outcome, e.price, w.waits_for, s.reason, s.since
    from jsonb_to_recordset(%(items)s) as i(request uuid, position uuid)
    join positions p on p.id = i.position
    left join positions_set_aside s on s.position_id = p.id
    left join order_requests r on r.id = i.request
    cross join lateral (
        select sum(f.quantity * f.price) / nullif(sum(f.quantity), 0) as price
        from orders o join fills f on f.order_id = o.id
        where o.position_id = p.id and o.effect = 'close' and o.leg = 'close'
    ) e
    cross join lateral (
        select max(o.waits_for) as waits_for from orders o
        where o.position_id = p.id and o.leg = 'close' and o.waits_for is not null
    ) w
    order by p.symbol, p.id
"""
"""How the positions of a flattening stand now."""
