"""A plan as a CrewAI Flow: a method for each straight chain of nodes, joined by `start` and `and_`.

Branches are dead-path tokens: every method runs, and a node none of whose ways in was taken
records that it was skipped. CrewAI decides the order and what runs in parallel; what a node does
and what survives it is `NodeRunner`'s.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, ClassVar, TypeVar

from kuber.agents.crews.runtime import import_crewai
from kuber.runs.plan import Plan

import_crewai()

from crewai.flow.flow import Flow, FlowState, and_, listen, start  # noqa: E402

T = TypeVar("T")

NodeRunner = Callable[[str], Awaitable[None]]
"""Runs one node by its id; never raises for a failure of the node itself."""


class PipelineFlow(Flow[FlowState]):
    """Base of all compiled pipelines."""

    _skip_auto_memory: ClassVar[bool] = True

    run_node: NodeRunner | None = None


class HookExecutor(ThreadPoolExecutor):
    """A loop's default executor that spares CrewAI's own hooks the way through a thread.

    After each step and at the end of a flow CrewAI sends its hooks for persistence and memory to
    a thread. Our flows have neither, so the hooks return at once, and changing threads for them
    costs a tenth of a whole run. Everything else goes to a thread as usual.
    """

    _HOOKS = frozenset({"_persist_method_completion", "_drain_memory_writes", "flush"})

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        if not (isinstance(fn, partial) and fn.args and self._is_hook(fn.args[0])):
            return super().submit(fn, *args, **kwargs)
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  handed on to who awaits it
            done.set_exception(error)
        return done

    def _is_hook(self, call: object) -> bool:
        owner = type(getattr(call, "__self__", None)).__module__.partition(".")[0]
        ours = isinstance(getattr(call, "__self__", None), PipelineFlow)
        return (ours or owner == "crewai") and getattr(call, "__name__", "") in self._HOOKS


Shape = tuple[tuple[str, ...], ...]
"""For each node, in order: its id, then the ids of the nodes that it waits for."""


def build_flow(plan: Plan) -> type[PipelineFlow]:
    """Return the flow class of `plan`; a fresh instance is made for each run.

    Plans of the same shape share one class: what the nodes are is the runner's business.
    """
    return _class_of(tuple((node.id, *node.predecessors()) for node in plan.nodes))


@lru_cache(maxsize=512)
def _class_of(shape: Shape) -> type[PipelineFlow]:
    names = {node_id: f"node_{number}" for number, (node_id, *_) in enumerate(shape)}
    before = {node_id: sources for node_id, *sources in shape}
    methods: dict[str, Any] = {"__module__": __name__}
    for chain in chains(shape):
        first, last = chain[0], chain[-1]
        body = _method(chain, names[last])
        sources = [names[source] for source in before[first]]
        if not sources:
            methods[names[last]] = start()(body)
        elif len(sources) == 1:
            methods[names[last]] = listen(sources[0])(body)
        else:
            methods[names[last]] = listen(and_(*sources))(body)
    return type("CompiledPipelineFlow", (PipelineFlow,), methods)


def chains(shape: Shape) -> tuple[tuple[str, ...], ...]:
    """Return the nodes by straight chain, each node once, in the order of their first nodes.

    A node joins the chain of the one before it when neither has another neighbour on that side:
    nothing could run between the two or beside them, so that the flow has nothing to decide.
    """
    followers = Counter(source for _, *before in shape for source in before)
    found: dict[str, list[str]] = {}
    for node_id, *before in shape:
        joins = len(before) == 1 and followers[before[0]] == 1
        chain = found[before[0]] if joins else []
        chain.append(node_id)
        found[node_id] = chain
    return tuple(tuple(chain) for node_id, chain in found.items() if chain[0] == node_id)


async def run_flow(flow_class: type[PipelineFlow], run_node: NodeRunner) -> None:
    """Run every node of the flow once, in order, parallel where the graph allows it."""
    flow = flow_class(suppress_flow_events=True)
    flow.run_node = run_node
    await flow.kickoff_async()


def _method(chain: Sequence[str], name: str) -> Callable[[PipelineFlow], Awaitable[None]]:
    async def method(self: PipelineFlow) -> None:
        assert self.run_node is not None, "run_flow sets the runner"
        for node_id in chain:
            await self.run_node(node_id)

    method.__name__ = method.__qualname__ = name
    return method
