"""The compiled graph: who follows whom, and by which ways."""

import pytest

from kuber.agents.registry import AgentRegistry
from kuber.infra.db import JsonObject
from kuber.market.types import Timeframe
from kuber.pipelines.types import MANAGER_NODE, Graph
from kuber.runs.plan import IncomingEdge, Plan, compile_plan
from kuber.runs.types import NodeRecord, NodeStatus
from tests.fakes.graphs import chain, edge, graph, node, path, trading


@pytest.fixture(scope="module")
def registry() -> AgentRegistry:
    return AgentRegistry.discover()


def compiled(registry: AgentRegistry, drawn: JsonObject) -> Plan:
    return compile_plan(Graph.model_validate(drawn), registry, MANAGER_NODE)


def record(status: NodeStatus, port: str | None = None, node_id: str = "a") -> NodeRecord:
    return NodeRecord(node_id, "any", status, 1, port=port)


@pytest.mark.parametrize(
    ("way", "status", "port", "taken"),
    [
        ("out", NodeStatus.SUCCEEDED, "out", True),
        ("true", NodeStatus.SUCCEEDED, "true", True),
        ("true", NodeStatus.SUCCEEDED, "false", False),
        ("out", NodeStatus.SUCCEEDED, "bullish", True),
        ("bearish", NodeStatus.SUCCEEDED, "bullish", False),
        ("error", NodeStatus.SUCCEEDED, "out", False),
        ("error", NodeStatus.FAILED, None, True),
        ("out", NodeStatus.FAILED, None, False),
        ("out", NodeStatus.SKIPPED, None, False),
        ("error", NodeStatus.SKIPPED, None, False),
        ("error", NodeStatus.CANCELLED, None, False),
    ],
)
def test_a_way_is_taken_when_its_source_left_by_it(
    way: str, status: NodeStatus, port: str | None, taken: bool
) -> None:
    assert IncomingEdge("a", way).taken(record(status, port)) is taken


def test_the_manager_comes_first_and_every_start_follows_it(registry: AgentRegistry) -> None:
    drawn = graph([node("one", "manual_trigger"), node("two", "time_trigger")], [])
    plan = compiled(registry, drawn)
    assert [item.id for item in plan.nodes] == [MANAGER_NODE, "one", "two"]
    assert plan.nodes[0].incoming == ()
    assert plan.nodes[1].incoming == plan.nodes[2].incoming == (IncomingEdge(MANAGER_NODE, "out"),)


def test_an_edge_without_a_port_leaves_by_the_first(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"), node("sure", "condition"), node("report", "report"))
    plan = compiled(registry, drawn)
    assert plan.nodes[-1].incoming == (IncomingEdge("sure", "true"),)


def test_a_node_entered_by_two_ports_of_one_source_follows_it_once(registry: AgentRegistry) -> None:
    drawn = chain(node("data", "market_data"), node("bias", "bias"))
    drawn["nodes"].append(node("next", "report"))
    drawn["edges"] += [edge("bias", "next", "bullish"), edge("bias", "next", "bearish")]
    last = compiled(registry, drawn).nodes[-1]
    assert last.predecessors() == ("bias",)
    for port, sources in (("bullish", ("bias",)), ("bearish", ("bias",)), ("neutral", ())):
        entered = last.taken_sources({"bias": record(NodeStatus.SUCCEEDED, port, "bias")})
        assert entered == sources


def test_a_join_is_entered_from_every_branch_that_was_taken(registry: AgentRegistry) -> None:
    nodes = [node("t", "manual_trigger"), *(node(name, "report") for name in "abcj")]
    drawn = graph(nodes, [edge("t", x) for x in "abc"] + [edge(x, "j") for x in "abc"])
    join = compiled(registry, drawn).nodes[-1]
    records = {
        "a": record(NodeStatus.SUCCEEDED, "out", "a"),
        "b": record(NodeStatus.SKIPPED, None, "b"),
        "c": record(NodeStatus.SUCCEEDED, "out", "c"),
    }
    assert join.taken_sources(records) == ("a", "c")


def test_the_plan_needs_the_timeframes_of_all_its_nodes_finest_first(
    registry: AgentRegistry,
) -> None:
    drawn = chain(
        node("data", "market_data"),
        node("bias", "bias", timeframes=["1d", "4h"]),
        node("strategy", "strategy", method="golden_cross", timeframe="1h"),
    )
    frames = compiled(registry, drawn).timeframes
    assert set(frames) >= {Timeframe.H1, Timeframe.H4, Timeframe.D1}
    assert list(frames) == [frame for frame in Timeframe if frame in frames]


def test_a_failure_is_handled_where_an_error_edge_leads_on(registry: AgentRegistry) -> None:
    drawn = trading()
    drawn["edges"].append(edge("strategy", "report", "error"))
    assert compiled(registry, drawn).handled == {"strategy"}
    assert compiled(registry, trading()).handled == frozenset()


def test_a_node_is_called_by_its_own_name_or_its_agents(registry: AgentRegistry) -> None:
    drawn = graph(
        [node("t", "manual_trigger"), {**node("d", "market_data"), "name": "Prices"}],
        path("t", "d"),
    )
    assert [item.name for item in compiled(registry, drawn).nodes[1:]] == [
        "Start",
        "Prices",
    ]


def test_the_account_is_used_branch_by_branch_as_drawn(registry: AgentRegistry) -> None:
    nodes = [
        node("trigger", "manual_trigger"),
        node("data", "market_data"),
        node("left", "strategy"),
        node("right", "strategy"),
        node("left_risk", "risk_manager"),
        node("right_risk", "risk_manager"),
        node("left_trade", "trade_manager"),
        node("right_trade", "trade_manager"),
        node("last_trade", "trade_manager"),
    ]
    edges = [
        *path("trigger", "data", "left", "left_risk", "left_trade", "last_trade"),
        *path("data", "right", "right_risk", "right_trade", "last_trade"),
    ]
    plan = compiled(registry, graph(nodes, edges))
    assert plan.at_account == (
        *("left_risk", "left_trade"),
        *("right_risk", "right_trade"),
        "last_trade",
    )
