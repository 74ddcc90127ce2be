"""T01: a worker is killed with SIGKILL at every boundary of a run that trades.

One worker carries one run for each boundary, variant and seed. A trigger in the test's database
lets each run stop at its own boundary: the statement that crosses it waits for an advisory lock
that the test holds. Then the worker is killed. In the variant "lost" PostgreSQL never carries the
statement out, in the variant "arrived" it does, and nobody is left to hear of it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from uuid import UUID

import psycopg
import pytest

from kuber.infra.db import JsonObject
from kuber.kernel.ids import RunId
from kuber.trading.origins import Origin
from tests.fakes.graphs import chain, node
from tests.fixtures.counts import Tell
from tests.fixtures.holds import WAITING_FOR, hold, let_go, site_with_holds, wait_until_held
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation

AS_OF = "2009-05-14T21:00:00Z"
SEEDS = (1, 2)
NODES = (
    "pipeline_manager",
    "trigger",
    "data",
    "bias",
    "strategy",
    "dear",
    "risk",
    "trade",
    "report",
)
GRAPH = chain(
    node("data", "market_data"),
    node("bias", "bias", timeframes=["1d"]),
    node("strategy", "strategy", method="golden_cross", timeframe="1d"),
    node("dear", "test_step"),  # the one that costs money
    node("risk", "risk_manager"),
    node("trade", "trade_manager"),
    node("report", "report"),
)
BOUNDARIES = (*(f"settle {node}" for node in NODES), "order", "finish")
VARIANTS = ("lost", "arrived")
SHARING = 8
"""Runs that share statements."""
SHARED_BOUNDARIES = ("settle bias", "finish")

WRITTEN = {
    "settle": "select 1 from node_runs where run_id = %s and node_id = %s and status <> 'running'",
    "order": "select 1 from orders where run_id = %s",
    "finish": "select 1 from runs where id = %s and status <> 'running'",
}

OFF_RUNS = """
    select r.id, r.cost, sum(c.amount) from runs r left join cost_tracking c on c.run_id = r.id
    where r.id = any(%s::uuid[])
    group by r.id having r.cost = 0 or r.cost is distinct from sum(c.amount)
"""
"""The runs whose cost is not the sum of their entries."""
OFF_DAYS = """
    with users as (select distinct user_id from runs where id = any(%s::uuid[])),
    charged as (
        select c.user_id, (c.charged_at at time zone 'UTC')::date as day, sum(c.amount) as amount
        from cost_tracking c join users using (user_id) group by 1, 2
    ),
    spent as (select s.user_id, s.day, s.amount from daily_spend s join users using (user_id)),
    costs as (
        select user_id, sum(cost) as cost from runs join users using (user_id) group by 1
    )
    select user_id, day, spent.amount, charged.amount
    from spent full join charged using (user_id, day)
    where spent.amount is distinct from charged.amount
    union all
    select user_id, null, sum(spent.amount), cost
    from costs left join spent using (user_id)
    group by user_id, cost having sum(spent.amount) is distinct from cost
