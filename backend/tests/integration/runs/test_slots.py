"""What one process does at a time, and who waits for whom: structure, no times."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from kuber.kernel.ids import RunId
from kuber.runs import context
from kuber.runs.engine import LEAST_CLAIMED, SPARE_CLAIMS, RunEngine
from kuber.runs.permits import WorkKind
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun
from tests.fakes.engines import OPTIONS, Scene
from tests.fakes.graphs import chain, graph, node
from tests.fakes.subscribers import add_user
from tests.fixtures.waiting import until_async

SLOW = chain(node("paid", "fake_paid"))
RULES = graph([node("start", "manual_trigger")], [])
FLOOD = 10_000

pytestmark = pytest.mark.timeout(600)

long_until = partial(until_async, within_s=180)
"""For many runs at once on a machine that does other things too."""


class Model:
    """Answers when the test lets it."""

    def __init__(self, scene: Scene, *names: str) -> None:
        self.asked = 0
        self.most = 0
        self.order: list[str] = []
        self._now = 0
        self._gate = asyncio.Semaphore(0)
        scene.script.always |= dict.fromkeys(names or ("paid",), self._answer)

    async def _answer(self, agent: Any, state: Any) -> None:
        self.asked += 1
        self._now += 1
        self.most = max(self.most, self._now)
        self.order.append(agent.context.started_by)
        await self._gate.acquire()
        self._now -= 1

    @property
    def waits(self) -> int:
        """How many wait for an answer."""
        return self._now

    def answer(self, count: int) -> None:
        for _ in range(count):
            self._gate.release()


async def ended(scene: Scene, ids: list[RunId]) -> bool:
    [[count]] = await scene.rows(
        "select count(*) from runs where id = any(%s) and status = 'succeeded'", ids
    )
    return bool(count == len(ids))


async def end(engine: RunEngine, drain: asyncio.Task[int]) -> None:
    await engine.end()
    await drain


async def test_64_runs_of_8_users_that_wait_for_a_model_do_not_hold_up_a_run_by_rules(
    scene: Scene, postgres_url: str
) -> None:
    model, engine = Model(scene), scene.engine()
    slow = [
        run_id
        for _ in range(8)
        for run_id in await scene.add(add_user(postgres_url), SLOW, count=8)
    ]
    drain = asyncio.create_task(engine.drain())
    await long_until(lambda: len(engine._held) == 64, "that all are open")
    assert model.asked == OPTIONS.models == 10
    quick = await scene.add(add_user(postgres_url), RULES)
    await long_until(lambda: ended(scene, quick), "the end of the run by rules")
    await long_until(lambda: len(engine._held) == 64, "that it is let go")
    assert model.asked == 10
    model.answer(64)
    await drain
    assert await ended(scene, slow)
    assert (model.asked, model.most) == (64, 10)


async def test_no_more_runs_are_open_than_may_be(scene: Scene, postgres_url: str) -> None:
    model = Model(scene)
    engine = scene.engine(replace(OPTIONS, open_runs=20))
    for _ in range(3):
        await scene.add(add_user(postgres_url), SLOW, count=10)
    drain = asyncio.create_task(engine.drain())
    await long_until(lambda: len(engine._held) == 20, "twenty open runs")
    model.answer(1)
    taken = "select count(*) from runs where claim_epoch > 0"
    await long_until(
        lambda: _is(scene, taken, 21), "one more, for the one that the model has answered"
    )
    assert len(engine._held) == 20
    model.answer(29)
    await drain


async def test_runs_that_compute_are_not_hoarded(
    scene: Scene, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "_OWN", "")  # scripted agents count as built in
    model = Model(scene, "judge")
    engine = scene.engine()
    for _ in range(3):
        await scene.add(add_user(postgres_url), chain(node("judge", "fake_judge")), count=10)
    drain = asyncio.create_task(engine.drain())
    await long_until(lambda: model.asked == OPTIONS.computing, "as many as may compute")
    most = OPTIONS.computing + SPARE_CLAIMS
    await long_until(lambda: len(engine._held) == most, "a few more, that wait")
    by_hand = await scene.add(add_user(postgres_url), RULES, started_by="manual")
    answers = 0

    async def over() -> bool:
        nonlocal answers
        if await ended(scene, by_hand):
            return True
        if model.waits == OPTIONS.computing:  # nothing goes on but by an answer
            model.answer(1)
            answers += 1
        return False

    await long_until(over, "the run by hand")
    # Places for the next claim, a permit for each of its two nodes, two to spare.
    assert answers <= LEAST_CLAIMED + 4
    model.answer(30 - answers)
    await drain


async def test_a_busy_process_claims_several_runs_at_once(
    scene: Scene, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    claim = RunStore.claim

    async def counting(store: RunStore, count: int) -> list[ClaimedRun]:
        asked.append(count)
        return await claim(store, count)

    monkeypatch.setattr(RunStore, "claim", counting)
    runs = await scene.add(add_user(postgres_url), RULES, count=40)
    await scene.engine().drain()
    assert await ended(scene, runs)
    assert min(asked) >= LEAST_CLAIMED


async def test_a_node_of_a_run_by_hand_is_next_at_the_model(
    scene: Scene, postgres_url: str
) -> None:
    model = Model(scene)
    engine = scene.engine(replace(OPTIONS, models=1))
    await scene.add(add_user(postgres_url), SLOW, count=5)
    drain = asyncio.create_task(engine.drain())
    await long_until(lambda: model.asked == 1 and len(engine._held) == 5, "five open runs")
    await scene.add(add_user(postgres_url), SLOW, started_by="manual")
    await long_until(lambda: len(engine._held) == 6, "the run by hand")
    queue = engine._permits[WorkKind.MODEL]._queue
    await long_until(lambda: len(queue) == 5, "it and four others before the model")
    model.answer(6)
    await drain
    assert model.order[:2] == ["signal", "manual"]


@pytest.mark.parametrize("names", [("one", "two"), ("alone",)], ids=["two", "one process"])
async def test_t35_a_flood_of_one_user_holds_up_nobody_else(
    scene: Scene, postgres_url: str, names: tuple[str, ...]
) -> None:
    flooder = add_user(postgres_url)
    flood = await scene.add(flooder, RULES, count=FLOOD)
    engines = [scene.engine(store=scene.new_store(name)) for name in names]
    drains = [asyncio.create_task(engine.drain()) for engine in engines]
    begun = "select 1 from runs where user_id = %s and status <> 'pending' limit 1"
    await long_until(lambda: scene.rows(begun, flooder), "the flood's first run")
    others = [run_id for _ in range(5) for run_id in await scene.add(add_user(postgres_url), RULES)]
    await long_until(lambda: ended(scene, others), "the runs of the others")
    [[left]] = await scene.rows(
        "select count(*) from runs where id = any(%s) and finished_at is null", flood
    )
    assert left > FLOOD / 2
    for engine, drain in zip(engines, drains, strict=True):
        await end(engine, drain)


async def _is(scene: Scene, statement: str, count: int) -> bool:
    return bool(await scene.rows(statement) == [(count,)])
