"""The linear validation judges as the plain one does, on any graph, and is bounded."""

from hypothesis import assume, given
from hypothesis import strategies as st

from kuber.agents.errors import UnknownAgent
from kuber.agents.registry import AgentRegistry
from kuber.pipelines.types import Graph, GraphEdge, GraphNode, GraphProblem
from kuber.pipelines.validation import MAX_PROBLEMS, validate_graph
from tests.fakes.graphs import chain, edge, graph, node
from tests.fakes.quadratic_validation import plain_problems

REGISTRY = AgentRegistry.discover()
NAMES = [f"n{number}" for number in range(9)]
TYPES = [*(agent.metadata.agent_type for agent in REGISTRY.all()), "oracle"]
LIKELY = [
    "manual_trigger",
    "time_trigger",
    "market_data",
    "bias",
    "strategy",
    "risk_manager",
    "condition",
]
CONFIGS: list[dict[str, object]] = [{}, {}, {"colour": "red"}, {"timeframe": "never"}]

nodes = st.lists(
    st.builds(
        lambda name, kind, config, label: GraphNode(
            id=name, agent_type=kind, config=config, name=label
        ),
        st.sampled_from(NAMES),
        st.sampled_from(LIKELY) | st.sampled_from(TYPES),
        st.sampled_from(CONFIGS),
        st.sampled_from([None, None, "Named"]),
    ),
    max_size=10,
)
edges = st.lists(
    st.builds(
        lambda source, target, port: GraphEdge(source=source, target=target, from_port=port),
        st.sampled_from([*NAMES, "ghost"]),
        st.sampled_from([*NAMES, "ghost"]),
        st.sampled_from([None, None, "error", "true", "nowhere"]),
    ),
    max_size=20,
)
graphs = st.builds(lambda n, e: Graph(nodes=tuple(n), edges=tuple(e)), nodes, edges)


@given(graphs)
def test_every_graph_is_judged_as_by_the_plain_rules(drawn: Graph) -> None:
    try:
        plain = plain_problems(drawn, REGISTRY)
    except UnknownAgent:
        assume(False)  # two nodes share an id and only one is known: the plain rules give up
    verdict = validate_graph(drawn, REGISTRY)
    assert list(verdict.problems) == plain[:MAX_PROBLEMS]
    assert verdict.count == len(plain)


def test_a_node_that_shares_its_id_with_a_known_one_is_still_unknown() -> None:
    drawn = chain(node("x", "market_data"), node("x", "oracle"))
    problems = validate_graph(Graph.model_validate(drawn), REGISTRY).problems
    assert [(item.code.value, item.node_id) for item in problems][:2] == [
        ("duplicate_node", "x"),
        ("unknown_agent", "x"),
    ]


def test_a_hundred_problems_are_told_and_all_are_counted() -> None:
    drawn = graph([node(f"n{number}", "oracle") for number in range(1000)], [])
    verdict = validate_graph(Graph.model_validate(drawn), REGISTRY)
    assert (len(verdict.problems), verdict.count) == (100, 1001)
    assert [item.node_id for item in verdict.problems] == [f"n{n}" for n in range(100)]


def test_the_name_of_a_setting_does_not_make_its_problem_long() -> None:
    drawn = chain(node("data", "market_data", **{"x" * 100_000: 1}))
    [problem] = validate_graph(Graph.model_validate(drawn), REGISTRY).problems
    assert max(len(text) for text in _texts(problem)) <= 400


def test_the_longest_chain_and_the_largest_ring_need_no_recursion() -> None:
    row = [node(f"n{number}", "report") for number in range(1000)]
    pairs = [edge(f"n{number}", f"n{number + 1}") for number in range(999)]
    assert validate_graph(Graph.model_validate(graph(row, pairs)), REGISTRY).count > 0
    ring = Graph.model_validate(graph(row, [*pairs, edge("n999", "n0")]))
    cyclic = [item for item in validate_graph(ring, REGISTRY).problems if item.code == "cycle"]
    assert len(cyclic) == MAX_PROBLEMS


def _texts(problem: GraphProblem) -> list[str]:
    return [problem.message, problem.remedy, problem.field or ""]
