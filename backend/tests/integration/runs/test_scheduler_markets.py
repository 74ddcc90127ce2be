"""Schedules in market hours go by the market that the owner of the pipeline chose."""

from datetime import UTC, datetime, timedelta

from tests.integration.runs.test_scheduler import SYMBOL, World, pool, world

__all__ = ["pool", "world"]  # the fixtures


async def test_a_market_that_the_owner_chose_says_when_it_is_open(world: World) -> None:
    world.clock.instant = datetime(2026, 11, 28, 12, 2, tzinfo=UTC)  # a Saturday
    async with world.pool.connection() as connection:
        await connection.execute(
            "insert into instruments (user_id, symbol, market, updated_at)"
            " values (%s, %s, '24/7', now())",
            (world.user, SYMBOL),
        )
    pipeline = await world.periodic(market_hours_only=True)
    assert pipeline.next_run_at == datetime(2026, 11, 28, 12, 5, tzinfo=UTC)
    world.clock.advance(timedelta(minutes=3))
    assert await world.scheduler().run_once() == 1
    due = (await world.pipeline(pipeline.id)).next_run_at
    assert due == datetime(2026, 11, 28, 12, 10, tzinfo=UTC)
