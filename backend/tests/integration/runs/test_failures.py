"""What becomes of a run whose nodes fail, in real workers."""

from decimal import Decimal
from pathlib import Path

import pytest

from kuber.infra.db import JsonObject
from tests.fakes.graphs import chain, edge, graph, node, path, steps, trading
from tests.fakes.plugin.kuber_test_agents import calls
from tests.fixtures.traders import Trader, node_of, statuses_of
from tests.fixtures.workers import Installation

GOLDEN_DAY = "2009-05-14T21:00:00Z"


def test_a_node_that_fails_twice_is_tried_again_and_charged_once(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    file = str(tmp_path / "calls")
    run = trader.run_graph(steps(flaky={"path": file, "failures": 2}))
    assert run["status"] == "succeeded"
    assert (node_of(run, "flaky")["attempts"], calls(file)) == (3, 3)
    errors = [event["data"] for event in trader.events(run["id"]) if event["type"] == "error"]
    assert [error["attempt"] for error in errors] == [1, 2]
    assert 0.045 <= errors[0]["retry_in_s"] <= 0.05
    assert 0.09 <= errors[1]["retry_in_s"] <= 0.1
    entries = installation.query(
        "select amount from cost_tracking where run_id = %s and node_id = 'flaky'", run["id"]
    )
    assert [row[0] for row in entries] == [Decimal("0.00100000")]


def test_a_node_that_goes_on_failing_ends_the_run_with_its_reason(
    trader: Trader, tmp_path: Path
) -> None:
    file = str(tmp_path / "calls")
    run = trader.run_graph(steps(broken={"path": file, "failures": 9}, after={}))
    assert calls(file) == 3
    assert run["status"] == "failed"
    assert run["error"]["code"] == "not_yet"
    assert run["error"]["node_id"] == "broken"
    assert run["error"]["message"] == "Call 3 fails."
    assert statuses_of(run)["after"] == "skipped"


def test_a_failure_for_good_is_not_tried_again(trader: Trader, tmp_path: Path) -> None:
    file = str(tmp_path / "calls")
    run = trader.run_graph(steps(broken={"path": file, "failures": 9, "retryable": False}))
    assert (run["status"], calls(file)) == ("failed", 1)


@pytest.mark.parametrize(
    ("does", "code"),
    [
        ("crash", "agent_crashed"),
        ("exit", "agent_crashed"),
        ("not_a_state", "no_state"),
        ("bad_text", "bad_state"),
        ("nan", "bad_state"),
    ],
)
def test_an_agent_that_misbehaves_fails_its_node_and_no_worker(
    trader: Trader, tmp_path: Path, does: str, code: str
) -> None:
    file = str(tmp_path / "calls")
    run = trader.run_graph(steps(rogue={"path": file, "does": does}))
    assert (run["status"], run["error"]["code"], calls(file)) == ("failed", code, 1)


@pytest.mark.parametrize("plain", [False, True])
def test_a_node_ends_at_its_time_limit(trader: Trader, tmp_path: Path, plain: bool) -> None:
    file, gate = str(tmp_path / "calls"), tmp_path / "gate"
    endless = {"path": file, "until": str(gate), "plain": plain}
    try:
        run = trader.run_graph(steps(slow=endless))
    finally:
        gate.touch()  # the thread of a plain one goes on until then
    slow = node_of(run, "slow")
    assert (run["error"]["code"], calls(file)) == ("node_timeout", 1)
    assert slow["error"] == "It took longer than 2 s."


def test_a_run_ends_at_its_time_limit_and_keeps_its_finished_nodes(trader: Trader) -> None:
    slow: dict[str, JsonObject] = {name: {"seconds": 1.5} for name in "abc"}
    graph = steps(first={}, **slow, last={})  # the slow ones take more than the four seconds
    run = trader.run_graph(graph)
    assert (run["status"], run["error"]["code"]) == ("failed", "run_timeout")
    found = [statuses_of(run)[name] for name in ("first", *slow, "last")]
    assert (found[0], found[-1]) == ("succeeded", "skipped")
    assert found == sorted(found, key=("succeeded", "cancelled", "skipped").index)
    assert found.count("cancelled") <= 1


def test_a_failure_that_leads_on_by_its_error_port_does_not_fail_the_run(trader: Trader) -> None:
    nodes = [
        node("trigger", "manual_trigger"),
        node("broken", "test_step", failures=9, retryable=False),
        node("usual", "test_step"),
        node("rescue", "test_step"),
        node("join", "test_step"),
    ]
    edges = [
        *path("trigger", "broken", "usual", "join"),
        edge("broken", "rescue", "error"),
        edge("rescue", "join"),
    ]
    run = trader.run_graph(graph(nodes, edges))
    assert run["status"] == "succeeded"
    statuses = statuses_of(run)
    assert statuses["broken"] == "failed"
    assert statuses["usual"] == "skipped"
    assert statuses["rescue"] == statuses["join"] == "succeeded"


def test_a_spent_day_refuses_the_next_run_before_anything_is_traded(
    installation: Installation, trader: Trader
) -> None:
    trader.http.put("/budgets", json={"per_run": "5", "per_day": "1"})
    first = trader.run_graph(steps(dear={"does": "spend"}))
    assert first["status"] == "succeeded"
    assert Decimal(first["cost"]) == Decimal("1.501")
    second = trader.run_graph(trading(), as_of=GOLDEN_DAY, seed=1)
    assert second["status"] == "failed"
    assert second["error"]["code"] == "budget_exceeded"
    assert second["error"]["node_id"] == "pipeline_manager"
    assert set(statuses_of(second).values()) == {"failed", "skipped"}
    assert second["trade"] is None
    assert installation.query("select 1 from orders where run_id = %s", second["id"]) == []
    budget = trader.http.get("/budgets").json()
    assert Decimal(budget["spent_today"]) == Decimal("1.501")


def test_a_run_that_spends_its_own_budget_stops_before_its_next_paid_node(
    installation: Installation, trader: Trader
) -> None:
    trader.http.put("/budgets", json={"per_run": "1", "per_day": "100"})
    run = trader.run_graph(
        trading(None, node("dear", "test_step", does="spend"), node("next", "test_step")),
        as_of=GOLDEN_DAY,
        seed=1,
    )
    assert (run["status"], run["error"]["code"]) == ("failed", "budget_exceeded")
    assert run["error"]["node_id"] == "next"
    assert statuses_of(run)["trade"] == "skipped"
    assert installation.query("select 1 from orders where run_id = %s", run["id"]) == []
    assert Decimal(run["cost"]) == Decimal("1.501")


def test_an_unpaid_run_costs_nothing(trader: Trader) -> None:
    run = trader.run_graph(chain(node("data", "market_data"), node("report", "report")))
    assert (run["status"], Decimal(run["cost"])) == ("succeeded", Decimal(0))
