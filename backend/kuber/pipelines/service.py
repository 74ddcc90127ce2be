"""Pipelines: create, save, version, clone, import and export."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.agents.registry import AgentRegistry
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import PipelineId, UserId, new_id
from kuber.market.scanners.service import owns_scanner
from kuber.pipelines.errors import (
    InvalidGraph,
    ModeLocked,
    PipelineError,
    PipelineNotFound,
    StaleRevision,
)
from kuber.pipelines.models import PipelineRow, PipelineVersionRow
from kuber.pipelines.repository import SORTS, PipelineRepository
from kuber.pipelines.schemas import (
    LastSkip,
    PipelineClone,
    PipelineCreate,
    PipelineExport,
    PipelineList,
    PipelineOut,
    PipelineSummary,
    PipelineUpdate,
    VersionList,
    VersionOut,
)
from kuber.pipelines.subscriptions import notify
from kuber.pipelines.templates import template
from kuber.pipelines.triggers import next_due, trigger_problems
from kuber.pipelines.types import (
    TRIGGERS,
    Graph,
    GraphProblem,
    Mode,
    PeriodicTrigger,
    PipelineQuery,
    PipelineStatus,
    SignalTrigger,
    Trigger,
)
from kuber.pipelines.validation import validate_graph
from kuber.trading.service import TRADING_MODES


class PipelineService:
    """What can be done with pipelines. Every method sees one user's pipelines only."""

    def __init__(self, registry: AgentRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def validate(self, graph: Graph) -> list[GraphProblem]:
        """Return every reason why `graph` cannot run."""
        return validate_graph(graph, self._registry)

    async def create(
        self, session: AsyncSession, user_id: UserId, body: PipelineCreate
    ) -> PipelineOut:
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
        return await self._insert(session, user_id, body.name, graph, mode, body.trigger)

    async def get(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> PipelineOut:
        """Return one pipeline; raises PipelineNotFound."""
        return self._out(await self._row(session, user_id, pipeline_id))

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
        return PipelineList(items=[self._summary(row) for row in rows], next_cursor=cursor)

    async def save(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        revision: int,
        body: PipelineUpdate,
    ) -> PipelineOut:
        """Save over `revision`; a graph that differs makes a new version.

        Raises StaleRevision when `revision` is not the stored one: nothing is overwritten.
        """
        row = await self._row(session, user_id, pipeline_id, lock=True)
        if row.revision != revision:
            raise StaleRevision(
                f"Revision {revision} is not the newest: the pipeline stands at {row.revision}.",
                [
                    Problem(
                        "Somebody saved in between.",
                        "Load the pipeline again, or save over it with the newest revision.",
                        field="If-Match",
                    )
                ],
            )
        before = (row.status, row.trigger)
        if body.name is not None:
            row.name = body.name
        if body.mode is not None:
            row.mode = _open_mode(body.mode)
        if body.trigger is not None:
            await _require_own_scanner(session, user_id, body.trigger)
            row.trigger = body.trigger.model_dump(mode="json")
        if body.graph is not None:
            self._replace_graph(session, row, body.graph)
        self._touch(row)
        if (row.status, row.trigger) != before:
            await self._rescheduled(session, row)
        return self._out(row)

    async def restore(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        version: int,
        revision: int,
    ) -> PipelineOut:
        """Make the graph of an earlier version the newest one."""
        await self._row(session, user_id, pipeline_id)
        old = await PipelineRepository(session).version(pipeline_id, version)
        if old is None:
            raise PipelineNotFound(f"The pipeline has no version {version}.")
        update = PipelineUpdate(graph=Graph.model_validate(old.graph))
        return await self.save(session, user_id, pipeline_id, revision, update)

    async def versions(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> VersionList:
        """Return all versions, newest first."""
        await self._row(session, user_id, pipeline_id)
        items = [
            VersionOut(
                version=row.version,
                graph=(graph := Graph.model_validate(row.graph)),
                node_count=len(graph.nodes),
                created_at=row.created_at,
            )
            for row in await PipelineRepository(session).versions(pipeline_id)
        ]
        return VersionList(items=items, next_cursor=None)

    async def graph_of_version(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, version: int
    ) -> Graph:
        """Return the graph of one version; raises PipelineNotFound."""
        await self._row(session, user_id, pipeline_id)
        row = await PipelineRepository(session).version(pipeline_id, version)
        if row is None:
            raise PipelineNotFound(f"The pipeline has no version {version}.")
        return Graph.model_validate(row.graph)

    async def names(
        self, session: AsyncSession, user_id: UserId, pipeline_ids: set[UUID]
    ) -> dict[UUID, str]:
        """Return the names of the given pipelines."""
        return await PipelineRepository(session).names(user_id, pipeline_ids)

    async def clone(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, body: PipelineClone
    ) -> PipelineOut:
        """Copy a pipeline; the copy starts at version 1 as a draft."""
        source = self._out(await self._row(session, user_id, pipeline_id))
        name = body.name or f"{source.name[:112]} (copy)"
        mode = body.mode or source.mode
        return await self._insert(session, user_id, name, source.graph, mode, source.trigger)

    async def export(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> PipelineExport:
        """Return the pipeline as a file."""
        row = self._out(await self._row(session, user_id, pipeline_id))
        return PipelineExport(name=row.name, graph=row.graph, mode=row.mode, trigger=row.trigger)

    async def import_(
        self, session: AsyncSession, user_id: UserId, body: PipelineExport
    ) -> PipelineOut:
        """Store an exported pipeline as a new one."""
        trigger = body.trigger
        if isinstance(trigger, SignalTrigger):  # a scanner belongs to whoever exported it
            trigger = trigger.model_copy(update={"scanner_id": None})
        return await self._insert(session, user_id, body.name, body.graph, body.mode, trigger)

    async def set_status(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        status: PipelineStatus,
    ) -> PipelineOut:
        """Archive, activate or take back; activating needs a graph that can run."""
        row = await self._row(session, user_id, pipeline_id, lock=True)
        if status is PipelineStatus.ACTIVE:
            self.require_valid(Graph.model_validate(row.graph))
            await self._require_startable(session, row)
        if row.status != status.value:
            row.status = status.value
            self._touch(row)
            await self._rescheduled(session, row)
        return self._out(row)

    async def delete(self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId) -> None:
        """Delete a pipeline with its versions and runs."""
        await session.delete(await self._row(session, user_id, pipeline_id, lock=True))
        await session.flush()
        await notify(session, "pipeline", pipeline_id)

    async def _require_startable(self, session: AsyncSession, row: PipelineRow) -> None:
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

    def require_valid(self, graph: Graph) -> None:
        """Raise InvalidGraph with every problem of `graph`, if there is one."""
        problems = self.validate(graph)
        if problems:
            count = len(problems)
            raise InvalidGraph(
                f"The pipeline has {count} problem{'s' * (count > 1)}: {problems[0].message}",
                [
                    Problem(
                        problem.message,
                        problem.remedy,
                        field=problem.field,
                        node_id=problem.node_id,
                        code=problem.code,
                    )
                    for problem in problems
                ],
            )

    async def _insert(
        self,
        session: AsyncSession,
        user_id: UserId,
        name: str,
        graph: Graph,
        mode: Mode,
        trigger: Trigger,
    ) -> PipelineOut:
        await _require_own_scanner(session, user_id, trigger)
        now = self._clock.now()
        row = PipelineRow(
            id=new_id(),
            user_id=user_id,
            name=name,
            graph=_dump(graph),
            mode=_open_mode(mode),
            trigger=trigger.model_dump(mode="json"),
            status=PipelineStatus.DRAFT.value,
            revision=1,
            version=1,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        await session.flush()
        session.add(_version_row(row))
        await session.flush()
        return self._out(row)

    def _replace_graph(self, session: AsyncSession, row: PipelineRow, graph: Graph) -> None:
        stored = _dump(graph)
        if stored == row.graph:
            return
        row.graph = stored
        row.version += 1
        session.add(_version_row(row, self._clock))
        if row.status == PipelineStatus.ACTIVE.value and self.validate(graph):
            row.status = PipelineStatus.DRAFT.value

    def _touch(self, row: PipelineRow) -> None:
        row.revision += 1
        row.updated_at = self._clock.now()

    async def _row(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        *,
        lock: bool = False,
    ) -> PipelineRow:
        row = await PipelineRepository(session).find(user_id, pipeline_id, lock=lock)
        if row is None:
            raise PipelineNotFound(f"There is no pipeline {pipeline_id}.")
        return row

    def _out(self, row: PipelineRow) -> PipelineOut:
        graph = Graph.model_validate(row.graph)
        return PipelineOut(
            id=row.id,
            name=row.name,
            graph=graph,
            mode=Mode(row.mode),
            trigger=TRIGGERS.validate_python(row.trigger),
            status=PipelineStatus(row.status),
            revision=row.revision,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            next_run_at=row.next_run_at,
            last_skip=LastSkip.model_validate(row.last_skip) if row.last_skip else None,
            problems=self.validate(graph),
        )

    def _summary(self, row: PipelineRow) -> PipelineSummary:
        full = self._out(row)
        return PipelineSummary(
            **full.model_dump(exclude={"graph", "problems", "trigger"}),
            trigger=full.trigger,
            node_count=len(full.graph.nodes),
            problem_count=len(full.problems),
        )


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


def _dump(graph: Graph) -> dict[str, object]:
    return graph.model_dump(mode="json", by_alias=True, exclude_defaults=False)


def _version_row(row: PipelineRow, clock: Clock | None = None) -> PipelineVersionRow:
    return PipelineVersionRow(
        pipeline_id=row.id,
        version=row.version,
        graph=row.graph,
        created_at=clock.now() if clock else row.created_at,
    )


def _open_mode(mode: Mode) -> str:
    if mode.value not in TRADING_MODES:
        raise ModeLocked(
            f"Mode {mode.value} is locked: it needs a verified broker connection,"
            " which this release does not offer yet.",
            [
                Problem(
                    f"{mode.value.capitalize()} is locked.",
                    "Use simulation or validation.",
                    field="mode",
                )
            ],
        )
    return mode.value
