"""Pipelines: create, save, version, clone, import and export."""

from collections.abc import Collection
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.agents.registry import AgentRegistry
from kuber.audit.types import AuditEventType
from kuber.infra.children import ChildPool
from kuber.infra.db import set_down
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import PipelineId, UserId, new_id
from kuber.market.scanners.service import owns_scanner
from kuber.pipelines.checks import GraphChecks, require_valid
from kuber.pipelines.documents import CheckedGraph
from kuber.pipelines.errors import (
    PipelineError,
    PipelineNotFound,
    StaleRevision,
)
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.modes import open_mode
from kuber.pipelines.on_record import Standing, record, record_changes
from kuber.pipelines.quotas import make_version_room, measure, require_pipeline_room
from kuber.pipelines.repository import SORTS, PipelineRepository, version_row
from kuber.pipelines.schemas import (
    PipelineClone,
    PipelineCreate,
    PipelineExport,
    PipelineHead,
    PipelineList,
    PipelineText,
    PipelineUpdate,
    VersionList,
    VersionOut,
    VersionText,
)
from kuber.pipelines.subscriptions import notify
from kuber.pipelines.telling import tell_if_switched_off
from kuber.pipelines.templates import template
from kuber.pipelines.triggers import next_due, trigger_problems
from kuber.pipelines.types import (
    TRIGGERS,
    Graph,
    KnownPipeline,
    Mode,
    PeriodicTrigger,
    PipelineQuery,
    PipelineStatus,
    SignalTrigger,
    Trigger,
)
from kuber.pipelines.views import head_of, summary_of, text_of


