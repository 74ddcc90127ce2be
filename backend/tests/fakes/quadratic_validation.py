"""The rules of a valid graph in their plainest form, node by node: the linear ones obey them."""

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import JsonValue, ValidationError

from kuber.agents.base import ERROR_PORT, Category
from kuber.agents.registry import AgentClass, AgentRegistry
from kuber.pipelines.topology import Topology, topology
from kuber.pipelines.types import MANAGER_NODE, Graph, GraphEdge, GraphProblem, ProblemCode

Agents = Mapping[str, AgentClass]
"""Agent class by node id, for the nodes whose agent type is known."""


def plain_problems(graph: Graph, registry: AgentRegistry) -> list[GraphProblem]:
    """Return all problems of `graph`, in the order of its nodes within each kind of problem."""
    shape = topology(graph)
    agents: dict[str, AgentClass] = {}
    for node in graph.nodes:
        if registry.knows(node.agent_type):
            agent = registry.get(node.agent_type)
            if agent.metadata.category is not Category.SYSTEM:
                agents[node.id] = agent
    return [
        *_duplicate_nodes(graph),
        *_unknown_agents(graph, agents),
        *_bad_configs(graph, registry, agents),
        *_dangling_edges(graph, agents),
        *_cycles(shape, graph),
        *_no_trigger(agents),
        *_two_starts(graph, agents),
        *_unreachable(shape, agents),
        *_missing_inputs(graph, shape, agents, registry),
    ]


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


def _unknown_agents(graph: Graph, agents: Agents) -> Iterator[GraphProblem]:
    for node in graph.nodes:
        if node.id not in agents:
            yield GraphProblem(
                code=ProblemCode.UNKNOWN_AGENT,
                node_id=node.id,
                field="agent_type",
                message=f"There is no agent of type {node.agent_type}.",
                remedy="Replace the node with an agent from the palette, or install its package.",
            )


def _bad_configs(graph: Graph, registry: AgentRegistry, agents: Agents) -> Iterator[GraphProblem]:
    for node in graph.nodes:
        if node.id in agents:
            found = registry.examine_config(node.agent_type, node.config, most=None)
            for problem in found.problems:
                yield GraphProblem(
                    code=ProblemCode.BAD_CONFIG,
                    node_id=node.id,
                    field=problem.field,
                    message=problem.message,
                    remedy=problem.remedy,
                )


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
    loop = [node for node in shape.stuck if node in shape.descendants(node)]
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


def _two_starts(graph: Graph, agents: Agents) -> Iterator[GraphProblem]:
    known = {node.id for node in graph.nodes}
    names = {node.id: node.name or node.id for node in graph.nodes}
    roots = [
        node_id
        for node_id, agent in agents.items()
        if _is_trigger(agent)
        and not any(edge.target == node_id and edge.source in known for edge in graph.edges)
    ]
    always = [one for one in roots if agents[one].metadata.agent_type == "manual_trigger"]
    first, *others = always or roots or [""]
    for other in others:
        yield GraphProblem(
            code=ProblemCode.TWO_STARTS,
            node_id=other,
            message=f"{names[first]} and {names[other]} both start the pipeline:"
            " one node does, by the pipeline's trigger.",
            remedy="Keep one of them, and let it lead to what the other one led to."
            if always
            else "Let one lead to the other, or add Start beside them: then both are waited for.",
        )


def _unreachable(shape: Topology, agents: Agents) -> Iterator[GraphProblem]:
    triggers = [node for node, agent in agents.items() if _is_trigger(agent)]
    if not triggers:
        return
    reached = set(triggers).union(*(shape.descendants(node) for node in triggers))
    for node_id, agent in agents.items():
        if node_id not in reached:
            yield GraphProblem(
                code=ProblemCode.UNREACHABLE,
                node_id=node_id,
                message=f"No path leads from a trigger to {agent.metadata.name}.",
                remedy="Connect it behind a trigger or remove it.",
            )


def _missing_inputs(
    graph: Graph, shape: Topology, agents: Agents, registry: AgentRegistry
) -> Iterator[GraphProblem]:
    settings = {node.id: node.config for node in graph.nodes}
    for node_id, agent in agents.items():
        above = {node for node in agents if node_id in shape.descendants(node)} - {node_id}
        given = {
            section for node in above & agents.keys() for section in agents[node].metadata.outputs
        }
        for section in _needs(agent, settings[node_id]):
            if section not in given:
                makers = [a.metadata.name for a in registry.all() if section in a.metadata.outputs]
                yield GraphProblem(
                    code=ProblemCode.MISSING_INPUT,
                    node_id=node_id,
                    field=section,
                    message=f"{agent.metadata.name} needs {section.replace('_', ' ')},"
                    " which no node before it produces.",
                    remedy=f"Put {' or '.join(makers) or 'an agent that makes it'} before it.",
                )


def _needs(agent: AgentClass, settings: dict[str, JsonValue]) -> tuple[str, ...]:
    """Return the sections that a node reads; settings have a say once they are valid."""
    try:
        return agent.required_inputs(agent.Config.model_validate(settings))
    except ValidationError:
        return agent.metadata.inputs


def _is_trigger(agent: AgentClass) -> bool:
    return agent.metadata.category is Category.TRIGGER
