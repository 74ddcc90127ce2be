"""`kuber limits`: how much accounts may have and do."""

import asyncio

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings
from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import FRESH
from kuber.identity.types import Tier


def set_limit(
    settings: StackSettings, name: LimitName, value: int, user: str | None, tier: Tier | None
) -> int:
    """Set a limit for the account `user`, an id or an e-mail address, for a tier, or for everybody
    without either; return the exit code."""
    use_running_stack(settings)
    return asyncio.run(_set_limit(name, value, user, tier))


async def _set_limit(name: LimitName, value: int, user: str | None, tier: Tier | None) -> int:
    from kuber.audit.entries import append
    from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
    from kuber.identity.limits import scope_of, set_limit
    from kuber.identity.service import find_account
    from kuber.infra.db import Database
    from kuber.kernel.clock import SystemClock
    from kuber.startup import load_settings, reveal

    database = Database(reveal(load_settings().database_url), pool_size=1)
    try:
        async with database.transaction() as session:
            account = None if user is None else await find_account(session, user)
            if user is not None and account is None:
                say.failure(f"There is no account {user}.")
                return 1
            owner = None if account is None else account.id
            scope = scope_of(owner, tier)
            before = await set_limit(session, scope, name, value)
            if before == value:
                say.line(f"{name} is {value} for {scope} already.")
                return 0
            said = {"scope": scope, "limits": {name.value: value}, "before": before}
            kind, at = AuditEventType.LIMIT_CHANGED, SystemClock().now()
            event = AuditEvent(
                kind, at, current_correlation_id(), owner, {**said, "by": "command line"}
            )
            await append(session, event)
    finally:
        await database.close()
    say.line(f"{name} is {value} for {scope}, in {FRESH.total_seconds():.0f} seconds at most.")
    return 0
