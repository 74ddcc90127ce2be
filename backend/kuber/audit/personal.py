"""Texts that say who somebody is, compared with their salted hashes in the chain.

An erased one has no row, and an entry behind its own says that it was erased.
"""

from kuber.audit.comparing import RowComparison

PERSONAL = RowComparison(
    speaks="""position(':{"sha256":"' in e.data) > 0""",
    differing="""
        select l.chain_position, concat('The text ', p.field, ' that belongs to entry ', e.event_id,
                                        ' is not the one that was hashed.')
        from audit_personal p join audit_entries e on e.event_id = p.event_id
        join audit_links l on l.entry_id = e.id
        where l.chain_position > %(after)s and l.chain_position <= %(until)s
          and (p.user_id is distinct from e.user_id or octet_length(p.salt) <> 16
               or e.data::jsonb -> p.field ->> 'sha256' is distinct from
                  encode(sha256(p.salt || convert_to(p.value, 'UTF8')), 'hex'))
        union all
        select e.chain_position, concat('The text ', t.field, ' that belongs to entry ', e.event_id,
                                        ' is gone, and no entry says that it was erased.')
        from (
            select l.chain_position, e.event_id, e.user_id, e.data
            from audit_links l join audit_entries e on e.id = l.entry_id
            where l.chain_position = any(%(places)s)
            offset 0
        ) e
        cross join lateral jsonb_each(e.data::jsonb) as t(field, said)
        where case when jsonb_typeof(t.said) = 'object'
                   then t.said = jsonb_build_object('sha256', t.said -> 'sha256') else false end
          and not exists (select from audit_personal p
                          where p.event_id = e.event_id and p.field = t.field)
          and not exists (
            select from audit_entries x
            left join audit_links y on y.entry_id = x.id
            left join audit_pending w on w.entry_id = x.id
            where x.event_type = 'personal_data_erased' and x.user_id = e.user_id
              and (y.chain_position > e.chain_position
                   or (y.chain_position is null and w.entry_id is not null)))
    """,
    unrecorded="""
        select concat('The text ', p.field, ' of event ', p.event_id, ' belongs to no entry.')
        from audit_personal p
        where not exists (select from audit_entries e where e.event_id = p.event_id)
        limit 20
    """,
)
