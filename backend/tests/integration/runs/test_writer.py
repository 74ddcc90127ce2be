"""The writer of a process: one statement for many runs, and what fails in it fails alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY
from psycopg import OperationalError
from structlog.testing import capture_logs

from kuber.infra.db import RawConnection, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.runs import writer as module
from kuber.runs.batches import Charge, DatabaseAway, Receipt, RowsRefused, RunBatch
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus
from kuber.runs.writer import RunWriter, WriterOptions
from tests.fakes.queued_runs import queue_runs
from tests.fakes.subscribers import add_user

NOW = datetime(2026, 11, 29, 19, tzinfo=UTC)
CENT = Decimal("0.01")
CHARGE = Charge(CENT, Decimal(0), Decimal(0), False)
WRITTEN = Receipt(cancel_requested=False)
FAILURES = ("shared_flush_failed", "flush_repeated")

DIES_AT_COMMIT = """
    create sequence commits;
    create function die() returns trigger language plpgsql as $$
    begin
        if nextval('commits') % 3 = 0 then
            perform pg_terminate_backend(pg_backend_pid());
        end if;
        return null;
    end $$;
    create constraint trigger dies after insert on cost_tracking deferrable initially deferred
        for each row execute function die();
"""
TOTALS = """
    select (select count(*) from node_runs where status = 'succeeded'),
           (select sum(flushes) from runs), (select sum(cost) from runs),
           (select sum(amount) from cost_tracking), (select sum(amount) from daily_spend)
