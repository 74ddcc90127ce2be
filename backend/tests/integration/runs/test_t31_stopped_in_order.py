"""T31: a run is stopped before, during and after the recording of its order: none is lost, none is
there twice, none is without its node's result.

One worker carries one run for each boundary. The run stands there, at a statement that waits or in
a node that does, until what stops it has happened; a run without an order tells when that is.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from kuber.infra.db import JsonObject
from kuber.kernel.ids import RunId
from kuber.trading.origins import Origin
from tests.fakes.graphs import chain, node, steps
from tests.fixtures.holds import hold, let_go, site_with_holds, wait_until_held
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation, Program

pytestmark = pytest.mark.timeout(600)

AS_OF = "2009-05-14T21:00:00Z"
DURING = "order"
"""Recorded with its run: meanwhile nobody can cancel the run or take it over."""
BOUNDARIES = ("before", DURING, "after")

RELEASE = """
    update runs set status = 'pending', claimed_by = null, lease_until = null
    where id = any(%s) and status = 'running'
"""
UNFINISHED = """
    select node_id from node_runs
    where run_id = %s and (status in ('pending', 'running', 'waiting') or finished_at is null)
"""
WITHOUT_RESULT = """
    select o.id from orders o left join fills f on f.order_id = o.id
    left join node_runs n on (n.run_id, n.node_id) = (o.run_id, o.node_id)
    where o.status <> 'filled' or f.quantity is distinct from o.quantity
       or n.status is distinct from 'succeeded'
"""
SAID = """
    select (select count(*) from outbox where payload->>'order_id' = o.id::text
              and topic = 'decisions.order_intent'),
           (select count(*) from outbox where payload->>'order_id' = o.id::text
              and topic = 'executions.fill'),
           (select count(*) from audit_entries where data::jsonb->>'order_id' = o.id::text
              and event_type = 'order_intended'),
           (select count(*) from audit_entries where data::jsonb->>'order_id' = o.id::text
              and event_type = 'order_answered'),
           (select count(*) from notice_outbox where data->>'order_id' = o.id::text
              and kind = 'order_filled')
    from orders o
"""
"""How often each order was told of: to Kafka, to the record, to its owner."""


BUSY = """
    select pid from pg_stat_activity
    where application_name = 'kuber-worker' and datname = current_database() and state <> 'idle'
