"""Can this graph run? Every reason why not, with the node, the field and the remedy.

Everything here takes one pass over nodes and edges, whatever the shape of the graph.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kuber.agents.base import ERROR_PORT, AgentConfig, Category
from kuber.agents.registry import AgentClass, AgentRegistry
from kuber.pipelines.topology import Topology, topology
from kuber.pipelines.types import MANAGER_NODE, Graph, GraphEdge, GraphProblem, ProblemCode

MAX_PROBLEMS = 100
"""Problems that are told one by one; the rest is counted."""

RULES = "2"
"""Changes whenever these rules judge a graph differently: stored verdicts are then made anew."""

START = "manual_trigger"
"""The agent that lets every run go ahead; every other trigger is a gate, which may not be met."""

_LONGEST_TEXT = 400

Agents = Mapping[str, AgentClass]
"""Agent class by node id, for the nodes whose agent type is known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a graph: the first MAX_PROBLEMS problems, and how many there are."""

    problems: tuple[GraphProblem, ...]
    count: int


def validate_graph(graph: Graph, registry: AgentRegistry, *, published: bool = False) -> Verdict:
    """Return the problems of `graph`, in the order of its nodes within each kind of problem.

    A graph that was published already may have two starts: it goes on as it always did.
    """
    shape = topology(graph)
    agents: dict[str, AgentClass] = {}
    for node in graph.nodes:
        if registry.knows(node.agent_type):
            agent = registry.get(node.agent_type)
            if agent.metadata.category is not Category.SYSTEM:
                agents[node.id] = agent
    found = _Found()
    found.add(_duplicate_nodes(graph))
    found.add(_unknown_agents(graph, registry, agents))
    configs = _examine_configs(graph, registry, agents, found)
    found.add(_dangling_edges(graph, agents))
    found.add(_cycles(shape, graph))
    found.add(_no_trigger(agents))
    if not published:
        found.add(_two_starts(shape, graph, agents))
    found.add(_unreachable(shape, agents))
    found.add(_missing_inputs(shape, agents, registry, configs))
    return Verdict(tuple(found.kept), found.count)


class _Found:
    """Collects problems: keeps the first ones, counts all."""

    def __init__(self) -> None:
        self.kept: list[GraphProblem] = []
        self.count = 0

    @property
    def room(self) -> int:
        return MAX_PROBLEMS - len(self.kept)

    def add(self, problems: Iterable[GraphProblem]) -> None:
        for problem in problems:
            self.count += 1
            if self.room:
                self.kept.append(_shortened(problem))


def _shortened(problem: GraphProblem) -> GraphProblem:
    """Return the problem with texts of bounded length: a setting's name may be a megabyte long."""
    texts = {"message": problem.message, "remedy": problem.remedy, "field": problem.field}
    short = {
        name: f"{text[: _LONGEST_TEXT - 1]}…"
        for name, text in texts.items()
        if text is not None and len(text) > _LONGEST_TEXT
    }
    return problem.model_copy(update=short) if short else problem


def _duplicate_nodes(graph: Graph) -> Iterator[GraphProblem]:
    for node_id, count in Counter(node.id for node in graph.nodes).items():
        if node_id == MANAGER_NODE:
            yield GraphProblem(
                code=ProblemCode.DUPLICATE_NODE,
                node_id=node_id,
                field="id",
                message=f"The id {MANAGER_NODE} belongs to the manager that starts every run.",
                remedy="Give the node another id.",
            )
        elif count > 1:
            yield GraphProblem(
                code=ProblemCode.DUPLICATE_NODE,
                node_id=node_id,
                field="id",
                message=f"{count} nodes share the id {node_id}.",
                remedy="Give each node an id of its own.",
            )


def _unknown_agents(
    graph: Graph, registry: AgentRegistry, agents: Agents
) -> Iterator[GraphProblem]:
    for node in graph.nodes:
        if node.id not in agents or not registry.knows(node.agent_type):
            yield GraphProblem(
                code=ProblemCode.UNKNOWN_AGENT,
                node_id=node.id,
                field="agent_type",
                message=f"There is no agent of type {node.agent_type}.",
                remedy="Replace the node with an agent from the palette, or install its package.",
            )


def _examine_configs(
    graph: Graph, registry: AgentRegistry, agents: Agents, found: _Found
) -> dict[str, AgentConfig | None]:
    """Add what is wrong with settings; return them by node id, None where they are wrong.

    Each node is examined once: that is where most of the time goes.
    """
    configs: dict[str, AgentConfig | None] = {}
    for node in graph.nodes:
        if node.id not in agents:
            continue
        judge = agents[node.id]
        if not registry.knows(node.agent_type) or registry.get(node.agent_type) is not judge:
            # It shares its id with a node of another type, and that one counts.
            judged = registry.examine_config(judge.metadata.agent_type, node.config, most=0)
            configs[node.id] = judged.config
            if not registry.knows(node.agent_type):
                continue
        examined = registry.examine_config(node.agent_type, node.config, most=found.room)
        problems = (
            GraphProblem(
                code=ProblemCode.BAD_CONFIG,
                node_id=node.id,
                field=problem.field,
                message=problem.message,
                remedy=problem.remedy,
            )
            for problem in examined.problems
        )
        found.add(problems)
        found.count += examined.count - len(examined.problems)
        if registry.get(node.agent_type) is judge:
            configs[node.id] = examined.config
    return configs


