"""Windows of a minute, counted by all processes, on a real Redis."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.infra.rate_limits import MinuteWindows, Use
from kuber.infra.redis import connect_redis


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose()


async def test_uses_are_counted_together_and_the_one_above_the_limit_is_told_to_wait(
    redis: Redis,
) -> None:
    one, other = MinuteWindows(redis, "kuber:test"), MinuteWindows(redis, "kuber:test")
    assert await one.use("ann", 2) == Use(1, None)
    assert await other.use("ann", 2) == Use(2, None)
    third = await one.use("ann", 2)
    assert third.count == 3
    assert third.wait_s is not None
    assert 1 <= third.wait_s <= 60
    assert await one.use("bob", 2) == Use(1, None)


async def test_a_window_ends_a_minute_after_its_first_use(redis: Redis) -> None:
    windows = MinuteWindows(redis, "kuber:test")
    await windows.use("ann", 1)
    [key] = await redis.keys("kuber:test*")
    assert 0 < await redis.ttl(key) <= 60
    await redis.expire(key, 30)
    await windows.use("ann", 1)
    assert await redis.ttl(key) <= 30, "a later use does not prolong it"
    await redis.delete(key)  # the minute is over
    assert await windows.use("ann", 1) == Use(1, None)


async def test_without_redis_the_caller_hears_of_it(redis: Redis) -> None:
    away = connect_redis("redis://127.0.0.1:1")
    with pytest.raises(RedisError):
        await MinuteWindows(away, "kuber:test").use("ann", 1)
    await away.aclose()
