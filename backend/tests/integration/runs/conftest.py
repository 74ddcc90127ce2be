"""Engines on a database of their own."""

from collections.abc import AsyncIterator

import pytest

from kuber.infra.db import raw_pool
from tests.fakes.engines import Scene


@pytest.fixture
async def scene(postgres_url: str) -> AsyncIterator[Scene]:
    pool = raw_pool(postgres_url, size=20, application_name="test")
    await pool.open()
    yield Scene(postgres_url, pool)
    await pool.close()
