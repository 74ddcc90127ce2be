"""Pipelines: create, save the draft, clone, import and export."""

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
from kuber.pipelines.accounts import account_in, require_own_account
from kuber.pipelines.announcing import announce
from kuber.pipelines.checks import GraphChecks
from kuber.pipelines.documents import CheckedGraph
from kuber.pipelines.errors import PipelineError, StaleRevision
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.modes import open_mode
from kuber.pipelines.on_record import RecordedFields, record, record_changes
from kuber.pipelines.ownership import require_own_scanner, without_gone_scanner
from kuber.pipelines.publishing import Publishing, require_in_use
from kuber.pipelines.quotas import measure, require_pipeline_room
from kuber.pipelines.repository import SORTS, PipelineRepository
from kuber.pipelines.runnable import RunnableGraphs
from kuber.pipelines.schemas import (
    PipelineClone,
    PipelineCreate,
    PipelineExport,
    PipelineHead,
    PipelineList,
    PipelineText,
    PipelineUpdate,
    PublishBody,
)
from kuber.pipelines.templates import template
from kuber.pipelines.types import (
    TRIGGERS,
    Graph,
    KnownPipeline,
    Mode,
    PipelineQuery,
    PipelineStatus,
    SignalTrigger,
    Trigger,
)
from kuber.pipelines.versions import PipelineVersions
from kuber.pipelines.views import head_of, summary_of, text_of


