"""Puts failed log-ins on record, behind the answer.

Whether there is an account does not show in the time that the answer takes.
"""

import asyncio
from contextvars import Context

import structlog
from sqlalchemy.exc import SQLAlchemyError

from kuber.api.container import Container
from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.kernel.ids import UserId

log = structlog.get_logger(__name__)


class FailedLogins:
    """Writes beside the requests of one application."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._at_work: set[asyncio.Task[None]] = set()
        """Held here, since a task that nobody holds may vanish."""

    def record(self, account_id: UserId, reason: str) -> None:
        """Put the first of a minute on record, with how many there were since the one before."""
        at, correlation_id = self._container.clock.now(), current_correlation_id()

        async def write() -> None:
            failures = await self._container.throttle.failed(account_id)
            if not failures:
                return
            said = {"reason": reason, "failures": failures}
            kind = AuditEventType.LOGIN_FAILED
            try:
                async with self._container.database.transaction() as session:
                    await append(session, AuditEvent(kind, at, correlation_id, account_id, said))
            except (SQLAlchemyError, OSError) as error:
                log.error("failed_login_not_recorded", error=type(error).__name__)

        # A context of its own: what the request holds of the database is given back in time.
        task = asyncio.get_running_loop().create_task(write(), context=Context())
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def written(self) -> None:
        """Wait until what failed up to now is on record."""
        await asyncio.gather(*self._at_work)
