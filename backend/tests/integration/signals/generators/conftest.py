"""A database with the sample history, and a market that stands at any time."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
import pytest

from kuber.infra.db import Database, JsonObject, RawPool, raw_pool
from kuber.infra.embedded.postgres import PostgresServer
from kuber.kernel.clock import FixedClock
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.signals.generators.runner import GeneratorRunner
from kuber.signals.generators.service import GeneratorService
from tests.fakes.bars import utc
from tests.fakes.generator_bars import REGISTRY

_numbers = count(1)


@pytest.fixture
def seeded_url(postgres_server: PostgresServer, seeded_database: str) -> Iterator[str]:
    """The URL of a database of this test alone, with the sample history."""
    name = f"generators_{next(_numbers)}"
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {seeded_database}")
        yield postgres_server.url_of(name)
        admin.execute(f"drop database {name} with (force)")


@dataclass
class Workshop:
    """Generators on stored history, with a clock that the test moves."""

    url: str
    database: Database
    pool: RawPool
    clock: FixedClock

    def __post_init__(self) -> None:
        self.market = MarketService(self.pool, self.clock, MarketSimulator(7))
        self.service = GeneratorService(REGISTRY, self.market, self.clock)

    def runner(self, instance: str = "one", **options: Any) -> GeneratorRunner:
        """Return an instance that looks for generators on every pass."""
        return GeneratorRunner(
            self.database,
            self.market,
            REGISTRY,
            self.clock,
            instance,
            **{"claim_every_s": 0.0, **options},
        )

    async def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

    async def announced(self) -> list[JsonObject]:
        """Return what waits in the outbox, in its order."""
        rows = await self.query(
            "select payload from outbox where topic = 'signals.raw' order by id"
        )
        return [payload for (payload,) in rows]


@pytest.fixture
async def workshop(seeded_url: str) -> AsyncIterator[Workshop]:
    database = Database(seeded_url, pool_size=4)
    pool = raw_pool(seeded_url, size=4, application_name="kuber-test")
    await pool.open()
    yield Workshop(seeded_url, database, pool, FixedClock(utc("2008-01-02")))
    await pool.close()
    await database.close()
