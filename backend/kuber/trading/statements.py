"""The SQL of intents and answers, for whoever records them together with something else.

The queries take those of many orders at once, and stand in the order of this file, each kind
behind a query that says which of them count. `Journal.row` and `Booking.row` make the rows.
"""

from kuber.audit.entries import audit_insert_of
from kuber.infra.outbox import outbox_insert_of

WANTED_COLUMNS = """
    about uuid, id uuid, user_id uuid, account_id uuid, currency text, venue text, origin text,
    origin_key jsonb, leg text, attempt int, run_id uuid, node_id text, mode text, symbol text,
    side text, quantity numeric, reference_price numeric, levels jsonb, estimated bool,
    type text, time_in_force text, limit_price numeric, stop_price numeric, extended_hours bool,
    caller_reference text, asked text, correlation_id text, events jsonb, entries jsonb
"""
"""What an intent's row holds; `about` names what it is recorded with."""

_COLUMNS = """
    id, user_id, account_id, venue, origin, origin_key, leg, attempt, run_id, node_id, mode, symbol,
    side, quantity, reference_price, levels, estimated, type, time_in_force, limit_price,
    stop_price, extended_hours, caller_reference, asked, correlation_id
"""

INTENDED = f"""
    opened as (
        insert into accounts (id, user_id, mode, currency)
        select distinct account_id, user_id, mode, currency from wanted on conflict (id) do nothing
    ), intended as (
        insert into orders ({_COLUMNS}, status, created_at, sent_at)
        select {_COLUMNS}, 'intended', %(now)s, %(now)s from wanted
        on conflict (id) do update set sent_at = excluded.sent_at, not_found_at = null
            where orders.status = 'intended'
        returning id, xmax = 0 as is_new, case when xmax = 0 and exists (
            select from accounts a where a.id = orders.account_id and a.kind = 'lasting'
        ) then pg_notify('kuber_orders', '')::text end as called
    ), intended_first as (
        select w.* from wanted w join intended n on n.id = w.id where n.is_new
    ), intended_told as ({outbox_insert_of("intended_first")}),
    {audit_insert_of("intended_first")}
"""  # noqa: S608  put together from constants
"""Records the intents of the query `wanted`, or that they are about to be sent again unless they
have their answer; `now` is the present. The order service hears of new ones at the commit, whatever
becomes of who committed them. `intended` has those that may be sent, and whether they
are new: the ones that are not were recorded before, and may have been sent."""

SAID_COLUMNS = """
    about uuid, id uuid, answers int, status text, reason text, filled numeric, at timestamptz,
    not_found_at timestamptz, fills jsonb, events jsonb, entries jsonb, notices jsonb
"""
"""What an answer's row holds; `about` names what it is recorded with."""


def _filled(source: str) -> str:
    """Return a query that books the fills which rows of the query `source` hold."""
    return f"""
        insert into fills (venue, account_id, execution_id, order_id, answer, time, quantity,
                           price, commission)
        select a.venue, a.account_id, f.execution_id, a.id, a.answer, f.time, f.quantity,
               f.price, f.commission
        from {source} a, jsonb_to_recordset(a.fills)
          as f(execution_id text, time timestamptz, quantity numeric, price numeric,
               commission numeric)
    """  # noqa: S608  put together from constants


def _noticed(source: str) -> str:
    """Return a query that tells users what rows of the query `source` hold.

    Grouped by mode and pipeline, by mode and symbol once the run is gone with its pipeline.
    """
    return f"""
        insert into notice_outbox (user_id, kind, at, data, subject)
        select n.user_id, n.kind, n.at,
               n.data || case when p.id is null then '{{}}' else
                   jsonb_build_object('pipeline_id', p.id, 'pipeline_name', p.name) end,
               n.subject || ' ' || coalesce(p.id::text, n.data ->> 'symbol')
        from {source} a
        cross join jsonb_to_recordset(a.notices)
          as n(user_id uuid, kind text, at timestamptz, data jsonb, subject text)
        left join runs r on r.id = a.run_id left join pipelines p on p.id = r.pipeline_id
    """  # noqa: S608  put together from constants


ANSWERED = f"""
    answered as (
        update orders o set status = s.status, reason = coalesce(s.reason, o.reason),
            filled_quantity = o.filled_quantity + s.filled, answers = o.answers + 1,
            answered_at = coalesce(o.answered_at, s.at)
        from said s
        where o.id = s.id and o.answers = s.answers
          and (s.not_found_at is null or o.not_found_at = s.not_found_at)
        returning o.id, o.run_id, o.venue, o.account_id, o.answers
    ), answered_now as (
        select s.*, a.run_id, a.venue, a.account_id, a.answers as answer
        from said s join answered a on a.id = s.id
    ), filled as ({_filled("answered_now")}), answered_noticed as ({_noticed("answered_now")}
    ), answered_told as ({outbox_insert_of("answered_now")}),
    {audit_insert_of("answered_now")}
"""  # noqa: S608  put together from constants
"""Books the answers of the query `said`, each if its order still has as many as when the answer
was weighed; `answered` has those that were booked."""

PLACED_COLUMNS = f"""
    {WANTED_COLUMNS.strip()}, status text, reason text, filled numeric, at timestamptz, fills jsonb,
    notices jsonb
"""
"""What the row of an order holds that was answered as it was placed: those of its intent and of
its answer, with the events and entries of both."""

# An intent of that id is there only where a release of before was interrupted after it.
PLACED = f"""
    placed_in as (
        insert into accounts (id, user_id, mode, currency)
        select distinct account_id, user_id, mode, currency from placed on conflict (id) do nothing
    ), placed_new as (
        insert into orders ({_COLUMNS}, status, reason, filled_quantity, answers, answered_at,
                            created_at, sent_at)
        select {_COLUMNS}, status, reason, filled, 1, at, %(now)s, %(now)s from placed
        on conflict (id) do update set status = excluded.status, reason = excluded.reason,
            filled_quantity = excluded.filled_quantity, answers = 1,
            answered_at = excluded.answered_at, estimated = excluded.estimated
            where orders.status = 'intended'
        returning id
    ), placed_now as (
        select p.*, 1 as answer from placed p join placed_new n on n.id = p.id
    ), placed_filled as ({_filled("placed_now")}), placed_noticed as ({_noticed("placed_now")}),
    placed_told as ({outbox_insert_of("placed_now")}),
    {audit_insert_of("placed_now")}
"""  # noqa: S608  put together from constants
"""Records the orders of the query `placed`, each with its answer; `now` is the present."""
