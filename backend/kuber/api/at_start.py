"""What a process of the API does first, and puts on record."""

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.identity.service import IdentityService
from kuber.infra.db import Database
from kuber.infra.plugins import PluginProblem
from kuber.kernel.clock import Clock

log = structlog.get_logger(__name__)


async def retire_demo_user(
    database: Database, identity: IdentityService, clock: Clock, reason: str
) -> None:
    """Leave no demo account to a server that others reach; whoever moved it may not have seeded."""
    try:
        async with database.transaction() as session:
            retired = await identity.retire_demo_user(session)
            if retired is not None:
                kind = AuditEventType.DEMO_ACCOUNT_RETIRED
                correlation_id = current_correlation_id()
                await append(session, AuditEvent(kind, clock.now(), correlation_id, retired, {}))
    except (SQLAlchemyError, OSError) as error:
        log.error("demo_account_not_retired", reason=reason, error=type(error).__name__)
        return
    if retired is not None:
        log.warning("demo_account_retired", reason=reason)


async def record_left_out(
    database: Database, clock: Clock, problems: Sequence[PluginProblem]
) -> None:
    """Put on record which plug-ins were left out; a database that is away stops no start."""
    if not problems:
        return
    correlation_id = current_correlation_id()
    events = [
        AuditEvent(
            AuditEventType.PLUGIN_LEFT_OUT,
            clock.now(),
            correlation_id,
            None,
            {"package": one.provider, "plugin": one.entry_point},
        )
        for one in problems
    ]
    try:
        async with database.transaction() as session:
            await append(session, *events)
    except (SQLAlchemyError, OSError) as error:
        log.error("left_out_plugins_not_recorded", error=type(error).__name__)
