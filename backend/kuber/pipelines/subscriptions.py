"""What active pipelines wait for: read by the dispatcher and the scheduler."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, func, literal, literal_column, select, text, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.types import TRIGGERS, PipelineStatus, SignalTrigger

CHANNEL = "kuber_subscriptions"
"""PostgreSQL notifies here, at commit, `pipeline:<id>`, `scanner:<id>` and `user:<id>`."""


_NAMED = {
    False: literal_column("trigger ->> 'scanner_id'", String()),
    True: literal_column("published_trigger ->> 'scanner_id'", String()),
}
"""Where a scanner is named, as the indexes have it: in the draft, and in what is published."""


@dataclass(frozen=True, slots=True)
class SignalPipeline:
    """An active pipeline that starts by signals."""

    pipeline_id: PipelineId
    user_id: UserId
    trigger: SignalTrigger


@dataclass(frozen=True, slots=True)
class ScannerUser:
    """A pipeline whose trigger names a scanner; `published`: not only that of its draft."""

    pipeline_id: PipelineId
    name: str
    status: PipelineStatus
    published: bool


async def notify(session: AsyncSession, kind: str, changed: UUID) -> None:
    """Tell every dispatcher, once this transaction commits, that something may have changed."""
    await session.execute(
        text("select pg_notify(:channel, :what)"), {"channel": CHANNEL, "what": f"{kind}:{changed}"}
    )


async def signal_pipelines(
    session: AsyncSession,
    *,
    pipeline_ids: Sequence[UUID] | None = None,
    scanner_id: UUID | None = None,
    user_id: UUID | None = None,
) -> list[SignalPipeline]:
    """Return the active pipelines with a signal trigger: all, or those that were named."""
    kind = PipelineRow.published_trigger["kind"].astext
    query = select(PipelineRow.id, PipelineRow.user_id, PipelineRow.published_trigger).where(
        PipelineRow.status == PipelineStatus.ACTIVE.value, kind == "signal"
    )
    if pipeline_ids is not None:
        query = query.where(PipelineRow.id.in_(pipeline_ids))
    if scanner_id is not None:
        query = query.where(PipelineRow.published_trigger["scanner_id"].astext == str(scanner_id))
    if user_id is not None:
        query = query.where(PipelineRow.user_id == user_id)
    found = []
    for row in await session.execute(query):
        trigger = TRIGGERS.validate_python(row.published_trigger)
        assert isinstance(trigger, SignalTrigger), "the query asks for the kind"
        found.append(SignalPipeline(PipelineId(row.id), UserId(row.user_id), trigger))
    return found


async def periodic_symbols(session: AsyncSession) -> set[str]:
    """Return every symbol that an active periodic pipeline runs on."""
    symbols = func.jsonb_array_elements_text(PipelineRow.published_trigger["symbols"])
    query = select(symbols).where(
        PipelineRow.status == PipelineStatus.ACTIVE.value,
        PipelineRow.published_trigger["kind"].astext == "periodic",
    )
    return set(await session.scalars(query.distinct()))


async def using_scanner(
    session: AsyncSession, user_id: UserId, scanner_ids: Collection[UUID]
) -> dict[UUID, list[ScannerUser]]:
    """Return a user's pipelines by the scanner that their trigger names, in the draft or
    published, each list by name.

    Every status counts; a scanner that no pipeline names is left out.
    """
    wanted = cast([str(one) for one in scanner_ids], ARRAY(String))
    named = [
        select(
            column.label("scanner_id"),
            PipelineRow.id,
            PipelineRow.name,
            PipelineRow.status,
            literal(published).label("published"),
        ).where(
            PipelineRow.user_id == user_id,
            PipelineRow.deleted_at.is_(None),
            column == func.any(wanted),
        )
        for published, column in _NAMED.items()
    ]
    users = union_all(*named).subquery()
    key = (users.c.scanner_id, users.c.id, users.c.name, users.c.status)
    found: dict[UUID, list[ScannerUser]] = {}
    published = func.bool_or(users.c.published).label("published")
    query = select(*key, published).group_by(*key).order_by(users.c.name, users.c.id)
    for row in await session.execute(query):
        use = ScannerUser(PipelineId(row.id), row.name, PipelineStatus(row.status), row.published)
        found.setdefault(UUID(row.scanner_id), []).append(use)
    return found
