"""Which results still count once a run has moved to the present."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from kuber.agents.registry import AgentRegistry
from kuber.infra.db import JsonObject
from kuber.pipelines.types import MANAGER_NODE, Graph
from kuber.runs.plan import Plan, compile_plan
from kuber.runs.resuming import stale_results
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus
from tests.fakes.graphs import chain, node

MOVED_TO = datetime(2026, 11, 30, 15, 30, tzinfo=UTC)
BEFORE, SINCE = MOVED_TO - timedelta(minutes=5), MOVED_TO + timedelta(seconds=1)
STEPS = (
    node("data", "market_data"),
    node("idea", "strategy"),
    node("trade", "trade_manager"),
    node("gate", "time_trigger"),
    node("tell", "report"),
)


def plan_of(*steps: str) -> Plan:
    drawn = chain(*(one for one in STEPS if one["id"] in steps))
    return compile_plan(Graph.model_validate(drawn), AgentRegistry.discover(), MANAGER_NODE)


class _Run:
    real_time = True
    as_of = MOVED_TO


def stale(plan: Plan, finished: dict[str, datetime], *, real_time: bool = True) -> set[str]:
    run = _Run()
    run.real_time = real_time
    records = {
        name: NodeRecord(name, "", NodeStatus.SUCCEEDED, 1, finished_at=at)
        for name, at in finished.items()
    }
    return set(stale_results(cast(ClaimedRun, run), plan, records))


def test_what_was_found_out_before_is_stale_and_what_was_since_is_not() -> None:
    plan = plan_of("data", "idea", "gate")
    assert stale(plan, {"data": BEFORE, "idea": BEFORE}) == {"data", "idea"}
    assert stale(plan, {"data": SINCE, "idea": BEFORE}) == {"idea"}
    assert stale(plan, {"data": MOVED_TO}) == set(), "found out at that very moment"


def test_a_run_of_a_chosen_moment_stays_at_it() -> None:
    assert stale(plan_of("data", "gate"), {"data": BEFORE}, real_time=False) == set()


def test_a_trigger_that_was_met_stays_met() -> None:
    assert stale(plan_of("data", "gate"), {"gate": BEFORE, "data": BEFORE}) == {"data"}


ORDERED: JsonObject = {"trade": {"status": "filled"}}
PLANNED: JsonObject = {"strategy": {"action": "buy"}}


def of_a_trade(
    trade: NodeRecord, idea: NodeRecord | None = None, **others: NodeRecord
) -> frozenset[str]:
    """Return what is stale of a run in which a strategy and a trade manager come before a gate."""
    records = {"data": done("data", {"market_data": {"price": "1"}}), "trade": trade, **others}
    records["idea"] = idea or done("idea", PLANNED)
    plan = plan_of("data", "idea", "trade", "gate", "tell")
    return stale_results(cast(ClaimedRun, _Run()), plan, records)


def done(
    name: str, changes: JsonObject | None = None, status: NodeStatus = NodeStatus.SUCCEEDED
) -> NodeRecord:
    return NodeRecord(name, "", status, 1, finished_at=BEFORE, changes=changes or {})


def test_what_was_decided_for_an_order_stays_and_what_was_found_out_for_it_does_not() -> None:
    assert of_a_trade(done("trade", ORDERED), tell=done("tell")) == {"data", "tell"}
    assert of_a_trade(done("trade", ORDERED), done("idea", {"bias": {}})) == {"data", "idea"}
    branch = replace(done("idea"), port="true")
    assert of_a_trade(done("trade", ORDERED), branch) == {"data"}


def test_a_trade_manager_that_ordered_nothing_keeps_nothing_but_its_own_result() -> None:
    assert of_a_trade(done("trade")) == {"data", "idea"}


def test_a_trade_manager_that_was_passed_over_is_looked_at_anew() -> None:
    skipped = done("trade", status=NodeStatus.SKIPPED)
    assert of_a_trade(skipped) == {"data", "idea", "trade"}


def test_an_order_whose_fate_is_unknown_keeps_what_was_decided_for_it() -> None:
    failed = done("trade", status=NodeStatus.FAILED)
    running = NodeRecord("trade", "", NodeStatus.RUNNING, 1)
    assert of_a_trade(failed) == of_a_trade(running) == {"data"}


def test_a_result_that_is_not_there_yet_is_not_stale() -> None:
    record = NodeRecord("data", "", NodeStatus.SUCCEEDED, 1, finished_at=BEFORE)
    for status in NodeStatus:
        records = {"data": replace(record, status=status)}
        found = stale_results(cast(ClaimedRun, _Run()), plan_of("data", "gate"), records)
        assert bool(found) == status.settled
