"""Schedules that start again when their last run has ended, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId
from kuber.pipelines.types import PipelineStatus
from tests.integration.runs.test_scheduler import World

MINUTE = timedelta(minutes=1)
WEDNESDAY = datetime(2026, 11, 25, 19, tzinfo=UTC)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=12, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def world(postgres_url: str, pool: RawPool) -> AsyncIterator[World]:
    made = World(postgres_url, pool, FixedClock(WEDNESDAY))
    await made.sign_up()
    yield made
    await made.database.close()


async def end_runs(world: World, status: str, symbol: str = "%") -> None:
    """Let every run under way, or those of a symbol, come as far as `status`."""
    ways = {"pending": (), "running": ("running",)}
    async with world.pool.connection() as connection:
        for step in ways.get(status, ("running", status)):
            await connection.execute(
                "update runs set status = %s, finished_at = %s"
                " where status in ('pending', 'running', 'waiting') and symbol like %s",
                (step, world.clock.now(), symbol),
            )


async def look(world: World, later: timedelta = timedelta()) -> int:
    """Let a scheduler look after a while; return how many runs it started."""
    world.clock.advance(later)
    return await world.scheduler().run_once()


async def test_the_next_run_starts_when_the_last_one_has_ended(world: World) -> None:
    await world.periodic(60, continuous=True, market_hours_only=False)
    assert await look(world) == 0
    assert await look(world, MINUTE) == 1
    assert await look(world, 45 * MINUTE) == 0, "its run is under way"
    await end_runs(world, "succeeded")
    assert await look(world) == 1, "nobody waits for a slot"


@pytest.mark.parametrize("status", ["pending", "running", "waiting"])
async def test_a_run_is_under_way_until_it_has_ended(world: World, status: str) -> None:
    await world.periodic(continuous=True, market_hours_only=False)
    await look(world, MINUTE)
    await end_runs(world, status)
    assert await look(world, 10 * MINUTE) == 0


async def test_two_starts_lie_a_minute_apart_however_short_the_run(world: World) -> None:
    await world.periodic(continuous=True, market_hours_only=False)
    await look(world, MINUTE)
    await end_runs(world, "succeeded")
    assert await look(world, timedelta(seconds=59)) == 0
    assert await look(world, timedelta(seconds=1)) == 1


async def test_all_runs_of_a_start_are_waited_for(world: World) -> None:
    await world.periodic(continuous=True, market_hours_only=False, symbols=["NVDA", "AMD"])
    assert await look(world, MINUTE) == 2
    await end_runs(world, "succeeded", "AMD")
    assert await look(world, 5 * MINUTE) == 0
    await end_runs(world, "succeeded")
    assert await look(world) == 2


async def test_after_a_failure_it_waits_as_long_as_its_interval_and_says_so(world: World) -> None:
    made = await world.periodic(30, continuous=True, market_hours_only=False)
    await look(world, MINUTE)
    world.clock.advance(10 * MINUTE)
    await end_runs(world, "failed")
    failed_at = world.clock.now()
    assert await look(world) == 0
    told = await world.pipeline(made.id)
    assert told.next_run_at == failed_at + 30 * MINUTE
    assert told.last_skip is not None
    assert told.last_skip.reason == "last_run_failed"
    assert await look(world, 30 * MINUTE - timedelta(seconds=1)) == 0
    assert await look(world, timedelta(seconds=1)) == 1
    await end_runs(world, "succeeded")
    assert await look(world, MINUTE) == 1, "one failure is waited for once"


async def test_one_failure_among_several_symbols_is_enough_to_wait(world: World) -> None:
    await world.periodic(30, continuous=True, market_hours_only=False, symbols=["NVDA", "AMD"])
    await look(world, MINUTE)
    await end_runs(world, "failed", "AMD")
    await end_runs(world, "succeeded")
    assert await look(world, MINUTE) == 0
    assert await look(world, 29 * MINUTE) == 2


async def test_a_cancelled_run_keeps_nothing_waiting(world: World) -> None:
    await world.periodic(30, continuous=True, market_hours_only=False)
    await look(world, MINUTE)
    await end_runs(world, "cancelled")
    assert await look(world, MINUTE) == 1


async def test_it_starts_nothing_outside_its_hours_though_a_run_ended_then(world: World) -> None:
    window = {"from": "18:00", "to": "19:30", "days": ["wed"]}
    made = await world.periodic(5, continuous=True, market_hours_only=False, window=window)
    await look(world, MINUTE)
    world.clock.advance(40 * MINUTE)
    await end_runs(world, "succeeded")
    assert await look(world) == 0
    told = await world.pipeline(made.id)
    assert told.next_run_at == datetime(2026, 12, 2, 18, tzinfo=UTC)
    assert told.last_skip is None, "nothing was missed"


async def test_it_starts_nothing_after_the_market_has_closed(world: World) -> None:
    made = await world.periodic(5, continuous=True, market_hours_only=True)
    await look(world, MINUTE)
    world.clock.instant = datetime(2026, 11, 25, 21, 5, tzinfo=UTC)  # Thanksgiving follows
    await end_runs(world, "succeeded")
    assert await look(world) == 0
    assert (await world.pipeline(made.id)).next_run_at == datetime(2026, 11, 27, 14, 30, tzinfo=UTC)


async def test_switched_off_it_starts_nothing_and_switched_on_it_goes_on(world: World) -> None:
    made = await world.periodic(60, continuous=True, market_hours_only=False)
    await look(world, MINUTE)
    await switch(world, PipelineId(made.id), PipelineStatus.DRAFT)
    await end_runs(world, "cancelled")
    assert await look(world, 5 * MINUTE) == 0
    await switch(world, PipelineId(made.id), PipelineStatus.ACTIVE)
    assert await look(world, MINUTE) == 1


async def switch(world: World, pipeline_id: PipelineId, status: PipelineStatus) -> None:
    async with world.database.transaction() as session:
        await world.pipelines.publishing.set_status(session, world.user, pipeline_id, status)


async def test_several_schedulers_start_it_once(world: World) -> None:
    for _ in range(5):
        await world.periodic(continuous=True, market_hours_only=False)
    for _ in range(3):
        world.clock.advance(MINUTE)
        started = await asyncio.gather(*(world.scheduler().run_once() for _ in range(4)))
        assert sum(started) == 5
        await end_runs(world, "succeeded")
