"""Many runs started at once: which find a place, which run already, which are full."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from kuber.agents.registry import AgentRegistry
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, RunId, UserId, new_id
from kuber.pipelines.schemas import PipelineCreate, PipelineUpdate, PublishBody
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import Graph, PeriodicTrigger, PipelineStatus
from kuber.runs.starting import RunRequest, start_runs
from tests.fakes.graphs import chain, edge, graph, node
from tests.fixtures.limits import allow

NOW = datetime(2026, 11, 25, 19, tzinfo=UTC)


class World:
    """One user with one active pipeline."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url, pool_size=2)
        self.pool = raw_pool(url, size=2, application_name="test")
        self.clock = FixedClock(NOW)
        self.pipelines = PipelineService(AgentRegistry.discover(), self.clock)
        self.user = UserId(UUID(int=0))
        self.pipeline = PipelineId(UUID(int=0))

    async def open(self) -> None:
        await self.pool.open()
        tokens = AccessTokens("a secret of the test session, 32+ characters", 60, self.clock)
        identity = IdentityService(tokens, self.clock, refresh_token_s=60)
        pipelines = self.pipelines
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

    async def save(self, **body: Any) -> None:
        """Save over the newest revision of the draft."""
        async with self.database.transaction() as session:
            head = await self.pipelines.head(session, self.user, self.pipeline)
            update = PipelineUpdate.model_validate(body)
            await self.pipelines.save(session, self.user, self.pipeline, head.revision, update)

    async def publish(self) -> None:
        async with self.database.transaction() as session:
            head = await self.pipelines.head(session, self.user, self.pipeline)
            await self.pipelines.publishing.publish(
                session, self.user, self.pipeline, head.revision, PublishBody()
            )

    async def ran(self) -> list[tuple[int, list[str]]]:
        """Return version and nodes of every run, oldest first."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "select pipeline_version, jsonb_path_query_array(g.graph, '$.nodes[*].id')"
                " from runs r join pipeline_graphs g on g.id = r.graph_id order by r.id"
            )
            return [(row[0], row[1]) for row in await cursor.fetchall()]

    async def start(self, *symbols: str, by: str = "schedule") -> list[str]:
        """Ask for a run on each symbol at once; return what became of each."""
        requests = [
            RunRequest(RunId(new_id()), self.pipeline, symbol, NOW, True, 1, "c", None, by)
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


BROKEN = graph([node("trigger", "manual_trigger")], [edge("trigger", "ghost")])
OTHER = chain(node("other", "market_data"))
BY_HAND = {"kind": "manual"}
SIGNALS = {"kind": "signal", "scanner_id": None}


@pytest.mark.parametrize(
    "change", [{"graph": BROKEN}, {"graph": OTHER}, {"trigger": BY_HAND}, {"trigger": SIGNALS}]
)
async def test_what_starts_by_itself_does_not_care_for_the_draft(
    world: World, change: dict[str, Any]
) -> None:
    await world.save(**change)
    assert await world.start("A") == ["queued"]
    assert await world.start("B", by="signal") == ["already running"]  # it is not started by them
    assert await world.ran() == [(1, ["trigger", "data"])]


async def test_what_starts_by_itself_runs_what_was_published_last(world: World) -> None:
    await world.start("A")
    await world.save(graph=OTHER)
    await world.start("B")
    await world.publish()
    await world.start("C")
    assert await world.ran() == [(1, ["trigger", "data"])] * 2 + [(2, ["trigger", "other"])]
