"""Tasks end, whatever they do with a cancel."""

import asyncio

import pytest

from kuber.infra import tasks
from kuber.infra.tasks import end_tasks
from tests.fixtures.waiting import LIMIT_S


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.02)
    monkeypatch.setattr(tasks, "ENDING_S", 0.2)


async def _loses(cancels: int, over: asyncio.Event) -> None:
    while not over.is_set():
        try:
            await over.wait()
        except asyncio.CancelledError:
            if cancels <= 0:
                raise
            cancels -= 1


async def test_a_task_that_loses_a_cancel_is_told_again() -> None:
    task = asyncio.create_task(_loses(2, asyncio.Event()))
    await asyncio.sleep(0)
    await end_tasks([task])
    assert task.cancelled()


async def test_a_task_that_does_not_end_keeps_nobody_waiting() -> None:
    over = asyncio.Event()
    deaf, other = (asyncio.create_task(_loses(cancels, over)) for cancels in (1_000_000, 0))
    await asyncio.sleep(0)
    async with asyncio.timeout(LIMIT_S):
        await end_tasks([deaf, other])
    assert other.cancelled()
    assert not deaf.done()
    over.set()
    await deaf


async def test_what_a_task_raises_is_not_raised_to_who_ends_it() -> None:
    async def fails() -> None:
        raise ValueError("its own")

    task = asyncio.create_task(fails())
    await asyncio.wait((task,))
    await end_tasks([task])
    await end_tasks([])
