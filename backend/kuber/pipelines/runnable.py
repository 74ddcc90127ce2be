"""What may run, for everybody who starts runs: nobody asks anywhere else.

- What starts by itself (schedule, signals) and what is started without asking for the draft runs
  the published version, whatever the draft looks like.
- A run of the draft runs the revision that was looked at.
- A run that wakes up, or is run again, keeps the graph that it is bound to.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import SET_DOWN
from kuber.kernel.clock import Clock
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.checks import GraphChecks, require_valid
from kuber.pipelines.errors import NotPublished, StaleRevision
from kuber.pipelines.quotas import measure
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.schemas import PipelineHead
from kuber.pipelines.views import head_of

STARTING_BY_ITSELF = """
    select id, user_id, mode, published_graph_id as graph_id, version,
           published_trigger ->> 'kind' as kind
    from pipelines where status = 'active' and published_graph_id is not null
"""
"""SQL: the pipelines that schedules and signals may start, what they run, and what starts them."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The graph that a run is bound to; `version` is None for a run of the draft."""

    graph_id: UUID
    version: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a run was found to run, before the transaction that queues it."""

    pipeline: PipelineHead
    bound: Bound | None
    """None: the draft, at the revision that `pipeline` has."""
    again: bool = False
    """Whether it runs what an earlier run ran."""


class RunnableGraphs:
    """Finds what may run, in two steps: `published`, `draft` or `again`, then `bind`."""

    def __init__(self, checks: GraphChecks, clock: Clock) -> None:
        self._checks = checks
        self._clock = clock

    async def published(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId
    ) -> Looked:
        """Look at the published version; sets the session down for a large graph.

        Raises PipelineNotFound, NotPublished, and InvalidGraph where it no longer fits the agents.
        """
        row = await PipelineRepository(session).get(user_id, pipeline_id)
        head = head_of(row)
        if row.published_graph_id is None:
            raise NotPublished.because("Publish it, or run its draft: send draft: true.")
        require_valid(await self._checks.published(session, row))
        return Looked(head, Bound(row.published_graph_id, row.version))

    async def draft(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        revision: int | None,
    ) -> Looked:
        """Look at the draft, at its newest revision; sets the session down for a large graph.

        Raises PipelineNotFound, InvalidGraph, and StaleRevision when `revision` is another one.
        """
        row = await PipelineRepository(session).get(user_id, pipeline_id, whole=True)
        if revision is not None and row.revision != revision:
            raise StaleRevision.of(revision, row.revision)
        head = head_of(row)
        require_valid(await self._checks.renewed(session, row))
        return Looked(head, None)

    async def again(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, bound: Bound
    ) -> tuple[Looked, bytes]:
        """Look at what a run of the pipeline is bound to; return its graph, too.

        Sets the session down. Raises PipelineNotFound, InvalidGraph.
        """
        repository = PipelineRepository(session)
        head = head_of(await repository.get(user_id, pipeline_id))
        graph = await repository.graph(bound.graph_id)
        require_valid(await self._checks.apart(session, graph, str(user_id)))
        return Looked(head, bound, again=True), graph

    async def graph(self, session: AsyncSession, graph_id: UUID) -> bytes:
        """Return the graph that a run is bound to; the caller has seen that the run is its
        user's."""
        return await PipelineRepository(session).graph(graph_id)

    async def bind(self, session: AsyncSession, user_id: UserId, looked: Looked) -> Bound:
        """Return the graph that a run is bound to, in the transaction that queues it.

        Of the published version the newest counts. The draft is kept as it was looked at; raises
        StaleRevision when it was saved since, QuotaReached, PipelineNotFound.
        """
        if looked.bound is not None and (looked.again or SET_DOWN not in session.info):
            return looked.bound
        repository = PipelineRepository(session)
        pipeline_id = PipelineId(looked.pipeline.id)
        if looked.bound is not None:
            return Bound(*await repository.published(user_id, pipeline_id))
        row = await repository.get(user_id, pipeline_id, lock=True)
        if row.revision != looked.pipeline.revision:
            raise StaleRevision.of(looked.pipeline.revision, row.revision)
        graph_id, is_new = await repository.keep_draft(row, self._clock.now())
        if is_new:
            await measure(session, user_id, row.id)
        return Bound(graph_id, None)
