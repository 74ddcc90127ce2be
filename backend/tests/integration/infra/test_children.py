"""Work in child processes comes back, or ends by a limit that everybody else never notices."""

import asyncio
import errno
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from kuber.infra import children
from kuber.infra.children import (
    ChildDied,
    ChildFailed,
    ChildPool,
    ChildTimedOut,
    OwnerBusy,
    PoolBusy,
)
from tests.fakes import child_tasks as tasks


@asynccontextmanager
async def pool(
    *,
    processes: int = 1,
    waiting: int = 4,
    time_limit_s: float = 30,
    memory_mb: int = 200,
    keep_warm: bool = True,
    background: bool = False,
) -> AsyncIterator[ChildPool]:
    opened = ChildPool(
        "test",
        processes=processes,
        waiting=waiting,
        time_limit_s=time_limit_s,
        memory_mb=memory_mb,
        keep_warm=keep_warm,
        background=background,
    )
    try:
        yield opened
    finally:
        await opened.close()


async def seen(file: Path) -> str:
    """Return what a task has written to `file`, as soon as it has."""

    def look() -> str:
        while not (file.exists() and (text := file.read_text())):
            time.sleep(0.005)
        return text

    return await asyncio.to_thread(look)


async def ended(process: psutil.Process) -> None:
    """Return when the process is gone, or waits only to be reaped."""

    def look() -> None:
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)

    await asyncio.to_thread(look)


async def test_a_function_runs_in_another_process_and_its_result_comes_back() -> None:
    async with pool() as children_:
        assert await children_.run(tasks.add, 2, 3) == 5
        assert await children_.run(tasks.own_pid) != os.getpid()


async def test_a_kept_child_does_task_after_task_and_a_fresh_one_only_one() -> None:
    async with pool() as kept, pool(keep_warm=False) as fresh:
        assert await kept.run(tasks.own_pid) == await kept.run(tasks.own_pid)
        assert await fresh.run(tasks.own_pid) != await fresh.run(tasks.own_pid)


async def test_a_child_in_the_background_gives_way_to_whoever_wants_the_processor() -> None:
    async with pool() as usual, pool(background=True) as behind:
        assert await behind.run(tasks.niceness) > await usual.run(tasks.niceness)


async def test_an_expected_failure_is_raised_here_with_all_that_it_says() -> None:
    async with pool() as children_:
        with pytest.raises(tasks.Refused) as caught:
            await children_.run(tasks.refuse, "No.")
        assert (caught.value.detail, caught.value.retry_after_s) == ("No.", 7)
        assert caught.value.problems[0].line == 3


async def test_a_defect_is_raised_with_its_traceback_and_the_child_goes_on() -> None:
    async with pool() as children_:
        child = await children_.run(tasks.own_pid)
        with pytest.raises(ChildFailed, match=r"(?s)in divide.*ZeroDivisionError"):
            await children_.run(tasks.divide, 1, 0)
        assert await children_.run(tasks.own_pid) == child


async def test_a_task_past_its_time_is_killed_and_the_next_one_runs() -> None:
    async with pool(time_limit_s=0.2) as children_:
        with pytest.raises(ChildTimedOut, match=r"after 0\.2 s"):
            await children_.run(tasks.sleep_on)
        assert await children_.run(tasks.add, 1, 1) == 2


async def test_a_task_past_its_memory_is_ended_and_the_next_one_runs() -> None:
    async with pool(memory_mb=100) as children_:
        assert await children_.run(tasks.take_memory, 80) == 80_000_000
        with pytest.raises(ChildDied):
            await children_.run(tasks.take_memory, 120)
        with pytest.raises(ChildDied):
            await children_.run(tasks.without_memory)
        assert await children_.run(tasks.add, 1, 1) == 2


@pytest.mark.parametrize("end", [tasks.crash, tasks.leave])
async def test_a_task_that_ends_its_process_fails_alone(end: Callable[[], None]) -> None:
    async with pool() as children_:
        with pytest.raises(ChildDied):
            await children_.run(end)
        assert await children_.run(tasks.add, 1, 1) == 2


async def test_what_a_task_prints_or_reads_does_not_mix_with_its_answer() -> None:
    async with pool() as children_:
        assert await children_.run(tasks.chatter) == ""
        assert await children_.run(tasks.add, 1, 1) == 2


async def test_a_child_has_none_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBER_JWT_SECRET", "a secret that no child may see")
    async with pool() as children_:
        found = await children_.run(tasks.environment)
    assert set(found) <= {*children._ENVIRONMENT, "PYTHONPATH", "LC_CTYPE"}


