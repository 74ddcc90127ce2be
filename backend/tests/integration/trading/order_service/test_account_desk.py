"""Runs of the present and the account that they trade in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from kuber.brokers.port import OrderStatus, Side
from kuber.infra.db import Database, JsonObject
from kuber.kernel.ids import OrderId, PipelineId, RunId
from kuber.trading import account_desk
from kuber.trading.account_desk import AccountDesk
from kuber.trading.accounts.service import AccountService
from kuber.trading.errors import NoAccount, OrderNotWanted, OrderOutcomeUnknown
from kuber.trading.orders import OrderQuery, closing_orders, order_page, order_totals
from kuber.trading.origins import Origin
from kuber.trading.statements import INTENDED, WANTED_COLUMNS
from kuber.trading.types import OrderReport, Standing, TradeRequest
from tests.fixtures.trading_floor import USER, Floor

BUY = TradeRequest(
    symbol="AAPL",
    side=Side.BUY,
    quantity=Decimal(100),
    reference_price=Decimal("150.50"),
    stop_loss=Decimal("148.00"),
    targets=(Decimal("154.25"), Decimal("158.00")),
    correlation_id="c",
)
SELL = TradeRequest(
    symbol="AAPL",
    side=Side.SELL,
    quantity=Decimal(100),
    reference_price=Decimal("151.00"),
    stop_loss=Decimal("153.00"),
    targets=(Decimal("145.00"),),
    correlation_id="c",
)
_INTEND = f"""
    with wanted as (select * from jsonb_to_recordset(%(intents)s) as i({WANTED_COLUMNS})),
    {INTENDED} select is_new from intended
"""


class Log:
    """The log of a run; what it is told is durable at once."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.cancelled = False
        self.flushed = 0

    async def intend(self, _order_id: OrderId, row: JsonObject) -> Standing:
        if self.cancelled:
            return Standing.CANCELLED
        values = {"intents": Jsonb([row]), "now": self._floor.clock.now()}
        rows = await self._floor.rows(_INTEND, values)
        return Standing.ANSWERED if not rows else Standing.NEW if rows[0][0] else Standing.OPEN

    async def flush(self) -> None:
        self.flushed += 1


async def carried(order: Callable[[], Coroutine[Any, Any, OrderReport]]) -> OrderReport:
    return await order()


class Runs:
    """Runs of one pipeline, and their desks."""

    def __init__(self, floor: Floor, pipeline_id: PipelineId) -> None:
        self.floor = floor
        self.pipeline_id = pipeline_id
        self.log = Log(floor)

    async def begin(self) -> AccountDesk:
        """Return the desk of the one node of a new run."""
        return self.desk(await self.new_run())

    async def new_run(self) -> RunId:
        run_id = RunId(uuid4())
        await self.floor.rows(
            "insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of,"
            " real_time, seed, correlation_id, status) select %(id)s, p.user_id, p.id, g.id,"
            " 'simulation', 'AAPL', '{AAPL}', now(), true, 1, 'c', 'succeeded'"
            " from pipelines p join pipeline_graphs g on g.pipeline_id = p.id"
            " where p.id = %(pipeline)s",
            {"id": run_id, "pipeline": self.pipeline_id},
        )
        return run_id

    def desk(self, run_id: RunId) -> AccountDesk:
        floor = self.floor
        origin = Origin.of_node(run_id, "trade")
        return AccountDesk(
            floor.pool, floor.clock, origin, USER, self.pipeline_id, "simulation", self.log, carried
        )


async def _pipeline(floor: Floor) -> PipelineId:
    id_ = uuid4()
    await floor.rows(
        "with made as (insert into pipelines (id, user_id, name, graph, graph_digest, mode,"
        " trigger, status, revision, version, updated_at) values (%(id)s, %(user)s, 'Mine', '{}',"
        " '', 'simulation', '{}', 'draft', 1, 0, now()) returning id)"
        " insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)"
        " select gen_random_uuid(), id, '', '{}', 0, now() from made",
        {"id": id_, "user": USER},
    )
    return PipelineId(id_)


@pytest.fixture
async def runs(floor: Floor) -> Runs:
    return Runs(floor, await _pipeline(floor))


@asynccontextmanager
async def served(floor: Floor) -> AsyncIterator[None]:
    """Have the order service work meanwhile."""

    async def work() -> None:
        while True:
            floor.service.wake()
            await floor.service.round()
            await asyncio.sleep(0)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await floor.again()


