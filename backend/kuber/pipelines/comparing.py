"""What changes from one graph of a pipeline to another; pure functions."""

from collections.abc import Iterable

from kuber.agents.registry import AgentRegistry
from kuber.pipelines.schemas import EdgesDiff, GraphDiff, NodeBrief, NodeChange, NodesDiff
from kuber.pipelines.types import Graph, GraphEdge, GraphNode

_FIELDS = ("agent_type", "config", "name", "pinned", "position")


def diff_graphs(
    registry: AgentRegistry, before: bytes, after: bytes, trigger_changed: bool
) -> bytes:
    """Return a GraphDiff as JSON from two stored graphs."""
    old, new = Graph.model_validate_json(before), Graph.model_validate_json(after)
    return diff(old, new, trigger_changed).model_dump_json(by_alias=True).encode()


def diff(before: Graph, after: Graph, trigger_changed: bool) -> GraphDiff:
    """Compare two graphs: nodes by their ids, edges by their ends and the way out.

    Of nodes that share an id the last one counts.
    """
    old, new = _by_id(before.nodes), _by_id(after.nodes)
    edges_before, edges_after = dict.fromkeys(before.edges), dict.fromkeys(after.edges)
    return GraphDiff(
        nodes=NodesDiff(
            added=[_brief(node) for node in new.values() if node.id not in old],
            removed=[_brief(node) for node in old.values() if node.id not in new],
            changed=[
                _change(old[node.id], node)
                for node in new.values()
                if node.id in old and old[node.id] != node
            ],
        ),
        edges=EdgesDiff(
            added=_without(edges_after, edges_before),
            removed=_without(edges_before, edges_after),
        ),
        notes_changed=before.notes != after.notes,
        trigger_changed=trigger_changed,
    )


def _by_id(nodes: Iterable[GraphNode]) -> dict[str, GraphNode]:
    return {node.id: node for node in nodes}


def _without(edges: dict[GraphEdge, None], others: dict[GraphEdge, None]) -> list[GraphEdge]:
    return [edge for edge in edges if edge not in others]


def _brief(node: GraphNode) -> NodeBrief:
    return NodeBrief(id=node.id, agent_type=node.agent_type, name=node.name)


def _change(before: GraphNode, after: GraphNode) -> NodeChange:
    fields = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    return NodeChange.model_validate({**_brief(after).model_dump(), "fields": fields})
