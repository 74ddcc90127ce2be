"""What goes on record of pipelines: that they exist, how they start, whether they are active."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.kernel.ids import UserId
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.types import PipelineStatus

_BECAME = {
    PipelineStatus.ACTIVE: AuditEventType.PIPELINE_ACTIVATED,
    PipelineStatus.ARCHIVED: AuditEventType.PIPELINE_ARCHIVED,
}


class RecordedFields(NamedTuple):
    """What of a pipeline, beside what is published, decides whether and where it trades."""

    status: str
    mode: str

    @classmethod
    def of(cls, row: PipelineRow) -> "RecordedFields":
        """Return how the pipeline stands now."""
        return cls(row.status, row.mode)


async def record(
    session: AsyncSession, kind: AuditEventType, row: PipelineRow, at: datetime, **more: bool
) -> None:
    """Put on record that the pipeline was created or deleted, and how it stood."""
    await append(session, _event(kind, row, at, {**RecordedFields.of(row)._asdict(), **more}))


async def record_published(session: AsyncSession, row: PipelineRow, at: datetime) -> None:
    """Put on record what of the pipeline is published now."""
    assert row.published_digest is not None, "a version was published"
    said = {"graph_sha256": row.published_digest.hex(), "trigger": row.published_trigger}
    await append(session, _event(AuditEventType.PIPELINE_PUBLISHED, row, at, said))


async def record_dropped(
    session: AsyncSession, row: PipelineRow, versions: Iterable[int], at: datetime
) -> None:
    """Put on record that versions of the pipeline are no longer kept."""
    kind = AuditEventType.PIPELINE_VERSION_DROPPED
    events = [_event(kind, row, at, {"version": version}) for version in sorted(versions)]
    if events:
        await append(session, *events)


async def record_changes(
    session: AsyncSession, row: PipelineRow, before: RecordedFields, at: datetime
) -> None:
    """Put on record how the pipeline stands other than `before`; nothing when it does not."""
    events = list(_changes(row, before, at))
    if events:
        await append(session, *events)


def _changes(row: PipelineRow, before: RecordedFields, at: datetime) -> Iterator[AuditEvent]:
    now = RecordedFields.of(row)
    if now.mode != before.mode:
        yield _event(
            AuditEventType.PIPELINE_MODE_CHANGED,
            row,
            at,
            {"mode": now.mode, "before": before.mode},
        )
    if now.status != before.status:
        status = PipelineStatus(now.status)
        otherwise = (
            AuditEventType.PIPELINE_RESTORED
            if before.status == PipelineStatus.ARCHIVED
            else AuditEventType.PIPELINE_DEACTIVATED
        )
        yield _event(_BECAME.get(status, otherwise), row, at, {"status": now.status})


def _event(
    kind: AuditEventType, row: PipelineRow, at: datetime, said: dict[str, Any]
) -> AuditEvent:
    data = {"pipeline_id": row.id, "version": row.version, **said}
    return AuditEvent(kind, at, current_correlation_id(), UserId(row.user_id), data)
