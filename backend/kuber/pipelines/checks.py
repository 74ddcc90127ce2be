"""Checked graphs: from what was sent, from what is stored, and the stored results kept true."""

from typing import TypeVar

import orjson
import structlog
from pydantic import BaseModel
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.agents.registry import AgentRegistry
from kuber.infra.children import ChildFailed, ChildPool
from kuber.infra.db import set_down
from kuber.kernel.errors import KuberError, Problem
from kuber.pipelines.documents import (
    CheckedGraph,
    Faults,
    check_graph,
    check_published,
    check_text,
    read_body,
)
from kuber.pipelines.errors import InvalidGraph
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.types import Graph
from kuber.pipelines.validation import RULES
from kuber.pipelines.work import GraphWork, is_large

_log = structlog.get_logger(__name__)

Body = TypeVar("Body", bound=BaseModel)

UNCHECKABLE = (KuberError, ChildFailed, ValueError)
"""What a check raises that comes to no result."""


class GraphChecks:
    """Says what is wrong with graphs; large ones are looked at in a child process."""

    def __init__(self, registry: AgentRegistry, pool: ChildPool | None) -> None:
        self.work = GraphWork(registry, pool)
        self.checker = f"{registry.fingerprint}.{RULES}"
        """Stands beside a stored result; another one means that the result may be out of date."""

    async def body(self, model: type[Body], raw: bytes, owner: str) -> Body | Faults:
        """Return a request's body with its graph checked, or what is wrong with its shape."""
        return await self.work.run(raw, owner, read_body, model, raw)

    def sent(self, graph: Graph | CheckedGraph) -> CheckedGraph:
        """Return a graph from a request, checked; as objects only small ones come this far."""
        if isinstance(graph, CheckedGraph):
            return graph
        return check_graph(self.work.registry, graph)

    def verdict(self, graph: Graph | CheckedGraph) -> bytes:
        """Return whether a graph from a request can run, a GraphVerdict as JSON."""
        checked = self.sent(graph)
        return orjson.dumps(
            {
                "valid": not checked.problem_count,
                "problems": orjson.Fragment(checked.problems),
                "problem_count": checked.problem_count,
            }
        )

    async def text(self, text: bytes, owner: str) -> CheckedGraph:
        """Return a stored graph, checked now."""
        return await self.work.run(text, owner, check_text, text)

    async def apart(self, session: AsyncSession, text: bytes, owner: str) -> CheckedGraph:
        """Return a graph that was published or run, checked now; sets the session down if it is
        large."""
        if is_large(text):
            await set_down(session)
        return await self.work.run(text, owner, check_published, text)

    async def published(
        self, session: AsyncSession, row: PipelineRow, owner: str | None = None
    ) -> CheckedGraph | None:
        """Return a pipeline's published graph, checked now; None where it is known to be valid.

        Sets the session down for a large graph. That it is valid is stored. `owner` is for whom the
        child works, by default the pipeline's.
        """
        if row.published_checked_with == self.checker:
            return None
        graph_id = row.published_graph_id
        assert graph_id is not None, "a version was published"
        text = await PipelineRepository(session).graph(graph_id)
        checked = await self.apart(session, text, str(row.user_id) if owner is None else owner)
        if not checked.problem_count:
            await session.execute(
                update(PipelineRow)
                .where(PipelineRow.id == row.id, PipelineRow.published_graph_id == graph_id)
                .values(published_checked_with=self.checker)
                .execution_options(synchronize_session=False)
            )
            if is_large(text):
                await set_down(session)
        return checked

    def stored(self, row: PipelineRow) -> CheckedGraph:
        """Return a pipeline's graph with the result that stands beside it, however old it is."""
        return CheckedGraph(row.graph, row.node_count, row.problems, row.problem_count)

    async def current(self, session: AsyncSession, row: PipelineRow) -> CheckedGraph:
        """Return a pipeline's graph with its stored result; one that is out of date is renewed.

        Where that cannot be done now the stored one is shown: whoever opens a pipeline sees it.
        Sets the session down if it is out of date.
        """
        if row.checked_with == self.checker:
            return self.stored(row)
        try:
            return await self.renewed(session, row)
        except UNCHECKABLE as error:
            _log.warning("stored_problems_shown", pipeline_id=str(row.id), error=str(error))
            return self.stored(row)

    async def renewed(self, session: AsyncSession, row: PipelineRow) -> CheckedGraph:
        """Return a pipeline's graph, checked now; what differs from the stored result is stored.

        Sets the session down for a large graph, which waits for a child.
        """
        large = is_large(row.graph)
        if large:
            await set_down(session)
        checked = await self.text(row.graph, str(row.user_id))
        shown = await self.keep(session, row, checked)
        if large:
            await set_down(session)
        return shown

    async def keep(
        self, session: AsyncSession, row: PipelineRow, checked: CheckedGraph
    ) -> CheckedGraph:
        """Store the result of a check of `row`'s graph if it differs; return it with the graph."""
        stored = (row.problem_count, row.checked_with)
        if stored != (checked.problem_count, self.checker):
            # A save in between has a newer graph and its result.
            of_this_graph = (
                PipelineRow.id == row.id,
                PipelineRow.graph_digest == row.graph_digest,
            )
            await session.execute(
                update(PipelineRow)
                .where(*of_this_graph)
                .values(**self.columns(checked))
                .execution_options(synchronize_session=False)
            )
        return CheckedGraph(row.graph, checked.node_count, checked.problems, checked.problem_count)

    def columns(self, checked: CheckedGraph) -> dict[str, object]:
        """Return what is stored of a check, by column."""
        return {
            "node_count": checked.node_count,
            "problems": checked.problems,
            "problem_count": checked.problem_count,
            "checked_with": self.checker,
        }


def require_valid(checked: CheckedGraph | None) -> None:
    """Raise InvalidGraph with the problems of a graph, if there is one; None has none."""
    count = checked.problem_count if checked is not None else 0
    if checked is None or not count:
        return
    problems = [
        Problem(
            item["message"],
            item["remedy"],
            field=item["field"],
            node_id=item["node_id"],
            code=item["code"],
        )
        for item in orjson.loads(checked.problems)
    ]
    raise InvalidGraph(
        f"The pipeline has {count} problem{'s' * (count > 1)}: {problems[0].message}", problems
    )
