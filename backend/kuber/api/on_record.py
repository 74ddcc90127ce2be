"""Puts what a request does on record, in the request's transaction."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.api.container import Container
from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.kernel.ids import UserId


async def record(
    container: Container,
    session: AsyncSession,
    kind: AuditEventType,
    user_id: UserId,
    data: Mapping[str, object],
    personal: Mapping[str, str] | None = None,
) -> None:
    """Append one entry; `personal` holds what says who somebody is, see `AuditEvent`."""
    at = container.clock.now()
    event = AuditEvent(kind, at, current_correlation_id(), user_id, data, personal or {})
    await append(session, event)
