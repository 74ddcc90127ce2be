"""A worker that lost a run to another can write none of it, whatever it was about to write, and
whatever it writes of other runs in the same statement."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import RunId
from kuber.runs.batches import Charge, Ending, LeaseLost, Receipt, RunBatch
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus, RunEvent, RunEventType, RunStatus
from kuber.runs.writer import RunWriter
from tests.fakes.queued_runs import queue_runs
from tests.fakes.subscribers import add_user

NOW = datetime(2026, 11, 25, 19, tzinfo=UTC)
RUNS = 10
NODE = NodeRecord("work", "test_step", NodeStatus.SUCCEEDED, 1, NOW, NOW, 5.0)
PAID = replace(NODE, cost=Decimal(2))
NONE = Decimal(0)
FREE, TWO = Charge(NONE, NONE, NONE, False), Charge(Decimal(2), NONE, NONE, False)
OF_ONE = {
    "runs": "id",
    "node_runs": "run_id",
    "run_events": "run_id",
    "cost_tracking": "run_id",
    "outbox": "(payload->>'run_id')::uuid",
    "notice_outbox": "(data->>'run_id')::uuid",
}
"""Tables with the column that names the run."""

WRITES = {
    "a node runs": {"started": (NODE,)},
    "a node waits": {"settled": ((NODE, None),)},
    "a node ran": {"settled": ((NODE, FREE),)},
    "a node cost": {"settled": ((PAID, TWO),)},
    "the run ends": {"ending": Ending(RunStatus.SUCCEEDED)},
    "the run fails": {"ending": Ending(RunStatus.FAILED, "It failed")},
    "the run waits": {"ending": Ending(RunStatus.WAITING, wake_at=NOW)},
    "the run is handed back": {"ending": Ending(RunStatus.PENDING)},
}


@dataclass
class Claims:
    """Runs as a worker claimed them; the first was taken over by another, and is `taken` there."""

    stalled: ClaimedRun
    taken: ClaimedRun
    held: list[ClaimedRun]


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=5, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def claims(postgres_url: str, pool: RawPool) -> Claims:
    await queue_runs(postgres_url, pool, add_user(postgres_url), RUNS, NOW)
    stalled, *held = await store(pool).claim(RUNS)
    async with pool.connection() as connection:
        await connection.execute(
            "update runs set status = 'pending', lease_until = null where id = %s", (stalled.id,)
        )
    [taken] = await store(pool).claim(1)
    assert taken.id == stalled.id
    return Claims(stalled, taken, held)


@pytest.fixture
def writer(pool: RawPool) -> RunWriter:
    return RunWriter(pool, FixedClock(NOW), Decimal(25))


def store(pool: RawPool) -> RunStore:
    return RunStore(pool, FixedClock(NOW), "worker", lease_s=600)


def batch(run: ClaimedRun, write: str) -> RunBatch:
    event = RunEvent(run.id, 7, RunEventType.AGENT_COMPLETED, NOW, {}, "work")
    first = RunBatch(run, run.flushes + 1, 7, events=(event,))
    return replace(first, **WRITES[write])  # type: ignore[arg-type]


async def rows(pool: RawPool, run_id: RunId) -> dict[str, list[tuple[object, ...]]]:
    """Return what is on record of a run, and what its user spent."""
    async with pool.connection() as connection:
        found = {
            table: await (
                await connection.execute(f"select * from {table} where {column} = %s", (run_id,))
            ).fetchall()
            for table, column in OF_ONE.items()
        }
        spent = await connection.execute("select amount from daily_spend")
        return {**found, "spent": await spent.fetchall()}


@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_run_among_nine_that_are_held_is_not_written(
    pool: RawPool, claims: Claims, writer: RunWriter, write: str
) -> None:
    before = await rows(pool, claims.stalled.id)
    others = {run.id: await rows(pool, run.id) for run in claims.held}
    several = [claims.stalled, *claims.held]
    answers = await asyncio.gather(
        *(writer.write(batch(run, write)) for run in several), return_exceptions=True
    )
    assert isinstance(answers[0], LeaseLost)
    assert answers[1:] == [Receipt(cancel_requested=False)] * len(claims.held)
    after = await rows(pool, claims.stalled.id)
    paid = len(claims.held) * 2 if write == "a node cost" else None
    assert after == before | {"spent": [(Decimal(paid),)] if paid else []}
    for run in claims.held:
        assert await rows(pool, run.id) != others[run.id]


async def test_a_process_that_claims_a_run_again_does_not_write_what_it_lost_of_it(
    pool: RawPool, claims: Claims, writer: RunWriter
) -> None:
    lost = replace(
        batch(claims.stalled, "a node ran"), settled=((replace(NODE, node_id="a"), TWO),)
    )
    answers = await asyncio.gather(
        writer.write(lost), writer.write(batch(claims.taken, "a node ran")), return_exceptions=True
    )
    assert isinstance(answers[0], LeaseLost)
    assert answers[1] == Receipt(cancel_requested=False)
    written = await rows(pool, claims.taken.id)
    assert [row[1] for row in written["node_runs"]] == ["work"]
    assert [row[1] for row in written["cost_tracking"]] == ["work"]


@pytest.mark.parametrize("write", WRITES)
async def test_whoever_took_a_run_over_writes_it(
    pool: RawPool, claims: Claims, writer: RunWriter, write: str
) -> None:
    with pytest.raises(LeaseLost):
        await writer.write(batch(claims.stalled, write))
    before = await rows(pool, claims.taken.id)
    await writer.write(batch(claims.taken, write))
    assert await rows(pool, claims.taken.id) != before


@pytest.mark.parametrize("write", WRITES)
async def test_a_batch_that_is_repeated_is_on_record_once(
    pool: RawPool, claims: Claims, writer: RunWriter, write: str
) -> None:
    run = claims.held[0]
    await writer.write(batch(run, write))
    once = await rows(pool, run.id)
    answer = await writer.write(batch(run, write))
    assert answer == Receipt(cancel_requested=False)
    assert await rows(pool, run.id) == once


@pytest.mark.parametrize("write", WRITES)
async def test_a_run_whose_lease_ran_out_is_not_written_before_another_claims_it(
    pool: RawPool, claims: Claims, writer: RunWriter, write: str
) -> None:
    run = claims.held[0]
    async with pool.connection() as connection:
        await connection.execute(
            "update runs set status = 'pending', lease_until = null where id = %s", (run.id,)
        )
    before = await rows(pool, run.id)
    with pytest.raises(LeaseLost):
        await writer.write(batch(run, write))
    assert await rows(pool, run.id) == before


async def test_a_batch_of_another_claim_is_not_taken_for_ones_own_repeated(
    claims: Claims, writer: RunWriter
) -> None:
    await writer.write(batch(claims.taken, "a node ran"))
    with pytest.raises(LeaseLost):
        await writer.write(batch(claims.stalled, "a node ran"))


async def test_a_batch_that_is_not_the_next_is_refused(
    pool: RawPool, claims: Claims, writer: RunWriter
) -> None:
    run = claims.held[0]
    await writer.write(batch(run, "a node ran"))
    await writer.write(replace(batch(run, "a node cost"), number=2))
    before = await rows(pool, run.id)
    for number in (1, 4):
        with pytest.raises(LeaseLost):
            await writer.write(replace(batch(run, "the run ends"), number=number))
    assert await rows(pool, run.id) == before


async def test_a_node_that_has_settled_is_neither_written_nor_charged_again(
    pool: RawPool, claims: Claims, writer: RunWriter
) -> None:
    run = claims.held[0]
    await writer.write(batch(run, "a node cost"))
    nodes = (await rows(pool, run.id))["node_runs"]
    late = replace(PAID, reasoning="another", attempts=2)
    await writer.write(RunBatch(run, 2, 8, settled=((late, TWO),)))
    await writer.write(RunBatch(run, 3, 9, started=(late,)))
    after = await rows(pool, run.id)
    assert after["node_runs"] == nodes
    assert len(after["cost_tracking"]) == 1
    assert after["spent"] == [(Decimal(2),)]
    async with pool.connection() as connection:
        cost = await connection.execute("select cost from runs where id = %s", (run.id,))
        assert await cost.fetchone() == (Decimal(2),)


async def test_a_worker_whose_run_was_taken_over_does_not_prolong_its_lease(
    pool: RawPool, claims: Claims
) -> None:
    one = store(pool)
    lease = "select lease_until from runs where id = %s"
    async with pool.connection() as connection:
        before = await (await connection.execute(lease, (claims.taken.id,))).fetchone()
        assert await one.renew([(claims.stalled.id, claims.stalled.claim_epoch)]) == {}
        assert await (await connection.execute(lease, (claims.taken.id,))).fetchone() == before
        claim = (claims.taken.id, claims.taken.claim_epoch)
        assert await one.renew([claim]) == {claim: False}
        assert await (await connection.execute(lease, (claims.taken.id,))).fetchone() != before


async def test_a_run_whose_row_is_locked_is_not_lost_and_prolonged_later(
    pool: RawPool, claims: Claims
) -> None:
    one, two = claims.held[:2]
    held = [(run.id, run.claim_epoch) for run in (one, two)]
    lease = "select id from runs where lease_until > now() + interval '601 seconds'"
    longer = RunStore(pool, FixedClock(NOW), "worker", lease_s=6000)
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("update runs set cancel_requested = true where id = %s", (one.id,))
        assert await longer.renew(held) == dict.fromkeys(held, False)
    async with pool.connection() as connection:
        assert await (await connection.execute(lease)).fetchall() == [(two.id,)]
    assert await longer.renew(held) == {held[0]: True, held[1]: False}