"""


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=10, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def writer(pool: RawPool) -> RunWriter:
    return new_writer(pool)


@pytest.fixture
async def runs(postgres_url: str, pool: RawPool) -> list[ClaimedRun]:
    """Ten runs that a worker holds."""
    return await claimed(postgres_url, pool, 10)


def new_writer(pool: RawPool, budget: int = 25) -> RunWriter:
    return RunWriter(pool, FixedClock(NOW), Decimal(budget))


async def claimed(url: str, pool: RawPool, number: int) -> list[ClaimedRun]:
    await queue_runs(url, pool, add_user(url), number, NOW)
    return await store(pool).claim(number)


def store(pool: RawPool, lease_s: float = 600) -> RunStore:
    return RunStore(pool, FixedClock(NOW), "worker", lease_s)


def batch(run: ClaimedRun, number: int = 1, **fields: Any) -> RunBatch:
    """Return the batch of a node that cost a cent."""
    node = NodeRecord(f"n{number}", "test_step", NodeStatus.SUCCEEDED, 1, NOW, NOW, 5.0, CENT)
    return RunBatch(run, number, number, settled=((replace(node, **fields), CHARGE),))


async def write_all(writer: RunWriter, batches: Sequence[RunBatch]) -> list[Any]:
    return await asyncio.gather(*map(writer.write, batches), return_exceptions=True)


async def one(pool: RawPool, statement: str, *values: object) -> tuple[Any, ...]:
    async with pool.connection() as connection:
        row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return row


def flushed() -> tuple[float, float]:
    """Return how many statements were carried out, and how many batches they had."""
    found = [REGISTRY.get_sample_value(f"kuber_run_flush_runs_{name}") for name in ("count", "sum")]
    return found[0] or 0.0, found[1] or 0.0


async def test_a_single_batch_is_sent_at_once_and_those_of_a_moment_together(
    runs: list[ClaimedRun], writer: RunWriter
) -> None:
    statements, batches = flushed()
    await writer.write(batch(runs[0]))
    assert flushed() == (statements + 1, batches + 1)
    assert await write_all(writer, [batch(run) for run in runs[1:]]) == [WRITTEN] * 9
    assert flushed() == (statements + 2, batches + 10)


async def test_what_comes_while_a_statement_is_under_way_leaves_with_the_next(
    pool: RawPool, runs: list[ClaimedRun], writer: RunWriter
) -> None:
    statements, batches = flushed()
    first = asyncio.create_task(writer.write(batch(runs[0])))
    await asyncio.sleep(0)  # it is queued
    await asyncio.sleep(0)  # its statement is under way
    await write_all(writer, [batch(run) for run in runs[1:]])
    await first
    assert flushed() == (statements + 2, batches + 10)


async def test_no_statement_has_more_batches_than_it_may(
    pool: RawPool, runs: list[ClaimedRun]
) -> None:
    writer = RunWriter(pool, FixedClock(NOW), Decimal(25), WriterOptions(batch=4))
    statements, batches = flushed()
    assert await write_all(writer, [batch(run) for run in runs]) == [WRITTEN] * 10
    assert flushed() == (statements + 3, batches + 10)


@pytest.mark.parametrize(
    "poison",
    [{"agent_type": "x" * 101}, {"reasoning": "a\x00b"}, {"reasoning": "\ud800"}],
    ids=["too long", "NUL", "not Unicode"],
)
async def test_a_row_that_is_refused_fails_alone(
    pool: RawPool, runs: list[ClaimedRun], writer: RunWriter, poison: dict[str, Any]
) -> None:
    answers = await write_all(writer, [batch(runs[0], **poison), *(batch(run) for run in runs[1:])])
    assert isinstance(answers[0], RowsRefused)
    assert answers[1:] == [WRITTEN] * 9
    assert await one(pool, TOTALS) == (9, 9, 9 * CENT, 9 * CENT, 9 * CENT)
    assert await writer.write(batch(runs[0])) == WRITTEN  # its number is still free


async def test_a_large_batch_does_not_hold_up_the_others(
    pool: RawPool, runs: list[ClaimedRun], writer: RunWriter
) -> None:
    statements, batches = flushed()
    large = batch(runs[0], reasoning="x" * module.ALONE_ABOVE_BYTES)
    assert await write_all(writer, [large, *(batch(run) for run in runs[1:])]) == [WRITTEN] * 10
    assert flushed() == (statements + 2, batches + 10)


async def test_only_the_run_whose_row_is_locked_waits_for_it(
    pool: RawPool, runs: list[ClaimedRun], writer: RunWriter
) -> None:
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            "update runs set cancel_requested = true where id = %s", (runs[0].id,)
        )
        waiting = asyncio.create_task(writer.write(batch(runs[0])))
        others = await write_all(writer, [batch(run) for run in runs[1:]])
        assert others == [WRITTEN] * 9
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        while (await one(pool, waits))[0] == 0:  # noqa: ASYNC110  until PostgreSQL says so
            await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting == Receipt(cancel_requested=True)
    assert (await one(pool, TOTALS))[0] == 10


async def test_a_day_budget_that_a_shared_statement_spends_is_told_once(
    pool: RawPool, runs: list[ClaimedRun]
) -> None:
    writer = new_writer(pool, budget=0)
    async with pool.connection() as connection:
        await connection.execute(
            "insert into budgets (user_id, per_day) values (%s, 0.05)", (runs[0].user_id,)
        )
    told = (
        "select count(*), min(data->>'spent'), min(data->>'limit') from notice_outbox"
        " where kind = 'budget_exhausted'"
    )
    await write_all(writer, [batch(run) for run in runs[:4]])
    assert (await one(pool, told))[0] == 0
    await write_all(writer, [batch(run) for run in runs[4:7]])
    assert await one(pool, told) == (1, "0.07000000", "0.05000000")
    await write_all(writer, [batch(run) for run in runs[7:]])
    assert (await one(pool, told))[0] == 1


class Forgetful:
    """A pool whose every third connection is lost after its statement, with the answer to it."""

    def __init__(self, pool: RawPool) -> None:
        self._pool = pool
        self._numbers = count(1)
        self.lost = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[RawConnection]:
        async with self._pool.connection() as connection:
            yield connection
            if next(self._numbers) % 3 == 0:
                self.lost += 1
                raise OperationalError("the connection is lost")


async def test_no_cost_counts_twice_however_often_a_commit_or_its_answer_is_lost(
    pool: RawPool, runs: list[ClaimedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.01)
    async with pool.connection() as connection:
        await connection.execute(DIES_AT_COMMIT)
    forgetful = Forgetful(pool)
    writer = new_writer(cast(RawPool, forgetful))
    rounds = 20
    with capture_logs() as logs:
        for number in range(1, rounds + 1):
            answers = await write_all(writer, [batch(run, number) for run in runs])
            assert answers == [WRITTEN] * 10
    nodes = rounds * len(runs)
    assert await one(pool, TOTALS) == (nodes, nodes, nodes * CENT, nodes * CENT, nodes * CENT)
    reasons = [entry["reason"] for entry in logs if entry["event"] in FAILURES]
    assert any("terminating connection" in reason for reason in reasons)
    assert forgetful.lost


async def test_renewals_cancels_and_flushes_of_two_processes_do_not_wait_in_a_circle(
    postgres_url: str, pool: RawPool
) -> None:
    mine = [await claimed(postgres_url, pool, 6), await claimed(postgres_url, pool, 6)]
    held = [mine[0][:3] + mine[1][:3], mine[0][3:] + mine[1][3:]]
    everything = [run for some in held for run in some]
    over = asyncio.Event()

    async def work(some: list[ClaimedRun]) -> None:
        writer = new_writer(pool)
        for number in range(1, 31):
            answers = await write_all(writer, [batch(run, number) for run in some])
            assert all(isinstance(answer, Receipt) for answer in answers), answers

    async def renew(some: list[ClaimedRun]) -> None:
        claims = [(run.id, run.claim_epoch) for run in some]
        while not over.is_set():
            assert set(await store(pool).renew(claims)) == set(claims)

    async def cancel() -> None:
        for number in count():
            if over.is_set():
                return
            run = everything[number % len(everything)]
            async with pool.connection() as connection:
                await connection.execute(
                    "update runs set cancel_requested = not cancel_requested where id = %s",
                    (run.id,),
                )

    with capture_logs() as logs:
        others = [asyncio.create_task(cancel()), *(asyncio.create_task(renew(s)) for s in held)]
        await asyncio.gather(*map(work, held))
        over.set()
        await asyncio.gather(*others)
    assert [entry for entry in logs if entry["event"] in FAILURES] == []
    nodes = 30 * len(everything)
    assert await one(pool, TOTALS) == (nodes, nodes, nodes * CENT, nodes * CENT, nodes * CENT)


async def test_a_process_that_ends_does_not_wait_for_a_database_that_is_away(
    pool: RawPool, runs: list[ClaimedRun]
) -> None:
    class Away:
        def connection(self) -> Any:
            raise OperationalError("nobody listens")

    writer = new_writer(cast(RawPool, Away()))
    with capture_logs() as logs:
        waiting = asyncio.create_task(writer.write(batch(runs[0])))
        while not any(entry["event"] == "flush_repeated" for entry in logs):  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert not waiting.done()
        writer.end()
        with pytest.raises(DatabaseAway):
            await waiting


async def test_leases_that_nobody_could_renew_end_a_lease_after_postgresql_came_back(
    pool: RawPool, runs: list[ClaimedRun]
) -> None:
    async with pool.connection() as connection:
        await connection.execute("update runs set lease_until = now() - interval '1 second'")
    assert await store(pool, lease_s=10**8).sweep() == 0
    assert await store(pool, lease_s=0).sweep() == len(runs)
