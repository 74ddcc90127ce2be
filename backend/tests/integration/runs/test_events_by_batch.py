"""Events of a run are recorded by the batch, and read one by one from any number on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest

from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.market.service import MarketService
from kuber.pipelines.service import PipelineService
from kuber.runs.batches import RunBatch
from kuber.runs.live_events import AgentStartedEvent, EventList
from kuber.runs.service import RunService
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, RunEvent, RunEventType
from kuber.runs.writer import RunWriter
from tests.fakes.engines import Nobody
from tests.fakes.queued_runs import queue_runs
from tests.fakes.subscribers import add_user

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
CLOCK = FixedClock(NOW)
BATCHES = ((1, 2, 3), (4,), (1005, 1006))
ALL = [number for batch in BATCHES for number in batch]


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=2, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def run(postgres_url: str, pool: RawPool) -> ClaimedRun:
    await queue_runs(postgres_url, pool, add_user(postgres_url), 1, NOW)
    [claimed] = await RunStore(pool, CLOCK, "worker", lease_s=600).claim(1)
    return claimed


def event(run: ClaimedRun, number: int, readable: bool) -> RunEvent:
    """Return an event whose attempt is its number, or one of a release that told it otherwise."""
    data = {"agent_type": "bias", "attempt": number} if readable else {"tries": number}
    at = NOW + timedelta(milliseconds=number)
    return RunEvent(run.id, number, RunEventType.AGENT_STARTED, at, data, f"n{number}")


async def record(pool: RawPool, run: ClaimedRun, *unreadable: int) -> None:
    writer = RunWriter(pool, CLOCK, Decimal(25))
    for number, batch in enumerate(BATCHES, start=1):
        events = tuple(event(run, each, each not in unreadable) for each in batch)
        await writer.write(RunBatch(run, number, batch[-1], events=events))


async def page(database: Database, run: ClaimedRun, after: int, limit: int) -> EventList:
    service = RunService(cast(PipelineService, None), cast(MarketService, None), Nobody(), CLOCK)
    async with database.transaction() as session:
        return await service.events(session, run.user_id, run.id, after, limit)


async def pages(database: Database, run: ClaimedRun, after: int, limit: int) -> list[list[int]]:
    """Return the numbers of the events after a number, by page."""
    found: list[list[int]] = []
    cursor: str | None = str(after)
    while cursor is not None:
        told = await page(database, run, int(cursor), limit)
        found.append([each.sequence for each in told.items])
        assert told.next_cursor is None or int(told.next_cursor) > int(cursor)
        cursor = told.next_cursor
    return found


@pytest.mark.parametrize("limit", range(1, len(ALL) + 2))
async def test_every_event_after_a_number_is_read_once_and_in_order_whatever_its_batch(
    database: Database, pool: RawPool, run: ClaimedRun, limit: int
) -> None:
    await record(pool, run)
    for after in (0, *ALL, 500, 2000):
        found = await pages(database, run, after, limit)
        assert [len(each) for each in found[:-1]] == [limit] * (len(found) - 1)
        assert [number for each in found for number in each] == [n for n in ALL if n > after]


@pytest.mark.parametrize("limit", [1, 2, 6])
async def test_events_that_another_release_told_otherwise_are_passed_over_and_end_no_reading(
    database: Database, pool: RawPool, run: ClaimedRun, limit: int
) -> None:
    await record(pool, run, 2, 4)
    found = await pages(database, run, 0, limit)
    assert [number for each in found for number in each] == [1, 3, 1005, 1006]


async def test_an_event_is_read_as_it_was_told(
    database: Database, pool: RawPool, run: ClaimedRun
) -> None:
    await record(pool, run)
    for told in (await page(database, run, 0, 1000)).items:
        number = told.sequence
        assert isinstance(told, AgentStartedEvent)
        assert (told.node_id, told.data.attempt) == (f"n{number}", number)
        assert (told.at, told.execution_id) == (NOW + timedelta(milliseconds=number), run.id)


async def test_a_run_remembers_the_last_number_that_was_told_of_it(
    pool: RawPool, run: ClaimedRun
) -> None:
    await record(pool, run)
    async with pool.connection() as connection:
        row = await (await connection.execute("select last_sequence from runs")).fetchone()
    assert row == (ALL[-1],)
