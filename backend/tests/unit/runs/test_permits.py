"""Permits for nodes, and which runs compute."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import pytest

from kuber.kernel.ids import UserId
from kuber.runs.permits import Permits, RunPermits, WorkKind
from kuber.runs.stopping import TimeLimit

ANN, BOB = UserId(UUID(int=1)), UserId(UUID(int=2))


class Nodes:
    """Nodes that work until the test ends them."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(
        self, name: str, permits: Permits, *, by_hand: bool = False, user_id: UserId | None = None
    ) -> None:
        self._ends[name] = asyncio.Event()
        work = self._work(name, permits, user_id or ANN, by_hand)
        self._tasks[name] = asyncio.create_task(work)
        await turns()

    async def _work(self, name: str, permits: Permits, user_id: UserId, by_hand: bool) -> None:
        async with permits.one(user_id, by_hand=by_hand):
            self.began.append(name)
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await turns()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await turns()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


async def test_no_more_work_than_there_are_permits(nodes: Nodes) -> None:
    permits = Permits(2)
    for name in "abcd":
        await nodes.start(name, permits)
    assert nodes.began == ["a", "b"]
    await nodes.end("a")
    assert nodes.began == ["a", "b", "c"]
    await nodes.end("b")
    await nodes.end("c")
    await nodes.end("d")
    for name in "xyz":
        await nodes.start(name, permits)
    assert nodes.began == [*"abcdxy"]


async def test_runs_by_hand_come_first_then_whoever_waited_longest(nodes: Nodes) -> None:
    permits = Permits(1)
    await nodes.start("first", permits)
    await nodes.start("signal", permits)
    await nodes.start("later signal", permits)
    await nodes.start("hand", permits, by_hand=True)
    await nodes.start("later hand", permits, by_hand=True)
    for name in ("first", "hand", "later hand", "signal"):
        await nodes.end(name)
    assert nodes.began == ["first", "hand", "later hand", "signal", "later signal"]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_many_waits_of_one_user_stand_behind_the_first_of_another(
    nodes: Nodes, by_hand: bool
) -> None:
    permits = Permits(1)
    for name in ("a0", "a1", "a2", "a3"):
        await nodes.start(name, permits, by_hand=by_hand)
    await nodes.start("b1", permits, by_hand=by_hand, user_id=BOB)
    await nodes.end("a0")
    await nodes.end("a1")
    await nodes.start("b2", permits, by_hand=by_hand, user_id=BOB)
    for name in ("b1", "a2", "b2"):
        await nodes.end(name)
    assert nodes.began == ["a0", "a1", "b1", "a2", "b2", "a3"]


async def test_runs_by_hand_of_one_user_do_not_starve_the_signals_of_another(
    nodes: Nodes,
) -> None:
    permits = Permits(1)
    await nodes.start("a0", permits, by_hand=True)
    await nodes.start("signal", permits, user_id=BOB)
    for number in range(1, 12):
        await nodes.start(f"a{number}", permits, by_hand=True)
    for number in range(9):
        await nodes.end(f"a{number}")
    assert nodes.began[:9] == [f"a{number}" for number in range(8)] + ["signal"]


async def test_a_permit_of_work_that_was_called_off_is_not_lost(nodes: Nodes) -> None:
    permits = Permits(1)
    await nodes.start("a", permits)
    await nodes.start("b", permits)
    await nodes.start("c", permits)
    await nodes.cancel("b")
    await nodes.end("a")
    assert nodes.began == ["a", "c"]
    await nodes.cancel("c")
    await nodes.start("d", permits)
    assert nodes.began == ["a", "c", "d"]


async def test_a_permit_that_is_given_at_the_moment_of_a_cancel_goes_on(nodes: Nodes) -> None:
    permits = Permits(1)
    for name in "abc":
        await nodes.start(name, permits)
    nodes._ends["a"].set()
    await asyncio.sleep(0)  # a gives its permit to b, which has not yet taken it
    assert nodes.began == ["a"]
    await nodes.cancel("b")
    assert nodes.began == ["a", "c"]


def _computes(run: RunPermits) -> bool:
    return run.computes


def one_each(most: int = 1) -> dict[WorkKind, Permits]:
    return {kind: Permits(most) for kind in WorkKind}


async def test_a_run_computes_unless_all_that_goes_on_in_it_is_outside() -> None:
    ceased: list[bool] = []
    run = RunPermits(one_each(), ANN, False, lambda: ceased.append(True))
    assert _computes(run)
    async with run.hold(WorkKind.COMPUTING):
        assert _computes(run)
        async with run.hold(WorkKind.MODEL):
            assert _computes(run)
            assert ceased == []
    async with run.hold(WorkKind.MODEL):
        assert not _computes(run)
        assert ceased == [True]
        async with run.hold(WorkKind.PLUGIN):
            assert not _computes(run)
    assert _computes(run)
    assert ceased == [True]


async def test_a_run_that_waits_for_a_model_does_not_compute_one_that_waits_to_compute_does() -> (
    None
):
    permits = one_each()
    other, run = RunPermits(permits, ANN, False), RunPermits(permits, ANN, False)
    for kind, computes in ((WorkKind.MODEL, False), (WorkKind.COMPUTING, True)):
        async with other.hold(kind):
            waits = asyncio.create_task(_hold(run, kind))
            await turns()
            assert run.computes is computes
            waits.cancel()
            await turns()
        assert run.computes


async def _hold(run: RunPermits, kind: WorkKind) -> None:
    async with run.hold(kind):
        await asyncio.Event().wait()


async def test_time_counts_as_queued_only_while_nothing_of_the_run_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    permits = one_each()
    run = RunPermits(permits, ANN, False)
    async with RunPermits(permits, ANN, False).hold(WorkKind.MODEL):
        now[0] += 1
        waits = asyncio.create_task(_hold(run, WorkKind.MODEL))
        await turns()
        now[0] += 2
        assert run.queued_s == 2
        async with run.hold(WorkKind.PLUGIN):
            now[0] += 4
            assert run.queued_s == 2
        now[0] += 8
        assert run.queued_s == 10
    await turns()
    now[0] += 16
    assert run.queued_s == 10
    waits.cancel()


async def test_a_limit_is_as_much_longer_as_nothing_went_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, reached, armed = asyncio.get_running_loop(), [False], list[tuple[float, object]]()

    def call_later(delay: float, call: Callable[[], None]) -> asyncio.Handle:
        armed.append((round(delay, 3), call))
        return loop.call_soon(lambda: None)

    now = [0.0]
    monkeypatch.setattr(loop, "call_later", call_later)
    monkeypatch.setattr(loop, "time", lambda: now[0])
    idle = [0.0]
    TimeLimit(10, lambda: idle[0], lambda: reached.__setitem__(0, True))
    now[0], idle[0] = 10.0, 4.0
    _look(armed)
    assert ([delay for delay, _ in armed], reached) == ([10, 4], [False])
    now[0] = 14.0
    _look(armed)
    assert reached == [True]


def _look(armed: list[tuple[float, object]]) -> None:
    call = armed[-1][1]
    assert callable(call)
    call()
