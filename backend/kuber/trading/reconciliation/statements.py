"""The SQL of reconciliations, over connections of psycopg."""

READ_ONLY = "set transaction isolation level repeatable read read only"
"""Everything of one comparison is read as it was at one moment."""

HELD = """
    select id, symbol, side, quantity from positions
    where account_id = %(account_id)s and status <> 'closed' order by symbol, id
"""
FILLS = """
    select f.execution_id, o.symbol, case o.side when 'buy' then f.quantity else -f.quantity end,
           f.price, f.commission
    from fills f join orders o on o.id = f.order_id where f.account_id = %(account_id)s
"""
ORDERS = """
    select o.id, o.symbol, o.filled_quantity, coalesce(s.quantity, 0)
    from orders o
    left join (
        select order_id, sum(quantity) as quantity from fills
        where account_id = %(account_id)s group by order_id
    ) s on s.order_id = o.id
    where o.account_id = %(account_id)s and o.filled_quantity <> coalesce(s.quantity, 0)
    order by o.id
"""

AT_START = """
    select distinct p.account_id, a.entries_blocked is not null
    from positions p join accounts a on a.id = p.account_id where p.status <> 'closed'
    union
    select id, true from accounts where entries_blocked is not null and kind = 'lasting'
"""
"""Accounts that are compared before entries leave, and whether they are blocked."""
BLOCKED = "select id from accounts where entries_blocked is not null and kind = 'lasting'"
DUE = """
    select a.id from accounts a
    cross join lateral (
        select coalesce(max(r.at), '-infinity') as at from reconciliations r
        where r.account_id = a.id
    ) last
    where a.kind = 'lasting' and last.at < %(since)s
      and (a.entries_blocked is not null
        or exists (select from positions p where p.account_id = a.id
                   and (p.status <> 'closed' or p.closed_at >= last.at)))
    order by a.id limit %(most)s
"""
"""Accounts with activity since they were compared, which was before `since`."""
OWNED = """
    select id from accounts
    where kind = 'lasting' and user_id = %(user_id)s
      and (id = %(account_id)s or (%(account_id)s::uuid is null and status = 'open'))
    order by created_at, id
"""

WRITE = """
    with found as (
        select * from jsonb_to_recordset(%(rows)s) as f(
            id uuid, account_id uuid, status text, differences jsonb, blocked text)
    ), before as materialized (
        select a.id, a.user_id, a.name, a.entries_blocked from accounts a
        join found f on f.account_id = a.id order by a.id for no key update of a
    ), changed as (
        update accounts a set entries_blocked = f.blocked
        from found f, before b
        where a.id = f.account_id and b.id = a.id and a.entries_blocked is distinct from f.blocked
          and not exists (
            select from reconciliations r where r.account_id = a.id and r.at > %(at)s)
        returning a.id, a.user_id, a.name, b.entries_blocked as was, f.blocked
    ), told as (
        select pg_notify('kuber_account', string_agg(id || ' account_changed ' || id, e'\n'))
        from changed having count(*) > 0
    ), made as (
        insert into reconciliations (id, account_id, at, status, differences)
        select id, account_id, %(at)s, status, differences from found
    )
    select id, user_id, name, was, blocked, (select count(*) from told) from changed
"""
"""Keeps what was found, and blocks or lets go; of two comparisons the one that read later counts.
Returns the accounts for which that changed."""

PAGE = """
    select r.id, r.account_id, a.name, r.at, r.status, r.differences
    from reconciliations r join accounts a on a.id = r.account_id
    where a.user_id = %(user_id)s
      and (%(account_id)s::uuid is null or r.account_id = %(account_id)s)
      and (%(status)s::text is null or r.status = %(status)s)
      and (%(before_at)s::timestamptz is null or (r.at, r.id) < (%(before_at)s, %(before_id)s))
    order by r.at desc, r.id desc limit %(most)s
"""
SOME = """
    select r.id, r.account_id, a.name, r.at, r.status, r.differences
    from reconciliations r join accounts a on a.id = r.account_id
    where r.id = any(%(ids)s) order by r.at desc, r.id desc
"""
