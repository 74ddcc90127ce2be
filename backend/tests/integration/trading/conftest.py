"""What tests of orders stand on."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from kuber.infra.db import raw_pool
from kuber.kernel.clock import FixedClock
from tests.fakes.resting_venue import FillingVenue
from tests.fixtures.order_desk import USER, Desk, Watched


@pytest.fixture
async def desk(postgres_url: str, clock: FixedClock) -> AsyncIterator[Desk]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'ann@example.com', '-', 'user', 'FREE', now())",
            (USER,),
        )
        connection.execute(
            "with made as (insert into pipelines (id, user_id, name, graph, graph_digest, mode,"
            " trigger, status, revision, version, updated_at) values (gen_random_uuid(), %s,"
            " 'Mine', '{}', '', 'simulation', '{}', 'draft', 1, 0, now()) returning id)"
            " insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)"
            " select gen_random_uuid(), id, '', '{}', 0, now() from made",
            (USER,),
        )
    pool = raw_pool(postgres_url, size=12, application_name="kuber-test")
    await pool.open()
    yield Desk(pool, clock, Watched(FillingVenue()))
    await pool.close()
