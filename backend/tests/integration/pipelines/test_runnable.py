"""What may run, where others save and publish between the look and the queueing of a run."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from kuber.infra.db import set_down
from kuber.kernel.ids import PipelineId
from kuber.pipelines.errors import InvalidGraph, StaleRevision
from kuber.pipelines.schemas import PipelineUpdate, PublishBody
from kuber.pipelines.types import Graph
from tests.fakes.graphs import chain, node
from tests.integration.pipelines.test_rechecking import World

OTHER = PipelineUpdate(graph=Graph.model_validate(chain(node("other", "market_data"))))


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    made = World(postgres_url)
    await made.sign_up()
    yield made
    await made.database.close()


async def save(world: World, pipeline: PipelineId, revision: int = 1) -> None:
    async with world.database.transaction() as session:
        await world.pipelines.save(session, world.user, pipeline, revision, OTHER)


async def publish(world: World, pipeline: PipelineId, revision: int) -> None:
    async with world.database.transaction() as session:
        await world.pipelines.publishing.publish(
            session, world.user, pipeline, revision, PublishBody()
        )


async def graphs(world: World) -> int:
    async with world.database.transaction() as session:
        return int((await session.scalar(text("select count(*) from pipeline_graphs"))) or 0)


async def until_somebody_waits(world: World) -> None:
    """Return once a statement waits for a lock."""
    waiting = text(
        "select exists (select from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database())"
    )
    async with asyncio.timeout(20):
        while True:
            async with world.database.transaction() as session:
                if (await session.execute(waiting)).scalar():
                    return


async def test_a_draft_that_was_saved_since_it_was_looked_at_is_not_bound(world: World) -> None:
    pipeline = await world.active()
    kept = await graphs(world)
    runnable = world.pipelines.runnable
    for set_it_down in (False, True):
        revision = 1 + int(set_it_down)
        async with world.database.transaction() as session:
            looked = await runnable.draft(session, world.user, pipeline, revision)
            if set_it_down:
                await set_down(session)
            await save(world, pipeline, revision)
            with pytest.raises(StaleRevision):
                await runnable.bind(session, world.user, looked)
    assert await graphs(world) == kept


async def test_without_a_revision_the_draft_is_bound_as_it_stands(world: World) -> None:
    pipeline = await world.active()
    runnable = world.pipelines.runnable
    async with world.database.transaction() as session:
        looked = await runnable.draft(session, world.user, pipeline, None)
        await set_down(session)
        await save(world, pipeline, 1)
        bound = await runnable.bind(session, world.user, looked)
        assert b"other" in await runnable.graph(session, bound.graph_id)
        await set_down(session)
        async with world.database.transaction() as saving:
            broken = PipelineUpdate(graph=Graph())
            await world.pipelines.save(saving, world.user, pipeline, 2, broken)
        with pytest.raises(InvalidGraph):
            await runnable.bind(session, world.user, looked)


async def test_a_draft_that_is_being_saved_is_not_bound(world: World) -> None:
    pipeline = await world.active()
    runnable = world.pipelines.runnable

    async def start() -> None:
        async with world.database.transaction() as session:
            looked = await runnable.draft(session, world.user, pipeline, 1)
            await runnable.bind(session, world.user, looked)

    async with world.database.transaction() as saving:
        await world.pipelines.save(saving, world.user, pipeline, 1, OTHER)
        starting = asyncio.create_task(start())
        await until_somebody_waits(world)
    with pytest.raises(StaleRevision):
        await starting


async def test_a_draft_that_is_being_saved_is_not_published(world: World) -> None:
    pipeline = await world.active()
    await save(world, pipeline)
    async with world.database.transaction() as saving:
        broken = PipelineUpdate(graph=Graph())
        await world.pipelines.save(saving, world.user, pipeline, 2, broken)
        publishing = asyncio.create_task(publish(world, pipeline, 2))
        await until_somebody_waits(world)
    with pytest.raises(StaleRevision):
        await publishing
    assert (await world.head(pipeline)).version == 1


async def test_a_draft_that_is_bound_is_saved_after_that(world: World) -> None:
    pipeline = await world.active()
    await save(world, pipeline)
    runnable = world.pipelines.runnable
    async with world.database.transaction() as session:
        looked = await runnable.draft(session, world.user, pipeline, None)
        bound = await runnable.bind(session, world.user, looked)
        assert bound.version is None
        saving = asyncio.create_task(save(world, pipeline, 2))
        await until_somebody_waits(world)
        assert b"other" in await runnable.graph(session, bound.graph_id)
    await saving


async def test_two_runs_of_one_draft_at_once_share_its_graph(world: World) -> None:
    pipeline = await world.active()
    await save(world, pipeline)
    kept = await graphs(world)

    async def start() -> object:
        async with world.database.transaction() as session:
            looked = await world.pipelines.runnable.draft(session, world.user, pipeline, 2)
            return await world.pipelines.runnable.bind(session, world.user, looked)

    first, second = await asyncio.gather(start(), start())
    assert (first == second, await graphs(world)) == (True, kept + 1)


async def test_what_was_published_since_the_look_is_what_runs(world: World) -> None:
    pipeline = await world.active()
    await save(world, pipeline)
    runnable = world.pipelines.runnable
    async with world.database.transaction() as session:
        looked = await runnable.published(session, world.user, pipeline)
        assert (await runnable.bind(session, world.user, looked)).version == 1
        await set_down(session)
        await publish(world, pipeline, 2)
        bound = await runnable.bind(session, world.user, looked)
        assert bound.version == 2
        assert b"other" in await runnable.graph(session, bound.graph_id)


async def test_two_who_publish_the_same_revision_make_one_version(world: World) -> None:
    pipeline = await world.active()
    await save(world, pipeline)
    await asyncio.gather(publish(world, pipeline, 2), publish(world, pipeline, 2))
    assert (await world.head(pipeline)).version == 2
