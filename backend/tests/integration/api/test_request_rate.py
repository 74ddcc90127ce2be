"""Requests a minute, leased in blocks from a real Redis by several processes' worth of counters."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from kuber.api.request_rate import BLOCK, RequestRate
from kuber.infra.redis import connect_redis
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id

LIMIT = 1200
ANN, BOB = UserId(new_id()), UserId(new_id())


class Asked(Redis):
    """A Redis that counts how often it is asked for more."""

    times = 0

    async def eval(self, *arguments: object) -> object:
        self.times += 1
        return await super().eval(*arguments)  # type: ignore[arg-type]


@pytest.fixture
async def asked(redis_url: str) -> AsyncIterator[Asked]:
    client = Asked.from_url(redis_url, decode_responses=True)
    assert isinstance(client, Asked)
    yield client
    await client.aclose()


@pytest.fixture
async def nowhere() -> AsyncIterator[Redis]:
    client = connect_redis("redis://127.0.0.1:1/0")
    yield client
    await client.aclose()


async def taken(rate: RequestRate, user: UserId, times: int, limit: int = LIMIT) -> int:
    """Return how many of so many requests are let through, sent all at once."""
    answers = await asyncio.gather(*(rate.take(user, limit) for _ in range(times)))
    return answers.count(None)


async def test_redis_is_asked_for_one_request_in_twenty(asked: Asked, clock: FixedClock) -> None:
    rate = RequestRate(asked, clock)
    assert await taken(rate, ANN, 10 * BLOCK) == 10 * BLOCK
    assert asked.times == 10
    assert await rate.used(ANN) == 10 * BLOCK


async def test_processes_share_the_limit_and_other_users_have_their_own(
    asked: Asked, clock: FixedClock
) -> None:
    rates = [RequestRate(asked, clock) for _ in range(3)]
    counts = [await taken(rate, ANN, LIMIT) for rate in rates]
    assert sum(counts) == LIMIT
    assert await taken(rates[1], BOB, 5) == 5


async def test_who_is_over_the_limit_costs_redis_nothing_until_the_minute_ends(
    asked: Asked, clock: FixedClock
) -> None:
    rate = RequestRate(asked, clock)
    assert await taken(rate, ANN, 30, limit=10) == 10
    asks = asked.times
    wait_s = await rate.take(ANN, 10)
    assert wait_s is not None
    assert 1 <= wait_s <= 60
    assert asked.times == asks
    clock.advance(timedelta(seconds=wait_s))
    assert await rate.take(ANN, 10) is None


async def test_a_limit_that_is_raised_holds_at_once(asked: Asked, clock: FixedClock) -> None:
    rate = RequestRate(asked, clock)
    assert await taken(rate, ANN, 30, limit=10) == 10
    assert await taken(rate, ANN, 30, limit=25) == 15


async def test_without_redis_each_process_counts_for_itself(
    nowhere: Redis, clock: FixedClock
) -> None:
    rate = RequestRate(nowhere, clock)
    assert await taken(rate, ANN, 100, limit=30) == 30
    assert await rate.used(ANN) == 30
