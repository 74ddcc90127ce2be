"""Runs that wait for their trigger, and runs that are called off."""

import signal
from decimal import Decimal
from pathlib import Path

import psutil
import psycopg

from kuber.runs.recorder import SEQUENCE_GAP
from tests.fakes.graphs import IN_THE_PRESENT, chain, gated, node, steps
from tests.fakes.plugin.kuber_test_agents import calls
from tests.fixtures.traders import Trader, node_of, statuses_of
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation


def test_a_run_waits_free_of_charge_and_goes_on_when_its_trigger_is_met(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate, file = tmp_path / "gate", str(tmp_path / "calls")
    pipeline = trader.create(graph=gated(str(gate), node("work", "test_step", path=file)))
    run_id = trader.run(pipeline["id"], IN_THE_PRESENT)
    waiting = trader.wait(run_id, "waiting")
    assert waiting["wake_at"] is not None
    assert waiting["outcome"] == "The gate is shut."
    assert statuses_of(waiting) == {
        "pipeline_manager": "succeeded",
        "gate": "waiting",
        "work": "pending",
    }
    _wait_for_looks(installation, run_id)
    assert (
        installation.query(
            "select node_id from cost_tracking where run_id = %s and amount > 0", run_id
        )
        == []
    )
    gate.touch()
    finished = trader.wait(run_id)
    assert (finished["status"], finished["id"], calls(file)) == ("succeeded", run_id, 1)
    assert node_of(finished, "gate")["attempts"] == 1
    assert Decimal(finished["cost"]) == Decimal("0.002")
    kinds = [event["type"] for event in trader.events(run_id)]
    assert kinds.count("execution_started") == 1
    assert kinds.count("waiting") >= 1
    assert kinds[-1] == "execution_finished"


def test_a_run_may_wait_more_often_than_a_failing_one_may_be_claimed(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = _waiting(trader, gate, again_s=60)
    installation.query(
        "update runs set claim_epoch = 40, wait_count = 40, wake_at = now() where id = %s", run_id
    )
    gate.touch()
    assert trader.wait(run_id)["status"] == "succeeded"


def test_a_run_that_killed_twenty_workers_is_given_up(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = _waiting(trader, gate, again_s=60)
    installation.query(
        "update runs set claim_epoch = 40, wait_count = 1, wake_at = now() where id = %s", run_id
    )
    gate.touch()
    finished = trader.wait(run_id)
    assert (finished["status"], finished["error"]["code"]) == ("failed", "engine_error")


def test_cancelling_a_waiting_run_ends_it_at_once(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = _waiting(trader, gate, again_s=1)
    answer = trader.http.post(f"/executions/{run_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    gate.touch()
    other = _waiting(trader, tmp_path / "other gate", again_s=1)
    (tmp_path / "other gate").touch()
    trader.wait(other)  # whatever was due before it has been woken
    run = trader.execution(run_id)
    assert run["status"] == "cancelled"
    assert statuses_of(run)["gate"] == statuses_of(run)["work"] == "cancelled"
    stored = (
        "select status, finished_at is null from node_runs where run_id = %s and node_id = 'gate'"
    )
    assert installation.query(stored, run_id) == [("cancelled", False)]
    *_, before, end = trader.events(run_id)
    assert (before["type"], end["type"]) == ("waiting", "execution_finished")
    # A worker that died may have told more than is on record.
    assert end["sequence"] == before["sequence"] + SEQUENCE_GAP + 1


def test_switching_a_pipeline_off_calls_off_what_it_started_by_itself(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate, file = tmp_path / "gate", str(tmp_path / "calls")
    pipeline = trader.create(graph=gated(str(gate), node("work", "test_step", path=file)))
    by_itself, by_hand = (trader.run(pipeline["id"], symbol) for symbol in ("NVDA", "TSLA"))
    for run_id in (by_itself, by_hand):
        trader.wait(run_id, "waiting")
    installation.query("update runs set started_by = 'schedule' where id = %s", by_itself)
    assert trader.http.post(f"/pipelines/{pipeline['id']}/deactivate").is_success
    gate.touch()
    assert trader.wait(by_hand)["status"] == "succeeded"
    ended = trader.execution(by_itself)
    assert (ended["status"], ended["outcome"], ended["wake_at"]) == (
        "cancelled",
        "Cancelled: the pipeline was switched off",
        None,
    )
    assert trader.events(by_itself)[-1]["data"]["status"] == "cancelled"
    assert calls(file) == 1


def test_cancelling_a_running_run_stops_its_node_before_its_time_limit(
    trader: Trader, tmp_path: Path
) -> None:
    file = str(tmp_path / "calls")
    endless = {"path": file, "until": str(tmp_path / "never")}
    pipeline = trader.create(graph=steps(first={}, slow=endless, after={}))
    run_id = trader.run(pipeline["id"])
    until(lambda: calls(file) == 1, "the first call of the node")
    assert trader.http.post(f"/executions/{run_id}/cancel").status_code == 202
    run = trader.wait(run_id)
    assert run["status"] == "cancelled"  # it would have failed at the limit
    assert statuses_of(run) == {
        "pipeline_manager": "succeeded",
        "trigger": "succeeded",
        "first": "succeeded",
        "slow": "cancelled",
        "after": "cancelled",
    }
    last = trader.events(run_id)[-1]
    assert (last["type"], last["data"]["status"]) == ("execution_finished", "cancelled")
    assert Decimal(last["data"]["cost"]) == Decimal(run["cost"]) == Decimal("0.001")
    assert trader.http.post(f"/pipelines/{pipeline['id']}/run", json={"symbol": "AAPL"}).is_success


def test_cancelling_a_pending_run_keeps_it_from_ever_starting(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    file = str(tmp_path / "calls")
    pipeline = trader.create(graph=steps(work={"path": file}))
    worker = next(each for each in installation.programs if each.name.startswith("worker"))
    worker.send(signal.SIGSTOP)
    try:
        run_id = trader.run(pipeline["id"])
        answer = trader.http.post(f"/executions/{run_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    finally:
        worker.send(signal.SIGCONT)
    trader.run_graph(steps(later={}))
    assert (trader.execution(run_id)["status"], calls(file)) == ("cancelled", 0)


def test_cancelling_a_finished_run_is_a_conflict(trader: Trader) -> None:
    run = trader.run_graph(steps(work={}))
    answer = trader.http.post(f"/executions/{run['id']}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_finished")


def test_a_stalled_worker_whose_lease_was_lost_cannot_write(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    file, gate = str(tmp_path / "calls"), tmp_path / "gate"
    pipeline = trader.create(
        graph=steps(slow={"path": file, "seconds": 0.5}, after={"path": file, "until": str(gate)})
    )
    run_id = trader.run(pipeline["id"])
    until(lambda: calls(file) == 1, "the first call of the node")
    [[claimed_by]] = installation.query("select claimed_by from runs where id = %s", run_id)
    stalled = psutil.Process(int(str(claimed_by).rpartition(":")[2]))
    worker = next(each for each in installation.programs if each.name.startswith("worker"))
    lost = installation.log_of(worker).count("run_lost")
    rows = "select node_id, status, attempts, started_at, finished_at, cost from node_runs"
    whole = "select status, cost, outcome, claim_epoch, last_sequence from runs"
    stalled.suspend()
    try:
        until(lambda: calls(file) == 3, "another worker inside the second node")
        at_work = "select 1 from node_runs where run_id = %s and node_id = 'after'"
        until(lambda: installation.query(at_work, run_id), "that on record")
        before = installation.query(f"{rows} where run_id = %s order by 1", run_id)
        run = installation.query(f"{whole} where id = %s", run_id)
        told = trader.events(run_id)
    finally:
        stalled.resume()
    until(lambda: installation.log_of(worker).count("run_lost") > lost, "the loss in the log")
    assert installation.query(f"{rows} where run_id = %s order by 1", run_id) == before
    assert installation.query(f"{whole} where id = %s", run_id) == run
    assert trader.events(run_id) == told
    gate.touch()
    assert trader.wait(run_id)["status"] == "succeeded"
    entries = installation.query("select 1 from cost_tracking where run_id = %s", run_id)
    assert (len(entries), calls(file)) == (2, 3)
    [[epoch]] = installation.query("select claim_epoch from runs where id = %s", run_id)
    assert epoch == 2


def test_the_sweep_frees_a_run_whose_worker_is_gone(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = _waiting(trader, gate, again_s=60)
    gate.touch()
    with psycopg.connect(installation.database_url) as connection:
        connection.execute("set local session_replication_role = replica")  # past the guard
        connection.execute(
            "update runs set status = 'running', claimed_by = 'nobody:1', lease_until = now(),"
            " claim_epoch = claim_epoch + 1, wake_at = null where id = %s",
            [run_id],
        )
    assert trader.wait(run_id)["status"] == "succeeded"


def test_a_run_in_the_present_goes_on_in_the_present_after_its_wait(
    trader: Trader, tmp_path: Path
) -> None:
    symbols = trader.http.get("/market/symbols").json()["items"]
    simulated = next(item["symbol"] for item in symbols if item["simulated"])
    gate = tmp_path / "gate"
    drawn = gated(str(gate), node("data", "market_data"), node("report", "report"))
    run_id = trader.run(trader.create(graph=drawn)["id"], simulated)
    asked = trader.wait(run_id, "waiting")["as_of"]
    gate.touch()
    finished = trader.wait(run_id)
    assert finished["status"] == "succeeded"
    assert finished["as_of"] > asked
    assert node_of(finished, "data")["output"]["market_data"]["as_of"] == finished["as_of"]


def test_a_run_of_a_chosen_moment_does_not_wait(trader: Trader, tmp_path: Path) -> None:
    moment = "2009-05-14T21:00:00Z"
    drawn = gated(str(tmp_path / "gate"), node("data", "market_data"))
    ended = trader.wait(trader.run(trader.create(graph=drawn)["id"], as_of=moment))
    assert (ended["status"], ended["error"]["code"]) == ("failed", "trigger_not_met")
    assert ended["as_of"] == moment
    assert statuses_of(ended)["data"] == "skipped"


def test_a_run_in_the_present_on_prices_that_have_ended_fails_and_says_where_they_end(
    trader: Trader,
) -> None:
    file = b"time,open,high,low,close,volume\n2024-01-02,10,12,9,11,5\n2024-01-03,10,12,9,11,5\n"
    answer = trader.http.post(
        "/market/imports",
        data={"timeframe": "1d", "symbol": "ENDED"},
        files={"file": ("ended.csv", file)},
    )
    assert answer.status_code == 201, answer.text
    pipeline = trader.create(graph=chain(node("data", "market_data")))
    ended = trader.wait(trader.run(pipeline["id"], "ENDED"))
    assert (ended["status"], ended["error"]["code"]) == ("failed", "data_ended")
    assert "imported prices of ENDED in 1d end on 3 Jan 2024" in ended["error"]["message"]
    assert "Import newer bars of ENDED" in ended["error"]["remedy"]
    then = trader.wait(trader.run(pipeline["id"], "ENDED", as_of="2024-01-04T12:00:00Z"))
    assert (then["status"], then["error"]) == ("succeeded", None)


def test_a_cancel_that_meets_a_run_on_its_way_to_wait_is_not_forgotten(
    installation: Installation, trader: Trader, tmp_path: Path
) -> None:
    run_id = _waiting(trader, tmp_path / "gate", again_s=3600)
    installation.query("update runs set cancel_requested = true where id = %s", run_id)
    assert trader.wait(run_id)["status"] == "cancelled"


def test_a_run_that_has_not_ended_is_not_repeated(trader: Trader, tmp_path: Path) -> None:
    run_id = _waiting(trader, tmp_path / "gate", again_s=3600)
    answer = trader.http.post(f"/executions/{run_id}/rerun", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_running")
    trader.http.post(f"/executions/{run_id}/cancel")


def _wait_for_looks(installation: Installation, run_id: str) -> None:
    """Return once the run's trigger has been asked again and said no."""

    def looked() -> bool:
        [[count]] = installation.query("select wait_count from runs where id = %s", run_id)
        return int(str(count)) >= 2

    until(looked, "a second look at the trigger")


def _waiting(trader: Trader, gate: Path, again_s: float = 0.3) -> str:
    graph = gated(str(gate), node("work", "test_step"), again_s=again_s)
    run_id = trader.run(trader.create(graph=graph)["id"], IN_THE_PRESENT)
    trader.wait(run_id, "waiting")
    return run_id
