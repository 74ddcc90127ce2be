"""An API on real servers, and people who use it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from kuber.api.app import create_app
from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProbe
from kuber.infra.redis import connect_redis
from kuber.kernel.clock import FixedClock
from tests.fakes.api_container import AccountsContainer, browser, opener


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def accounts(database: Database, redis: Redis, clock: FixedClock) -> AccountsContainer:
    """The services of the API; nobody listens at the address of Kafka."""
    return AccountsContainer(database, redis, KafkaProbe("127.0.0.1:1"), clock)


@pytest.fixture
async def app(accounts: AccountsContainer) -> AsyncIterator[FastAPI]:
    """The started application."""
    application = create_app(opener(accounts))
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as opened:
        yield opened
