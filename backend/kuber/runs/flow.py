"""A plan as a CrewAI Flow: one method per node, joined by `start` and `and_` only.

Branches are dead-path tokens: every method runs, and a node none of whose ways in was taken
records that it was skipped. CrewAI decides the order and what runs in parallel; what a node does
and what survives it is `NodeRunner`'s.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol

from kuber.agents.crews.runtime import import_crewai
from kuber.runs.plan import Plan

import_crewai()

from crewai.flow.flow import Flow, FlowState, and_, listen, start  # noqa: E402

NodeRunner = Callable[[str], Awaitable[None]]
"""Runs one node by its id; never raises for a failure of the node itself."""


class RunFlow(Protocol):
    """A flow class made by `build_flow`."""

    def __call__(self, *, suppress_flow_events: bool) -> "PipelineFlow": ...


class PipelineFlow(Flow[FlowState]):
    """Base of all compiled pipelines."""

    _skip_auto_memory: ClassVar[bool] = True

    run_node: NodeRunner | None = None


def build_flow(plan: Plan) -> type[PipelineFlow]:
    """Return the flow class of `plan`; a fresh instance is made for each run."""
    names = {node.id: f"node_{number}" for number, node in enumerate(plan.nodes)}
    methods: dict[str, Any] = {"__module__": __name__}
    for node in plan.nodes:
        body = _method(node.id, names[node.id])
        sources = [names[source] for source in node.predecessors()]
        if not sources:
            methods[names[node.id]] = start()(body)
        elif len(sources) == 1:
            methods[names[node.id]] = listen(sources[0])(body)
        else:
            methods[names[node.id]] = listen(and_(*sources))(body)
    return type("CompiledPipelineFlow", (PipelineFlow,), methods)


async def run_flow(flow_class: type[PipelineFlow], run_node: NodeRunner) -> None:
    """Run every node of the flow once, in order, parallel where the graph allows it."""
    flow = flow_class(suppress_flow_events=True)
    flow.run_node = run_node
    await flow.kickoff_async()


def _method(node_id: str, name: str) -> Callable[[PipelineFlow], Awaitable[None]]:
    async def method(self: PipelineFlow) -> None:
        assert self.run_node is not None, "run_flow sets the runner"
        await self.run_node(node_id)

    method.__name__ = method.__qualname__ = name
    return method
