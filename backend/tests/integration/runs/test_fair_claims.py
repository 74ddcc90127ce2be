"""Which runs a worker takes up first, and of whom it takes no more."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest

from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId
from kuber.runs.batches import Ending, RunBatch
from kuber.runs.statements import CLAIM
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, RunStatus
from kuber.runs.writer import RunWriter
from tests.fakes.queued_runs import queue_runs
from tests.fakes.subscribers import add_user
from tests.fixtures.limits import allow

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)


class Queue:
    """Runs of users, and workers that claim them."""

    def __init__(self, url: str, pool: RawPool) -> None:
        self._url = url
        self._pool = pool
        self.store = self.worker("worker")
        self._writer = RunWriter(pool, FixedClock(NOW), Decimal(25))

    def worker(self, name: str) -> RunStore:
        return RunStore(self._pool, FixedClock(NOW), name, lease_s=600)

    async def add(self, user: UserId, count: int, started_by: str = "signal") -> None:
        """Queue runs of a pipeline of the user."""
        await queue_runs(self._url, self._pool, user, count, NOW, started_by)

    async def claim(self, count: int) -> list[ClaimedRun]:
        return await self.store.claim(count)

    async def finish(self, *runs: ClaimedRun) -> None:
        for run in runs:
            await self._writer.write(
                RunBatch(run, run.flushes + 1, 7, ending=Ending(RunStatus.SUCCEEDED))
            )


@pytest.fixture
async def queue(postgres_url: str) -> AsyncIterator[Queue]:
    pool = raw_pool(postgres_url, size=2, application_name="test")
    await pool.open()
    yield Queue(postgres_url, pool)
    await pool.close()


@pytest.fixture
def ann(postgres_url: str) -> UserId:
    user = add_user(postgres_url)
    allow(postgres_url, str(user), running_runs=3)
    return user


@pytest.fixture
def bob(postgres_url: str) -> UserId:
    return add_user(postgres_url)


async def test_many_runs_of_one_user_do_not_stand_before_the_one_of_another(
    queue: Queue, ann: UserId, bob: UserId
) -> None:
    await queue.add(ann, 40)
    await queue.add(bob, 1)
    order = [run.user_id for _ in range(4) for run in await queue.claim(1)]
    assert order == [ann, bob, ann, ann]
    assert await queue.claim(8) == []  # as many of Ann's are running as may


async def test_a_run_that_ended_makes_room_for_the_next_of_its_user(
    queue: Queue, ann: UserId
) -> None:
    await queue.add(ann, 5)
    held = await queue.claim(3)
    assert (len(held), await queue.claim(1)) == (3, [])
    await queue.finish(held[0])
    assert [run.user_id for run in await queue.claim(1)] == [ann]
    assert await queue.claim(1) == []


async def test_one_claim_takes_no_more_of_a_user_than_may_run(
    queue: Queue, ann: UserId, bob: UserId
) -> None:
    await queue.add(ann, 5)
    held = await queue.claim(2)
    assert [run.user_id for run in held] == [ann] * 2
    await queue.add(bob, 1)
    assert sorted(run.user_id for run in await queue.claim(8)) == sorted([ann, bob])
    await queue.finish(*held)
    assert [run.user_id for run in await queue.claim(8)] == [ann] * 2


async def test_a_run_that_waits_for_its_users_others_is_no_backlog(
    queue: Queue, ann: UserId, bob: UserId
) -> None:
    await queue.add(ann, 4)
    held = await queue.claim(3)
    assert not await queue.store.backlog()
    await queue.add(bob, 1)
    assert await queue.store.backlog()
    [of_bob] = await queue.claim(8)
    assert of_bob.user_id == bob
    await queue.finish(held[0])
    assert await queue.store.backlog()


async def test_of_one_user_a_run_by_hand_comes_before_those_that_started_by_themselves(
    queue: Queue, bob: UserId
) -> None:
    await queue.add(bob, 2, "schedule")
    await queue.add(bob, 2, "signal")
    await queue.add(bob, 2, "manual")
    order = [run.started_by for _ in range(6) for run in await queue.claim(1)]
    assert order == ["manual"] * 2 + ["schedule"] * 2 + ["signal"] * 2


async def test_of_several_users_in_their_turn_who_waits_in_person_comes_first(
    queue: Queue, ann: UserId, bob: UserId
) -> None:
    await queue.add(bob, 1, "schedule")
    await queue.add(ann, 1, "manual")
    assert [run.user_id for _ in range(2) for run in await queue.claim(1)] == [ann, bob]


async def test_several_users_with_many_runs_do_not_stand_before_another(
    queue: Queue, ann: UserId, postgres_url: str
) -> None:
    busy = [add_user(postgres_url) for _ in range(3)]
    for user in busy:
        await queue.add(user, 20, "manual")
    held = await queue.claim(5)
    assert {run.user_id for run in held} == set(busy)
    await queue.add(ann, 1)
    assert ann in {run.user_id for run in await queue.claim(1)}


async def test_users_take_turns_also_by_what_other_workers_hold(
    queue: Queue, bob: UserId, postgres_url: str
) -> None:
    eve = add_user(postgres_url)
    await queue.add(bob, 20)
    assert len(await queue.worker("other").claim(4)) == 4
    await queue.add(eve, 20)
    claimed = [run.user_id for run in await queue.claim(6)]
    assert sorted(claimed, key=str) == sorted([eve] * 5 + [bob], key=str)


async def test_claims_at_the_same_moment_take_different_runs(
    queue: Queue, bob: UserId, postgres_url: str
) -> None:
    await queue.add(bob, 12)
    async with await psycopg.AsyncConnection.connect(postgres_url) as other:
        cursor = await other.execute(
            CLAIM, {"worker": "other", "lease_s": 600, "now": NOW, "count": 4, "day": NOW.date()}
        )
        taken = {row[0] for row in await cursor.fetchall()}
        found = {run.id for run in await queue.claim(4)}
        await other.commit()
    assert (len(taken), len(found), taken & found) == (4, 4, set())