class PipelineService:
    """What can be done with pipelines. Every method sees one user's pipelines only."""

    def __init__(
        self, registry: AgentRegistry, clock: Clock, pool: ChildPool | None = None
    ) -> None:
        """`pool` takes the work on large graphs off the event loop."""
        self.checks = GraphChecks(registry, pool)
        self._clock = clock

    async def create(
        self, session: AsyncSession, user_id: UserId, body: PipelineCreate
    ) -> PipelineText:
        """Store a new pipeline; raises UnknownTemplate, ModeLocked."""
        if body.graph is not None and body.template is not None:
            raise PipelineError(
                "Give a graph or a template, not both.",
                [Problem("Both were given.", "Leave one of them out.", field="template")],
            )
        graph, mode = body.graph or Graph(), body.mode or Mode.SIMULATION
        if body.template is not None:
            chosen = template(body.template)
            graph, mode = chosen.graph, body.mode or chosen.mode
        checked = self.checks.sent(graph)
        return await self._insert(session, user_id, body.name, checked, mode, body.trigger)

    async def head(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> PipelineHead:
        """Return one pipeline without its graph; raises PipelineNotFound."""
        return head_of(await self._row(session, user_id, pipeline_id))

    async def get(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> PipelineText:
        """Return one pipeline; raises PipelineNotFound.

        Sets the session down where its problems are out of date.
        """
        row = await self._row(session, user_id, pipeline_id, whole=True)
        return text_of(row, await self.checks.current(session, row))

    async def checked(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> tuple[PipelineHead, CheckedGraph]:
        """Return one pipeline and its graph, checked now; raises PipelineNotFound.

        Sets the session down for a large graph.
        """
        row = await self._row(session, user_id, pipeline_id, whole=True)
        return head_of(row), await self.checks.renewed(session, row)

    async def page(
        self, session: AsyncSession, user_id: UserId, query: PipelineQuery
    ) -> PipelineList:
        """Return one page of the list, without the last runs."""
        if query.sort.removeprefix("-") not in SORTS:
            raise PipelineError(
                f"Pipelines cannot be sorted by {query.sort}.",
                [Problem("Unknown sort.", f"Use one of {', '.join(SORTS)}.", field="sort")],
            )
        rows, cursor = await PipelineRepository(session).page(user_id, query)
        return PipelineList(items=[summary_of(row) for row in rows], next_cursor=cursor)

    async def save(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        revision: int,
        body: PipelineUpdate,
    ) -> PipelineText:
        """Save over `revision`; a graph that differs makes a new version.

        Raises StaleRevision when `revision` is not the stored one: nothing is overwritten.
        """
        new = None if body.graph is None else self.checks.sent(body.graph)
        row = await self._row(session, user_id, pipeline_id, whole=new is None, lock=True)
        if row.revision != revision:
            raise _stale(
                f"Revision {revision} is not the newest: the pipeline stands at {row.revision}."
            )
        before = Standing.of(row)
        if body.name is not None:
            row.name = body.name
        if body.mode is not None:
            row.mode = open_mode(body.mode)
        if body.trigger is not None:
            await _require_own_scanner(session, user_id, body.trigger)
            row.trigger = body.trigger.model_dump(mode="json")
        if new is None:
            shown = self.checks.stored(row)
        else:
            shown = await self._replace_graph(session, row, new)
        self._touch(row)
        if (row.status, row.trigger) != (before.status, before.trigger):
            await self._rescheduled(session, row)
        await record_changes(session, row, before, row.updated_at)
        await tell_if_switched_off(session, row, before)
        return text_of(row, shown)

    async def restore(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        version: int,
        revision: int,
    ) -> PipelineText:
        """Make the graph of an earlier version the newest one; sets the session down."""
        old = await self.version(session, user_id, pipeline_id, version)
        await set_down(session)
        checked = await self.checks.text(old.graph, str(user_id))
        update = PipelineUpdate(graph=checked)
        return await self.save(session, user_id, pipeline_id, revision, update)

    async def versions(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        cursor: str | None,
        limit: int,
    ) -> VersionList:
        """Return one page of versions without their graphs, newest first."""
        await self._row(session, user_id, pipeline_id)
        rows, following = await PipelineRepository(session).versions(pipeline_id, cursor, limit)
        items = [
            VersionOut(version=row.version, node_count=row.node_count, created_at=row.created_at)
            for row in rows
        ]
        return VersionList(items=items, next_cursor=following)

    async def version(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, version: int
    ) -> VersionText:
        """Return one version with its graph; raises PipelineNotFound."""
        await self._row(session, user_id, pipeline_id)
        return await self.version_of_run(session, user_id, pipeline_id, version)

    async def version_of_run(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, version: int
    ) -> VersionText:
        """Return what a run was bound to, also after its pipeline was deleted."""
        row = await PipelineRepository(session).version(user_id, pipeline_id, version)
        if row is None:
            raise PipelineNotFound(f"There is no pipeline {pipeline_id} with a version {version}.")
        head = VersionOut(version=row.version, node_count=row.node_count, created_at=row.created_at)
        return VersionText(head, row.graph)

    async def known(
        self, session: AsyncSession, user_id: UserId, pipeline_ids: Collection[UUID]
    ) -> dict[UUID, KnownPipeline]:
        """Return what is known of the given pipelines, deleted ones included."""
        return await PipelineRepository(session).known(user_id, pipeline_ids)

    async def clone(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, body: PipelineClone
    ) -> PipelineText:
        """Copy a pipeline; the copy starts at version 1 as a draft."""
        source = await self._row(session, user_id, pipeline_id, whole=True)
        name = body.name or f"{source.name[:112]} (copy)"
        mode = body.mode or Mode(source.mode)
        trigger = TRIGGERS.validate_python(source.trigger)
        checked = self.checks.stored(source)
        return await self._insert(
            session, user_id, name, checked, mode, trigger, checked_with=source.checked_with
        )

    async def export(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> bytes:
        """Return the pipeline as a file, a PipelineExport as JSON."""
        row = await self._row(session, user_id, pipeline_id, whole=True)
        file = PipelineExport(
            name=row.name,
            graph=Graph(),
            mode=Mode(row.mode),
            trigger=TRIGGERS.validate_python(row.trigger),
        )
        content = file.model_dump(mode="json", exclude={"graph"})
        return orjson.dumps({**content, "graph": orjson.Fragment(row.graph)})

    async def import_(
        self, session: AsyncSession, user_id: UserId, body: PipelineExport
    ) -> PipelineText:
        """Store an exported pipeline as a new one."""
        trigger = body.trigger
        if isinstance(trigger, SignalTrigger):  # a scanner belongs to whoever exported it
            trigger = trigger.model_copy(update={"scanner_id": None})
        checked = self.checks.sent(body.graph)
        return await self._insert(session, user_id, body.name, checked, body.mode, trigger)

    async def set_status(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        status: PipelineStatus,
    ) -> PipelineText:
        """Archive, activate or take back.

        Activating needs a graph that can run, checked now, and sets the session down for that.
        """
        if status is PipelineStatus.ACTIVE:
            found = await self._row(session, user_id, pipeline_id, whole=True)
            require_valid(await self.checks.renewed(session, found))
        row = await self._row(session, user_id, pipeline_id, whole=True, lock=True)
        shown = self.checks.stored(row)
        if status is PipelineStatus.ACTIVE:
            if row.checked_with != self.checks.checker:
                raise _stale("The pipeline was saved while its graph was checked.")
            require_valid(shown)  # what was saved meanwhile, perhaps
            self._require_startable(row)
        if row.status != status.value:
            before, row.status = Standing.of(row), status.value
            self._touch(row)
            await self._rescheduled(session, row)
            await record_changes(session, row, before, row.updated_at)
        return text_of(row, shown)

    def _require_startable(self, row: PipelineRow) -> None:
        """Raise PipelineError when nothing could ever start the pipeline by itself."""
        problems = trigger_problems(TRIGGERS.validate_python(row.trigger), self._clock.now())
        if problems:
            raise PipelineError(problems[0].message, problems)

    async def _rescheduled(self, session: AsyncSession, row: PipelineRow) -> None:
        """Bring what follows from status and trigger up to date, and tell the dispatchers."""
        trigger = TRIGGERS.validate_python(row.trigger)
        active = row.status == PipelineStatus.ACTIVE.value
        if active and trigger_problems(trigger, self._clock.now()):
            row.status, active = PipelineStatus.DRAFT.value, False
        periodic = active and isinstance(trigger, PeriodicTrigger)
        if not periodic:
            row.next_run_at = None
        elif isinstance(trigger, PeriodicTrigger):
            row.next_run_at = next_due(trigger, self._clock.now())
        await session.flush()
        await notify(session, "pipeline", row.id)

    async def _insert(
        self,
        session: AsyncSession,
        user_id: UserId,
        name: str,
        checked: CheckedGraph,
        mode: Mode,
        trigger: Trigger,
        *,
        checked_with: str | None = None,
    ) -> PipelineText:
        """Store a pipeline; `checked_with` is what found the problems, None for this process."""
        await _require_own_scanner(session, user_id, trigger)
        await require_pipeline_room(session, user_id)
        now = self._clock.now()
        row = PipelineRow(
            id=new_id(),
            user_id=user_id,
            name=name,
            graph=checked.text,
            mode=open_mode(mode),
            trigger=trigger.model_dump(mode="json"),
            status=PipelineStatus.DRAFT.value,
            revision=1,
            version=1,
            created_at=now,
            updated_at=now,
            next_run_at=None,
            last_skip=None,
            **self.checks.columns(checked),
        )
        if checked_with is not None:
            row.checked_with = checked_with
        session.add(row)
        await session.flush()
        session.add(version_row(row, now))
        await measure(session, user_id, row.id)
        await record(session, AuditEventType.PIPELINE_CREATED, row, now)
        return text_of(row, checked)

    async def _replace_graph(
        self, session: AsyncSession, row: PipelineRow, new: CheckedGraph
    ) -> CheckedGraph:
        """Make `new` the graph, as a new version if it differs; return what is shown of it."""
        for column, value in self.checks.columns(new).items():
            setattr(row, column, value)
        if await PipelineRepository(session).has_graph(PipelineId(row.id), new.text):
            return new
        await make_version_room(session, UserId(row.user_id), row.id)
        row.graph = new.text
        row.version += 1
        session.add(version_row(row, self._clock.now()))
        await measure(session, UserId(row.user_id), row.id)
        if row.status == PipelineStatus.ACTIVE.value and new.problem_count:
            row.status = PipelineStatus.DRAFT.value
        return new

    def _touch(self, row: PipelineRow) -> None:
        row.revision += 1
        row.updated_at = self._clock.now()

    async def _row(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        *,
        whole: bool = False,
        lock: bool = False,
    ) -> PipelineRow:
        row = await PipelineRepository(session).find(user_id, pipeline_id, whole=whole, lock=lock)
        if row is None:
            raise PipelineNotFound(f"There is no pipeline {pipeline_id}.")
        return row


def _stale(detail: str) -> StaleRevision:
    remedy = "Load the pipeline again, or save over it with the newest revision."
    return StaleRevision(detail, [Problem("Somebody saved in between.", remedy, field="If-Match")])


async def _require_own_scanner(session: AsyncSession, user_id: UserId, trigger: Trigger) -> None:
    if not isinstance(trigger, SignalTrigger) or trigger.scanner_id is None:
        return
    if not await owns_scanner(session, user_id, trigger.scanner_id):
        raise PipelineError(
            f"There is no scanner {trigger.scanner_id}.",
            [
                Problem(
                    "Unknown scanner.", "Choose one of your scanners.", field="trigger.scanner_id"
                )
            ],
        )
