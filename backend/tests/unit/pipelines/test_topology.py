"""Order, descendants and cycles of graphs, for any graph."""

from hypothesis import given
from hypothesis import strategies as st

from kuber.pipelines.topology import topology
from kuber.pipelines.types import Graph, GraphEdge, GraphNode

NAMES = [f"n{number}" for number in range(10)]
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))


def drawn(nodes: list[str], edges: list[tuple[str, str]]) -> Graph:
    return Graph(
        nodes=tuple(GraphNode(id=name, agent_type="any") for name in nodes),
        edges=tuple(GraphEdge(source=source, target=target) for source, target in edges),
    )


graphs = st.builds(
    drawn, st.lists(st.sampled_from(NAMES), unique=True), st.lists(PAIRS, max_size=25)
)
acyclic = st.builds(
    lambda order, pairs: drawn(
        order, [(a, b) for a, b in pairs if a in order and b in order and a < b]
    ),
    st.permutations(NAMES),
    st.lists(PAIRS, max_size=25),
)


@given(acyclic)
def test_every_node_of_a_graph_without_a_cycle_comes_after_its_sources(graph: Graph) -> None:
    shape = topology(graph)
    place = {node: number for number, node in enumerate(shape.order)}
    assert sorted(place) == sorted(node.id for node in graph.nodes)
    assert shape.stuck == shape.on_cycle() == ()
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


@given(acyclic)
def test_descendants_are_the_targets_and_what_lies_behind_them(graph: Graph) -> None:
    shape = topology(graph)
    for one in shape.order:
        targets = {edge.target for edge in shape.outgoing[one]}
        behind = set().union(*(shape.descendants(target) for target in targets))
        assert shape.descendants(one) == targets | behind
        assert one not in shape.descendants(one)


@given(graphs)
def test_a_node_is_on_a_cycle_exactly_when_it_reaches_itself(graph: Graph) -> None:
    shape = topology(graph)
    assert {*shape.order, *shape.stuck} == {node.id for node in graph.nodes}
    assert not {*shape.order} & {*shape.stuck}
    looping = {node.id for node in graph.nodes if node.id in shape.descendants(node.id)}
    assert set(shape.on_cycle()) == looping


@given(graphs)
def test_edges_to_nowhere_count_for_nothing(graph: Graph) -> None:
    known = {node.id for node in graph.nodes}
    inside = [edge for edge in graph.edges if edge.source in known and edge.target in known]
    assert (
        topology(graph).order == topology(graph.model_copy(update={"edges": tuple(inside)})).order
    )


def test_ties_are_broken_by_the_place_in_the_graph() -> None:
    graph = drawn(["b", "a", "c"], [("b", "c"), ("a", "c")])
    assert topology(graph).order == ("b", "a", "c")


def test_an_edge_drawn_twice_counts_once() -> None:
    graph = drawn(["a", "b"], [("a", "b"), ("a", "b")])
    assert topology(graph).order == ("a", "b")
    assert len(topology(graph).incoming["b"]) == 1


def test_what_lies_behind_a_cycle_is_stuck_but_not_on_it() -> None:
    shape = topology(drawn(["a", "b", "c"], [("a", "b"), ("b", "a"), ("b", "c")]))
    assert shape.stuck == ("a", "b", "c")
    assert shape.on_cycle() == ("a", "b")
