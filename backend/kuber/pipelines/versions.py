"""What was published of a pipeline: listed, shown, compared."""

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject, set_down
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.checks import GraphChecks
from kuber.pipelines.comparing import diff_graphs
from kuber.pipelines.errors import NotPublished, VersionNotFound
from kuber.pipelines.models import PipelineRow, PipelineVersionRow
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.schemas import VersionHead, VersionList, VersionOut, VersionText


class PipelineVersions:
    """The versions of pipelines. Every method sees one user's pipelines only."""

    def __init__(self, checks: GraphChecks) -> None:
        self._checks = checks

    async def page(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        cursor: str | None,
        limit: int,
    ) -> VersionList:
        """Return one page of versions without their graphs, newest first."""
        repository = PipelineRepository(session)
        pipeline = await repository.get(user_id, pipeline_id)
        rows, following = await repository.versions(pipeline_id, cursor, limit)
        items = [VersionOut.model_validate(_shown(pipeline, row, count)) for row, count in rows]
        return VersionList(items=items, next_cursor=following)

    async def one(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, version: int
    ) -> VersionText:
        """Return one version with its graph; raises PipelineNotFound."""
        repository = PipelineRepository(session)
        pipeline = await repository.get(user_id, pipeline_id)
        found = await repository.version(pipeline_id, version)
        if found is None:
            raise VersionNotFound.of(pipeline_id, version, pipeline.version)
        row, graph = found
        shown = _shown(pipeline, row, graph.node_count) | {"trigger": row.trigger}
        return VersionText(VersionHead.model_validate(shown), graph.graph)

    async def diff(
        self,
        session: AsyncSession,
        user_id: UserId,
        pipeline_id: PipelineId,
        before: str,
        after: str,
    ) -> bytes:
        """Return what changes from one graph to another, a GraphDiff as JSON.

        Each is named `draft`, `published` or by the number of its version. Sets the session down.
        Raises PipelineNotFound, NotPublished.
        """
        old, was = await self._named(session, user_id, pipeline_id, before)
        new, becomes = await self._named(session, user_id, pipeline_id, after)
        await set_down(session)
        trigger_changed = None not in (was, becomes) and was != becomes
        work = self._checks.work
        return await work.run(
            max(old, new, key=len), str(user_id), diff_graphs, old, new, trigger_changed
        )

    async def _named(
        self, session: AsyncSession, user_id: UserId, pipeline_id: PipelineId, name: str
    ) -> tuple[bytes, JsonObject | None]:
        """Return a graph and its trigger."""
        if name not in ("draft", "published"):
            found = await self.one(session, user_id, pipeline_id, int(name))
            trigger = found.head.trigger
            return found.graph, None if trigger is None else trigger.model_dump(mode="json")
        repository = PipelineRepository(session)
        row = await repository.get(user_id, pipeline_id, whole=name == "draft")
        if name == "draft":
            return row.graph, row.trigger
        if row.published_graph_id is None:
            raise NotPublished.because("Publish it first, or compare its draft with a version.")
        return await repository.graph(row.published_graph_id), row.published_trigger


def _shown(pipeline: PipelineRow, row: PipelineVersionRow, node_count: int) -> JsonObject:
    return {
        "version": row.version,
        "name": row.name,
        "note": row.note,
        "created_at": row.created_at,
        "published": row.version == pipeline.version,
        "node_count": node_count,
    }
