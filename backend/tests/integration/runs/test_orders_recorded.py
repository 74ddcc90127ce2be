"""Intents and orders that are recorded together with their runs: under the runs' claims, once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from kuber.brokers.port import (
    Account,
    BracketOrder,
    Execution,
    OrderState,
    OrderStatus,
    Side,
)
from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.runs.batches import LeaseLost, Receipt, RunBatch
from kuber.runs.store import RunStore
from kuber.runs.types import ClaimedRun, NodeRecord, NodeStatus
from kuber.runs.writer import RunWriter
from kuber.trading.booking import Booking
from kuber.trading.journal import Journal
from kuber.trading.lifecycle import OrderLife, advance
from kuber.trading.origins import Origin
from kuber.trading.types import Standing, Ticket
from tests.fakes.queued_runs import queue_runs
from tests.fakes.subscribers import add_user

NOW = datetime(2026, 11, 25, 19, tzinfo=UTC)
TOLD = """
    select (select count(*) from outbox where payload->>'order_id' = o.id::text
              and topic = 'decisions.order_intent'),
           (select count(*) from outbox where payload->>'order_id' = o.id::text
              and topic = 'executions.fill'),
           (select count(*) from audit_entries e join audit_pending p on p.entry_id = e.id
            where e.data::jsonb->>'order_id' = o.id::text and e.event_type = 'order_intended'),
           (select count(*) from audit_entries e join audit_pending p on p.entry_id = e.id
            where e.data::jsonb->>'order_id' = o.id::text and e.event_type = 'order_answered'),
           (select count(*) from notice_outbox where data->>'order_id' = o.id::text),
           (select count(*) from fills where order_id = o.id)
    from orders o where o.id = %s
"""
"""How often an order was told of: to Kafka, to the record, to its owner; and its fills."""


@dataclass
class Site:
    """A writer of runs, the runs that it holds, and a clock."""

    pool: RawPool
    clock: FixedClock
    writer: RunWriter
    runs: list[ClaimedRun]

    def ticket(self, run: ClaimedRun) -> Ticket:
        origin = Origin.of_node(run.id, "trade")
        order = BracketOrder(
            client_order_id=origin.order_id(),
            account=Account(run.user_id, run.id),
            symbol=run.symbol,
            side=Side.BUY,
            quantity=Decimal("10.5"),
            reference_price=Decimal(100),
            stop_loss=Decimal(95),
            targets=(Decimal(110),),
        )
        return Ticket(order, origin, "simulation", "simulation", "c")

    def intent(self, run: ClaimedRun, number: int = 1) -> RunBatch:
        row = Journal(self.pool, self.clock).row(self.ticket(run))
        return RunBatch(run, number, number, intents=(row,))

    def order(self, run: ClaimedRun, number: int = 1) -> RunBatch:
        """Return a node's result with its order, which was filled as it was placed."""
        ticket = replace(self.ticket(run), estimated=True)
        wanted = Journal(self.pool, self.clock).row(ticket)
        intent = ticket.intent
        state = OrderState(intent.id, OrderStatus.FILLED, intent.quantity, "Filled.")
        price, commission = Decimal(101), Decimal("0.05")
        fill = Execution(f"{intent.id}-1", intent.id, NOW, intent.quantity, price, commission)
        step = advance(OrderLife(OrderStatus.INTENDED, intent.quantity), state, (fill,))
        assert step is not None
        answer = Booking(self.pool, self.clock).row(intent, step)
        both = {name: wanted[name] + answer[name] for name in ("events", "entries")}
        node = NodeRecord("trade", "trade_manager", NodeStatus.SUCCEEDED, 1, NOW, NOW, 5.0)
        row = wanted | answer | both
        return RunBatch(run, number, number, settled=((node, None),), orders=(row,))

    async def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []


@pytest.fixture
async def site(postgres_url: str) -> AsyncIterator[Site]:
    pool, clock = raw_pool(postgres_url, size=5, application_name="test"), FixedClock(NOW)
    await pool.open()
    await queue_runs(postgres_url, pool, add_user(postgres_url), 3, NOW)
    runs = await RunStore(pool, clock, "worker", lease_s=600).claim(3)
    yield Site(pool, clock, RunWriter(pool, clock, Decimal(25)), runs)
    await pool.close()


async def test_orders_of_several_runs_are_recorded_in_one_statement_and_told_once(
    site: Site,
) -> None:
    receipts = await asyncio.gather(*(site.writer.write(site.intent(run)) for run in site.runs))
    for run, receipt in zip(site.runs, receipts, strict=True):
        assert receipt.standing(site.ticket(run).id) is Standing.NEW
        assert list(receipt.intended or {}) == [str(site.ticket(run).id)]
        assert await site.query(TOLD, site.ticket(run).id) == [(1, 0, 1, 0, 0, 0)]
    accounts = await site.query(
        "select id from accounts where id = any(%s)", [r.id for r in site.runs]
    )
    assert len(accounts) == 3