def _dangling_edges(graph: Graph, agents: Agents) -> Iterator[GraphProblem]:
    known = {node.id for node in graph.nodes}
    for edge in graph.edges:
        missing = [end for end in (edge.source, edge.target) if end not in known]
        if missing:
            present = edge.source if edge.source in known else edge.target
            yield GraphProblem(
                code=ProblemCode.DANGLING_EDGE,
                node_id=present if present in known else None,
                field="from" if edge.source in missing else "to",
                message=f"The edge {edge.source} to {edge.target} names "
                f"{' and '.join(missing)}, which does not exist.",
                remedy="Remove the edge or connect it to an existing node.",
            )
        elif edge.source in agents:
            yield from _unknown_port(edge, agents[edge.source])


def _unknown_port(edge: GraphEdge, agent: AgentClass) -> Iterator[GraphProblem]:
    names = [port.name for port in agent.metadata.ports] + [ERROR_PORT]
    if edge.from_port is not None and edge.from_port not in names:
        yield GraphProblem(
            code=ProblemCode.DANGLING_EDGE,
            node_id=edge.source,
            field="from_port",
            message=f"{agent.metadata.name} has no port {edge.from_port}.",
            remedy=f"Connect one of its ports: {', '.join(names)}.",
        )


def _cycles(shape: Topology, graph: Graph) -> Iterator[GraphProblem]:
    loop = shape.on_cycle()
    names = {node.id: node.name or node.id for node in graph.nodes}
    for node_id in loop:
        yield GraphProblem(
            code=ProblemCode.CYCLE,
            node_id=node_id,
            message=f"{names[node_id]} leads back to itself"
            f" ({', '.join(names[node] for node in loop[:6])} form a cycle).",
            remedy="Remove one edge of the cycle.",
        )


def _no_trigger(agents: Agents) -> Iterator[GraphProblem]:
    if not any(_is_trigger(agent) for agent in agents.values()):
        yield GraphProblem(
            code=ProblemCode.NO_TRIGGER,
            message="The pipeline has no trigger, so it can never start.",
            remedy="Add a trigger, for example Start, and connect it.",
        )


def _two_starts(shape: Topology, graph: Graph, agents: Agents) -> Iterator[GraphProblem]:
    """Name every node that starts the pipeline beside the first one.

    Gates that nothing leads to are no starts where there is a Start: they are waited for.
    """
    roots = [node for node in agents if _is_trigger(agents[node]) and not shape.incoming[node]]
    starts = [node for node in roots if agents[node].metadata.agent_type == START]
    remedy = "Keep one of them, and let it lead to what the other one led to."
    if not starts:
        starts = roots
        remedy = "Let one lead to the other, or add Start beside them: then both are waited for."
    names = {node.id: node.name or node.id for node in graph.nodes}
    for node_id in starts[1:]:
        yield GraphProblem(
            code=ProblemCode.TWO_STARTS,
            node_id=node_id,
            message=f"{names[starts[0]]} and {names[node_id]} both start the pipeline:"
            " one node does, by the pipeline's trigger.",
            remedy=remedy,
        )


def _unreachable(shape: Topology, agents: Agents) -> Iterator[GraphProblem]:
    triggers = [node for node, agent in agents.items() if _is_trigger(agent)]
    if not triggers:
        return
    reached = shape.reached_from(triggers)
    for node_id, agent in agents.items():
        if node_id not in reached:
            yield GraphProblem(
                code=ProblemCode.UNREACHABLE,
                node_id=node_id,
                message=f"No path leads from a trigger to {agent.metadata.name}.",
                remedy="Connect it behind a trigger or remove it.",
            )


def _missing_inputs(
    shape: Topology,
    agents: Agents,
    registry: AgentRegistry,
    configs: Mapping[str, AgentConfig | None],
) -> Iterator[GraphProblem]:
    makers: dict[str, list[str]] = {}
    for agent in registry.all():
        for section in dict.fromkeys(agent.metadata.outputs):
            makers.setdefault(section, []).append(agent.metadata.name)
    bits = {section: 1 << number for number, section in enumerate(makers)}
    given = _given_above(shape, agents, bits)
    for node_id, agent in agents.items():
        config = configs[node_id]  # settings have a say once they are valid
        needs = agent.metadata.inputs if config is None else agent.required_inputs(config)
        for section in needs:
            if not given[node_id] & bits.get(section, 0):
                able = " or ".join(makers.get(section, ())) or "an agent that makes it"
                yield GraphProblem(
                    code=ProblemCode.MISSING_INPUT,
                    node_id=node_id,
                    field=section,
                    message=f"{agent.metadata.name} needs {section.replace('_', ' ')},"
                    " which no node before it produces.",
                    remedy=f"Put {able} before it.",
                )


def _given_above(shape: Topology, agents: Agents, bits: Mapping[str, int]) -> dict[str, int]:
    """Return, for every node, the sections that its ancestors other than itself make, as bits."""
    own = {
        node_id: sum(bits[name] for name in set(agent.metadata.outputs))
        for node_id, agent in agents.items()
    }
    above: dict[str, int] = {}
    after: dict[str, int] = {}  # what a node's followers are given: above, and what it makes
    for component in shape.components():
        entering = once = twice = 0
        for node_id in component:
            made = own.get(node_id, 0)
            twice |= once & made
            once |= made
            for edge in shape.incoming[node_id]:
                entering |= after.get(edge.source, 0)
        for node_id in component:
            # On a cycle everybody else is before a node, itself is not.
            above[node_id] = entering | twice | (once & ~own.get(node_id, 0))
            after[node_id] = entering | once
    return above


def _is_trigger(agent: AgentClass) -> bool:
    return agent.metadata.category is Category.TRIGGER