"""
"""The users whose days do not say what was charged on them, or not what their runs cost."""


@dataclass(frozen=True)
class Case:
    """One run that is interrupted at one boundary."""

    boundary: str
    variant: str
    seed: int
    run_id: str

    @property
    def key(self) -> str:
        kind, _, node = self.boundary.partition(" ")
        match kind:
            case "settle":
                return f"settle {node} {self.run_id}"
            case "finish":
                return f"finish {self.run_id}"
        return f"{kind} {Origin.of_node(RunId(_uuid(self.run_id)), 'trade').order_id()}"

    def is_written(self, connection: psycopg.Connection) -> bool:
        kind, _, node = self.boundary.partition(" ")
        values = (self.run_id, node) if node else (self.run_id,)
        return connection.execute(WRITTEN[kind], values).fetchone() is not None


@pytest.fixture
def site(new_installation: NewInstallation) -> Installation:
    """An installation whose runs can be held; one process carries all runs of the test.

    Each batch has a statement of its own, so that a held one holds up no other run.
    """
    return site_with_holds(
        new_installation,
        64,
        KUBER_WRITER_BATCH="1",
        KUBER_WRITER_LANES="64",
        KUBER_EXECUTIONS_PER_PROCESS="64",
        KUBER_PLUGINS_PER_PROCESS="64",
    )


@pytest.fixture
def sharing_site(new_installation: NewInstallation) -> Installation:
    """One whose runs share statements, as they do by default: who is held holds up all."""
    return site_with_holds(new_installation, SHARING, KUBER_EXECUTIONS_PER_PROCESS=str(SHARING))


@pytest.fixture
def holder(site: Installation) -> Iterator[psycopg.Connection]:
    """The connection that holds runs at their boundaries."""
    with _holder(site) as connection:
        yield connection


def _holder(site: Installation) -> closing[psycopg.Connection]:
    return closing(psycopg.connect(site.database_url, autocommit=True))


@pytest.mark.timeout(600)
def test_t01_a_worker_killed_at_any_boundary_loses_no_run_and_doubles_nothing(
    site: Installation, holder: psycopg.Connection, tell: Tell
) -> None:
    trader = site.sign_up()
    undisturbed = {seed: _start(trader, "undisturbed", "none", seed) for seed in SEEDS}
    # Each is somebody else's: a charge that is held holds up all that its user spends that day.
    traders = {each: site.sign_up() for each in product(BOUNDARIES, VARIANTS, SEEDS)}
    cases = [_start(owner, *each) for each, owner in traders.items()]
    for case in cases:
        hold(holder, case.key)

    first = site.worker()
    wait_until_held(holder, len(cases))
    first.kill()
    _release(holder, cases)
    for case in cases:
        assert case.is_written(holder) == (case.variant == "arrived"), case

    second = site.worker()
    expected = {seed: trader.wait(case.run_id) for seed, case in undisturbed.items()}
    for case in cases:
        owner = traders[case.boundary, case.variant, case.seed]
        _check_decision(owner.wait(case.run_id), expected[case.seed], case)
    second.kill()  # its many connections are wanted by the tests that follow
    _check_rows(site, cases, tell)


@pytest.mark.timeout(600)
def test_t01_runs_that_share_a_statement_survive_its_end_with_their_worker(
    sharing_site: Installation, tell: Tell
) -> None:
    site, trader = sharing_site, sharing_site.sign_up()
    pipelines = [trader.create(str(n), graph=GRAPH) for n in range(SHARING)]
    first_day = trader.run(pipelines[0]["id"], as_of=AS_OF, seed=1)
    worker, expected = site.worker(), trader.wait(first_day)
    with _holder(site) as holder:
        for boundary, variant in product(SHARED_BOUNDARIES, VARIANTS):
            worker.kill()
            cases = [
                Case(boundary, variant, 1, trader.run(pipeline["id"], as_of=AS_OF, seed=1))
                for pipeline in pipelines
            ]
            hold(holder, cases[-1].key)
            worker = site.worker()
            wait_until_held(holder, 1)
            worker.kill()
            _release(holder, cases[-1:])
            assert cases[-1].is_written(holder) == (variant == "arrived"), cases[-1]
            worker = site.worker()
            for case in cases:
                _check_decision(trader.wait(case.run_id), expected, case)
            _check_rows(site, cases, tell)
    worker.kill()


def _start(trader: Trader, boundary: str, variant: str, seed: int) -> Case:
    pipeline = trader.create(f"{boundary}, {variant}, {seed}", graph=GRAPH)
    return Case(boundary, variant, seed, trader.run(pipeline["id"], as_of=AS_OF, seed=seed))


def _release(holder: psycopg.Connection, cases: list[Case]) -> None:
    """Lose the writes that shall be lost, and let the others through."""
    lost = [case for case in cases if case.variant == "lost"]
    for case in lost:
        pids = holder.execute(WAITING_FOR, (case.key,)).fetchall()
        assert len(pids) == 1, case
        holder.execute("select pg_terminate_backend(%s, 5000)", pids[0])
    let_go(holder)
    going_on = (
        "select 1 from pg_stat_activity where application_name = 'kuber-worker'"
        " and datname = current_database() and state <> 'idle'"
    )
    until(lambda: not holder.execute(going_on).fetchone(), "the end of the killed worker's work")


def _check_decision(finished: JsonObject, expected: JsonObject, case: Case) -> None:
    assert finished["status"] == "succeeded", (case, finished["error"])
    assert finished["trade"] == expected["trade"], case
    assert finished["trade"]["status"] == "filled", case
    assert finished["trade"]["estimated"], case
    assert finished["outcome"] == expected["outcome"], case
    assert [node["output"] for node in finished["nodes"]][:-1] == [
        node["output"] for node in expected["nodes"]
    ][:-1], case


def _check_rows(site: Installation, cases: list[Case], tell: Tell) -> None:
    counts: Counter[str] = Counter()
    for case in cases:
        counts.update(_rows(site, case))
    runs = len(cases)
    tell(f"T01: {runs} runs killed at {len(BOUNDARIES)} boundaries: {dict(counts)}")
    assert counts == {
        "nodes settled": runs * len(NODES),
        "cost entries": runs,
        "orders": runs,
        "fills": runs,
        "intents announced": runs,
        "fills announced": runs,
        "intents on record": runs,
        "answers on record": runs,
        "nodes completed": runs * len(NODES),
        "trades told": runs,
        "starts told": runs,
        "ends told": runs,
        "ends announced": runs,
    }
    for told in (OFF_RUNS, OFF_DAYS):
        assert site.query(told, [case.run_id for case in cases]) == []


def _rows(site: Installation, case: Case) -> dict[str, int]:
    run_id = case.run_id
    order_id = str(Origin.of_node(RunId(_uuid(run_id)), "trade").order_id())
    events = Counter(
        str(row[0])
        for row in site.query(
            "select e ->> 'type' from run_events, jsonb_array_elements(events) e where run_id = %s",
            run_id,
        )
    )
    found = {
        "nodes settled": "select 1 from node_runs where run_id = %s and status = 'succeeded'",
        "cost entries": "select 1 from cost_tracking where run_id = %s",
        "orders": "select 1 from orders where run_id = %s",
        "fills": "select 1 from fills join orders on id = order_id where run_id = %s",
    }
    announced = Counter(
        str(row[0])
        for row in site.query(
            "select topic from outbox where payload->>'order_id' = %s"
            " or (topic = 'executions.finished' and payload->>'run_id' = %s)",
            order_id,
            run_id,
        )
    )
    recorded = Counter(
        str(row[0])
        for row in site.query(
            "select event_type from audit_entries where data::jsonb ->> 'order_id' = %s", order_id
        )
    )
    rows = {name: len(site.query(statement, run_id)) for name, statement in found.items()}
    rows |= {
        "intents announced": announced["decisions.order_intent"],
        "fills announced": announced["executions.fill"],
        "ends announced": announced["executions.finished"],
        "intents on record": recorded["order_intended"],
        "answers on record": recorded["order_answered"],
        "nodes completed": events["agent_completed"],
        "trades told": events["trade_executed"],
        "starts told": events["execution_started"],
        "ends told": events["execution_finished"],
    }
    once = {
        name: (len(NODES) if name in ("nodes settled", "nodes completed") else 1) for name in rows
    }
    assert rows == once, case
    return rows


def _uuid(text: str) -> UUID:
    return UUID(text)
