"""Periodic pipelines with the clock in the test's hands, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from kuber.agents.registry import AgentRegistry
from kuber.costs.service import CostService
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, UserId
from kuber.market.providers.port import ListingProvider
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.market.types import Instrument
from kuber.pipelines.schemas import PipelineCreate, PipelineHead, PipelineUpdate, PublishBody
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import Graph, ManualTrigger, PeriodicTrigger, PipelineStatus
from kuber.runs.scheduling import Scheduler
from tests.fakes.graphs import chain, node
from tests.fakes.troubled_market import AWAY, ODD, UNLISTED, TroubledMarket

SYMBOL = "NVDA"
"""A simulated share of New York's exchange: its prices go on with the clock."""


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=12, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


class World:
    """One user, a clock, and as many schedulers as a test asks for."""

    def __init__(self, url: str, pool: RawPool, clock: FixedClock) -> None:
        self.database = Database(url, pool_size=2)
        self.pool = pool
        self.clock = clock
        self.pipelines = PipelineService(AgentRegistry.discover(), clock)
        self.user = UserId(UUID(int=0))
        self.woken = 0

    async def sign_up(self) -> None:
        tokens = AccessTokens("a secret of the test session, 32+ characters", 60, self.clock)
        identity = IdentityService(tokens, self.clock, refresh_token_s=60)
        async with self.database.transaction() as session:
            account = await identity.register(session, "a@example.com", "three quiet herons")
        self.user = account.id

    def scheduler(self, provider: ListingProvider | None = None) -> Scheduler:
        market = MarketService(self.pool, self.clock, provider or MarketSimulator(7))
        costs = CostService(self.clock, Decimal(5), Decimal(25))
        return Scheduler(self.pool, market, costs, self.clock, self._wake)

    async def _wake(self) -> None:
        self.woken += 1

    async def periodic(self, every_minutes: int = 5, **more: object) -> PipelineHead:
        """Return an active pipeline with a schedule."""
        trigger = PeriodicTrigger.model_validate(
            {"kind": "periodic", "every_minutes": every_minutes, "symbols": [SYMBOL], **more}
        )
        body = PipelineCreate(
            name="On time",
            graph=Graph.model_validate(chain(node("data", "market_data"))),
            trigger=trigger,
        )
        async with self.database.transaction() as session:
            made = await self.pipelines.create(session, self.user, body)
            active = await self.pipelines.publishing.set_status(
                session, self.user, PipelineId(made.head.id), PipelineStatus.ACTIVE
            )
            return active.head

    async def finish_runs(self) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("update runs set status = 'running' where status = 'pending'")
            await connection.execute("update runs set status = 'succeeded'")

    async def runs(self) -> list[tuple[datetime, str]]:
        """Return when each run was made and what started it, oldest first."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "select created_at, started_by from runs order by created_at, id"
            )
            return [(row[0].astimezone(UTC), row[1]) for row in await cursor.fetchall()]

    async def pipeline(self, pipeline_id: UUID) -> PipelineHead:
        async with self.database.transaction() as session:
            return await self.pipelines.head(session, self.user, PipelineId(pipeline_id))


@pytest.fixture
async def world(postgres_url: str, pool: RawPool) -> AsyncIterator[World]:
    made = World(postgres_url, pool, FixedClock(datetime(2026, 11, 25, 19, tzinfo=UTC)))
    await made.sign_up()
    yield made
    await made.database.close()


async def walk(world: World, until: datetime, step: timedelta = timedelta(minutes=1)) -> None:
    """Move the clock minute by minute; every run is over before the next look."""
    scheduler = world.scheduler()
    while world.clock.now() < until:
        world.clock.advance(step)
        await scheduler.run_once()
        await world.finish_runs()


async def test_t22_every_five_minutes_across_a_close_a_holiday_and_a_short_day(
    world: World,
) -> None:
    # Wednesday 25 November 2026, Thanksgiving on the 26th, closing at 13:00 on the 27th.
    await world.periodic(market_hours_only=True)
    await walk(world, datetime(2026, 11, 28, 0, tzinfo=UTC))
    made = [at for at, _ in await world.runs()]
    wednesday = datetime(2026, 11, 25, 19, 5, tzinfo=UTC)
    friday = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    five = timedelta(minutes=5)
    expected = [wednesday + five * number for number in range(23)]  # until 20:55, close at 21:00
    expected += [friday + five * number for number in range(42)]  # until 17:55, close at 18:00
    assert made == expected
    assert {by for _, by in await world.runs()} == {"schedule"}


async def test_t22_the_opening_moves_with_the_clocks_of_new_york(world: World) -> None:
    world.clock.instant = datetime(2027, 3, 12, 20, 50, tzinfo=UTC)  # clocks change on the 14th
    await world.periodic(market_hours_only=True)
    await walk(world, datetime(2027, 3, 15, 13, 40, tzinfo=UTC))
    made = [at for at, _ in await world.runs()]
    assert made == [
        datetime(2027, 3, 12, 20, 55, tzinfo=UTC),
        datetime(2027, 3, 15, 13, 30, tzinfo=UTC),
        datetime(2027, 3, 15, 13, 35, tzinfo=UTC),
        datetime(2027, 3, 15, 13, 40, tzinfo=UTC),
    ]


async def test_of_ten_schedulers_exactly_one_acts(world: World) -> None:
    for _ in range(5):
        await world.periodic(market_hours_only=False)
    schedulers = [world.scheduler() for _ in range(10)]
    for _ in range(6):
        world.clock.advance(timedelta(minutes=5))
        await asyncio.gather(*(scheduler.run_once() for scheduler in schedulers))
        await world.finish_runs()
    assert len(await world.runs()) == 5 * 6
    assert sum(scheduler.started for scheduler in schedulers) == 5 * 6


async def test_a_full_queue_skips_the_slot_and_the_skip_is_told(world: World) -> None:
    async with world.pool.connection() as connection:
        await connection.execute(
            "update limits set value = 1 where (scope, name) = ('default', 'queued_runs')"
        )
    pipelines = [await world.periodic(market_hours_only=False) for _ in range(2)]
    world.clock.advance(timedelta(minutes=5))
    assert await world.scheduler().run_once() == 1
    skips = [(await world.pipeline(made.id)).last_skip for made in pipelines]
    [told] = [skip for skip in skips if skip is not None]
    assert told.reason == "queue_full"
    assert told.detail == (
        f"No run on {SYMBOL} was started: as many of your runs were waiting as may be."
    )
    await world.finish_runs()
    world.clock.advance(timedelta(minutes=5))
    assert await world.scheduler().run_once() == 1, "the others get on when there is a place"


async def test_a_run_that_is_still_active_is_left_alone_and_the_skip_is_told(world: World) -> None:
    pipeline = await world.periodic(market_hours_only=False)
    scheduler = world.scheduler()
    for _ in range(2):
        world.clock.advance(timedelta(minutes=5))
        await scheduler.run_once()
    assert len(await world.runs()) == 1
    now = await world.pipeline(pipeline.id)
    assert now.last_skip is not None
    assert now.last_skip.reason == "already_running"
    assert now.last_skip.detail.startswith(f"A run on {SYMBOL} was not over yet")
    assert now.next_run_at == world.clock.now() + timedelta(minutes=5)


async def test_t22_what_was_missed_while_nobody_looked_is_made_up_for_once(world: World) -> None:
    await world.periodic(market_hours_only=False)
    world.clock.advance(timedelta(hours=3))
    await world.scheduler().run_once()
    assert len(await world.runs()) == 1


async def test_a_pipeline_that_is_switched_off_is_not_due(world: World) -> None:
    pipeline = await world.periodic(market_hours_only=False)
    assert pipeline.next_run_at == world.clock.now() + timedelta(minutes=5)
    async with world.database.transaction() as session:
        off = await world.pipelines.publishing.set_status(
            session, world.user, PipelineId(pipeline.id), PipelineStatus.DRAFT
        )
    assert off.head.next_run_at is None
    world.clock.advance(timedelta(hours=1))
    assert await world.scheduler().run_once() == 0


async def test_t22_a_clock_that_jumps_an_hour_forward_costs_one_run_and_then_keeps_time(
    world: World,
) -> None:
    start = world.clock.now()
    await world.periodic(market_hours_only=False)
    await walk(world, start + timedelta(minutes=7))
    world.clock.advance(timedelta(hours=1))  # 12 slots are passed over
    await walk(world, start + timedelta(minutes=80))
    made = [(at - start) // timedelta(minutes=1) for at, _ in await world.runs()]
    assert made == [5, 68, 70, 75, 80]


async def test_t22_a_clock_that_jumps_an_hour_back_fires_no_slot_twice_and_goes_on(
    world: World,
) -> None:
    start = world.clock.now()
    pipeline = await world.periodic(market_hours_only=False)
    await walk(world, start + timedelta(minutes=62))
    world.clock.instant -= timedelta(hours=1)
    await walk(world, start + timedelta(minutes=60))
    assert len(await world.runs()) == 12
    due = (await world.pipeline(pipeline.id)).next_run_at
    assert due == start + timedelta(minutes=65), "people see when it goes on"
    await walk(world, start + timedelta(minutes=75))
    made = [(at - start) // timedelta(minutes=1) for at, _ in await world.runs()]
    assert made == list(range(5, 80, 5)), "each slot once, whichever way the clock went"


async def test_t22_a_schedule_that_leaves_market_hours_with_the_clocks_comes_back_with_them(
    world: World,
) -> None:
    # Midnight in Brisbane is 14:00 UTC, half an hour before New York opens in its winter.
    world.clock.instant = datetime(2026, 10, 28, 20, tzinfo=UTC)
    made = await world.periodic(1440, timezone="Australia/Brisbane", market_hours_only=True)
    scheduler, skips = world.scheduler(), []
    while (due := (await world.pipeline(made.id)).next_run_at) is not None and due.year < 2028:
        if due > datetime(2027, 3, 16, tzinfo=UTC):
            break
        world.clock.instant = due
        await scheduler.run_once()
        await world.finish_runs()
        skips.append((await world.pipeline(made.id)).last_skip)
    days = [at.strftime("%m-%d %H:%M") for at, _ in await world.runs()]
    assert days == ["10-29 14:00", "10-30 14:00", "03-15 14:00"]
    assert skips[0] is None
    assert skips[1] is not None
    assert skips[1].reason == "market_closed"
    assert skips[1].detail == (
        "Until 2026-11-14 14:00 UTC the schedule is never due in market hours."
    )


async def test_a_new_name_switches_off_no_schedule_that_is_out_of_market_hours(
    world: World,
) -> None:
    world.clock.instant = datetime(2026, 10, 30, 13, tzinfo=UTC)
    made = await world.periodic(1440, timezone="Australia/Brisbane", market_hours_only=True)
    world.clock.advance(timedelta(hours=1))
    await world.scheduler().run_once()
    async with world.database.transaction() as session:
        renamed = await world.pipelines.save(
            session,
            world.user,
            PipelineId(made.id),
            made.revision,
            PipelineUpdate(name="Until spring", trigger=made.trigger),
        )
    assert (renamed.head.name, renamed.head.status) == ("Until spring", PipelineStatus.ACTIVE)
    assert renamed.head.next_run_at == datetime(2026, 11, 14, 14, tzinfo=UTC)


async def test_prices_that_cannot_be_had_skip_their_symbol_and_nobody_else(world: World) -> None:
    away = await world.periodic(market_hours_only=False, symbols=[AWAY, UNLISTED, SYMBOL])
    await world.periodic(market_hours_only=False)
    world.clock.advance(timedelta(minutes=5))
    assert await world.scheduler(TroubledMarket()).run_once() == 2
    told = (await world.pipeline(away.id)).last_skip
    assert told is not None
    assert told.reason == "market_unavailable"
    assert told.detail == (
        f"There were no prices to be had for {AWAY}: Nobody answered."
        f" There are no prices for {UNLISTED}."
    )


async def test_a_pipeline_that_changed_while_its_prices_were_asked_for_starts_as_it_is_now(
    world: World,
) -> None:
    made = await world.periodic(market_hours_only=False)

    async def change() -> None:
        async with world.pool.connection() as connection:
            await connection.execute(
                "update pipelines set published_trigger ="
                " jsonb_set(published_trigger, '{symbols}', '[\"AMD\"]')"
                " where id = %s",
                (made.id,),
            )

    world.clock.advance(timedelta(minutes=5))
    scheduler = world.scheduler(ChangedMarket(7, change))
    assert await scheduler.run_once() == 0, "what was asked for is not what is due"
    assert (await world.pipeline(made.id)).last_skip is None
    assert await scheduler.run_once() == 1
    async with world.pool.connection() as connection:
        cursor = await connection.execute("select symbol from runs")
        assert await cursor.fetchall() == [("AMD",)]
    assert (await world.pipeline(made.id)).last_skip is None


class ChangedMarket(MarketSimulator):
    """The simulated market; `change` happens while it is asked for the first instrument."""

    def __init__(self, seed: int, change: Callable[[], Awaitable[None]]) -> None:
        super().__init__(seed)
        self._change: Callable[[], Awaitable[None]] | None = change

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        if self._change is not None:
            change, self._change = self._change, None
            await change()
        return await super().instrument(user_id, symbol)


async def test_a_pipeline_that_cannot_be_planned_is_put_off_and_stops_nobody(world: World) -> None:
    unreadable = await world.periodic(market_hours_only=False)
    odd = await world.periodic(market_hours_only=True, symbols=[ODD])
    await world.periodic(market_hours_only=False)
    async with world.pool.connection() as connection:
        await connection.execute(
            "update pipelines set published_trigger ="
            " jsonb_set(published_trigger, '{timezone}', '\"Mars/Olympus\"') where id = %s",
            (unreadable.id,),
        )
    world.clock.advance(timedelta(minutes=5))
    assert await world.scheduler(TroubledMarket()).run_once() == 1
    async with world.pool.connection() as connection:
        cursor = await connection.execute(
            "select next_run_at, last_skip ->> 'reason', last_skip ->> 'detail' from pipelines"
            " where id = any(%s) order by created_at, id",
            ([unreadable.id, odd.id],),
        )
        rows = await cursor.fetchall()
    assert [row[:2] for row in rows] == [
        (world.clock.now() + timedelta(hours=1), "not_runnable")
    ] * 2
    assert "Mars/Olympus" not in rows[0][2]
    assert rows[0][2].startswith("The schedule cannot be read: periodic.timezone: name a")


@pytest.mark.parametrize(
    ("every_minutes", "late_s", "runs"),
    [(5, 1, 1), (7, 1, 1), (5, 0, 1), (5, -1, 0), (7, -1, 0)],
)
async def test_publishing_passes_over_no_slot_that_is_due(
    world: World, every_minutes: int, late_s: int, runs: int
) -> None:
    head = await world.periodic(market_hours_only=False)
    due = datetime(2026, 11, 25, 19, 5, tzinfo=UTC)
    world.clock.advance(due + timedelta(seconds=late_s) - world.clock.now())
    await publish_again(world, head.id, every_minutes)
    assert await world.scheduler().run_once() == runs
    if every_minutes == 5 and not runs:
        world.clock.advance(timedelta(seconds=1))
        assert await world.scheduler().run_once() == 1


async def publish_again(world: World, pipeline_id: UUID, every_minutes: int) -> None:
    found = PipelineId(pipeline_id)
    trigger = PeriodicTrigger(
        kind="periodic", every_minutes=every_minutes, market_hours_only=False, symbols=(SYMBOL,)
    )
    drawn = Graph.model_validate(chain(node("again", "market_data")))
    body = PipelineUpdate(graph=drawn, trigger=trigger)
    async with world.database.transaction() as session:
        await world.pipelines.save(session, world.user, found, 1, body)
        await world.pipelines.publishing.publish(session, world.user, found, 2, PublishBody())


async def test_a_schedule_goes_on_as_published_whatever_the_draft_says(world: World) -> None:
    head = await world.periodic(market_hours_only=False)
    broken = Graph.model_validate({"nodes": [], "edges": []})
    body = PipelineUpdate(graph=broken, trigger=ManualTrigger())
    async with world.database.transaction() as session:
        await world.pipelines.save(session, world.user, PipelineId(head.id), 1, body)
    await walk(world, world.clock.now() + timedelta(minutes=15))
    assert len(await world.runs()) == 3
    after = await world.pipeline(head.id)
    assert (after.status, after.trigger.kind) == ("active", "manual")
