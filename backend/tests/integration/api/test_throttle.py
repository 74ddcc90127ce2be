"""Guessing is slowed down, with Redis and without it."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from kuber.identity.errors import RateLimited
from kuber.identity.throttle import Throttle
from kuber.infra.redis import connect_redis
from kuber.kernel.clock import FixedClock
from tests.fakes.api_container import SECRET, AccountsContainer, browser

PLACE = "10.0.0.1"


@pytest.fixture
def accounts(accounts: AccountsContainer) -> AccountsContainer:
    accounts.attempts_per_minute = 3
    accounts.__post_init__()
    return accounts


async def attempt(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/api/v1/auth/login", json={"email": email, "password": "a guess"})


async def test_the_fourth_guess_at_an_account_from_one_place_must_wait(
    app: FastAPI, client: httpx.AsyncClient, redis: Redis
) -> None:
    statuses = [(await attempt(client, "ann@example.com")).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    refused = await attempt(client, "ANN@example.com ")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert (await attempt(client, "bob@example.com")).status_code == 401
    async with browser(app, ip="10.0.0.2") as elsewhere:
        assert (await attempt(elsewhere, "ann@example.com")).status_code == 401
    for key in await redis.keys("kuber:throttle:*"):
        assert "ann" not in key
        assert 0 < await redis.pttl(key) <= 60_000


async def test_every_spelling_of_an_account_counts_for_the_same_account(
    client: httpx.AsyncClient,
) -> None:
    spellings = ("ann@example.com", "ann@\uff45xample.com", " Ann@ex\uff41mple.com")
    statuses = [(await attempt(client, one)).status_code for one in spellings]
    assert statuses == [401] * 3
    for one in ("ann@e\uff58ample.com", "ANN@EXAMPLE\u3002com", "ann@example.com"):
        assert (await attempt(client, one)).status_code == 429, one


async def test_what_is_no_address_takes_nothing_from_those_that_are(
    client: httpx.AsyncClient,
) -> None:
    statuses = [(await attempt(client, "ann.example.com")).status_code for _ in range(4)]
    assert statuses == [401] * 3 + [429]
    assert (await attempt(client, "ann@example.com")).status_code == 401


async def test_one_place_cannot_go_through_many_accounts(client: httpx.AsyncClient) -> None:
    statuses = [(await attempt(client, f"u{n}@example.com")).status_code for n in range(16)]
    assert statuses == [401] * 15 + [429]


async def test_one_place_cannot_make_accounts_without_end(client: httpx.AsyncClient) -> None:
    statuses = [
        (
            await client.post("/api/v1/auth/register", json={"email": "x", "password": "y" * 10})
        ).status_code
        for _ in range(16)
    ]
    assert statuses == [422] * 15 + [429]


async def test_without_redis_the_process_counts_for_itself(clock: FixedClock) -> None:
    redis = connect_redis("redis://127.0.0.1:1/0")
    throttle = Throttle(redis, clock, per_minute=2, secret=SECRET)
    for _ in range(2):
        await throttle.log_in("ann@example.com", PLACE)
    with pytest.raises(RateLimited) as refused:
        await throttle.log_in("ann@example.com", PLACE)
    assert refused.value.retry_after_s is not None
    clock.advance(timedelta(seconds=61))
    await throttle.log_in("ann@example.com", PLACE)
    await redis.aclose()


async def test_all_addresses_of_one_ipv6_line_are_one_place(
    redis: Redis, clock: FixedClock
) -> None:
    throttle = Throttle(redis, clock, per_minute=2, secret=SECRET)
    for last in range(2):
        await throttle.log_in("ann@example.com", f"2001:db8:0:1::{last}")
    with pytest.raises(RateLimited):
        await throttle.log_in("ann@example.com", "2001:db8:0:1:ffff::9")
    await throttle.log_in("ann@example.com", "2001:db8:0:2::1")
