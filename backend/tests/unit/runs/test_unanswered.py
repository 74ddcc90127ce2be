"""A run waits for the answers of its orders, within limits."""

import asyncio

import pytest

from kuber.runs import unanswered
from kuber.runs.batches import LeaseLost
from kuber.runs.stopping import RunStop, StopReason
from kuber.runs.unanswered import until_answered


class Venue:
    """Gives one answer after the other; `asked` counts the questions."""

    def __init__(self, *left: int) -> None:
        self._left = left
        self.asked = 0

    async def ask(self) -> int:
        left = self._left[min(self.asked, len(self._left) - 1)]
        self.asked += 1
        return left


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "ASK_EVERY_S", 0.0)


async def test_it_waits_until_no_order_is_left_though_it_was_cancelled() -> None:
    venue, stop = Venue(2, 1, 1, 0), RunStop()
    stop.request(StopReason.CANCELLED)
    await until_answered(venue.ask, stop)
    assert venue.asked == 4


@pytest.mark.parametrize("reason", [StopReason.LEASE_LOST, StopReason.HANDED_BACK])
async def test_it_leaves_the_run_to_the_next_worker(reason: StopReason) -> None:
    venue, stop = Venue(1), RunStop()
    waiting = asyncio.create_task(until_answered(venue.ask, stop))
    await asyncio.sleep(0)
    stop.request(reason)
    with pytest.raises(LeaseLost):
        await waiting


async def test_a_venue_that_says_nothing_keeps_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "ANSWERED_WITHIN_S", 0.0)
    venue = Venue(1)
    await until_answered(venue.ask, RunStop())
    assert venue.asked == 1
