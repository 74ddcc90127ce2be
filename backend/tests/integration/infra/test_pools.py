"""Connections that PostgreSQL ended while they lay idle are given to nobody; unused ones leave."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import OperationalError

from kuber.infra.db import DatabaseProbe, RawPool, raw_pool
from tests.fixtures.waiting import until_async

NAME = "kuber-ended"
SIZE = 6
PATIENCE_S = 5.0
"""As that of a webhook's sender."""


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=SIZE, application_name=NAME, patience_s=PATIENCE_S)
    await opened.open()
    yield opened
    await opened.close()


def end_all(url: str, name: str = NAME) -> int:
    """End the connections of this test's database under `name`; return how many."""
    with psycopg.connect(url, autocommit=True) as other:
        ended = other.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and application_name = %s",
            (name,),
        ).fetchall()
    return len(ended)


async def pid_of(pool: RawPool, together: asyncio.Barrier) -> int:
    """Return which backend answered; all that ask together hold a connection each."""
    async with pool.connection() as connection:
        row = await (await connection.execute("select pg_backend_pid()")).fetchone()
        await together.wait()
    assert row is not None
    return int(row[0])


async def all_pids(pool: RawPool) -> set[int]:
    together = asyncio.Barrier(SIZE)
    return set(await asyncio.gather(*(pid_of(pool, together) for _ in range(SIZE))))


async def test_all_uses_succeed_after_every_connection_was_ended(
    pool: RawPool, postgres_url: str
) -> None:
    before = await all_pids(pool)
    assert end_all(postgres_url) == SIZE
    after = await all_pids(pool)
    assert len(after) == SIZE
    assert not before & after


async def test_whoever_is_first_does_not_wait_for_each_ended_connection(
    pool: RawPool, postgres_url: str
) -> None:
    await all_pids(pool)
    assert end_all(postgres_url) == SIZE
    assert await pid_of(pool, asyncio.Barrier(1))


async def test_a_connection_that_lives_is_used_again(pool: RawPool) -> None:
    assert await all_pids(pool) == await all_pids(pool)


async def test_a_connection_that_ends_in_use_is_told_to_its_user_and_replaced(
    pool: RawPool, postgres_url: str
) -> None:
    async with pool.connection() as connection:
        end_all(postgres_url)
        with pytest.raises(OperationalError):
            await connection.execute("select 1")
    assert len(await all_pids(pool)) == SIZE


async def test_the_probe_is_answered_after_its_connection_was_ended(postgres_url: str) -> None:
    probe = DatabaseProbe(postgres_url)
    try:
        await probe.ask()
        assert end_all(postgres_url, "kuber-probe") == 1
        await probe.ask()
    finally:
        await probe.close()


async def test_connections_that_nobody_uses_leave_down_to_two(postgres_url: str) -> None:
    async with raw_pool(
        postgres_url, size=SIZE, application_name="kuber-unused", unused_s=0.05
    ) as pool:
        assert len(await all_pids(pool)) == SIZE
        await until_async(lambda: pool.get_stats()["pool_size"] == 2, "a pool of two connections")
        assert len(await all_pids(pool)) == SIZE, "it grows again when it is needed"
