"""A worker tells by its pulse that a process of it is silent, and the stack's state says so."""

from pathlib import Path

from kuber.infra.embedded.home import Home
from kuber.infra.pulse import beat, has_pulse, notes_silence
from kuber.workers.stack_state import ServiceRecord, _state
from kuber.workers.supervisor import ServiceState


def test_the_state_of_a_worker_is_silent_for_as_long_as_a_process_of_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    worker = ServiceRecord(name="worker", state=ServiceState.RUNNING)
    file = home.pulse("worker")
    assert _state(worker, home) == "running"
    beat(file, silent=False)
    assert _state(worker, home) == "running"
    for _ in range(2):
        beat(file, silent=True)
        assert _state(worker, home) == "silent"
        assert has_pulse(file), "the worker itself lives, and is not ended for it"
    restarting = ServiceRecord(name="worker", state=ServiceState.RESTARTING)
    assert _state(restarting, home) == "restarting"
    beat(file, silent=False)
    assert _state(worker, home) == "running"
    assert not notes_silence(file)