class PipelineService:
    """What can be done with pipelines. Every method sees one user's pipelines only.

    What is done with a draft is here, the rest in `publishing`, `versions` and `runnable`.
    """

    def __init__(
        self, registry: AgentRegistry, clock: Clock, pool: ChildPool | None = None
    ) -> None:
        """`pool` takes the work on large graphs off the event loop."""
        self.checks = GraphChecks(registry, pool)
        self.publishing = Publishing(self.checks, clock)
        self.versions = PipelineVersions(self.checks)
        self.runnable = RunnableGraphs(self.checks, clock)
        self._clock = clock

    async def create(
        self, session: AsyncSession, user_id: UserId, body: PipelineCreate
    ) -> PipelineText:
        """Store a new pipeline, published if its graph can run; raises UnknownTemplate,
        ModeLocked."""
        if body.graph is not None and body.template is not None:
            raise PipelineError(
                "Give a graph or a template, not both.",
                [Problem("Both were given.", "Leave one of them out.", field="template")],
            )
        graph, mode, trigger = body.graph or Graph(), body.mode or Mode.SIMULATION, body.trigger
        if body.template is not None:
            chosen = template(body.template)
            graph, mode = chosen.graph, body.mode or chosen.mode
            if "trigger" not in body.model_fields_set:
                trigger = chosen.trigger
        checked = self.checks.sent(graph)
        return await self._create(
            session, user_id, body.name, checked, mode, trigger, body.account_id
        )

    async def head(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> PipelineHead:
        """Return one pipeline without its graph; raises PipelineNotFound."""
        return head_of(await PipelineRepository(session).get(user_id, pipeline_id))

    async def get(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> PipelineText:
        """Return one pipeline; raises PipelineNotFound.

        Sets the session down where its problems are out of date.
        """
        row = await PipelineRepository(session).get(user_id, pipeline_id, whole=True)
        return text_of(row, await self.checks.current(session, row))

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

    async def revision(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> int:
        """Return the draft's newest revision; raises PipelineNotFound."""
        return (await PipelineRepository(session).get(user_id, pipeline_id)).revision

    async def save(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        revision: int,
        body: PipelineUpdate,
    ) -> PipelineText:
        """Save the draft over `revision`; what is published stays as it is.

        The mode counts at once. Raises StaleRevision when `revision` is not the stored one, and
        Archived: nothing is overwritten.
        """
        new = None if body.graph is None else self.checks.sent(body.graph)
        repository = PipelineRepository(session)
        row = await repository.get(user_id, pipeline_id, whole=new is None, lock=True)
        require_in_use(row, "An archived pipeline is not changed.")
        if row.revision != revision:
            raise StaleRevision.of(revision, row.revision)
        before = RecordedFields.of(row)
        if body.name is not None:
            row.name = body.name
        if body.mode is not None:
            row.mode = open_mode(body.mode)
            row.account_id = await account_in(session, user_id, row.account_id, row.mode)
        if "account_id" in body.model_fields_set:
            row.account_id = await require_own_account(session, user_id, body.account_id, row.mode)
        if body.trigger is not None:
            trigger = body.trigger.model_dump(mode="json")
            if trigger != row.trigger:  # one whose scanner is gone by now may stay
                await require_own_scanner(session, user_id, body.trigger)
            row.trigger = trigger
        if new is None:
            shown = self.checks.stored(row)
        else:
            shown = await self._replace_graph(session, row, new)
        row.revision += 1
        row.updated_at = self._clock.now()
        await session.flush()
        await record_changes(session, row, before, row.updated_at)
        await announce(session, row)
        return text_of(row, shown)

    async def restore(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        version: int,
        revision: int,
    ) -> PipelineText:
        """Put graph and trigger of a published version into the draft; sets the session down.

        The trigger stays where that of the version is not known; a scanner that is gone is left
        out of it.
        """
        old = await self.versions.one(session, user_id, pipeline_id, version)
        trigger = old.head.trigger
        if trigger is not None:
            trigger = await without_gone_scanner(session, user_id, trigger)
        await set_down(session)
        checked = await self.checks.text(old.graph, str(user_id))
        update = PipelineUpdate(graph=checked, trigger=trigger)
        return await self.save(session, user_id, pipeline_id, revision, update)

    async def known(
        self, session: AsyncSession, user_id: UserId, pipeline_ids: Collection[UUID]
    ) -> dict[UUID, KnownPipeline]:
        """Return what is known of the given pipelines, deleted ones included."""
        return await PipelineRepository(session).known(user_id, pipeline_ids)

    async def clone(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, body: PipelineClone
    ) -> PipelineText:
        """Copy a pipeline, its draft and what of it is published, which becomes version 1."""
        repository = PipelineRepository(session)
        source = await repository.get(user_id, pipeline_id, whole=True)
        row = await self._insert(
            session,
            user_id,
            body.name or f"{source.name[:112]} (copy)",
            self.checks.stored(source),
            body.mode or Mode(source.mode),
            await without_gone_scanner(session, user_id, TRIGGERS.validate_python(source.trigger)),
            await account_in(session, user_id, source.account_id, (body.mode or source.mode)),
        )
        row.checked_with = source.checked_with
        if source.published_graph_id is not None and source.published_digest is not None:
            graph_id = await repository.copy_graph(
                source.published_graph_id, row.id, source.published_digest, row.created_at
            )
            assert source.published_trigger is not None, "graph and trigger are published together"
            row.version = 1
            published = (graph_id, source.published_digest, source.published_trigger)
            await self.publishing.add_version(
                session, row, *published, PublishBody(), row.created_at
            )
            row.published_checked_with = source.published_checked_with
        await measure(session, user_id, row.id)
        return text_of(row, self.checks.stored(source))

    async def export(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> bytes:
        """Return the pipeline as a file, a PipelineExport as JSON."""
        row = await PipelineRepository(session).get(user_id, pipeline_id, whole=True)
        file = PipelineExport.model_construct(  # names of before are given back as they are
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
        return await self._create(session, user_id, body.name, checked, body.mode, trigger)

    async def _create(
        self,
        session: AsyncSession,
        user_id: UserId,
        name: str,
        checked: CheckedGraph,
        mode: Mode,
        trigger: Trigger,
        account_id: UUID | None = None,
    ) -> PipelineText:
        """Store a pipeline; a graph that can run is published at once."""
        row = await self._insert(session, user_id, name, checked, mode, trigger, account_id)
        if not checked.problem_count:
            now, row.version = row.created_at, 1
            graph_id, _ = await PipelineRepository(session).keep_draft(row, now)
            await self.publishing.add_version(
                session, row, graph_id, row.graph_digest, row.trigger, PublishBody(), now
            )
            row.published_checked_with = row.checked_with
        await measure(session, user_id, row.id)
        return text_of(row, checked)

    async def _insert(
        self,
        session: AsyncSession,
        user_id: UserId,
        name: str,
        checked: CheckedGraph,
        mode: Mode,
        trigger: Trigger,
        account_id: UUID | None,
    ) -> PipelineRow:
        """Store a pipeline of which nothing is published."""
        await require_own_scanner(session, user_id, trigger)
        account_id = await require_own_account(session, user_id, account_id, mode.value)
        digest = await PipelineRepository(session).digest_of(checked.text)
        await require_pipeline_room(session, user_id)
        now = self._clock.now()
        row = PipelineRow(
            id=new_id(),
            user_id=user_id,
            name=name,
            graph=checked.text,
            graph_digest=digest,
            mode=open_mode(mode),
            trigger=trigger.model_dump(mode="json"),
            account_id=account_id,
            status=PipelineStatus.DRAFT.value,
            revision=1,
            version=0,
            created_at=now,
            updated_at=now,
            next_run_at=None,
            last_skip=None,
            **self.checks.columns(checked),
        )
        session.add(row)
        await session.flush()
        await record(session, AuditEventType.PIPELINE_CREATED, row, now)
        return row

    async def _replace_graph(
        self, session: AsyncSession, row: PipelineRow, new: CheckedGraph
    ) -> CheckedGraph:
        """Make `new` the draft's graph; return what is shown of it."""
        for column, value in self.checks.columns(new).items():
            setattr(row, column, value)
        digest = await PipelineRepository(session).digest_of(new.text)
        if digest != row.graph_digest:
            row.graph, row.graph_digest = new.text, digest
            await measure(session, UserId(row.user_id), row.id)
        return new
