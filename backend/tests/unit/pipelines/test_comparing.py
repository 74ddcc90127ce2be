"""What changes from one graph to another."""

from kuber.pipelines.comparing import diff
from kuber.pipelines.types import Graph
from tests.fakes.graphs import edge, graph, node, path

FIRST = Graph.model_validate(
    graph([node("a", "x"), node("b", "x"), node("c", "x")], path("a", "b", "c"))
)


def test_equal_graphs_do_not_differ() -> None:
    same = diff(FIRST, FIRST.model_copy(), trigger_changed=False)
    assert same.model_dump() == {
        "nodes": {"added": [], "removed": [], "changed": []},
        "edges": {"added": [], "removed": []},
        "notes_changed": False,
        "trigger_changed": False,
    }


def test_every_field_of_a_node_counts_and_its_place_in_the_list_does_not() -> None:
    changed = [
        {**node("c", "y"), "name": "Named"},
        {**node("b", "x"), "position": {"x": 1, "y": 2}, "pinned": True},
        node("a", "x", seconds=1),
    ]
    found = diff(FIRST, Graph.model_validate(graph(changed, path("a", "b", "c"))), True)
    assert {one.id: one.fields for one in found.nodes.changed} == {
        "a": ["config"],
        "b": ["pinned", "position"],
        "c": ["agent_type", "name"],
    }
    assert (found.nodes.added, found.nodes.removed, found.trigger_changed) == ([], [], True)


def test_an_edge_by_another_way_out_is_another_edge() -> None:
    nodes = [node("a", "x"), node("b", "x"), node("c", "x")]
    after = Graph.model_validate(graph(nodes, [edge("a", "b", "error"), edge("b", "c")]))
    found = diff(FIRST, after, trigger_changed=False)
    assert [one.from_port for one in found.edges.added] == ["error"]
    assert [one.from_port for one in found.edges.removed] == [None]


def test_an_edge_that_is_there_twice_and_ids_that_are_shared_do_no_harm() -> None:
    nodes = [node("a", "x"), node("a", "y"), node("b", "x"), node("c", "x")]
    after = Graph.model_validate(graph(nodes, [*path("a", "b", "c"), edge("a", "b")]))
    found = diff(FIRST, after, trigger_changed=False)
    assert [(one.id, one.agent_type) for one in found.nodes.changed] == [("a", "y")]
    assert (found.edges.added, found.edges.removed) == ([], [])


def test_a_note_is_no_node() -> None:
    note = {"id": "n", "text": "Look", "position": {"x": 0, "y": 0}}
    after = FIRST.model_copy(update={"notes": Graph.model_validate({"notes": [note]}).notes})
    found = diff(FIRST, after, trigger_changed=False)
    assert (found.notes_changed, found.nodes.changed) == (True, [])
