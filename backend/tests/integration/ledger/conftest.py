"""The two books on a PostgreSQL of the test's own."""

from collections.abc import AsyncIterator

import pytest

from kuber.infra.db import raw_pool
from tests.fixtures.ledger_books import Books


@pytest.fixture
async def books(postgres_url: str) -> AsyncIterator[Books]:
    pool = raw_pool(postgres_url, size=18, application_name="kuber-test-ledger")
    await pool.open()
    yield Books(postgres_url, pool)
    await pool.close()
