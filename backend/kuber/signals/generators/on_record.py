"""What goes on record of generators: the platform's and people's own."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.canonical import canonical
from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.signals.models import GeneratorRow


async def record(
    session: AsyncSession, clock: Clock, kind: AuditEventType, *rows: GeneratorRow
) -> None:
    """Put on record what became of generators, and how they stand."""
    await append(session, *(_event(clock, kind, row) for row in rows))


def _event(clock: Clock, kind: AuditEventType, row: GeneratorRow) -> AuditEvent:
    said = {
        "generator_id": row.id,
        "kind": row.kind,
        "symbols": row.symbols,
        "timeframe": row.timeframe,
        "enabled": row.enabled,
        "config_sha256": _hash(row.config),
    }
    user_id = None if row.user_id is None else UserId(row.user_id)
    return AuditEvent(kind, clock.now(), current_correlation_id(), user_id, said)


def _hash(config: Mapping[str, Any]) -> str:
    """Return what stands for the settings: formulas are their owner's own."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()
