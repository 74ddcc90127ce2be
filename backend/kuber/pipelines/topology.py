"""Pure questions about a graph: order, descendants, cycles. Nothing here knows agents."""

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

    def descendants(self, node_id: str) -> set[str]:
        """Return every node that can be reached from `node_id`."""
        return _closure([node_id], self._targets)

    def reached_from(self, starts: Iterable[str]) -> set[str]:
        """Return `starts` and every node that can be reached from one of them."""
        first = set(starts)
        return first | _closure(first, self._targets)

    def components(self) -> list[tuple[str, ...]]:
        """Return the strongly connected components, each after those that lead to it.

        A node on no cycle is a component of its own.
        """
        free = [(node,) for node in self.order]
        return [*free, *_tarjan(self.stuck, self._targets)]

    def on_cycle(self) -> tuple[str, ...]:
        """Return the stuck nodes that can reach themselves."""
        looping = {
            node
            for component in _tarjan(self.stuck, self._targets)
            for node in component
            if len(component) > 1 or node in self._targets(node)
        }
        return tuple(node for node in self.stuck if node in looping)

    def _targets(self, node_id: str) -> list[str]:
        return [edge.target for edge in self.outgoing[node_id]]


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


def _closure(starts: Iterable[str], step: Callable[[str], Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    left = [node for start in starts for node in step(start)]
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            left.extend(step(node))
    return seen


def _tarjan(nodes: Iterable[str], step: Callable[[str], Iterable[str]]) -> list[tuple[str, ...]]:
    """Return the strongly connected components of `nodes`, sources before what they lead to.

    Tarjan's algorithm with a stack of its own in place of recursion: a chain may be 1,000 long.
    `nodes` holds everything that `step` leads to.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: dict[str, None] = {}
    found: list[tuple[str, ...]] = []
    for root in nodes:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        open_nodes[root] = None
        path = [(root, iter(step(root)))]
        while path:
            node, targets = path[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    open_nodes[target] = None
                    path.append((target, iter(step(target))))
                    break
                if target in open_nodes:
                    low[node] = min(low[node], index[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_closed(open_nodes, node))
    return found[::-1]


def _closed(open_nodes: dict[str, None], first: str) -> tuple[str, ...]:
    """Take the component that was opened with `first` off the open nodes."""
    members: list[str] = []
    while first in open_nodes:
        members.append(open_nodes.popitem()[0])
    return tuple(members)
