"""The SQL of a round of the order service. All of it runs in one transaction."""

from kuber.audit.entries import audit_insert_of
from kuber.notifications.outbox import NOTICE_INSERT
from kuber.trading.statements import ANSWERED, SAID_COLUMNS

ORDERS_CHANNEL = "kuber_orders"
"""PostgreSQL notifies here, without a payload, when intents or requests were committed."""

_GATE = 0x6B756265725F72
"""Advisory lock of a transaction: rounds share it, the reset of an account has it alone."""
ENTER_GATE = f"select pg_advisory_xact_lock_shared({_GATE})"
SHUT_GATE = f"select pg_advisory_xact_lock({_GATE})"

LATCH = "select epoch, watched_at from trading_latch where id = 1"
SWITCHES = """
    select scope, state, reason, set_by, set_at from trading_switches
    where state <> 'off' or set_at > %(since)s
"""
UNCHANGED = """
    select epoch, set_config('idle_in_transaction_session_timeout', '800', true)
    from trading_latch where id = 1 for share
"""
"""The last statement of a round: a switch that is set afterwards waits for its commit. A process
that was stopped in between is not waited for longer than that: it may not commit any more (T28)."""
WATCHED = "update trading_latch set watched_at = %(now)s where id = 1"

POSITIONS = """
    with wanted as (
        select * from jsonb_to_recordset(%(rows)s) as w(
            id uuid, user_id uuid, account_id uuid, mode text, symbol text, pipeline_id uuid,
            run_id uuid, entry_order_id uuid, owner text, side text, quantity numeric,
            average_price numeric, realised_pnl numeric, fees numeric, stop numeric, targets jsonb,
            protected_by text, unprotected numeric, unprotected_since timestamptz,
            unprotected_seconds numeric, status text, exit_reason text, created_at timestamptz,
            opened_at timestamptz, closed_at timestamptz, next_look_at timestamptz, state text,
            version bigint, stored bigint)
    ), changed as (
        update positions p set
            quantity = w.quantity, average_price = w.average_price,
            realised_pnl = w.realised_pnl, fees = w.fees, stop = w.stop, targets = w.targets,
            protected_by = w.protected_by, unprotected = w.unprotected,
            unprotected_since = w.unprotected_since, unprotected_seconds = w.unprotected_seconds,
            status = w.status, exit_reason = w.exit_reason, opened_at = w.opened_at,
            closed_at = w.closed_at, next_look_at = w.next_look_at, state = w.state,
            version = w.version
        from wanted w where p.id = w.id and p.version = w.stored returning p.id
    ), made as (
        insert into positions (id, user_id, account_id, mode, symbol, pipeline_id, run_id,
            entry_order_id, owner, side, quantity, average_price, realised_pnl, fees, stop,
            targets, protected_by, unprotected, unprotected_since, unprotected_seconds, status,
            exit_reason, created_at, opened_at, closed_at, next_look_at, state, version)
        select id, user_id, account_id, mode, symbol, pipeline_id,
            (select r.id from runs r where r.id = w.run_id), entry_order_id, owner, side,
            quantity, average_price, realised_pnl, fees, stop, targets, protected_by,
            unprotected, unprotected_since, unprotected_seconds, status, exit_reason, created_at,
            opened_at, closed_at, next_look_at, state, version
        from wanted w where stored is null returning id
    )
    select (select count(*) from changed) + (select count(*) from made)
"""
"""Writes positions whose version is the one that was read; returns how many were."""

ADMITTED = """
    update orders o set position_id = w.position_id, time_in_force = w.time_in_force
    from jsonb_to_recordset(%(rows)s) as w(id uuid, position_id uuid, time_in_force text)
    where o.id = w.id
"""

EXITS = f"""
    with wanted as (
        select * from jsonb_to_recordset(%(rows)s) as w(
            id uuid, user_id uuid, account_id uuid, venue text, origin_key jsonb, leg text,
            attempt int, mode text, symbol text, side text, quantity numeric,
            reference_price numeric, correlation_id text, type text, time_in_force text,
            limit_price numeric, stop_price numeric, position_id uuid, order_group text,
            replaces uuid, expires_at timestamptz, entries jsonb)
    ), made as (
        insert into orders (id, user_id, account_id, venue, origin, origin_key, leg, attempt, mode,
            symbol, side, quantity, reference_price, levels, status, correlation_id, created_at,
            sent_at, type, time_in_force, limit_price, stop_price, effect, position_id,
            order_group, replaces, expires_at)
        select id, user_id, account_id, venue, 'monitor', origin_key, leg, attempt, mode, symbol,
            side, quantity, reference_price, '{{"stop_loss": null, "targets": []}}', 'intended',
            correlation_id, %(now)s, %(now)s, type, time_in_force, limit_price, stop_price,
            'close', position_id, order_group, replaces, expires_at
        from wanted
    ),
    {audit_insert_of("wanted")}
    select 1
"""  # noqa: S608  put together from constants
"""Records orders that close, for the positions that they belong to."""

ANSWERS = f"""
    with said as (select * from jsonb_to_recordset(%(rows)s) as s({SAID_COLUMNS})), {ANSWERED}
    select count(*) from answered
"""  # noqa: S608  put together from constants

STANDINGS = """
    update orders o set remaining = coalesce(w.remaining, o.remaining), waits_for = w.waits_for,
        stop_price = coalesce(w.stop_price, o.stop_price), reserved = w.reserved,
        settlement_status = coalesce(w.settlement_status, o.settlement_status)
    from jsonb_to_recordset(%(rows)s) as w(id uuid, remaining numeric, waits_for text,
        stop_price numeric, reserved numeric, settlement_status text)
    where o.id = w.id
"""

BOOKS = """
    with kept as (
        insert into venue_books as b (symbol, state, version, updated_at)
        select symbol, state, version, %(now)s
        from unnest(%(symbols)s::text[], string_to_array(%(states)s, chr(30)),
                    %(versions)s::bigint[])
            as w(symbol, state, version)
        on conflict (symbol) do update set state = excluded.state, version = excluded.version,
            updated_at = excluded.updated_at
        where b.version = excluded.version - 1
        returning 1
    )
    select count(*) from kept
"""
"""Writes books whose version is still the one that was read; returns how many were.

The states are one text with `BETWEEN_BOOKS` between them: to quote large texts for an array takes
the client some fifty times as long as to send them.
"""

BETWEEN_BOOKS = "\x1e"
"""No JSON text contains it as it is."""

DONE = """
    update order_requests r set done_at = %(now)s, outcome = w.outcome
    from jsonb_to_recordset(%(rows)s) as w(id uuid, outcome text) where r.id = w.id
"""
NOTICES = NOTICE_INSERT
FOLLOW = "select pg_notify(%(channel)s, '')"
