"""A server is away once it was silent for long enough, and back with its first answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisTimedOut

from kuber.infra.presence import Presence
from kuber.infra.redis import CircuitBreaker
from tests.fixtures.waiting import until_async


class Server:
    """Answers while `well`; hangs or, when `refuses`, raises otherwise."""

    def __init__(self) -> None:
        self.well = asyncio.Event()
        self.refuses = False
        self.asked = 0

    async def ask(self) -> None:
        self.asked += 1
        if self.refuses:
            raise OSError("nobody listens")
        await self.well.wait()


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[Presence]:
    presence = Presence("it", every_s=0.01, patience_s=0.03)
    watching = asyncio.create_task(presence.watch(server.ask))
    yield presence
    watching.cancel()
    await asyncio.wait((watching,))


async def test_a_server_that_hangs_is_away_until_it_answers() -> None:
    server, gone = Server(), []
    async with watched(server) as presence:
        presence.when_away = lambda: gone.append(True)
        await until_async(lambda: presence.away, "an absence")
        assert gone == [True]
        assert server.asked <= 3, "questions that hang do not pile up"
        server.well.set()
        await until_async(lambda: not presence.away, "a return")


async def test_a_server_that_refuses_is_away_too() -> None:
    server = Server()
    server.refuses = True
    async with watched(server) as presence:
        await until_async(lambda: presence.away, "an absence")


async def test_a_server_that_answers_stays() -> None:
    server = Server()
    server.well.set()
    async with watched(server) as presence:
        await until_async(lambda: server.asked > 10, "ten questions")
        assert not presence.away


async def hang() -> None:
    await asyncio.Event().wait()


async def fine() -> str:
    return "answer"


async def test_calls_fail_at_once_after_one_that_hung_until_redis_is_back() -> None:
    back = asyncio.Event()
    breaker = CircuitBreaker(back.wait, within_s=0.02, pause_s=0)
    with pytest.raises(RedisTimedOut, match="within"):
        await breaker.bound(hang())
    with pytest.raises(RedisTimedOut, match="a moment ago"):
        breaker.check()
    back.set()
    await until_async(lambda: passes(breaker), "a Redis that is asked again")
    assert await breaker.bound(fine()) == "answer"


async def test_redis_is_asked_until_it_answers() -> None:
    answers = [RedisAway("refused"), RedisTimedOut("hangs"), None]

    async def ask() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    breaker = CircuitBreaker(ask, within_s=0.02, pause_s=0)
    with pytest.raises(RedisTimedOut):
        await breaker.bound(hang())
    await until_async(lambda: passes(breaker), "a Redis that is asked again")
    assert answers == []


def passes(breaker: CircuitBreaker) -> bool:
    try:
        breaker.check()
    except RedisTimedOut:
        return False
    return True