async def test_m02_a_run_ends_when_its_order_is_taken_and_is_filled_later(runs: Runs) -> None:
    desk, floor = await runs.begin(), runs.floor
    async with served(floor):
        report = await desk.execute(BUY)
    assert (report.status, report.fills) == (OrderStatus.SUBMITTED, ())
    await floor.quote("150.50")
    await floor.quote("150.50")
    found = await floor.position()
    assert (found["status"], found["pipeline_id"]) == ("open", str(runs.pipeline_id))
    again = await desk.execute(BUY)
    assert (again.order_id, again.status) == (report.order_id, OrderStatus.FILLED)
    assert await floor.rows("select count(*) from orders where leg = 'entry'") == [(1,)]


async def test_the_orders_of_a_run_are_its_own_and_those_of_its_position(
    runs: Runs, database: Database
) -> None:
    floor, run_id = runs.floor, await runs.new_run()
    first, other = runs.desk(run_id), await runs.begin()
    async with served(floor):
        await first.execute(BUY)
        await other.execute(replace(BUY, symbol="MSFT"))
    await floor.quote("150.50")
    await floor.quote("150.50")
    async with database.transaction() as session:
        query = OrderQuery(run_id=run_id)
        found, _ = await order_page(session, USER, query)
        totals = await order_totals(session, USER, query)
    assert {one.place.run_id for one in found} == {run_id}
    assert sorted(one.place.leg for one in found) == [
        *("entry", "stop_1", "stop_2", "target_1", "target_2")
    ]
    assert totals.orders == 5


@pytest.mark.parametrize(("symbol", "life"), [("BTCUSD", "gtc"), ("AAPL", "day")])
async def test_m22_the_order_of_a_run_lives_as_its_market_has_it(
    runs: Runs, symbol: str, life: str
) -> None:
    async with served(runs.floor):
        await (await runs.begin()).execute(replace(BUY, symbol=symbol))
    assert await runs.floor.rows("select time_in_force from orders") == [(life,)]


async def test_a_node_that_is_tried_again_decides_without_its_own_position(runs: Runs) -> None:
    desk, floor = await runs.begin(), runs.floor
    async with served(floor):
        await desk.execute(BUY)
    await floor.quote("150.50")
    await floor.quote("150.50")
    assert await desk.positions() == ()
    (other,) = await (await runs.begin()).positions()
    assert (other.symbol, other.quantity, other.own) == ("AAPL", Decimal(100), True)
    (foreign,) = await (await Runs(floor, await _pipeline(floor)).begin()).positions()
    assert foreign.own is False


async def test_m11_a_signal_the_other_way_closes_all_of_it(runs: Runs) -> None:
    floor = runs.floor
    async with served(floor):
        await (await runs.begin()).execute(BUY)
    await floor.quote("150.50")
    await floor.quote("150.50")
    report = await (await runs.begin()).execute(SELL)
    assert report.reason == "The open position of 100 AAPL is being closed."
    assert runs.log.flushed == 1
    await (await runs.begin()).execute(SELL)
    assert await floor.rows("select count(distinct target) from order_requests") == [(1,)]
    floor.service.wake()
    await floor.quote("151.00")
    await floor.quote("151.00")
    found = await floor.position()
    assert (found["status"], found["realised_pnl"]) == ("closed", 50)


async def test_a_node_that_is_tried_again_after_its_close_opens_nothing(runs: Runs) -> None:
    floor = runs.floor
    async with served(floor):
        await (await runs.begin()).execute(BUY)
    await floor.quote("150.50")
    await floor.quote("150.50")
    run_id = await runs.new_run()
    report = await runs.desk(run_id).execute(SELL)
    floor.service.wake()
    await floor.quote("151.00")
    await floor.quote("151.00")
    assert (await floor.position())["status"] == "closed"
    async with served(floor):
        again = await runs.desk(run_id).execute(SELL)
    assert again == report
    assert await floor.rows("select count(*) from orders where leg = 'entry'") == [(1,)]