async def test_tasks_beyond_the_queue_are_refused_at_once(tmp_path: Path) -> None:
    async with pool(waiting=1) as children_:
        at_work = asyncio.create_task(children_.run(tasks.wait_for, str(tmp_path / "go")))
        await seen(tmp_path / "go.begun")
        waiting = asyncio.create_task(children_.run(tasks.add, 1, 1))
        await asyncio.sleep(0)
        with pytest.raises(PoolBusy) as caught:
            await children_.run(tasks.add, 2, 2)
        assert caught.value.retry_after_s == 1
        (tmp_path / "go").touch()
        assert [await at_work, await waiting] == [str(tmp_path / "go"), 2]


async def test_one_owner_has_one_task_at_work_and_others_pass_the_ones_that_wait(
    tmp_path: Path,
) -> None:
    async with pool(processes=2) as children_:
        at_work = asyncio.create_task(
            children_.run(tasks.wait_for, str(tmp_path / "go"), owner="eve")
        )
        await seen(tmp_path / "go.begun")
        waiting = [asyncio.create_task(children_.run(tasks.add, 1, 1, owner="eve")) for _ in "12"]
        await asyncio.sleep(0)
        with pytest.raises(OwnerBusy) as caught:
            await children_.run(tasks.add, 1, 1, owner="eve")
        assert caught.value.retry_after_s == 1
        assert await children_.run(tasks.add, 2, 3, owner="ann") == 5
        assert not any(task.done() for task in waiting)
        (tmp_path / "go").touch()
        assert await asyncio.gather(*waiting) == [2, 2]
        await at_work


async def test_a_wait_that_is_given_up_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    async with pool(waiting=1) as children_:
        at_work = asyncio.create_task(children_.run(tasks.wait_for, str(tmp_path / "go")))
        await seen(tmp_path / "go.begun")
        given_up = asyncio.create_task(children_.run(tasks.add, 1, 1))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        next_one = asyncio.create_task(children_.run(tasks.add, 2, 2))
        (tmp_path / "go").touch()
        assert await next_one == 4
        await at_work


async def test_a_task_whose_caller_is_gone_is_killed(tmp_path: Path) -> None:
    async with pool() as children_:
        gone = asyncio.create_task(children_.run(tasks.wait_for, str(tmp_path / "go")))
        child = psutil.Process(int(await seen(tmp_path / "go.begun")))
        gone.cancel()
        await asyncio.wait([gone])
        await ended(child)
        assert await children_.run(tasks.add, 1, 1) == 2


async def test_a_child_without_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "IDLE_S", 0.05)
    async with pool() as children_:
        child = psutil.Process(await children_.run(tasks.own_pid))
        await ended(child)
        assert await children_.run(tasks.own_pid) != child.pid


async def test_a_stream_gives_its_value_and_its_chunks_and_never_holds_them_all() -> None:
    async with pool(memory_mb=50) as children_:
        child = await children_.run(tasks.own_pid)
        async with children_.stream(tasks.letters, 100, 1_000_000) as (value, chunks):
            sizes = [len(chunk) async for chunk in chunks]
        assert (value, sum(sizes)) == ("abc", 100_000_000)
        async with children_.stream(tasks.letters, 100, 10_000):
            pass  # nobody reads
        assert await children_.run(tasks.own_pid) == child


async def test_a_stream_that_breaks_or_is_left_ends_only_itself() -> None:
    async with pool() as children_:
        with pytest.raises(tasks.Refused, match="The rest is missing"):
            async with children_.stream(tasks.broken_stream) as (_, chunks):
                assert [chunk async for chunk in chunks]
        with pytest.raises(RuntimeError, match="enough"):
            async with children_.stream(tasks.letters, 100, 1_000_000) as (_, chunks):
                raise RuntimeError("enough")
        assert await children_.run(tasks.add, 1, 1) == 2


_PARENT = """
import asyncio, sys
from kuber.infra.children import ChildPool
from tests.fakes.child_tasks import wait_for

pool = ChildPool(
    "test", processes=1, waiting=1, time_limit_s=60, memory_mb=200, keep_warm=True
)
asyncio.run(pool.run(wait_for, sys.argv[1]))
"""


async def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PARENT, str(tmp_path / "go")),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    child = psutil.Process(int(await seen(tmp_path / "go.begun")))
    parent.kill()
    await parent.wait()
    await ended(child)


async def test_a_child_that_the_system_cannot_start_is_a_busy_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    async with pool(processes=1, waiting=0) as children_:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "create_subprocess_exec", none_left)
            with pytest.raises(PoolBusy):
                await children_.run(tasks.add, 2, 3)
        assert await children_.run(tasks.add, 2, 3) == 5, "its turn was given back"
