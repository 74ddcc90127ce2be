"""A worker that takes nothing is ended, one that is busy or has nothing to take is not."""

from dataclasses import dataclass, field

import pytest

from kuber.infra.embedded.process import free_port
from kuber.workers.queue_watch import DEAF_AFTER_S, Consumption, QueueWatch, waiting_in

STEP_S = 2.0


@dataclass
class Worker:
    """What a watch sees of a worker."""

    waiting: int = 1
    received: int = 0
    held: int = 0
    ends: int = 0
    watch: QueueWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = QueueWatch(
            lambda: self.waiting, lambda: Consumption(self.received, self.held), self._end
        )

    def look_for(self, seconds: float) -> None:
        for _ in range(int(seconds / STEP_S)):
            self.watch.look(STEP_S)

    def _end(self) -> None:
        self.ends += 1


def test_one_that_takes_nothing_is_ended_when_messages_have_waited_long_enough() -> None:
    worker = Worker()
    worker.look_for(DEAF_AFTER_S - STEP_S)
    assert worker.ends == 0
    worker.watch.look(DEAF_AFTER_S - int((DEAF_AFTER_S - STEP_S) / STEP_S) * STEP_S)
    assert worker.ends == 1


def test_what_it_took_before_counts_no_more() -> None:
    worker = Worker(received=7)
    worker.look_for(STEP_S)
    worker.look_for(DEAF_AFTER_S + STEP_S)
    assert worker.ends == 1


@pytest.mark.parametrize("seen", [{"waiting": 0}, {"held": 1}])
def test_one_that_has_nothing_to_take_or_is_busy_goes_on(seen: dict[str, int]) -> None:
    worker = Worker(**seen)
    worker.look_for(3 * DEAF_AFTER_S)
    assert worker.ends == 0


@pytest.mark.parametrize("change", ["received", "held", "none waiting"])
def test_the_time_begins_anew_whenever_it_takes_something(change: str) -> None:
    worker = Worker()
    for _ in range(4):
        worker.look_for(DEAF_AFTER_S - STEP_S)
        worker.received += change == "received"
        worker.held, worker.waiting = int(change == "held"), int(change != "none waiting")
        worker.watch.look(STEP_S)
        worker.held, worker.waiting = 0, 1
    assert worker.ends == 0


def test_nothing_waits_in_a_redis_that_is_away() -> None:
    assert waiting_in(f"redis://127.0.0.1:{free_port()}", "kuber")() == 0
