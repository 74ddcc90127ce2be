"""Which runs that wait are woken, and at which moment they go on."""

import asyncio
from datetime import timedelta

import pytest

from kuber.agents.base import TriggerNotMet
from kuber.kernel.ids import RunId, UserId
from tests.fakes.engines import START, Scene
from tests.fakes.graphs import chain, node
from tests.fakes.subscribers import add_user
from tests.fixtures.waiting import until_async

WATCH = chain(node("watcher", "fake_watcher"))
AGAIN_S = 30.0


@pytest.fixture
def ann(postgres_url: str) -> UserId:
    return add_user(postgres_url)


def unmet(agent: object, state: object) -> None:
    raise TriggerNotMet("Not yet.")


async def waiting(scene: Scene, user: UserId, count: int = 1) -> list[RunId]:
    """Return runs whose trigger was not met and is asked again after `AGAIN_S`."""
    scene.script.deeds["watcher"] = [unmet] * count
    runs = await scene.add(user, WATCH, count=count)
    await scene.engine().drain()
    assert await statuses(scene, runs) == ["waiting"] * count
    return runs


async def statuses(scene: Scene, runs: list[RunId]) -> list[object]:
    return [(await scene.run(run_id))["status"] for run_id in runs]


async def test_a_run_is_woken_at_the_moment_that_it_waits_for_and_not_before(
    scene: Scene, ann: UserId
) -> None:
    [run_id] = await waiting(scene, ann)
    scene.clock.move(AGAIN_S - 0.001)
    assert await scene.store.sweep() == 0
    scene.clock.move(0.001)
    assert await scene.store.sweep() == 1
    run = await scene.run(run_id)
    assert (run["status"], run["wake_at"], run["waits_for"]) == ("pending", None, None)
    assert await scene.store.sweep() == 0


async def test_a_run_that_was_called_off_as_it_went_to_wait_is_woken_and_ends(
    scene: Scene, ann: UserId
) -> None:
    called_off, other = await waiting(scene, ann, 2)
    await scene.rows(
        "update runs set cancel_requested = true where id = %s returning 1", called_off
    )
    await scene.later(0)
    assert await statuses(scene, [called_off, other]) == ["cancelled", "waiting"]


@pytest.mark.parametrize("real_time", [True, False])
async def test_a_trigger_looks_at_the_present_unless_its_run_is_of_the_past(
    scene: Scene, ann: UserId, real_time: bool
) -> None:
    [run_id] = await waiting(scene, ann)
    await scene.rows("update runs set real_time = %s where id = %s returning 1", real_time, run_id)
    await scene.later(AGAIN_S)
    assert await statuses(scene, [run_id]) == ["succeeded"]
    later = START + timedelta(seconds=AGAIN_S)
    assert scene.script.as_of["watcher"] == [START, later if real_time else START]


async def test_a_run_whose_row_somebody_has_keeps_no_other_waiting(
    scene: Scene, ann: UserId
) -> None:
    held, other = await waiting(scene, ann, 2)
    scene.clock.move(AGAIN_S)
    locked = "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
    async with scene.pool.connection() as connection, connection.transaction():
        await connection.execute("select 1 from runs where id = %s for update", (held,))
        sweep = asyncio.create_task(scene.store.sweep())
        await until_async(lambda: sweep.done() or _found(scene, locked), "the sweep or its wait")
        assert sweep.done()
        assert await statuses(scene, [held, other]) == ["waiting", "pending"]
    await sweep
    assert await scene.store.sweep() == 1


async def _found(scene: Scene, query: str) -> bool:
    return bool(await scene.rows(query))
