"""A worker that lost its run to another can write none of it, whatever it was about to write."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import new_id
from kuber.runs.store import Charge, Ending, LeaseLost, RunStore
from kuber.runs.types import (
    ClaimedRun,
    NodeRecord,
    NodeStatus,
    RunEvent,
    RunEventType,
    RunStatus,
)
from tests.fakes.subscribers import add_pipeline, add_user

NOW = datetime(2026, 11, 25, 19, tzinfo=UTC)
NODE = NodeRecord("work", "test_step", NodeStatus.SUCCEEDED, 1, NOW, NOW, 5.0)
PAID = NodeRecord("work", "test_step", NodeStatus.SUCCEEDED, 1, NOW, NOW, 5.0, Decimal(2))
NONE = Decimal(0)
FREE, TWO = Charge(NONE, NONE, NONE, False), Charge(Decimal(2), NONE, NONE, False)
TABLES = ("runs", "node_runs", "run_events", "cost_tracking", "daily_spend", "event_history")

Write = Callable[[RunStore, ClaimedRun, list[RunEvent]], Awaitable[None]]
WRITES: dict[str, Write] = {
    "a node waits": lambda store, run, events: store.node_settled(run, NODE, 7, events, None),
    "a node ran": lambda store, run, events: store.node_settled(run, NODE, 7, events, FREE),
    "a node cost": lambda store, run, events: store.node_settled(run, PAID, 7, events, TWO),
    "the run ends": lambda store, run, events: store.finish(
        run, Ending(RunStatus.SUCCEEDED), 7, events
    ),
    "the run waits": lambda store, run, events: store.finish(
        run, Ending(RunStatus.WAITING, wake_at=NOW), 7, events
    ),
}


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=2, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def claims(postgres_url: str, pool: RawPool) -> tuple[ClaimedRun, ClaimedRun]:
    """The same run as the worker that stalled claimed it, and as the next one did."""
    user = add_user(postgres_url)
    pipeline = add_pipeline(postgres_url, user)
    async with pool.connection() as connection:
        await connection.execute(
            "insert into runs (id, user_id, pipeline_id, graph_id, pipeline_version, mode, symbol,"
            " symbols, as_of, real_time, seed, correlation_id, status, started_by, created_at)"
            " select %s, %s, id, published_graph_id, 1, 'simulation', 'AAPL', array['AAPL'], %s,"
            " true, 1, 'c', 'pending', 'manual', %s from pipelines where id = %s",
            (new_id(), user, NOW, NOW, pipeline),
        )
    [stalled] = await store(pool, "stalled").claim(1)
    async with pool.connection() as connection:
        await connection.execute("update runs set lease_until = now() - interval '1 second'")
    second = store(pool, "second")
    assert await second.sweep() == 1
    [held] = await second.claim(1)
    return stalled, held


def store(pool: RawPool, worker: str) -> RunStore:
    return RunStore(pool, FixedClock(NOW), worker, lease_s=600, daily_budget=Decimal(25))


def told(run: ClaimedRun) -> list[RunEvent]:
    return [RunEvent(run.id, 7, RunEventType.AGENT_COMPLETED, NOW, {}, "work")]


async def rows(pool: RawPool) -> dict[str, list[tuple[object, ...]]]:
    async with pool.connection() as connection:
        return {
            table: await (await connection.execute(f"select * from {table}")).fetchall()
            for table in TABLES
        }


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
async def test_a_worker_whose_run_was_taken_over_cannot_write_while_the_other_is_at_work(
    pool: RawPool, claims: tuple[ClaimedRun, ClaimedRun], write: Write
) -> None:
    stalled, held = claims
    before = await rows(pool)
    with pytest.raises(LeaseLost):
        await write(store(pool, "stalled"), stalled, told(stalled))
    assert await rows(pool) == before
    await write(store(pool, "second"), held, told(held))
    assert await rows(pool) != before


async def test_a_worker_whose_run_was_taken_over_does_not_show_its_node_as_running(
    pool: RawPool, claims: tuple[ClaimedRun, ClaimedRun]
) -> None:
    stalled, held = claims
    before = await rows(pool)
    await store(pool, "stalled").node_started(stalled, NODE, 7, told(stalled))
    assert await rows(pool) == before
    await store(pool, "second").node_started(held, NODE, 7, told(held))
    assert await rows(pool) != before


async def test_a_worker_whose_run_was_taken_over_does_not_prolong_its_lease(
    pool: RawPool, claims: tuple[ClaimedRun, ClaimedRun]
) -> None:
    stalled, held = claims
    one = store(pool, "stalled")
    assert await one.renew([(stalled.id, stalled.claim_epoch)]) == {}
    claim = (held.id, held.claim_epoch)
    assert await one.renew([claim]) == {claim: False}
