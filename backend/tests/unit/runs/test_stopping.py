"""A run is stopped between its orders: what has an order out is let to its answer."""

import asyncio

import pytest

from kuber.runs import stopping
from kuber.runs.stopping import NodeWork, RunStop, StopReason
from kuber.trading.errors import OrderNotWanted


class Venue:
    """Takes an order and answers when the test says so."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.answers = asyncio.Event()
        self.answered = False

    async def place(self) -> str:
        self.taken.set()
        await self.answers.wait()
        self.answered = True
        return "filled"


async def _some_turns() -> None:
    """Let everything that is ready on the loop run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_node_without_an_order_stops_at_once() -> None:
    stop = RunStop()
    node = asyncio.create_task(NodeWork(stop).run(asyncio.sleep(3600, "done")))
    await _some_turns()
    stop.request(StopReason.CANCELLED)
    assert await node is None
    assert stop.works == set()


async def test_a_node_with_an_order_out_keeps_its_result_when_it_is_stopped() -> None:
    stop, venue = RunStop(), Venue()
    work = NodeWork(stop)

    async def trade() -> str:
        return await work.carry(venue.place)

    node = asyncio.create_task(work.run(trade()))
    await venue.taken.wait()
    stop.request(StopReason.CANCELLED)
    stop.request(StopReason.TIMED_OUT)
    await _some_turns()
    assert not node.done()
    venue.answers.set()
    assert await node == "filled"
    assert stop.reason is StopReason.CANCELLED


async def test_a_node_that_must_not_be_repeated_may_end_in_a_process_that_ends() -> None:
    stop, ends = RunStop(), asyncio.Event()
    work = NodeWork(stop)
    work.only_once = True
    node = asyncio.create_task(work.run(ends.wait()))
    await _some_turns()
    stop.request(StopReason.HANDED_BACK)
    await _some_turns()
    assert not node.done()
    ends.set()
    assert await node is True


@pytest.mark.parametrize(
    ("reason", "only_once_s"),
    [
        (StopReason.HANDED_BACK, 0.01),  # cut off in the end
        (StopReason.CANCELLED, stopping.ONLY_ONCE_S),  # whoever cancels does not wait
    ],
)
async def test_a_node_that_must_not_be_repeated_is_stopped(
    reason: StopReason, only_once_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "ONLY_ONCE_S", only_once_s)
    stop = RunStop()
    work = NodeWork(stop)
    work.only_once = True
    node = asyncio.create_task(work.run(asyncio.sleep(3600, "done")))
    await _some_turns()
    stop.request(reason)
    async with asyncio.timeout(stopping.ONLY_ONCE_S / 2 if only_once_s > 1 else None):
        assert await node is None


async def test_a_run_whose_order_is_not_wanted_any_more_is_cancelled() -> None:
    stop = RunStop()
    work = NodeWork(stop)

    async def place() -> str:
        raise OrderNotWanted("It was cancelled.")

    async def trade() -> str:
        return await work.carry(place)

    assert await work.run(trade()) is None
    assert (stop.reason, stop.orders) == (StopReason.CANCELLED, set())


async def test_a_limit_that_passes_during_an_order_does_not_count() -> None:
    stop, venue = RunStop(), Venue()
    work = NodeWork(stop)

    async def trade() -> str:
        async with work.limit(0):
            return await work.carry(venue.place)

    node = asyncio.create_task(work.run(trade()))
    await venue.taken.wait()
    await _some_turns()
    venue.answers.set()
    assert await node == "filled"


async def test_a_node_that_goes_on_for_ever_after_its_order_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "AFTER_ORDER_S", 0.01)
    stop, venue = RunStop(), Venue()
    work = NodeWork(stop)

    async def trade() -> str:
        await work.carry(venue.place)
        await asyncio.Event().wait()
        return "done"

    node = asyncio.create_task(work.run(trade()))
    await venue.taken.wait()
    stop.request(StopReason.CANCELLED)
    venue.answers.set()
    assert await node is None


async def test_the_limit_of_an_attempt_counts_again_after_its_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "AFTER_ORDER_S", 0.01)
    venue = Venue()
    venue.answers.set()
    work = NodeWork(RunStop())

    async def trade() -> None:
        async with work.limit(0.01):
            await work.carry(venue.place)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await work.run(trade())


async def test_an_order_goes_on_when_its_node_no_longer_waits_for_it() -> None:
    stop, venue = RunStop(), Venue()
    work = NodeWork(stop)
    waiting = asyncio.create_task(work.carry(venue.place))
    await venue.taken.wait()
    waiting.cancel()
    over = asyncio.create_task(stop.orders_over())
    await _some_turns()
    assert waiting.cancelled()
    assert not over.done()
    venue.answers.set()
    await over
    assert venue.answered


async def test_a_node_that_ignores_its_stop_places_no_order() -> None:
    stop, venue = RunStop(), Venue()
    work = NodeWork(stop)
    refused = []

    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            try:
                await work.carry(venue.place)
            except asyncio.CancelledError:
                refused.append("order")
        return "done"

    node = asyncio.create_task(work.run(stubborn()))
    await _some_turns()
    stop.request(StopReason.CANCELLED)
    assert await node is None
    assert refused == ["order"]
    assert not venue.taken.is_set()


async def test_a_lost_run_is_lost_whatever_else_was_asked() -> None:
    stop = RunStop()
    stop.request(StopReason.CANCELLED)
    stop.request(StopReason.LEASE_LOST)
    assert stop.reason is StopReason.LEASE_LOST
