"""A user with accounts on a PostgreSQL of the test's own."""

from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from kuber.infra.db import Database, raw_pool
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId
from kuber.trading.accounts.schemas import AccountOut
from kuber.trading.accounts.service import AccountService
from tests.fixtures.ledger_books import Books

USER = UserId(UUID(int=77))
SERVICE = AccountService(SystemClock())


@pytest.fixture
async def books(postgres_url: str) -> AsyncIterator[Books]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'ann@example.com', '-', 'user', 'FREE', now())",
            (USER,),
        )
    pool = raw_pool(postgres_url, size=4, application_name="kuber-test-ledger")
    await pool.open()
    yield Books(postgres_url, pool)
    await pool.close()


@pytest.fixture
async def account(database: Database, books: Books) -> AccountOut:
    """The user's first account."""
    async with database.transaction() as session:
        await SERVICE.ensure_first(session, USER)
        (made,) = (await SERVICE.page(session, USER)).items
    return made