"""
"""Statements that PostgreSQL carries out for a worker, also for one that is gone."""


@dataclass(frozen=True)
class Case:
    """One run that is stopped at one boundary of its order."""

    boundary: str
    run_id: str

    @property
    def key(self) -> str:
        return f"{self.boundary} {Origin.of_node(RunId(UUID(self.run_id)), 'trade').order_id()}"


@dataclass
class Scene:
    """Runs that stand at their boundaries, and one with a long node that has no order."""

    site: Installation
    holder: psycopg.Connection
    trader: Trader
    worker: Program
    gate: Path
    cases: list[Case]
    canary: str = ""

    def free(self) -> list[str]:
        """Return the runs that are not being recorded, the canary last."""
        ids = [case.run_id for case in self.cases if case.boundary != DURING]
        return [*ids, self.canary]

    def wait_for_canary(self, *statuses: str) -> JsonObject:
        return self.trader.wait(self.canary, *statuses)

    def go_on(self) -> None:
        """Let every run cross its boundary."""
        self.gate.touch()
        let_go(self.holder)

    def ended(self) -> dict[str, JsonObject]:
        """Return the runs by boundary once all have ended."""
        return {case.boundary: self.trader.wait(case.run_id) for case in self.cases}


@pytest.fixture(scope="module")
def site(new_installation: NewInstallation) -> Installation:
    return site_with_holds(
        new_installation,
        32,
        KUBER_EXECUTIONS_PER_PROCESS="32",
        KUBER_PLUGINS_PER_PROCESS="32",
        KUBER_WRITER_BATCH="1",
        KUBER_WRITER_LANES="32",
    )


@pytest.fixture
def holder(site: Installation) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(site.database_url, autocommit=True)) as connection:
        yield connection


StandThere = Callable[..., Scene]


@pytest.fixture
def stand_there(
    site: Installation, holder: psycopg.Connection, tmp_path: Path
) -> Iterator[StandThere]:
    """Makes a scene; keywords are settings of its worker."""
    workers: list[Program] = []

    def make(**settings: str) -> Scene:
        trader, gate = site.sign_up(), tmp_path / "gate"
        cases = [_start(trader, boundary, gate) for boundary in BOUNDARIES]
        for case in cases:
            if case.boundary == DURING:
                hold(holder, case.key)
        usual = dict(site.overrides)
        site.overrides |= settings
        workers.append(site.worker(wait=False))
        site.overrides = usual
        workers[0].wait_ready(120)
        wait_until_held(holder, 1)
        scene = Scene(site, holder, trader, workers[0], gate, cases)
        for case in cases:
            if case.boundary != DURING:
                _until(lambda case=case: _stands(trader.execution(case.run_id)))  # type: ignore[misc]
        canary = trader.create("canary", graph=steps(long={"seconds": 3600}))
        scene.canary = trader.run(canary["id"])
        _until(lambda: _stands(trader.execution(scene.canary), "long"))
        return scene

    yield make
    for worker in workers:
        worker.kill()


def test_t31_a_cancelled_run_ends_with_the_trade_that_it_has(
    stand_there: StandThere,
) -> None:
    scene = stand_there()
    for run_id in scene.free():
        assert scene.trader.http.post(f"/executions/{run_id}/cancel").status_code == 202
    scene.wait_for_canary("cancelled")
    scene.go_on()
    for boundary, run in scene.ended().items():
        assert run["status"] == ("succeeded" if boundary == DURING else "cancelled"), boundary
        _check_trade(run, boundary)
    _check_orders(scene, 2)


def test_t31_a_node_past_its_limit_keeps_the_trade_of_its_order(stand_there: StandThere) -> None:
    scene = stand_there(KUBER_NODE_TIME_LIMIT_S="1.5")
    assert scene.wait_for_canary()["error"]["code"] == "node_timeout"
    scene.go_on()
    for boundary, run in scene.ended().items():
        if boundary == DURING:
            assert run["status"] == "succeeded", (boundary, run["error"])
        else:
            assert run["error"]["code"] == "node_timeout"
        _check_trade(run, boundary)
    _check_orders(scene, 2)


def test_t31_a_run_past_its_limit_ends_with_the_trade_of_its_order(stand_there: StandThere) -> None:
    scene = stand_there(KUBER_RUN_TIME_LIMIT_S="3")
    assert scene.wait_for_canary()["error"]["code"] == "run_timeout"
    scene.go_on()
    for boundary, run in scene.ended().items():
        if boundary == DURING:  # its work was over, and has only to be recorded
            assert run["status"] == "succeeded", run["error"]
        else:
            assert run["error"]["code"] == "run_timeout", boundary
        _check_trade(run, boundary)
    _check_orders(scene, 2)


def test_t31_whoever_takes_a_lost_run_finds_its_order(stand_there: StandThere) -> None:
    scene = stand_there()
    scene.site.query(RELEASE, [UUID(run_id) for run_id in scene.free()])
    _until(lambda: _is_lost(scene.site.log_of(scene.worker), scene.canary))
    scene.go_on()
    for boundary, run in scene.ended().items():
        assert run["status"] == "succeeded", (boundary, run["error"])
        assert run["trade"]["status"] == "filled"
    assert scene.trader.http.post(f"/executions/{scene.canary}/cancel").status_code == 202
    _check_orders(scene, 3)


def test_t31_a_worker_that_is_told_to_end_records_its_orders_first(
    stand_there: StandThere,
) -> None:
    scene = stand_there()
    process = scene.worker.server.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    _until(lambda: scene.trader.execution(scene.canary)["status"] == "pending")
    scene.go_on()
    assert process.wait(60) == 0
    next_one = scene.site.worker(wait=False)
    _check_carried_on(scene)
    next_one.kill()


def test_t31_a_process_that_is_told_to_end_records_its_orders_first(
    stand_there: StandThere,
) -> None:
    scene = stand_there()
    holds = "select claimed_by from runs where id = %s"
    before = scene.site.query(holds, scene.canary)
    scene.worker.send(signal.SIGTERM)
    _until(lambda: scene.site.query(holds, scene.canary) != before)
    scene.go_on()
    _check_carried_on(scene)


def test_t31_a_cancelled_run_of_a_killed_worker_ends_with_the_trade_that_it_has(
    stand_there: StandThere,
) -> None:
    scene = stand_there()
    scene.worker.kill()
    scene.go_on()
    _until(lambda: scene.site.query(BUSY) == [])
    for run_id in scene.free():
        assert scene.trader.http.post(f"/executions/{run_id}/cancel").status_code == 202
    scene.site.query(RELEASE, [UUID(run_id) for run_id in scene.free()])
    worker = scene.site.worker(wait=False)
    for boundary, run in scene.ended().items():
        assert run["status"] == ("succeeded" if boundary == DURING else "cancelled"), boundary
        assert scene.site.query(UNFINISHED, run["id"]) == []
        _check_trade(run, boundary)
    scene.wait_for_canary("cancelled")
    _check_orders(scene, 2)
    worker.kill()


def _check_carried_on(scene: Scene) -> None:
    for boundary, run in scene.ended().items():
        assert run["status"] == "succeeded", (boundary, run["error"])
        assert run["trade"]["status"] == "filled"
    scene.trader.http.post(f"/executions/{scene.canary}/cancel")
    scene.wait_for_canary("cancelled")
    _check_orders(scene, 3)


def _start(trader: Trader, boundary: str, gate: Path) -> Case:
    pause = node("pause", "test_step", until=str(gate))
    graph = chain(
        node("data", "market_data"),
        node("strategy", "strategy", method="golden_cross", timeframe="1d"),
        *([pause] if boundary == "before" else []),
        node("risk", "risk_manager"),
        node("trade", "trade_manager"),
        *([pause] if boundary == "after" else []),
        node("report", "report"),
    )
    pipeline = trader.create(boundary, graph=graph)
    return Case(boundary, trader.run(pipeline["id"], as_of=AS_OF, seed=1))


def _stands(run: JsonObject, node_id: str = "pause") -> bool:
    return any(n["node_id"] == node_id and n["status"] == "running" for n in run["nodes"])


def _is_lost(text: str, run_id: str) -> bool:
    return any("run_lost" in line and run_id in line for line in text.splitlines())


def _check_trade(run: JsonObject, boundary: str) -> None:
    if boundary == "before":
        assert run["trade"] is None
    else:
        assert run["trade"]["status"] == "filled", boundary


def _check_orders(scene: Scene, count: int) -> None:
    """Of the person's runs `count` traded; in the whole database each order is whole, and told of
    once."""
    site, person = scene.site, scene.trader.id
    assert site.query(WITHOUT_RESULT) == []
    assert len(site.query("select 1 from orders where user_id = %s", person)) == count
    assert set(site.query(SAID)) == {(1, 1, 1, 1, 1)}


def _until(holds: Callable[[], bool]) -> None:
    until(holds, "what the test is about")
