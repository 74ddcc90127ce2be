"""`kuber users`: what an account may do."""

import asyncio

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings
from kuber.identity.types import Role


def change_role(settings: StackSettings, user: str, role: Role) -> int:
    """Give the account `user`, an id or an e-mail address, a role; return the exit code."""
    use_running_stack(settings)
    return asyncio.run(_change_role(user, role))


async def _change_role(user: str, role: Role) -> int:
    from kuber.audit.entries import append
    from kuber.audit.roles import last_role
    from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
    from kuber.identity.service import find_account, set_role
    from kuber.infra.db import Database
    from kuber.kernel.clock import SystemClock
    from kuber.startup import load_settings, reveal

    database = Database(reveal(load_settings().database_url), pool_size=1)
    try:
        async with database.transaction() as session:
            account = await find_account(session, user)
            if account is None:
                say.failure(f"There is no account {user}.")
                return 1
            before = await set_role(session, account.id, role)
            # One that was given by hand is put on record once somebody says that it is right.
            if before is role and (await last_role(session, account.id) or Role.USER) == role:
                say.line(f"{account.email} has the role {role.value} already.")
                return 0
            said = {"role": role, "before": before, "by": "command line"}
            kind, at = AuditEventType.ROLE_CHANGED, SystemClock().now()
            event = AuditEvent(kind, at, current_correlation_id(), account.id, said)
            await append(session, event)
    finally:
        await database.close()
    say.line(f"{account.email} has the role {role.value}. It holds at once.")
    return 0
