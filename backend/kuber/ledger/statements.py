"""The ledger's SQL. Each is for one book; amounts travel as text within JSON."""

OPEN_ACCOUNTS = """
    insert into ledger_accounts (book, owner, path, unit, balance)
    select %(book)s, owner, 'cash', currency, 0
    from unnest(%(owners)s::uuid[], %(currencies)s::text[]) as o(owner, currency)
    order by owner, currency
    on conflict do nothing
"""
LOCK_OWNERS = """
    select owner, unit, balance from ledger_accounts
    where book = %(book)s and path = 'cash' and owner = any(%(owners)s)
    order by owner
    for no key update
"""
"""An owner's cash is the lock of all that is under it. What is read next is read by a statement of
its own: this one, having waited, would show the rest as it was before."""

DEBTS = """
    select owner, -balance from ledger_accounts
    where book = %(book)s and path = 'debt' and owner = any(%(owners)s)
"""
_LOT_COLUMNS = "owner, symbol, position_id, number, quantity, cost"
LOTS = f"""
    select l.* from unnest(%(owners)s::uuid[], %(symbols)s::text[]) as w(owner, symbol)
    cross join lateral (
        select {_LOT_COLUMNS} from ledger_lots
        where owner = w.owner and book = %(book)s and symbol = w.symbol
        offset 0
    ) l
    order by l.owner, l.symbol, l.position_id, l.number
"""
LOTS_OF_OWNERS = f"""
    select {_LOT_COLUMNS} from ledger_lots where book = %(book)s and owner = any(%(owners)s)
    order by owner, symbol, position_id, number
"""
_HOLD_COLUMNS = "owner, currency, key, number, amount, purpose, expires_at"
HOLDS = f"""
    select {_HOLD_COLUMNS} from ledger_holds where book = %(book)s and key = any(%(keys)s)
"""
HOLDS_OF_OWNERS = f"""
    select {_HOLD_COLUMNS} from ledger_holds where book = %(book)s and owner = any(%(owners)s)
"""
LAST_HOLDS = """
    select hold_key, max(hold_number) from ledger_transfers
    where book = %(book)s and hold_key = any(%(keys)s) and state = 'pending'
    group by hold_key
"""
EXPIRED = f"""
    select {_HOLD_COLUMNS} from ledger_holds
    where book = %(book)s and expires_at <= %(now)s
    order by expires_at limit %(most)s
"""
_POSTED_COLUMNS = "t.id, t.book, t.owner, t.currency, t.at, t.kind, t.fact, t.memo"
POSTED = f"select {_POSTED_COLUMNS} from ledger_transactions t where t.id = any(%(ids)s)"
HISTORY = f"""
    select {_POSTED_COLUMNS} from ledger_transactions t
    join ledger_transactions o on (o.book, o.owner) = (t.book, t.owner)
    where o.id = %(original)s and o.book = %(book)s and o.owner = %(owner)s
      and (t.id = o.id or t.symbol = o.symbol or (t.kind = 'reset' and o.symbol is not null))
      and not exists (
          select from ledger_transactions r where r.book = t.book and r.owner = t.owner
             and r.kind = 'reversal' and (r.fact ->> 'original')::uuid = t.id)
    order by t.number
"""
"""What a reversal is computed from: see `posting.reverse`."""

POST = """
    with said as materialized (
        select * from jsonb_to_recordset(%(transactions)s)
          as s(place int, id uuid, owner uuid, currency text, at timestamptz, kind text,
               symbol text, order_id uuid, venue_execution_id text, memo text, fact jsonb)
    ), made as (
        insert into ledger_transactions (id, book, owner, currency, at, kind, symbol, order_id,
                                         venue_execution_id, memo, fact)
        select id, %(book)s, owner, currency, at, kind, symbol, order_id, venue_execution_id, memo,
               fact
        from said order by place
    ), moved as (
        insert into ledger_transfers (transaction_id, number, book, kind, state, debit, credit,
                                      amount, unit, hold_key, hold_number, expires_at)
        select id, number, %(book)s, kind, state, debit, credit, amount, unit, hold_key,
               hold_number, expires_at
        from jsonb_to_recordset(%(transfers)s)
          as m(id uuid, number smallint, kind text, state text, debit text, credit text,
               amount numeric, unit text, hold_key uuid, hold_number int, expires_at timestamptz)
        returning transaction_id, debit, credit, amount, unit
    ), changes as materialized (
        select %(book)s as book, s.owner, e.path, m.unit, sum(e.amount) as amount
        from moved m join said s on s.id = m.transaction_id
        cross join lateral (values (m.debit, m.amount), (m.credit, -m.amount)) as e(path, amount)
        group by s.owner, e.path, m.unit
        having sum(e.amount) <> 0
    ), updated as (
        update ledger_accounts a set balance = a.balance + c.amount
        from changes c
        where (a.owner, a.book, a.path, a.unit) = (c.owner, c.book, c.path, c.unit)
        returning a.owner, a.path, a.unit
    ), opened as (
        insert into ledger_accounts (book, owner, path, unit, balance)
        select %(book)s, owner, path, unit, amount from changes
        where (owner, path, unit) not in (select owner, path, unit from updated)
    ), lots_closed as (
        delete from ledger_lots l
        using jsonb_to_recordset(%(lots_closed)s)
          as c(owner uuid, book text, symbol text, position_id uuid, number int)
        where (l.owner, l.book, l.symbol, l.position_id, l.number)
              = (c.owner, c.book, c.symbol, c.position_id, c.number)
    ), lots_kept as (
        insert into ledger_lots (book, owner, symbol, position_id, number, quantity, cost)
        select %(book)s, owner, symbol, position_id, number, quantity, cost
        from jsonb_to_recordset(%(lots)s)
          as k(owner uuid, symbol text, position_id uuid, number int, quantity numeric,
               cost numeric)
        on conflict (owner, book, symbol, position_id, number)
        do update set quantity = excluded.quantity, cost = excluded.cost
    ), holds_ended as (
        delete from ledger_holds where book = %(book)s and key = any(%(holds_ended)s)
    )
    insert into ledger_holds (book, key, number, owner, currency, amount, purpose, expires_at)
    select %(book)s, key, number, owner, currency, amount, purpose, expires_at
    from jsonb_to_recordset(%(holds)s)
      as h(key uuid, number int, owner uuid, currency text, amount numeric, purpose text,
           expires_at timestamptz)
    on conflict (book, key) do update set number = excluded.number, amount = excluded.amount,
        purpose = excluded.purpose, expires_at = excluded.expires_at
"""
"""Writes transactions, all or none. A transaction that is there already is a unique violation.

An account that is new gets its first amount; the others are moved by increments. They are two
statements, because `on conflict` would check the increment by itself for not being overdrawn.

The book comes with the rows that it is compared by: as a constant it tempts the planner to read all
of the book, as long as it knows nothing of the table.
"""

