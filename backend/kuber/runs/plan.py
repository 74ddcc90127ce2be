"""The compiled form of a graph: nodes in order, ways in, the manager in front. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kuber.agents.base import DEFAULT_PORT, ERROR_PORT, AgentConfig, Category, Step
from kuber.agents.effects import UNDECLARED, Effects
from kuber.agents.registry import AgentClass, AgentRegistry
from kuber.market.types import Timeframe
from kuber.pipelines.topology import topology
from kuber.pipelines.types import MANAGER_NODE, Graph
from kuber.runs.types import NodeRecord, NodeStatus

USE_THE_ACCOUNT = (Category.RISK, Category.EXECUTION)
"""Categories of agents that read the account, or change it."""


@dataclass(frozen=True, slots=True)
class IncomingEdge:
    """An edge into a node: taken when its source leaves by `port`."""

    source: str
    port: str

    def taken(self, source: NodeRecord) -> bool:
        """Return whether the settled `source` left by this edge."""
        if source.status is NodeStatus.FAILED:
            return self.port == ERROR_PORT
        if source.status is not NodeStatus.SUCCEEDED or self.port == ERROR_PORT:
            return False
        return self.port in (DEFAULT_PORT.name, source.port)


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """One node, ready to be run."""

    id: str
    name: str
    agent_type: str
    agent: AgentClass
    config: AgentConfig
    incoming: tuple[IncomingEdge, ...]
    effects: Effects = UNDECLARED
    """What the agent reads and may do, without a language model."""

    @property
    def built_in(self) -> bool:
        """Whether the agent is one of Kuber's own."""
        return self.agent.__module__.startswith("kuber.")

    @property
    def uses_account(self) -> bool:
        """Whether what the agent decides depends on the account, or changes it."""
        return self.agent.metadata.category in USE_THE_ACCOUNT

    def predecessors(self) -> tuple[str, ...]:
        """Return the sources of all edges into the node, each once."""
        return tuple(dict.fromkeys(edge.source for edge in self.incoming))

    def taken_sources(self, records: Mapping[str, NodeRecord]) -> tuple[str, ...]:
        """Return the predecessors whose edges were taken; all of them must be settled."""
        return tuple(
            dict.fromkeys(edge.source for edge in self.incoming if edge.taken(records[edge.source]))
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph as the engine runs it; `nodes` in topological order, the manager first."""

    nodes: tuple[PlannedNode, ...]
    timeframes: tuple[Timeframe, ...]
    """Every timeframe that a node needs, finest first."""
    steps: tuple[Step, ...]
    """The nodes by name, for agents that write about the whole run."""
    handled: frozenset[str]
    """Nodes whose failure leads on by an error edge and does not fail the run."""
    at_account: tuple[str, ...]
    """Nodes that use the account in the order of their turns: branch by branch, as drawn."""


def compile_plan(
    graph: Graph, registry: AgentRegistry, manager_type: str, trusted: Collection[str] = ()
) -> Plan:
    """Return the plan of a graph that `validate_graph` accepts.

    The manager becomes the only start; nodes without an edge in follow it. An edge by the first
    port of an agent with several ports is taken whatever port the agent chose.
    """
    shape = topology(graph)
    assert not shape.stuck, "a graph with a cycle is refused before it is compiled"
    by_id = {node.id: node for node in graph.nodes}
    ways = incoming_edges(graph, registry)
    manager = registry.get(manager_type)
    nodes = [
        PlannedNode(
            MANAGER_NODE,
            manager.metadata.name,
            manager_type,
            manager,
            manager.Config(),
            (),
            registry.effects(manager_type),
        )
    ]
    for node_id in shape.order:
        node = by_id[node_id]
        agent = registry.get(node.agent_type)
        nodes.append(
            PlannedNode(
                node_id,
                node.name or agent.metadata.name,
                node.agent_type,
                agent,
                registry.parse_config(node.agent_type, node.config),
                ways[node_id],
                registry.effects(node.agent_type, trusted),
            )
        )
    needed = {frame for node in nodes for frame in node.agent.timeframes(node.config)}
    handled = {edge.source for edge in graph.edges if edge.from_port == ERROR_PORT}
    return Plan(
        nodes=tuple(nodes),
        timeframes=tuple(frame for frame in Timeframe if frame in needed),
        steps=tuple(Step(node.id, node.name) for node in nodes),
        handled=frozenset(handled),
        at_account=tuple(node.id for node in depth_first_order(nodes) if node.uses_account),
    )


def depth_first_order(nodes: Iterable[PlannedNode]) -> list[PlannedNode]:
    """Return `nodes`, which are in topological order, in the one that ends a branch first.

    Kahn's algorithm with a stack in place of the queue: what a node sets free goes before what
    was free already; ties by position.
    """
    by_id = {node.id: node for node in nodes}
    followers: dict[str, list[str]] = {node_id: [] for node_id in by_id}
    for node in by_id.values():
        for source in node.predecessors():
            followers[source].append(node.id)
    waiting = {node.id: len(node.predecessors()) for node in by_id.values()}
    free = [node_id for node_id in reversed(by_id) if not waiting[node_id]]
    order = []
    while free:
        node_id = free.pop()
        order.append(by_id[node_id])
        for follower in reversed(followers[node_id]):
            waiting[follower] -= 1
            if not waiting[follower]:
                free.append(follower)
    return order


def incoming_edges(graph: Graph, registry: AgentRegistry) -> dict[str, tuple[IncomingEdge, ...]]:
    """Return the edges into every node; nodes without an edge in follow the manager."""
    types = {node.id: node.agent_type for node in graph.nodes}
    shape = topology(graph)
    return {
        node_id: tuple(
            IncomingEdge(edge.source, edge.from_port or _first_port(registry, types[edge.source]))
            for edge in shape.incoming[node_id]
        )
        or (IncomingEdge(MANAGER_NODE, DEFAULT_PORT.name),)
        for node_id in types
    }


def _first_port(registry: AgentRegistry, agent_type: str) -> str:
    if not registry.knows(agent_type):
        return DEFAULT_PORT.name
    return registry.get(agent_type).metadata.ports[0].name
