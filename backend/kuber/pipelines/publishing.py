"""Publishing a pipeline's draft, and letting what is published start by itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import PipelineId, UserId
from kuber.market.terms.changes import calendars_of
from kuber.pipelines.announcing import announce
from kuber.pipelines.checks import GraphChecks, require_valid
from kuber.pipelines.errors import Archived, NotPublished, PipelineError, StaleRevision
from kuber.pipelines.models import PipelineRow, PipelineVersionRow
from kuber.pipelines.on_record import (
    RecordedFields,
    record_changes,
    record_dropped,
    record_published,
)
from kuber.pipelines.ownership import require_own_scanner
from kuber.pipelines.quotas import make_version_room, measure
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.schemas import PipelineText, PublishBody
from kuber.pipelines.subscriptions import notify
from kuber.pipelines.telling import tell_switched_off
from kuber.pipelines.triggers import next_due, trigger_problems
from kuber.pipelines.types import (
    TRIGGERS,
    ManualTrigger,
    PeriodicTrigger,
    PipelineStatus,
    Trigger,
)
from kuber.pipelines.views import text_of

_WHILE_ACTIVE = "The pipeline is active, and the draft's trigger would start nothing."


class Publishing:
    """What decides what of a pipeline starts by itself. Every method sees one user's pipelines."""

    def __init__(self, checks: GraphChecks, clock: Clock) -> None:
        self._checks = checks
        self._clock = clock

    async def publish(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        revision: int,
        body: PublishBody,
    ) -> PipelineText:
        """Make `revision` of the draft the version that runs; nothing where nothing differs.

        Sets the session down for a large graph. Raises PipelineNotFound, StaleRevision,
        Archived, InvalidGraph, QuotaReached, and PipelineError when the pipeline is active and
        nothing could start it then.
        """
        repository = PipelineRepository(session)
        found = await repository.get(user_id, pipeline_id, whole=True)
        require_in_use(found, "An archived pipeline is not published.")
        if found.revision != revision:
            raise StaleRevision.of(revision, found.revision)
        require_valid(await self._checks.renewed(session, found))
        row = await repository.get(user_id, pipeline_id, whole=True, lock=True)
        require_in_use(row, "An archived pipeline is not published.")
        if row.revision != revision:
            raise StaleRevision.of(revision, row.revision)
        shown = self._checks.stored(row)
        require_valid(shown)
        if not row.draft_differs:
            return text_of(row, shown)
        await self._require_startable_draft(session, row)
        now = self._clock.now()
        dropped = await make_version_room(session, user_id, row.id)
        await record_dropped(session, row, dropped, now)
        same_trigger = row.trigger == row.published_trigger
        graph_id, _ = await repository.keep_draft(row, now)
        row.version = await repository.next_version(row.id)
        await self.add_version(session, row, graph_id, row.graph_digest, row.trigger, body, now)
        row.published_checked_with = row.checked_with
        row.updated_at = now
        await measure(session, user_id, row.id)
        if row.status == PipelineStatus.ACTIVE.value:
            overdue = row.next_run_at is not None and row.next_run_at <= now
            await self.reschedule(session, row, keeps_time=same_trigger or overdue)
        await announce(session, row)
        return text_of(row, shown)

    async def add_version(
        self,
        session: AsyncSession,
        row: PipelineRow,
        graph_id: UUID,
        digest: bytes,
        trigger: JsonObject,
        body: PublishBody,
        now: datetime,
    ) -> None:
        """Publish a kept graph and a trigger as the version that `row` has the number of, and put
        it on record."""
        row.published_graph_id = graph_id
        row.published_digest = digest
        row.published_trigger = trigger
        row.published_at = now
        session.add(
            PipelineVersionRow(
                pipeline_id=row.id,
                version=row.version,
                graph_id=graph_id,
                trigger=trigger,
                name=body.name,
                note=body.note or None,
                created_at=now,
            )
        )
        await session.flush()
        await record_published(session, row, now)

    async def set_status(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        status: PipelineStatus,
        only_from: PipelineStatus | None = None,
    ) -> PipelineText:
        """Archive, activate or take back; with `only_from`, what has another status keeps it.

        Activating needs a published graph that can run, checked now, and sets the session down if
        it is large. Raises Archived, NotPublished, InvalidGraph, PipelineError.
        """
        repository = PipelineRepository(session)
        if status is PipelineStatus.ACTIVE:
            found = await repository.get(user_id, pipeline_id)
            require_in_use(found, "An archived pipeline is not activated.")
            if found.published_graph_id is None:
                raise NotPublished.because("Publish it first: what is published starts by itself.")
            require_valid(await self._checks.published(session, found))
        row = await repository.get(user_id, pipeline_id, whole=True, lock=True)
        if status is PipelineStatus.ACTIVE:
            require_in_use(row, "An archived pipeline is not activated.")
            if row.published_checked_with != self._checks.checker:
                raise StaleRevision.saying("The pipeline was published while it was checked.")
            await self._require_startable(session, row)
        if row.status != status.value and only_from in (None, row.status):
            await self._change_status(session, row, status)
        return text_of(row, self._checks.stored(row))

    async def switch_off(self, session: AsyncSession, row: PipelineRow, problem_count: int) -> None:
        """Let an active pipeline whose published graph has problems start by itself no more, and
        tell its owner. The caller holds its row."""
        await self._change_status(session, row, PipelineStatus.DRAFT)
        await tell_switched_off(session, row, problem_count)

    async def reschedule(
        self, session: AsyncSession, row: PipelineRow, *, keeps_time: bool = False
    ) -> None:
        """Bring what follows from status and published trigger up to date; tell the dispatchers.

        With `keeps_time` a pipeline that has a time for its next run keeps it: one that is due and
        not started yet is not passed over.
        """
        kept = row.next_run_at if keeps_time else None
        row.next_run_at = None
        if row.status == PipelineStatus.ACTIVE.value:
            trigger = TRIGGERS.validate_python(row.published_trigger)
            if isinstance(trigger, PeriodicTrigger):
                markets = await _markets(session, row, trigger)
                row.next_run_at = kept or next_due(trigger, self._clock.now(), markets)
        await session.flush()
        await notify(session, "pipeline", row.id)

    async def _change_status(
        self, session: AsyncSession, row: PipelineRow, status: PipelineStatus
    ) -> None:
        before, row.status = RecordedFields.of(row), status.value
        row.updated_at = self._clock.now()
        await self.reschedule(session, row)
        await record_changes(session, row, before, row.updated_at)
        await announce(session, row)

    async def _require_startable(self, session: AsyncSession, row: PipelineRow) -> None:
        """Raise PipelineError when nothing could ever start what is published by itself."""
        trigger = TRIGGERS.validate_python(row.published_trigger)
        await require_own_scanner(session, UserId(row.user_id), trigger)
        markets = await _markets(session, row, trigger)
        problems = trigger_problems(trigger, self._clock.now(), markets)
        if problems:
            raise PipelineError(problems[0].message, problems)

    async def _require_startable_draft(self, session: AsyncSession, row: PipelineRow) -> None:
        """Raise PipelineError when the pipeline is active and publishing would end that."""
        if row.status != PipelineStatus.ACTIVE.value:
            return
        trigger = TRIGGERS.validate_python(row.trigger)
        await require_own_scanner(session, UserId(row.user_id), trigger)
        markets = await _markets(session, row, trigger)
        problems = trigger_problems(trigger, self._clock.now(), markets)
        if isinstance(trigger, ManualTrigger):
            remedy = "Deactivate it first, or give it a schedule or signals."
            problems = [Problem(_WHILE_ACTIVE, remedy, field="trigger.kind")]
        elif problems:
            problems = [
                Problem(one.message, f"{one.remedy} Or deactivate it first.", field=one.field)
                for one in problems
            ]
        if problems:
            raise PipelineError(_WHILE_ACTIVE, problems)


async def _markets(session: AsyncSession, row: PipelineRow, trigger: Trigger) -> dict[str, str]:
    """Return the calendars of a schedule in market hours, as its owner sees the symbols."""
    if not isinstance(trigger, PeriodicTrigger) or not trigger.market_hours_only:
        return {}
    return await calendars_of(session, UserId(row.user_id), trigger.symbols)


def require_in_use(row: PipelineRow, otherwise: str) -> None:
    """Raise Archived when the pipeline is; `otherwise` says what is not done with it then."""
    if row.status == PipelineStatus.ARCHIVED.value:
        raise Archived.saying(otherwise)
