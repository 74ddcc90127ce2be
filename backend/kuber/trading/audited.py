"""How orders and fills are compared with what the record says of them."""

from kuber.audit.comparing import RowComparison

# PostgreSQL rounds a figure to the column's eight places when it stores it; so does this. An entry
# of before executions had ids numbers its fills, and their rows have the ids that follow from that.
_FILLS_SAID = """
    (select coalesce(jsonb_agg(jsonb_build_array(f.id, f.time, round(f.quantity, 8),
                                                 round(f.price, 8), round(f.commission, 8))
                               order by f.id), '[]')
     from (select coalesce(f.execution_id, concat(s.order_id, '-', f.number)) as id, f.*
           from jsonb_to_recordset(s.fills)
             as f(execution_id text, number int, time timestamptz, quantity numeric,
                  price numeric, commission numeric)) f)
"""
# A fill at another venue, or in another account, than its order's was put there by hand.
_FILLS_STORED = """
    (select coalesce(jsonb_agg(jsonb_build_array(f.id, f.time, f.quantity, f.price, f.commission)
                               order by f.id), '[]')
     from (select case when (f.venue, f.account_id) = (o.venue, o.account_id) then f.execution_id
                       else concat(f.execution_id, ' at ', f.venue, ' in ', f.account_id)
                  end as id, f.*
           from fills f where f.order_id = s.order_id and f.answer = s.answer) f)
"""
_FILLED = "(select coalesce(sum(f.quantity), 0) from fills f where f.order_id = s.order_id)"


def _is_of(instant: str) -> str:
    """Return SQL for whether a row is of its entry's time; the clock of the database may differ."""
    minute = "interval '1 minute'"
    return f"coalesce({instant} between e.at - {minute} and e.at + {minute}, false)"


_SPEAKS = "e.event_type in ('order_intended', 'order_answered', 'order_adopted')"

# The entries of orders first: what else is on record may hold anything. Before an order had a life
# its one answer had no number, and what was filled in part was not filled any further.
_ENTRIES = """
    from (
        select l.chain_position, e.user_id, e.event_type, e.at, e.data::jsonb as data
        from audit_links l join audit_entries e on e.id = l.entry_id
        where l.chain_position = any(%(places)s)
        offset 0
    ) e
    cross join lateral (
        select d.*, coalesce(d.number, 1) as answer,
               case when d.number is null and d.status = 'partially_filled' then 'cancelled'
                    else d.status end as stands
        from jsonb_to_record(e.data) as d(
            order_id uuid, run_id uuid, node_id text, mode text, symbol text, side text,
            quantity numeric, reference_price numeric, stop_loss text, targets jsonb,
            number int, status text, reason text, fills jsonb,
            account_id text, origin text, venue text, origin_key jsonb, leg text, attempt int,
            estimated bool, type text, time_in_force text, limit_price numeric,
            stop_price numeric, effect text, position_id uuid, order_group text)
    ) s
    left join orders o on o.id = s.order_id
    where true
"""

# Entries of before these were on record do not say them.
_PLACED = "(o.account_id::text, o.origin)"
_KEYS = "(o.venue, o.origin_key, o.leg, o.attempt)"
# A trailing stop moves its price, and an entry gets its position when it is admitted.
_TERMS = """
    (o.type, o.time_in_force, o.limit_price,
     case when s.type = 'trailing_stop' then s.stop_price else o.stop_price end, o.effect,
     case when s.position_id is null and s.effect = 'open' then null else o.position_id end,
     o.order_group)
"""
_TERMS_SAID = """
    (s.type, s.time_in_force, round(s.limit_price, 8), round(s.stop_price, 8), s.effect,
     s.position_id, s.order_group)
"""

INTENTS = RowComparison(
    speaks=_SPEAKS,
    differing=f"""
        select e.chain_position, concat('Order ', s.order_id, case
            when o.id is null then ' is gone.'
            else concat(' of ', o.user_id, ' says ', o.mode, ': ', o.side, ' ', o.quantity, ' ',
                        o.symbol, ' at ', o.reference_price, ' with ', o.levels,
                        ' in (account, by) ', {_PLACED}, ' with (venue, for, leg, attempt) ',
                        {_KEYS},
                        '; on record are ', e.user_id, ' and ', s.mode, ': ', s.side, ' ',
                        s.quantity, ' ', s.symbol, ' at ', s.reference_price,
                        ' with stop ', s.stop_loss, ' and targets ', s.targets,
                        ' in ', (s.account_id, s.origin), ' with ',
                        (s.venue, s.origin_key, s.leg, s.attempt),
                        '. It has the terms ', {_TERMS}, ', on record are ', {_TERMS_SAID},
                        '. Estimated it says ', o.estimated, ', on record is ', s.estimated,
                        '. It is of ',
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
               or (s.venue is not null
                   and {_KEYS} is distinct from (s.venue, s.origin_key, s.leg, s.attempt))
               or (s.type is not null and {_TERMS} is distinct from {_TERMS_SAID})
               or (s.estimated is not null and o.estimated is distinct from s.estimated)
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

# Of an order's answers only the last says how it stands; each says what was booked with it.
ANSWERS = RowComparison(
    speaks=_SPEAKS,
    differing=f"""
        select e.chain_position, concat('Answer ', s.answer, ' to order ', s.order_id,
            case when o.id is null then ' is gone.'
            else concat(' has the fills ', {_FILLS_STORED}, '; the order, with ', o.answers,
                        ' answers and ', o.filled_quantity, ' filled, says ', o.status, ' (',
                        o.reason, '); on record are ', s.stands, ' (', s.reason, ') and ',
                        {_FILLS_SAID},
                        ' (execution, time, quantity, price, commission). It is of ',
                        o.answered_at, ', its entry of ', e.at, '.')
            end)
        {_ENTRIES} and (e.event_type = 'order_answered'
                        or (e.event_type = 'order_adopted' and s.status <> 'intended'))
          and (o.id is null or o.answers < s.answer
               or (o.answers = s.answer
                   and (o.status <> s.stands or o.reason <> coalesce(s.reason, o.reason)
                        or o.filled_quantity <> {_FILLED}))
               or {_FILLS_STORED} is distinct from {_FILLS_SAID}
               or (e.event_type = 'order_answered' and s.answer = 1
                   and not {_is_of("o.answered_at")}))
    """,  # noqa: S608
    unrecorded="""
        with said as (
            select order_id, count(distinct answer) as answers
            from (
                select (d.data ->> 'order_id')::uuid as order_id,
                       coalesce((d.data ->> 'number')::int, 1) as answer
                from (
                    select e.event_type, e.data::jsonb as data from audit_entries e
                    left join audit_links l on l.entry_id = e.id
                    left join audit_pending w on w.entry_id = e.id
                    where (l.chain_position >= 1 or w.entry_id is not null)
                      and e.event_type in ('order_answered', 'order_adopted')
                    offset 0
                ) d
                where d.event_type = 'order_answered' or d.data ->> 'status' <> 'intended'
            ) each_answer group by order_id
        )
        select concat('The answer ', o.status, ' to order ', o.id, ' is not on record.')
        from orders o left join said on said.order_id = o.id
        where o.answers > coalesce(said.answers, 0)
           or (o.answers = 0 and o.status <> 'intended')
           or exists (select from fills f where f.order_id = o.id
                      and f.answer not between 1 and o.answers)
        limit 20
    """,
)

ORDERS = (INTENTS, ANSWERS)
