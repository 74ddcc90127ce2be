"""Many runs started at once: which find a place, which run already, which are full."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kuber.agents.registry import AgentRegistry
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, RunId, UserId, new_id
from kuber.pipelines.schemas import PipelineCreate
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import Graph, PeriodicTrigger, PipelineStatus
from kuber.runs.starting import RunRequest, start_runs
from tests.fakes.graphs import chain, node
from tests.fixtures.limits import allow

NOW = datetime(2026, 11, 25, 19, tzinfo=UTC)


class World:
    """One user with one active pipeline."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url, pool_size=2)
        self.pool = raw_pool(url, size=2, application_name="test")
        self.clock = FixedClock(NOW)
        self.user = UserId(UUID(int=0))
        self.pipeline = PipelineId(UUID(int=0))

    async def open(self) -> None:
        await self.pool.open()
        tokens = AccessTokens("a secret of the test session, 32+ characters", 60, self.clock)
        identity = IdentityService(tokens, self.clock, refresh_token_s=60)
        pipelines = PipelineService(AgentRegistry.discover(), self.clock)
        trigger = PeriodicTrigger.model_validate(
            {"kind": "periodic", "every_minutes": 5, "symbols": ["A"]}
        )
        graph = Graph.model_validate(chain(node("data", "market_data")))
        body = PipelineCreate(name="On time", graph=graph, trigger=trigger)
        async with self.database.transaction() as session:
            self.user = (await identity.register(session, "a@example.com", "three quiet herons")).id
            made = await pipelines.create(session, self.user, body)
            self.pipeline = PipelineId(made.head.id)
            await pipelines.publishing.set_status(
                session, self.user, self.pipeline, PipelineStatus.ACTIVE
            )

    async def start(self, *symbols: str) -> list[str]:
        """Ask for a run on each symbol at once; return what became of each."""
        requests = [
            RunRequest(RunId(new_id()), self.pipeline, symbol, NOW, True, 1, "c", None, "schedule")
            for symbol in symbols
        ]
        async with self.pool.connection() as connection:
            started = await start_runs(connection, requests, NOW)
        assert not started.queued & started.full
        return [
            "queued"
            if one.run_id in started.queued
            else "full"
            if one.run_id in started.full
            else "already running"
            for one in requests
        ]

    def may_queue(self, most: int) -> None:
        allow(self.url, str(self.user), queued_runs=most)


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    made = World(postgres_url)
    await made.open()
    yield made
    await made.pool.close()
    await made.database.close()


async def test_a_request_for_a_run_that_is_active_is_never_full(world: World) -> None:
    assert await world.start("A", "B", "C") == ["queued"] * 3
    for most in (3, 1):  # as many wait as may, then more than may
        world.may_queue(most)
        assert await world.start("A", "D", "C") == ["already running", "full", "already running"]


@pytest.mark.parametrize(
    ("places", "outcomes"),
    [
        (3, ["queued", "already running", "queued"]),
        (2, ["queued", "already running", "queued"]),
        (1, ["queued", "already running", "full"]),
        (0, ["full", "full", "full"]),
    ],
)
async def test_several_requests_for_one_run_take_one_place(
    world: World, places: int, outcomes: list[str]
) -> None:
    world.may_queue(places)
    assert await world.start("A", "A", "B") == outcomes
