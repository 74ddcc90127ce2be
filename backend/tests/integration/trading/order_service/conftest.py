"""The order service on a PostgreSQL of the test's own."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kuber.infra.db import Database, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.trading.accounts.service import AccountService
from tests.fixtures.trading_floor import CALM, MONDAY, USER, Floor


@pytest.fixture
async def floor(postgres_url: str, database: Database) -> AsyncIterator[Floor]:
    """A user with one calm account, and the service on a Monday in New York."""
    clock = FixedClock(MONDAY)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'ann@example.com', '-', 'user', 'FREE', now())",
            (USER,),
        )
    service = AccountService(clock)
    async with database.transaction() as session:
        await service.ensure_first(session, USER)
        (account,) = (await service.page(session, USER)).items
    pool = raw_pool(postgres_url, size=4, application_name="kuber-test-floor")
    await pool.open()
    floor = Floor(postgres_url, pool, clock, account.id)
    await floor.rows("update accounts set simulation = %(o)s", {"o": Jsonb(CALM)})
    await floor.open()
    yield floor
    await floor.die()
    await pool.close()
