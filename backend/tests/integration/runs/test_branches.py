"""Branches that run at the same time, joins, and ways that are not taken."""

from tests.fakes.graphs import edge, graph, node, path, trading
from tests.fixtures.traders import Trader, node_of, statuses_of
from tests.fixtures.workers import Installation


def test_branches_run_at_the_same_time_and_the_join_sees_both(trader: Trader) -> None:
    nodes = [
        node("trigger", "manual_trigger"),
        node("left", "test_step", seconds=0.6),
        node("right", "test_step", seconds=0.6),
        node("join", "test_step"),
        node("report", "report"),
    ]
    edges = [*path("trigger", "left", "join", "report"), *path("trigger", "right", "join")]
    run = trader.run_graph(graph(nodes, edges))
    left, right, join = (node_of(run, name) for name in ("left", "right", "join"))
    assert max(left["started_at"], right["started_at"]) < min(
        left["finished_at"], right["finished_at"]
    )
    assert join["started_at"] >= max(left["finished_at"], right["finished_at"])
    for name in ("left", "right", "join"):
        assert f"Done by {name}." in run["report"]["markdown"]


def test_two_analysts_meet_in_one_decision(trader: Trader) -> None:
    pipeline = trader.create(template="two-analyst-consensus")
    run = trader.wait(trader.run(pipeline["id"], as_of="2009-06-01T21:00:00Z", seed=1))
    assert run["status"] == "succeeded"
    assert set(statuses_of(run).values()) == {"succeeded"}
    reasoning = node_of(run, "consensus")["reasoning"]
    assert "trend:" in reasoning
    assert "composite:" in reasoning
    assert (
        node_of(run, "risk")["input"]["strategy"] == node_of(run, "consensus")["output"]["strategy"]
    )


def test_the_way_not_taken_is_skipped_and_the_join_goes_on(trader: Trader) -> None:
    nodes = [
        node("trigger", "manual_trigger"),
        node("data", "market_data"),
        node("dear", "condition", subject="market_data.price", comparison=">", value="1"),
        node("yes", "test_step"),
        node("after_yes", "test_step"),
        node("no", "test_step"),
        node("after_no", "test_step"),
        node("join", "test_step"),
    ]
    edges = [
        *path("trigger", "data", "dear"),
        edge("dear", "yes", "true"),
        edge("dear", "no", "false"),
        *path("yes", "after_yes", "join"),
        *path("no", "after_no", "join"),
    ]
    run = trader.run_graph(graph(nodes, edges))
    statuses = statuses_of(run)
    assert node_of(run, "dear")["port"] == "true"
    taken = ("yes", "after_yes", "join")
    assert {
        name
        for name in ("yes", "after_yes", "no", "after_no", "join")
        if statuses[name] == "succeeded"
    } == set(taken)
    assert statuses["no"] == statuses["after_no"] == "skipped"
    assert node_of(run, "no")["attempts"] == 0


def test_a_node_is_shown_only_what_reached_it(trader: Trader) -> None:
    """An edge that was not taken brings nothing, though its source worked."""
    nodes = [
        node("trigger", "manual_trigger"),
        node("data", "market_data"),
        node("other", "test_step"),
        node("last", "test_step"),
    ]
    edges = [
        *path("trigger", "data"),
        edge("data", "last", "error"),
        *path("trigger", "other", "last"),
    ]
    run = trader.run_graph(graph(nodes, edges))
    assert statuses_of(run)["last"] == "succeeded"
    assert "trigger" in node_of(run, "last")["input"]
    assert "market_data" not in node_of(run, "last")["input"]


def test_no_order_is_placed_on_a_branch_that_was_skipped(trader: Trader) -> None:
    sure = node("sure", "condition", subject="strategy.confidence", comparison=">", value="100")
    drawn = trading(None, sure)
    drawn["edges"].append(edge("sure", "report", "false"))
    run = trader.run_graph(drawn, as_of="2009-05-14T21:00:00Z", seed=1)
    statuses = statuses_of(run)
    assert run["status"] == "succeeded"
    assert node_of(run, "sure")["port"] == "false"
    assert (statuses["risk"], statuses["trade"], run["trade"]) == ("skipped", "skipped", None)
    assert statuses["report"] == "succeeded"


def test_two_nodes_that_trade_at_once_see_each_others_position(
    installation: Installation, trader: Trader
) -> None:
    drawn = trading()
    drawn["nodes"].append(node("twin", "trade_manager"))
    drawn["edges"] += path("risk", "twin", "report")
    run = trader.run_graph(drawn, as_of="2009-05-14T21:00:00Z", seed=1)
    assert run["status"] == "succeeded"
    orders = installation.query("select node_id from orders where run_id = %s", run["id"])
    assert len(orders) == 1
    texts = [node_of(run, name)["reasoning"] for name in ("trade", "twin")]
    assert sum("No trade" in text for text in texts) == 1
    assert run["trade"]["status"] == "filled"
