"""How orders and fills are compared with what the record says of them."""

from kuber.audit.comparing import RowComparison

# PostgreSQL rounds a figure to the column's eight places when it stores it; so does this.
_FILLS_SAID = """
    (select coalesce(jsonb_agg(jsonb_build_array(f.number, f.time, round(f.quantity, 8),
                                                 round(f.price, 8), round(f.commission, 8))
                               order by f.number), '[]')
     from jsonb_to_recordset(s.fills) as f(number int, time timestamptz, quantity numeric,
                                           price numeric, commission numeric))
"""
_FILLS_STORED = """
    (select coalesce(jsonb_agg(jsonb_build_array(f.number, f.time, f.quantity, f.price,
                                                 f.commission) order by f.number), '[]')
     from fills f where f.order_id = s.order_id)
"""


def _is_of(instant: str) -> str:
    """Return SQL for whether a row is of its entry's time; the clock of the database may differ."""
    minute = "interval '1 minute'"
    return f"coalesce({instant} between e.at - {minute} and e.at + {minute}, false)"


# The entries of orders first: what else is on record may hold anything.
_ENTRIES = """
    from (
        select l.chain_position, e.user_id, e.event_type, e.at, e.data::jsonb as data
        from audit_links l join audit_entries e on e.id = l.entry_id
        where l.chain_position > %(after)s and l.chain_position <= %(until)s
          and e.event_type in ('order_intended', 'order_answered', 'order_adopted')
        offset 0
    ) e
    cross join lateral jsonb_to_record(e.data) as s(
        order_id uuid, run_id uuid, node_id text, mode text, symbol text, side text,
        quantity numeric, reference_price numeric, stop_loss text, targets jsonb,
        status text, reason text, fills jsonb, account_id text, origin text)
    left join orders o on o.id = s.order_id
    where true
"""

# Younger than the record: entries of before do not say it, and a table of before has no columns.
_PLACED = "(to_jsonb(o) ->> 'account_id', to_jsonb(o) ->> 'origin')"

INTENTS = RowComparison(
    differing=f"""
        select e.chain_position, concat('Order ', s.order_id, case
            when o.id is null then ' is gone.'
            else concat(' of ', o.user_id, ' says ', o.mode, ': ', o.side, ' ', o.quantity, ' ',
                        o.symbol, ' at ', o.reference_price, ' with ', o.levels,
                        ' in (account, by) ', {_PLACED},
                        '; on record are ', e.user_id, ' and ', s.mode, ': ', s.side, ' ',
                        s.quantity, ' ', s.symbol, ' at ', s.reference_price,
                        ' with stop ', s.stop_loss, ' and targets ', s.targets,
                        ' in ', (s.account_id, s.origin), '. It is of ',
                        o.created_at, ', its entry of ', e.at, '.') end)
        {_ENTRIES} and e.event_type in ('order_intended', 'order_adopted')
          and (o.id is null
               or (o.user_id, o.node_id, o.mode, o.side, o.symbol, o.quantity, o.reference_price)
                  is distinct from
                  (e.user_id, s.node_id, s.mode, s.side, s.symbol, round(s.quantity, 8),
                   round(s.reference_price, 8))
               or o.run_id <> s.run_id
               or (s.account_id is not null
                   and {_PLACED} is distinct from (s.account_id, s.origin))
               or o.levels is distinct from
                  jsonb_build_object('stop_loss', s.stop_loss, 'targets', s.targets)
               or (e.event_type = 'order_intended' and not {_is_of("o.created_at")}))
    """,  # noqa: S608
    unrecorded="""
        select concat('Order ', o.id, ': ', o.side, ' ', o.quantity, ' ', o.symbol, ' in ', o.mode,
                      ' is not on record.')
        from orders o where not exists (
            select from audit_entries e
            left join audit_links l on l.entry_id = e.id
            left join audit_pending w on w.entry_id = e.id
            where (l.chain_position >= 1 or w.entry_id is not null)
              and e.event_type in ('order_intended', 'order_adopted')
              and (e.data::jsonb ->> 'order_id')::uuid = o.id)
        limit 20
    """,
)

ANSWERS = RowComparison(
    differing=f"""
        select e.chain_position, concat('The answer to order ', s.order_id, case when o.id is null
            then ' is gone.'
            else concat(' says ', o.status, ' with fills ', {_FILLS_STORED}, '; on record are ',
                        s.status, ' and ', {_FILLS_SAID},
                        ' (number, time, quantity, price, commission). It is of ',
                        o.answered_at, ', its entry of ', e.at, '.')
            end)
        {_ENTRIES} and (e.event_type = 'order_answered'
                        or (e.event_type = 'order_adopted' and s.status <> 'intended'))
          and (o.id is null or (o.status, o.reason) is distinct from (s.status, s.reason)
               or {_FILLS_STORED} is distinct from {_FILLS_SAID}
               or (e.event_type = 'order_answered' and not {_is_of("o.answered_at")}))
    """,  # noqa: S608
    unrecorded="""
        select concat('The answer ', o.status, ' to order ', o.id, ' is not on record.')
        from orders o
        where (o.status <> 'intended' or exists (select from fills f where f.order_id = o.id))
          and not exists (
            select from audit_entries e
            left join audit_links l on l.entry_id = e.id
            left join audit_pending w on w.entry_id = e.id
            where (l.chain_position >= 1 or w.entry_id is not null)
              and (e.event_type = 'order_answered'
                   or (e.event_type = 'order_adopted' and e.data::jsonb ->> 'status' <> 'intended'))
              and (e.data::jsonb ->> 'order_id')::uuid = o.id)
        limit 20
    """,
)

ORDERS = (INTENTS, ANSWERS)
