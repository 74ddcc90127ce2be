"""Which results still count once a run has moved to the present."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from kuber.agents.registry import AgentRegistry
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


def test_what_led_to_an_order_stays_as_it_was() -> None:
    plan = plan_of("data", "idea", "trade", "gate", "tell")
    times = dict.fromkeys(("data", "idea", "trade", "tell"), BEFORE)
    assert stale(plan, times) == {"tell"}
    del times["trade"]
    assert stale(plan, times) == {"data", "idea", "tell"}


def test_a_result_that_is_not_there_yet_is_not_stale() -> None:
    record = NodeRecord("data", "", NodeStatus.SUCCEEDED, 1, finished_at=BEFORE)
    for status in NodeStatus:
        records = {"data": replace(record, status=status)}
        found = stale_results(cast(ClaimedRun, _Run()), plan_of("data", "gate"), records)
        assert bool(found) == status.settled
