"""A worker's frozen process is killed, a busy one is waited for. Time is what the tests say it is;
the processes are real."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

import psutil
import pytest
from structlog.testing import capture_logs

from kuber.infra.pulse import EVERY_S
from kuber.workers.process_watch import FROZEN_AFTER_S, ProcessWatch
from tests.fixtures.waiting import LIMIT_S, until

MOST_S = 300.0


@pytest.fixture
def watch() -> ProcessWatch:
    return ProcessWatch(MOST_S)


def _idle(watch: ProcessWatch) -> None:
    watch.begin_to_beat()
    time.sleep(10 * LIMIT_S)


def _says_it_once_and_works(watch: ProcessWatch) -> None:
    os.write(watch._tell, os.getpid().to_bytes(4, "little"))
    while True:
        pass


def _says_it_once(watch: ProcessWatch) -> None:
    os.write(watch._tell, os.getpid().to_bytes(4, "little"))
    time.sleep(10 * LIMIT_S)


@contextmanager
def forked(watch: ProcessWatch, work: object) -> Iterator[BaseProcess]:
    """Give a process that is known to the watch."""
    process = multiprocessing.get_context("fork").Process(target=work, args=(watch,))  # type: ignore[arg-type]
    process.start()
    assert process.pid is not None

    def is_known() -> bool:
        watch.look(0)
        return process.pid in watch._known

    try:
        until(is_known, "the first sign of a process")
        yield process
    finally:
        process.kill()
        process.join(LIMIT_S)


def test_a_frozen_process_is_noted_and_then_killed(watch: ProcessWatch) -> None:
    with forked(watch, _idle) as process, capture_logs() as logs:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, "a stop")
        watch.look(0)  # what it has said before
        watch.look(FROZEN_AFTER_S / 2)
        assert watch.silent
        assert process.is_alive()
        watch.look(FROZEN_AFTER_S / 2)
        process.join(LIMIT_S)
        assert process.exitcode == -signal.SIGKILL
        assert process.pid not in watch._known
    assert [one["event"] for one in logs] == ["worker_process_silent", "worker_process_killed"]


def test_a_process_that_goes_on_in_time_is_left_alone(watch: ProcessWatch) -> None:
    with forked(watch, _idle) as process:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, "a stop")
        watch.look(0)
        watch.look(FROZEN_AFTER_S - EVERY_S)
        assert watch.silent
        os.kill(process.pid, signal.SIGCONT)

        def is_heard() -> bool:
            watch.look(0)
            return not watch.silent

        until(is_heard, "a sign of life")
        watch.look(EVERY_S)
        assert process.is_alive()


def test_a_silent_process_that_works_is_waited_for_up_to_the_limit(watch: ProcessWatch) -> None:
    with forked(watch, _says_it_once_and_works) as process:
        used = watch._known[process.pid or 0].cpu_s

        def works() -> bool:
            times = psutil.Process(process.pid).cpu_times()
            return bool(times.user + times.system - used > 0.05 * (FROZEN_AFTER_S + 1))

        until(works, "some seconds of work")
        watch.look(FROZEN_AFTER_S + 1)
        assert watch.silent
        assert process.is_alive()
        watch.look(MOST_S)
        process.join(LIMIT_S)
        assert process.exitcode == -signal.SIGKILL


def test_a_silent_process_that_does_nothing_is_killed(watch: ProcessWatch) -> None:
    with forked(watch, _says_it_once) as process:
        watch.look(FROZEN_AFTER_S)
        process.join(LIMIT_S)
        assert process.exitcode == -signal.SIGKILL


def test_a_process_that_has_ended_is_forgotten(watch: ProcessWatch) -> None:
    with forked(watch, _says_it_once) as process:
        process.kill()
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "its end")
        with capture_logs() as logs:
            watch.look(FROZEN_AFTER_S)
        assert not watch.silent
        assert logs == []


def test_a_sign_of_another_program_is_not_taken(watch: ProcessWatch) -> None:
    os.write(watch._tell, os.getppid().to_bytes(4, "little"))
    watch.look(0)
    watch.look(FROZEN_AFTER_S)
    assert watch._known == {}
