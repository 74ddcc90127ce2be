"""Stored results of graphs: whose they are, when they are made anew, and what they cost a list."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from kuber.agents.registry import AgentRegistry
from kuber.identity.service import IdentityService
from kuber.identity.tokens import AccessTokens
from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.rechecking import recheck_all
from kuber.pipelines.schemas import PipelineCreate, PipelineHead
from kuber.pipelines.service import PipelineService
from kuber.pipelines.types import Graph, PeriodicTrigger, PipelineQuery, PipelineStatus
from tests.fakes.graphs import chain, node


class World:
    """One user with pipelines, and the statements that were sent."""

    def __init__(self, url: str) -> None:
        self.clock = FixedClock(datetime(2026, 11, 25, 19, tzinfo=UTC))
        self.database = Database(url, pool_size=4)
        self.pipelines = PipelineService(AgentRegistry.discover(), self.clock)
        self.statements: list[str] = []
        event.listen(self.database.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _c: object, _cursor: object, statement: str, *_: object) -> None:
        self.statements.append(statement)

    async def sign_up(self) -> None:
        tokens = AccessTokens("a secret of the test session, 32+ characters", 60, self.clock)
        identity = IdentityService(tokens, self.clock, refresh_token_s=60)
        async with self.database.transaction() as session:
            account = await identity.register(session, "a@example.com", "three quiet herons")
        self.user = UserId(account.id)

    async def create(self) -> PipelineId:
        """Store a pipeline with two problems."""
        graph = Graph.model_validate(chain(node("a", "oracle"), node("b", "bias")))
        body = PipelineCreate(name="Two faults", graph=graph)
        async with self.database.transaction() as session:
            made = await self.pipelines.create(session, self.user, body)
        return PipelineId(made.head.id)

    async def active(self) -> PipelineId:
        """Store a pipeline that is active."""
        graph = Graph.model_validate(chain(node("data", "market_data")))
        trigger = PeriodicTrigger.model_validate({"kind": "periodic", "symbols": ["NVDA"]})
        body = PipelineCreate(name="On time", graph=graph, trigger=trigger)
        async with self.database.transaction() as session:
            made = await self.pipelines.create(session, self.user, body)
            pipeline, on = PipelineId(made.head.id), PipelineStatus.ACTIVE
            await self.pipelines.publishing.set_status(session, self.user, pipeline, on)
        return pipeline

    async def head(self, pipeline: PipelineId) -> PipelineHead:
        async with self.database.transaction() as session:
            return await self.pipelines.head(session, self.user, pipeline)

    async def execute(self, statement: str) -> None:
        async with self.database.transaction() as session:
            await session.execute(text(statement))

    async def told(self) -> list[dict[str, str]]:
        """Return what the owner is told of pipelines that were switched off."""
        async with self.database.transaction() as session:
            query = "select data from notice_outbox where kind = 'pipeline_switched_off'"
            return list((await session.execute(text(query))).scalars())

    async def forget(self) -> None:
        """Make all results those of somebody else."""
        async with self.database.transaction() as session:
            await session.execute(
                text("update pipelines set checked_with = 'other', problem_count = 0")
            )

    async def recheck(self) -> int:
        return await recheck_all(self.database, self.pipelines.checks, self.pipelines.publishing)

    async def stored(self) -> list[tuple[int, int, bool]]:
        """Return problem count, length of the stored problems, and whether they are ours."""
        async with self.database.transaction() as session:
            rows = await session.execute(
                text(
                    "select problem_count, jsonb_array_length(problems), checked_with"
                    " from pipelines order by id"
                )
            )
            ours = self.pipelines.checks.checker
            return [(row[0], row[1], row[2] == ours) for row in rows]


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    made = World(postgres_url)
    await made.sign_up()
    yield made
    await made.database.close()


async def test_a_list_reads_the_result_and_no_graph(world: World) -> None:
    await world.create()
    world.statements.clear()
    async with world.database.transaction() as session:
        page = await world.pipelines.page(session, world.user, PipelineQuery())
    assert [(item.problem_count, item.node_count) for item in page.items] == [(2, 3)]
    assert not [
        one for one in world.statements if "pipelines.graph," in one or "pipelines.problems" in one
    ]


async def test_a_result_that_others_found_is_made_anew_when_it_is_asked_for(world: World) -> None:
    pipeline = await world.create()
    await world.forget()
    async with world.database.transaction() as session:
        found = await world.pipelines.get(session, world.user, pipeline)
    assert found.head.problem_count == 2
    assert await world.stored() == [(2, 2, True)]


async def test_all_results_that_others_found_are_made_anew_in_the_background(
    world: World,
) -> None:
    for _ in range(12):
        await world.create()
    await world.forget()
    shares = await asyncio.gather(*(world.recheck() for _ in range(2)))
    assert sum(shares) == 12
    assert await world.stored() == [(2, 2, True)] * 12
    assert await world.recheck() == 0


async def test_a_graph_that_cannot_be_read_keeps_no_other_from_being_checked(
    world: World,
) -> None:
    await world.create()
    await world.create()
    await world.forget()
    async with world.database.transaction() as session:
        await session.execute(
            text(
                "update pipelines set graph = '{\"nodes\": 5}'"
                " where id = (select id from pipelines order by id limit 1)"
            )
        )
    await world.recheck()
    assert [ours for _, _, ours in await world.stored()] == [False, True]


async def test_an_active_pipeline_whose_published_graph_has_problems_now_is_switched_off(
    world: World,
) -> None:
    outdated, fine = await world.active(), await world.active()
    await world.execute(
        "update pipeline_graphs set graph = jsonb_set(graph, '{nodes,1,agent_type}', '\"gone\"')"
        f" where pipeline_id = '{outdated}'"
    )
    assert await world.recheck() == 0  # nobody else has looked at it
    await world.execute("update pipelines set published_checked_with = 'other'")
    assert await world.recheck() == 2
    off = await world.head(outdated)
    assert (off.status, off.next_run_at, off.version) == ("draft", None, 1)
    assert (await world.head(fine)).status == "active"
    [said] = await world.told()
    assert (said["pipeline_id"], said["pipeline_name"]) == (str(outdated), "On time")
    assert said["reason"] == "Version 1 has 1 problem with the agents that are installed now."
    assert await world.recheck() == 0


async def test_a_draft_with_problems_switches_nothing_off(world: World) -> None:
    pipeline = await world.active()
    await world.execute("update pipelines set graph = '{}', checked_with = 'other'")
    assert await world.recheck() == 1
    assert ((await world.head(pipeline)).status, await world.told()) == ("active", [])


async def test_what_does_not_start_by_itself_is_not_looked_at(world: World) -> None:
    pipeline = await world.active()
    async with world.database.transaction() as session:
        draft = PipelineStatus.DRAFT
        await world.pipelines.publishing.set_status(session, world.user, pipeline, draft)
    await world.execute("update pipelines set published_checked_with = 'other'")
    assert await world.recheck() == 0
