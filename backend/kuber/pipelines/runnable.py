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
    exactly: bool = False
    """Whether it may run nothing newer than what was looked at."""


class RunnableGraphs:
    """Finds what may run, in two steps: `published`, `draft` or `again`, then `bind`."""

    def __init__(self, checks: GraphChecks, clock: Clock) -> None:
        self._checks = checks
        self._clock = clock

    async def published(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        revision: int | None = None,
    ) -> Looked:
        """Look at the published version; sets the session down for a large graph.

        Raises PipelineNotFound, NotPublished, InvalidGraph where it no longer fits the agents, and
        StaleRevision when the draft is at another revision than `revision`.
        """
        row = await PipelineRepository(session).get(user_id, pipeline_id)
        _require_newest(revision, row.revision)
        head = head_of(row)
        if row.published_graph_id is None:
            raise NotPublished.because("Publish it, or run its draft: send draft: true.")
        require_valid(await self._checks.published(session, row))
        bound = Bound(row.published_graph_id, row.version)
        return Looked(head, bound, exactly=revision is not None)

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
        _require_newest(revision, row.revision)
        head = head_of(row)
        require_valid(await self._checks.renewed(session, row))
        return Looked(head, None, exactly=revision is not None)

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

        Of the published version the newest counts; where a revision was named, another than was
        looked at is refused. The draft counts as it stands, and is refused when it was saved since
        and a revision was named, or its mode or its checks are others now. Raises StaleRevision,
        InvalidGraph, QuotaReached, PipelineNotFound.
        """
        if looked.bound is not None and (looked.again or SET_DOWN not in session.info):
            return looked.bound
        repository = PipelineRepository(session)
        pipeline_id = PipelineId(looked.pipeline.id)
        if looked.bound is not None:
            newest = Bound(*await repository.published(user_id, pipeline_id))
            if looked.exactly and newest != looked.bound:
                raise StaleRevision.saying(f"Version {newest.version} was published meanwhile.")
            return newest
        row = await repository.get(user_id, pipeline_id, lock=True)
        if row.revision != looked.pipeline.revision:
            if looked.exactly or row.mode != looked.pipeline.mode.value:
                raise StaleRevision.of(looked.pipeline.revision, row.revision)
            row = await repository.get(user_id, pipeline_id, whole=True, lock=True)
            if row.checked_with != self._checks.checker:
                raise StaleRevision.of(looked.pipeline.revision, row.revision)
            require_valid(self._checks.stored(row))
        graph_id, is_new = await repository.keep_draft(row, self._clock.now())
        if is_new:
            await measure(session, user_id, row.id)
        return Bound(graph_id, None)


def _require_newest(revision: int | None, newest: int) -> None:
    """Raise StaleRevision when a revision is named and is not the newest."""
    if revision is not None and revision != newest:
        raise StaleRevision.of(revision, newest)
