"""Roles of accounts, compared with what the record says of them last.

What an account may do is asked of its row with every request: a role that was changed by hand holds
at once, and no entry speaks of it.
"""

import json

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.comparing import RowComparison
from kuber.audit.models import AuditEntryRow
from kuber.audit.types import AuditEventType
from kuber.identity import statements
from kuber.kernel.ids import UserId

# Entries that wait for their place count, too, as the last, see `pipelines.audited`.
ROLES = RowComparison(
    standing=f"""
        with said as (
            select e.id, l.chain_position, e.user_id, e.data::jsonb ->> 'role' as role
            from (
                select id, user_id, data from audit_entries
                where event_type in ('user_registered', 'role_changed') and user_id is not null
                offset 0
            ) e
            left join audit_links l on l.entry_id = e.id
            left join audit_pending w on w.entry_id = e.id
            where l.chain_position >= 1 or w.entry_id is not null
        ), last as (
            select distinct on (user_id) * from said
            order by user_id, chain_position desc nulls first, id desc
        )
        select l.chain_position,
               concat('Account ', u.id, ' has the role ', u.role, '; on record is ', l.role, '.')
        from last l join ({statements.ROLES}) u on u.id = l.user_id
        where u.role is distinct from l.role
        order by 1, 2
    """,  # noqa: S608
    unrecorded=f"""
        select concat('Account ', u.id, ' has the role ', u.role, ', and no entry says so.')
        from ({statements.ROLES}) u
        where u.role <> 'user' and not exists (
            select from audit_entries e where e.user_id = u.id
              and e.event_type in ('user_registered', 'role_changed'))
        order by 1 limit 20
    """,  # noqa: S608
)
"""Accounts from before the record have no entry; they are ordinary users, or said to be more."""


async def last_role(session: AsyncSession, user_id: UserId) -> str | None:
    """Return the role that the newest entry says an account has; None without one."""
    kinds = (AuditEventType.USER_REGISTERED.value, AuditEventType.ROLE_CHANGED.value)
    query = (
        select(AuditEntryRow.data)
        .where(AuditEntryRow.user_id == user_id, AuditEntryRow.event_type.in_(kinds))
        .order_by(AuditEntryRow.id.desc())
        .limit(1)
    )
    data = await session.scalar(query)
    return None if data is None else str(json.loads(data).get("role"))
