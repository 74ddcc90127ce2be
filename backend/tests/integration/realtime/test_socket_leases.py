"""Leases of live connections, on a real Redis."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from kuber.identity.limit_kinds import DEFAULTS, LimitName, Limits
from kuber.identity.limits import LimitService
from kuber.infra.redis import connect_redis
from kuber.kernel.ids import UserId, new_id
from kuber.realtime import socket_leases
from kuber.realtime.socket_leases import SocketLeases, TooManySockets

MOST = 3
ANN, BOB = UserId(new_id()), UserId(new_id())


class Three(LimitService):
    """Everybody may have three connections."""

    def __init__(self) -> None:
        """Needs no database."""

    async def of(self, user_id: UserId) -> Limits:
        return {**DEFAULTS, LimitName.SOCKETS: MOST}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


def process(redis: Redis, stack: AsyncExitStack) -> SocketLeases:
    leases = SocketLeases(redis, Three())
    stack.push_async_callback(leases.close)
    return leases


async def require_full(leases: SocketLeases) -> None:
    with pytest.raises(TooManySockets, match="3 live connections"):
        async with leases.one(ANN):
            pass


async def test_a_user_has_so_many_connections_over_all_processes(
    redis: Redis, stack: AsyncExitStack
) -> None:
    first, second = process(redis, stack), process(redis, stack)
    for leases in (first, second):
        await stack.enter_async_context(leases.one(ANN))
    async with second.one(ANN):
        await require_full(first)
        async with first.one(BOB):
            assert (await second.used(ANN), await second.used(BOB)) == (3, 1)
    async with first.one(ANN):
        await require_full(second)


async def test_the_connections_of_a_process_that_died_make_room(
    redis: Redis, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_leases, "LEASE_S", 1)
    died, lives = process(redis, stack), process(redis, stack)
    for _ in range(MOST):
        await stack.enter_async_context(died.one(ANN))
    await require_full(lives)
    # Redis' clock decides: what has run out by it counts no more.
    await redis.zadd(f"kuber:sockets:{ANN}", dict.fromkeys(died._held[ANN], 1.0))
    async with lives.one(ANN):
        assert await lives.used(ANN) == 1


async def test_what_is_renewed_lasts_and_comes_back_after_redis_lost_it(
    redis: Redis, stack: AsyncExitStack
) -> None:
    leases = process(redis, stack)
    for _ in range(MOST):
        await stack.enter_async_context(leases.one(ANN))
    await redis.flushall()
    await leases.renew()
    assert await redis.zcard(f"kuber:sockets:{ANN}") == MOST
    await require_full(process(redis, stack))


async def test_without_redis_each_process_counts_its_own(stack: AsyncExitStack) -> None:
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    stack.push_async_callback(nowhere.aclose)
    leases = process(nowhere, stack)
    for _ in range(MOST):
        await stack.enter_async_context(leases.one(ANN))
    await require_full(leases)
    assert await leases.used(ANN) == MOST
