"""Frozen processes of a real worker are replaced by it, and their runs go on."""

import signal
from pathlib import Path

import psutil

from kuber.infra.pulse import notes_silence
from kuber.workers.celery_app import QUEUE, make_celery
from tests.fakes.graphs import steps
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import START_WITHIN_S, until
from tests.fixtures.workers import Installation, NewInstallation, Program


def processes_of(worker: Program) -> set[int]:
    """Return the processes of the worker's pool."""
    return {child.pid for child in psutil.Process(worker.pid).children()}


def _trader_of(site: Installation) -> Trader:
    site.api().wait_ready()
    return site.sign_up()


def test_a_worker_whose_processes_are_all_frozen_replaces_them(
    new_installation: NewInstallation, tmp_path: Path
) -> None:
    pulse = tmp_path / "pulse"
    site = new_installation()
    site.overrides["KUBER_PULSE_FILE"] = str(pulse)
    worker = site.worker(processes=2)
    del site.overrides["KUBER_PULSE_FILE"]
    frozen = processes_of(worker)
    assert len(frozen) == 2
    trader = _trader_of(site)
    pipeline = trader.create(graph=steps(work={}))
    worker.send(signal.SIGSTOP)
    run_id = trader.run(pipeline["id"])
    until(lambda: notes_silence(pulse), "a note of the silence", START_WITHIN_S)
    until(lambda: not frozen & processes_of(worker), "other processes", START_WITHIN_S)

    def is_done() -> bool:
        return bool(trader.execution(run_id)["status"] == "succeeded")

    until(is_done, "the end of the run", START_WITHIN_S)
    until(lambda: not notes_silence(pulse), "the end of the silence")
    assert psutil.Process(worker.pid).is_running()


def test_the_run_of_a_frozen_process_is_taken_up_by_another(
    new_installation: NewInstallation, tmp_path: Path
) -> None:
    site = new_installation()
    worker = site.worker(processes=2)
    trader = _trader_of(site)
    gate = tmp_path / "gate"
    pipeline = trader.create(graph=steps(work={"until": str(gate)}))
    run_id = trader.run(pipeline["id"])

    def claimed_by() -> int | None:
        [[claimed]] = site.query("select claimed_by from runs where id = %s", run_id)
        return int(str(claimed).rpartition(":")[2]) if claimed else None

    first = until(claimed_by, "a claim of the run")
    psutil.Process(first).suspend()
    gate.touch()
    until(lambda: first not in processes_of(worker), "another process", START_WITHIN_S)
    until(
        lambda: trader.execution(run_id)["status"] == "succeeded",
        "the end of the run",
        START_WITHIN_S,
    )
    until(lambda: len(processes_of(worker)) == 2, "two processes")


def test_a_worker_that_consumes_no_more_ends(new_installation: NewInstallation) -> None:
    site = new_installation()
    worker = site.worker(processes=1)
    trader = _trader_of(site)
    site.services("sweep", wait=False)
    pipeline = trader.create(graph=steps(work={}))
    assert trader.wait(trader.run(pipeline["id"]))["status"] == "succeeded"
    make_celery(site.redis_url).control.cancel_consumer(QUEUE)
    until(
        lambda: worker.server.process and worker.server.process.poll() is not None,
        "the end of the worker",
        START_WITHIN_S,
    )
    run_id = trader.run(pipeline["id"])
    site.worker(processes=1)
    assert trader.wait(run_id)["status"] == "succeeded"