BALANCES = """
    select path, unit, balance from ledger_accounts
    where book = %(book)s and owner = %(owner)s order by path, unit
"""
BALANCES_OF_OWNERS = """
    select owner, path, unit, balance from ledger_accounts
    where book = %(book)s and owner = any(%(owners)s)
"""
OWNERS = """
    (select distinct owner from ledger_transactions
     where book = %(book)s and owner > %(after)s order by owner limit %(most)s)
    union
    (select distinct owner from ledger_accounts
     where book = %(book)s and owner > %(after)s order by owner limit %(most)s)
    order by owner limit %(most)s
"""
"""A balance without any transaction is a difference, too."""
FACTS = f"""
    select {_POSTED_COLUMNS} from ledger_transactions t
    where t.book = %(book)s and t.owner = %(owner)s order by t.number
"""
EXECUTIONS = """
    select t.venue_execution_id, t.symbol, (t.fact ->> 'quantity')::numeric,
           (t.fact ->> 'price')::numeric, (t.fact ->> 'fee')::numeric
    from ledger_transactions t
    where t.book = %(book)s and t.owner = %(owner)s and t.kind = 'execution'
      and not exists (
          select from ledger_transactions r where r.book = t.book and r.owner = t.owner
             and r.kind = 'reversal' and (r.fact ->> 'original')::uuid = t.id)
"""
"""The executions of an owner that were not taken back; quantities are signed."""
TRANSFERS = """
    select m.transaction_id, m.kind, m.debit, m.credit, m.amount, m.unit, m.state, m.hold_key,
           m.hold_number, m.expires_at
    from ledger_transfers m join ledger_transactions t on t.id = m.transaction_id
    where t.book = %(book)s and t.owner = %(owner)s order by t.number, m.number
"""

_CHANGE = """
    case when m.unit <> t.currency then 0 else
        case when m.debit = any(%(money)s) then m.amount else 0 end
        - case when m.credit = any(%(money)s) then m.amount else 0 end end
"""
"""By how much a transfer changes what its owner has in money."""
_MOVED = f"""
    select t.number, m.number, t.id, t.at, m.kind, m.state, m.debit, m.credit, m.amount, m.unit,
           t.symbol, t.order_id, t.venue_execution_id, t.memo, {_CHANGE}
    from ledger_transactions t join ledger_transfers m on m.transaction_id = t.id
    where t.book = %(book)s and t.owner = %(owner)s
"""
NEWEST = f"""
    {_MOVED}
      and (%(transaction)s::bigint is null
           or (t.number, m.number::int) < (%(transaction)s::bigint, %(transfer)s::int))
      and t.number <= coalesce(%(transaction)s::bigint, 9223372036854775807)
    order by t.number desc, m.number desc limit %(most)s
"""
WITHIN = f"""
    {_MOVED}
      and t.at >= %(since)s and t.at < %(until)s and t.number <= %(last)s
      and t.number >= %(transaction)s
      and (t.number, m.number::int) > (%(transaction)s::bigint, %(transfer)s::int)
    order by t.number, m.number limit %(most)s
"""
OPENING = f"""
    select coalesce(max(t.number), 0), coalesce(sum({_CHANGE}) filter (where t.at < %(since)s), 0)
    from ledger_transactions t join ledger_transfers m on m.transaction_id = t.id
    where t.book = %(book)s and t.owner = %(owner)s
"""

DEPOSITED_SINCE = """
    select t.owner, sum(m.amount)
    from unnest(%(owners)s::uuid[], %(since)s::timestamptz[]) as s(owner, since)
    join ledger_transactions t on t.owner = s.owner and t.book = %(book)s
    join ledger_transfers m on m.transaction_id = t.id and m.kind = 'deposit'
    where s.since is null or t.at > s.since
    group by t.owner
"""

CLAIM_CHECK = """
    insert into ledger_checks (day, started_at) values (%(day)s, %(now)s)
    on conflict (day) do update set started_at = excluded.started_at
        where ledger_checks.finished_at is null and ledger_checks.started_at <= %(before)s
    returning day
"""
FINISH_CHECK = """
    update ledger_checks set finished_at = %(now)s, differences = %(differences)s
    where day = %(day)s
"""
