"""An API on real servers, and people who use it."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.infra.db import Database, raw_pool
from kuber.infra.kafka import KafkaProbe
from kuber.infra.redis import connect_redis
from kuber.infra.telemetry import configure_logging
from kuber.kernel.clock import FixedClock
from tests.fakes.api_container import SECRET, AccountsContainer, browser, opener
from tests.fixtures.ledger_books import Books
from tests.fixtures.trading_hall import COIN, Hall, opened


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Log as in production, so that failures are not drawn at length on the terminal."""
    configure_logging("WARNING", "json", "api")


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


@pytest.fixture
def settings(postgres_url: str, redis_url: str, kafka_bootstrap: str, tmp_path: Path) -> Settings:
    """The settings of a development installation on the session's servers."""
    return Settings(
        database_url=SecretStr(postgres_url),
        redis_url=SecretStr(redis_url),
        kafka_bootstrap=kafka_bootstrap,
        jwt_secret=SecretStr(SECRET),
        login_attempts_per_minute=1000,
        uploads_dir=tmp_path / "uploads",
        log_level="WARNING",
    )


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[FastAPI]:
    """The whole API as it is in production, on real servers; no worker takes its runs."""
    application = create_app(partial(open_api, settings))
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def ann(platform: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A signed-in person."""
    async with browser(platform) as opened:
        await sign_in(opened, "ann@example.com")
        yield opened


@pytest.fixture
async def bob(platform: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Another signed-in person."""
    async with browser(platform) as opened:
        await sign_in(opened, "bob@example.com")
        yield opened


@pytest.fixture
async def books(settings: Settings) -> AsyncIterator[Books]:
    """The ledger of the installation."""
    url = settings.database_url.get_secret_value()
    pool = raw_pool(url, size=4, application_name="kuber-test-ledger")
    await pool.open()
    yield Books(url, pool)
    await pool.close()


async def sign_in(client: httpx.AsyncClient, email: str) -> None:
    """Make an account and let `client` speak for it from now on."""
    account = {"email": email, "password": "three quiet herons"}
    assert (await client.post("/api/v1/auth/register", json=account)).status_code == 201
    answer = await client.post("/api/v1/auth/login", json=account)
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@pytest.fixture
async def hall(settings: Settings, ann: httpx.AsyncClient) -> AsyncIterator[Hall]:
    """The order service at work beside the API."""
    async with opened(settings.database_url.get_secret_value()) as found:
        yield found


@pytest.fixture
async def quoted(settings: Settings, ann: httpx.AsyncClient) -> AsyncIterator[Hall]:
    """A coin at 100 and a share abroad, quoted once, without the order service."""
    async with opened(settings.database_url.get_secret_value(), at_work=False) as found:
        for symbol in (COIN, "VOD.L", "^GSPC"):
            await found.quote("100", symbol)
        yield found
