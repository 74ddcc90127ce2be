"""Worker processes are told of runs by an announcement; a task is for when none listens."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from redis.asyncio import Redis

from kuber.infra.redis import connect_redis
from kuber.kernel.backoff import Backoff
from kuber.workers import announcements
from kuber.workers.announcements import CHANNEL, listen
from kuber.workers.celery_app import Waker
from tests.fixtures.waiting import until_async


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    connected = connect_redis(redis_url)
    yield connected
    await connected.aclose()


class Tasks:
    """What Celery was asked to send."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_task(self, name: str, **_: object) -> None:
        self.sent.append(name)


async def subscribers(redis: Redis) -> int:
    [(_, count)] = await redis.pubsub_numsub(CHANNEL)
    return int(count)


async def test_who_listens_is_told_and_no_task_is_sent(redis: Redis) -> None:
    heard, tasks = [0, 0], Tasks()
    waker = Waker(tasks, redis)

    def hear(who: int) -> None:
        heard[who] += 1

    await waker.wake()
    assert len(tasks.sent) == 1, "nobody listens yet"
    listening = [asyncio.create_task(listen(redis, partial(hear, who))) for who in (0, 1)]
    await until_async(lambda: heard == [1, 1], "both look once they listen")
    await waker.wake()
    await until_async(lambda: heard == [2, 2], "both look")
    assert len(tasks.sent) == 1
    for task in listening:
        task.cancel()
    await asyncio.wait(listening)

    async def gone() -> bool:
        return not await subscribers(redis)

    await until_async(gone, "nobody listens")
    await waker.clear_wake_token()
    await waker.wake()
    assert len(tasks.sent) == 2


async def test_who_was_cut_off_listens_again_and_looks_for_what_was_missed(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "_BACKOFF", Backoff(first_s=0.01, longest_s=0.1))
    heard = [0]

    def hear() -> None:
        heard[0] += 1

    listening = asyncio.create_task(listen(redis, hear))
    await until_async(lambda: heard == [1], "it listens")
    for client in await redis.client_list(_type="pubsub"):
        await redis.client_kill_filter(_id=client["id"])
    await until_async(lambda: heard[0] >= 2, "it looks again")
    listening.cancel()
    await asyncio.wait([listening])
