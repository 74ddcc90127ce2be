"""Judging graphs: the linear rules beside reading the same graph, and from small to large.

The floor is what any program must do: pydantic reads the JSON into a Graph. Prints figures and
ratios in processor time; exits 0 whatever they are.
"""

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from kuber.agents.registry import AgentRegistry
from kuber.pipelines.types import Graph
from kuber.pipelines.validation import validate_graph

NODES, EDGES = 1_000, 10_000
ROUNDS = 7
TARGET_RATIO, TARGET_GROWTH = 4, 3
"""Against the floor; and of the largest graph's time per element against a tenth of it."""


def shapes(nodes: int, edges: int) -> dict[str, bytes]:
    """Return graphs of hostile shapes as JSON."""
    dice = random.Random(1)  # noqa: S311
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < edges:
        pair = dice.randrange(nodes), dice.randrange(nodes)
        if pair[0] != pair[1]:
            pairs.add(pair)
    plain = [_node(number, "condition" if number else "manual_trigger") for number in range(nodes)]
    ring = [_edge(number, (number + 1) % nodes) for number in range(nodes)]
    broken = [_node(number, "strategy", colour="red") for number in range(nodes)]
    ports = [_edge(1, 2) | {"from_port": f"p{number}"} for number in range(edges)]
    return {
        "random, full of cycles": _json(plain, [_edge(*pair) for pair in sorted(pairs)]),
        "without a cycle": _json(plain, [_edge(*sorted(pair)) for pair in sorted(pairs)]),
        "one ring": _json(plain, ring),
        "every setting wrong": _json(broken, []),
        "parallel edges": _json(plain, ports),
    }


def main() -> None:
    """Measure and print."""
    registry = AgentRegistry.discover()
    small = shapes(NODES // 10, EDGES // 10)
    print(f"{NODES:,} nodes, up to {EDGES:,} edges      judged      read   ratio   growth")
    for name, text in shapes(NODES, EDGES).items():
        judged_ms, read_ms = _measured(text, registry)
        growth = judged_ms / (10 * _measured(small[name], registry)[0])
        print(
            f"{name:<32} {judged_ms:7.1f} ms {read_ms:6.1f} ms  {judged_ms / read_ms:6.2f}"
            f"   {growth:6.2f}"
        )
    print(f"{'target':<32} {'':>20}  {TARGET_RATIO:6.2f}   {TARGET_GROWTH:6.2f}")


def _measured(text: bytes, registry: AgentRegistry) -> tuple[float, float]:
    """Return milliseconds of the processor to judge and to read a graph."""
    graph = Graph.model_validate_json(text)
    judge = _median_ms(lambda: validate_graph(graph, registry))
    return judge, _median_ms(lambda: Graph.model_validate(json.loads(text)))


def _median_ms(work: Callable[[], object]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        rounds.append((time.process_time() - began) * 1000)
    return statistics.median(rounds)


def _node(number: int, agent_type: str, **config: Any) -> dict[str, Any]:
    return {"id": f"{number:x}", "agent_type": agent_type, "config": config}


def _edge(source: int, target: int) -> dict[str, Any]:
    return {"from": f"{source:x}", "to": f"{target:x}"}


def _json(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> bytes:
    return json.dumps({"nodes": nodes, "edges": edges}).encode()


if __name__ == "__main__":
    main()
