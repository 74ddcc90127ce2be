"""Pure questions about a graph: order, ancestors, cycles. Nothing here knows agents."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kuber.pipelines.types import Graph, GraphEdge


@dataclass(frozen=True, slots=True)
class Topology:
    """A graph's shape, edges between existing nodes only.

    `order` is topological and stable (ties by position in the graph); nodes on or behind a cycle
    are in `stuck` instead.
    """

    order: tuple[str, ...]
    stuck: tuple[str, ...]
    incoming: Mapping[str, tuple[GraphEdge, ...]]
    outgoing: Mapping[str, tuple[GraphEdge, ...]]

    def ancestors(self, node_id: str) -> set[str]:
        """Return every node from which `node_id` can be reached."""
        return _closure(node_id, lambda node: (edge.source for edge in self.incoming[node]))

    def descendants(self, node_id: str) -> set[str]:
        """Return every node that can be reached from `node_id`."""
        return _closure(node_id, lambda node: (edge.target for edge in self.outgoing[node]))

    def on_cycle(self) -> tuple[str, ...]:
        """Return the stuck nodes that can reach themselves."""
        return tuple(node for node in self.stuck if node in self.descendants(node))


def topology(graph: Graph) -> Topology:
    """Return the shape of `graph` (Kahn's algorithm); duplicate edges count once."""
    ids = list(dict.fromkeys(node.id for node in graph.nodes))
    known = set(ids)
    edges = {
        (edge.source, edge.target, edge.from_port): edge
        for edge in graph.edges
        if edge.source in known and edge.target in known
    }
    incoming: dict[str, list[GraphEdge]] = defaultdict(list)
    outgoing: dict[str, list[GraphEdge]] = defaultdict(list)
    for edge in edges.values():
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    waiting = {node: len(incoming[node]) for node in ids}
    ready = deque(node for node in ids if not waiting[node])
    order: list[str] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for edge in outgoing[node]:
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                ready.append(edge.target)
    done = set(order)
    return Topology(
        order=tuple(order),
        stuck=tuple(node for node in ids if node not in done),
        incoming={node: tuple(incoming[node]) for node in ids},
        outgoing={node: tuple(outgoing[node]) for node in ids},
    )


def _closure(start: str, step: Callable[[str], Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    left = list(step(start))
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            left.extend(step(node))
    return seen
