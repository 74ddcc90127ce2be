"""Events are forgotten after 7 days, and not before."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from kuber.infra.db import RawPool, raw_pool
from kuber.infra.history import KEPT
from kuber.infra.history_retention import OLD_EVENTS
from kuber.infra.retention import Retention
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import new_id


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=1, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


async def happened(pool: RawPool, clock: FixedClock, ago: timedelta, name: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "insert into event_history (id, at, type, service, correlation_id, data)"
            " values (%s, %s, %s, 'api', 'c', '{}')",
            (new_id(), clock.now() - ago, name),
        )


async def left(pool: RawPool) -> list[str]:
    async with pool.connection() as connection:
        query = "select type from event_history order by at"
        return [row[0] for row in await (await connection.execute(query)).fetchall()]


async def test_events_are_kept_for_seven_days(pool: RawPool, clock: FixedClock) -> None:
    second = timedelta(seconds=1)
    for ago, name in ((KEPT + second, "too old"), (KEPT, "just kept"), (second, "new")):
        await happened(pool, clock, ago, name)
    assert await Retention(pool, clock, OLD_EVENTS).run_once() == 1
    assert await left(pool) == ["just kept", "new"]


async def test_many_are_forgotten_in_batches_and_then_once_an_hour(
    pool: RawPool, clock: FixedClock
) -> None:
    for _ in range(5):
        await happened(pool, clock, timedelta(days=8), "old")
    retention = Retention(pool, clock, replace(OLD_EVENTS, batch=2))
    assert [await retention.run_once() for _ in range(4)] == [2, 2, 1, 0]
    await happened(pool, clock, timedelta(days=8), "old")
    clock.instant += timedelta(minutes=59)
    assert await retention.run_once() == 0
    clock.instant += timedelta(minutes=1)
    assert await retention.run_once() == 1


async def test_a_database_that_is_away_holds_up_nobody(clock: FixedClock) -> None:
    pool = raw_pool("postgresql://127.0.0.1:1/none", size=1, application_name="t", patience_s=0.1)
    await pool.open()
    try:
        assert await Retention(pool, clock, OLD_EVENTS).run_once() == 0
    finally:
        await pool.close()
