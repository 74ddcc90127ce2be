"""How lasting accounts are compared with what the record says of them."""

from kuber.audit.comparing import RowComparison
from kuber.audit.statements import ENTRIES, PLACES

# Of one account the places come in the order of the changes, since each locks its row first. What
# waits for its place was said last; see `pipelines.audited`.
_NEWEST_FIRST = "chain_position desc nulls first, id desc"

_SAID = f"""
    with said as (
        select e.id, l.chain_position, e.user_id, e.event_type, d.account_id, d.kind, d.mode,
               d.currency, d.simulation, d.replaced_by
        from (
            {ENTRIES}
            where event_type in ('account_opened', 'account_changed', 'account_reset')
            offset 0
        ) e
        cross join lateral jsonb_to_record(e.data) as d(
            account_id uuid, kind text, mode text, currency text, simulation jsonb,
            replaced_by uuid)
        {PLACES}
    ), opened as (
        select distinct on (account_id) * from said where event_type = 'account_opened'
        order by account_id, {_NEWEST_FIRST}
    ), options as (
        select distinct on (account_id) * from said
        where event_type in ('account_opened', 'account_changed')
        order by account_id, {_NEWEST_FIRST}
    ), ended as (
        select distinct on (account_id) * from said where event_type = 'account_reset'
        order by account_id, {_NEWEST_FIRST}
    )
"""  # noqa: S608

ACCOUNTS = RowComparison(
    standing=f"""
        {_SAID}
        select s.chain_position, concat('Trading account ', s.account_id, case
            when a.id is null then ' is gone.'
            else concat(' says (owner, kind, mode, currency) ',
                        (a.user_id, a.kind, a.mode, a.currency), '; on record are ',
                        (s.user_id, s.kind, s.mode, s.currency), '.') end)
        from opened s left join accounts a on a.id = s.account_id
        where (a.user_id, a.kind, a.mode, a.currency)
              is distinct from (s.user_id, s.kind, s.mode, s.currency)
        union all
        select s.chain_position, concat('Trading account ', a.id, ' has the options ',
               a.simulation, '; on record are ', s.simulation, '.')
        from options s join accounts a on a.id = s.account_id
        where a.simulation is distinct from s.simulation
        union all
        select coalesce(e.chain_position, s.chain_position),
               concat('Trading account ', a.id, ' is ', a.status, ', replaced by ',
                      coalesce(a.replaced_by::text, 'none'), '; on record it is ',
                      case when e.account_id is null then 'open' else 'reset' end,
                      ', replaced by ', coalesce(e.replaced_by::text, 'none'), '.')
        from opened s join accounts a on a.id = s.account_id
        left join ended e on e.account_id = s.account_id
        where (a.status, a.replaced_by) is distinct from
              (case when e.account_id is null then 'open' else 'reset' end, e.replaced_by)
        order by 1, 2
    """,  # noqa: S608
    unrecorded=f"""
        {_SAID}
        select concat('Trading account ', a.id, ' of ', a.user_id, ' is not on record.')
        from accounts a
        where a.kind = 'lasting'
          and not exists (select from opened s where s.account_id = a.id)
        order by 1 limit 20
    """,  # noqa: S608
)
"""Name and accounts of single runs are not compared."""