async def test_filled_orders_of_several_runs_are_recorded_with_their_nodes_and_told_once(
    site: Site,
) -> None:
    await asyncio.gather(*(site.writer.write(site.order(run)) for run in site.runs))
    for run in site.runs:
        assert await site.query(TOLD, site.ticket(run).id) == [(1, 1, 1, 1, 1, 1)]
        [order] = await site.query(
            "select status, reason, quantity, filled_quantity, answers, estimated, created_at,"
            " answered_at from orders where run_id = %s",
            run.id,
        )
        whole = Decimal("10.5")
        assert order == ("filled", "Filled.", whole, whole, 1, True, NOW, NOW)
    nodes = await site.query("select count(*) from node_runs where status = 'succeeded'")
    assert nodes == [(3,)]
    accounts = await site.query(
        "select id from accounts where id = any(%s)", [r.id for r in site.runs]
    )
    assert len(accounts) == 3


async def test_the_order_of_a_run_that_was_lost_is_not_written_with_those_that_are_held(
    site: Site,
) -> None:
    lost, held, _ = site.runs
    await site.query("update runs set claim_epoch = claim_epoch + 1 where id = %s", lost.id)
    answers = await asyncio.gather(
        *(site.writer.write(site.order(run)) for run in (lost, held)), return_exceptions=True
    )
    assert isinstance(answers[0], LeaseLost)
    assert await site.query("select run_id from orders") == [(held.id,)]


async def test_an_order_that_is_on_record_is_not_recorded_again(site: Site) -> None:
    run, order = site.runs[0], site.ticket(site.runs[0]).id
    await site.writer.write(site.order(run))
    await site.writer.write(site.order(run, 2))
    assert await site.query(TOLD, order) == [(1, 1, 1, 1, 1, 1)]


async def test_an_intent_that_a_release_of_before_left_is_answered(site: Site) -> None:
    run = site.runs[0]
    await site.writer.write(site.intent(run))
    await site.writer.write(site.order(run, 2))
    [order] = await site.query("select status, filled_quantity, answers from orders")
    assert order == ("filled", Decimal("10.5"), 1)
    fills = await site.query("select quantity, answer from fills")
    assert fills == [(Decimal("10.5"), 1)]


async def test_an_intent_is_as_old_as_the_statement_that_records_it(site: Site) -> None:
    batch = site.intent(site.runs[0])
    site.clock.advance(timedelta(minutes=5))  # PostgreSQL was away for so long
    await site.writer.write(batch)
    [times] = await site.query("select created_at, sent_at from orders")
    assert times == (NOW + timedelta(minutes=5),) * 2


async def test_an_intent_that_is_about_to_be_sent_again_is_open_until_it_has_its_answer(
    site: Site,
) -> None:
    run, order = site.runs[0], site.ticket(site.runs[0]).id
    await site.writer.write(site.intent(run))
    await site.query("update orders set not_found_at = now()")
    site.clock.advance(timedelta(minutes=1))
    assert (await site.writer.write(site.intent(run, 2))).standing(order) is Standing.OPEN
    [times] = await site.query("select created_at, sent_at, not_found_at from orders")
    assert times == (NOW, NOW + timedelta(minutes=1), None)
    await site.query("update orders set status = 'working'")
    assert (await site.writer.write(site.intent(run, 3))).standing(order) is Standing.ANSWERED
    assert await site.query(TOLD, order) == [(1, 0, 1, 0, 0, 0)]


async def test_nothing_is_intended_once_the_run_was_asked_to_stop(site: Site) -> None:
    stopped, other, _ = site.runs
    await site.query("update runs set cancel_requested = true where id = %s", stopped.id)
    receipts = await asyncio.gather(
        *(site.writer.write(site.intent(run)) for run in (stopped, other))
    )
    assert receipts[0].standing(site.ticket(stopped).id) is Standing.CANCELLED
    assert receipts[1].standing(site.ticket(other).id) is Standing.NEW
    orders = await site.query("select run_id from orders")
    accounts = await site.query("select id from accounts where id = %s", stopped.id)
    assert (orders, accounts) == ([(other.id,)], [])


async def test_the_orders_of_a_run_that_another_worker_holds_are_not_written(site: Site) -> None:
    lost, held, _ = site.runs
    await site.query("update runs set claim_epoch = claim_epoch + 1 where id = %s", lost.id)
    answers = await asyncio.gather(
        *(site.writer.write(site.intent(run)) for run in (lost, held)), return_exceptions=True
    )
    assert isinstance(answers[0], LeaseLost)
    assert await site.query("select run_id from orders") == [(held.id,)]
    await site.query("update runs set claim_epoch = claim_epoch + 1 where id = %s", held.id)
    with pytest.raises(LeaseLost):
        await site.writer.write(site.order(held, 2))
    assert await site.query("select status from orders") == [("intended",)]


async def test_what_came_of_a_batch_whose_answer_was_lost_is_asked_for(site: Site) -> None:
    run = site.runs[0]
    batch = site.intent(run)
    await site.writer.write(batch)
    again = await site.writer.write(batch)
    assert again == Receipt(cancel_requested=False)
    assert again.standing(site.ticket(run).id) is Standing.OPEN
    orders = await site.query("select count(*) from orders where id = %s", UUID(int=0))
    assert orders == [(0,)]