async def test_m03_without_an_answer_the_outcome_is_unknown(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await runs.begin()
    with monkeypatch.context() as hurried:
        hurried.setattr(account_desk, "ANSWER_WITHIN_S", 0.01)
        with pytest.raises(OrderOutcomeUnknown):
            await desk.execute(BUY)
    async with served(runs.floor):
        report = await desk.execute(BUY)
    assert report.status is OrderStatus.SUBMITTED
    assert await runs.floor.rows("select count(*) from orders") == [(1,)]


async def test_a_cancelled_run_orders_nothing(runs: Runs) -> None:
    runs.log.cancelled = True
    with pytest.raises(OrderNotWanted):
        await (await runs.begin()).execute(BUY)
    assert await runs.floor.rows("select count(*) from orders") == [(0,)]


async def test_an_order_whose_run_was_cancelled_before_it_was_sent_is_refused(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor, run_id = runs.floor, await runs.new_run()
    with monkeypatch.context() as hurried:
        hurried.setattr(account_desk, "ANSWER_WITHIN_S", 0.01)
        with pytest.raises(OrderOutcomeUnknown):
            await runs.desk(run_id).execute(BUY)
    await floor.rows("update runs set cancel_requested = true where id = %s", (run_id,))
    async with served(floor):
        report = await runs.desk(run_id).execute(BUY)
    assert report.status is OrderStatus.REJECTED
    assert report.reason.startswith("run_cancelled: ")
    assert await floor.rows("select count(*) from positions") == [(0,)]


async def test_what_a_run_had_closed_is_told_with_it(runs: Runs, database: Database) -> None:
    floor, run_id = runs.floor, await runs.new_run()
    for _ in range(2):
        async with served(floor):
            await (await runs.begin()).execute(BUY)
        await floor.quote("150.50")
        await floor.quote("150.50")
    await runs.desk(run_id).execute(SELL)
    floor.service.wake()
    await floor.quote("151.00")
    await floor.quote("151.00")
    async with database.transaction() as session:
        told = await closing_orders(session, run_id, {"trade"})
        other = await closing_orders(session, run_id, {"report"})
    assert [(one.side, one.status, one.filled_quantity) for one in told] == [
        ("sell", OrderStatus.FILLED, Decimal(100))
    ] * 2
    assert other == []


async def test_what_was_to_be_closed_and_is_gone_meanwhile_is_not_turned_round(runs: Runs) -> None:
    floor = runs.floor
    async with served(floor):
        await (await runs.begin()).execute(BUY)
    await floor.quote("150.50")
    await floor.quote("150.50")
    desk = await runs.begin()
    (held,) = await desk.positions()
    assert held.own
    await floor.quote("147.00")
    await floor.quote("147.00")
    assert (await floor.position())["exit_reason"] == "stop"
    report = await desk.execute(replace(SELL, closes=True))
    assert report.status is OrderStatus.CANCELLED
    assert await floor.rows("select count(*) from orders where leg = 'entry'") == [(1,)]


async def test_m03_an_order_that_was_not_taken_yet_counts_as_a_position(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_desk, "ANSWER_WITHIN_S", 0.01)
    desk = await runs.begin()
    with pytest.raises(OrderOutcomeUnknown):
        await desk.execute(BUY)
    assert await desk.positions() == ()
    later = await runs.begin()
    (awaited,) = await later.positions()
    assert (awaited.symbol, awaited.quantity, awaited.own) == ("AAPL", Decimal(100), True)
    with pytest.raises(OrderOutcomeUnknown, match="waits for the order service"):
        await later.execute(replace(SELL, closes=True))
    assert await runs.floor.rows("select count(*) from orders") == [(1,)]


async def test_a_cancelled_run_closes_nothing(runs: Runs) -> None:
    floor = runs.floor
    async with served(floor):
        await (await runs.begin()).execute(BUY)
    await floor.quote("150.50")
    run_id = await runs.new_run()
    await floor.rows("update runs set cancel_requested = true where id = %s", (run_id,))
    with pytest.raises(OrderNotWanted):
        await runs.desk(run_id).execute(SELL)
    assert await floor.rows("select count(*) from order_requests") == [(0,)]


async def test_an_account_that_was_reset_takes_no_order(runs: Runs, database: Database) -> None:
    floor = runs.floor
    await floor.rows("update pipelines set account_id = %(id)s", {"id": floor.account})
    async with database.transaction() as session:
        await AccountService(floor.clock).reset(session, USER, floor.account)
    with pytest.raises(NoAccount):
        await (await runs.begin()).equity()


async def test_equity_counts_what_is_reserved(runs: Runs) -> None:
    floor = runs.floor
    desk = await runs.begin()
    assert await desk.equity() == Decimal(100_000)
    await floor.intend(limit="150.00", stop="148.00", life="gtc")
    await floor.rounds()
    await floor.quote("150.60")
    assert await floor.cash() < Decimal(100_000)
    assert await desk.equity() == Decimal(100_000)
