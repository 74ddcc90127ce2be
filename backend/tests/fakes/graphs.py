"""Graphs for tests, as the API takes them."""

from itertools import pairwise
from typing import Any

from kuber.infra.db import JsonObject


def node(node_id: str, agent_type: str, **config: Any) -> JsonObject:
    return {"id": node_id, "agent_type": agent_type, "config": config}


def edge(source: str, target: str, port: str | None = None) -> JsonObject:
    return {"from": source, "to": target, "from_port": port}


def path(*node_ids: str) -> list[JsonObject]:
    """Return the edges from each node to the next."""
    return [edge(source, target) for source, target in pairwise(node_ids)]


def graph(nodes: list[JsonObject], edges: list[JsonObject]) -> JsonObject:
    return {"nodes": nodes, "edges": edges}


def chain(*nodes: JsonObject) -> JsonObject:
    """Return the nodes in a row behind a manual trigger called `trigger`."""
    row = [node("trigger", "manual_trigger"), *nodes]
    return graph(row, path(*(item["id"] for item in row)))


def steps(**configs: JsonObject) -> JsonObject:
    """Return test steps in a row behind a manual trigger, by their names."""
    return chain(*(node(name, "test_step", **config) for name, config in configs.items()))


IN_THE_PRESENT = "TSLA"
"""A symbol of the market simulator: its runs are in the present, and may wait for a trigger."""


def gated(gate: str, *nodes: JsonObject, again_s: float = 0.3) -> JsonObject:
    """Return the nodes in a row behind a gate that opens when the file `gate` exists."""
    row = [node("gate", "test_gate", path=gate, again_s=again_s), *nodes]
    return graph(row, path(*(item["id"] for item in row)))


def trading(strategy: JsonObject | None = None, *before_risk: JsonObject) -> JsonObject:
    """Return trigger, data, strategy, `before_risk`, risk, trade and report in a row."""
    return chain(
        node("data", "market_data"),
        strategy or node("strategy", "strategy", method="golden_cross", timeframe="1d"),
        *before_risk,
        node("risk", "risk_manager"),
        node("trade", "trade_manager"),
        node("report", "report"),
    )
