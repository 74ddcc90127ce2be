"""Fills and refusals are told under the pipeline that gave the order."""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

import pytest

from kuber.brokers.port import Account, BracketOrder, Fill, OrderReport, OrderStatus, Side
from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import RunId, UserId, order_id_for
from kuber.notifications.notifier import Notifier
from kuber.trading.journal import Journal
from kuber.trading.types import Standing, Ticket
from tests.fakes.graphs import steps
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation

CLOCK = SystemClock()


@pytest.fixture
async def pool(installation: Installation) -> AsyncIterator[RawPool]:
    opened = raw_pool(installation.database_url, size=2, application_name="kuber-test")
    await opened.open()
    yield opened
    await opened.close()


async def order(
    pool: RawPool, trader: Trader, run_id: str, symbol: str, status: OrderStatus
) -> None:
    """Have a node named after the symbol order it, and the venue answer."""
    run, user = RunId(UUID(run_id)), UserId(UUID(trader.id))
    one = Decimal(1)
    asked = BracketOrder(
        client_order_id=order_id_for(run, symbol),
        account=Account(user, run),
        symbol=symbol,
        side=Side.BUY,
        quantity=one,
        reference_price=one,
        stop_loss=one / 2,
        targets=(),
        as_of=CLOCK.now(),
        seed=1,
    )
    ticket = Ticket(asked, run, symbol, "simulation", "c")
    fills = (Fill(CLOCK.now(), one, one, Decimal(0)),) if status is OrderStatus.FILLED else ()
    journal = Journal(pool, CLOCK)
    assert await journal.intend(ticket) is Standing.NEW
    await journal.answer(
        ticket.intent, OrderReport(asked.client_order_id, status, "Because.", fills)
    )


@pytest.mark.parametrize("status", [OrderStatus.FILLED, OrderStatus.REJECTED])
async def test_orders_of_a_run_by_hand_are_told_as_one_with_those_of_their_pipeline(
    pool: RawPool, trader: Trader, status: OrderStatus
) -> None:
    runs = {}
    for name in ("Cross", "Other"):
        pipeline = trader.create(graph=steps(a={}), name=name)
        runs[name] = trader.run(pipeline["id"])
        trader.wait(runs[name])
    for name, symbol in (("Cross", "AAPL"), ("Cross", "MSFT"), ("Other", "AAPL")):
        await order(pool, trader, runs[name], symbol, status)
    notifier = Notifier(pool, CLOCK, mails=False)
    while await notifier.run_once():
        pass
    found = trader.http.get("/notifications").json()["items"]
    said = {one["text"]: one["count"] for one in found}
    if status is OrderStatus.FILLED:
        last = "The last of 2 orders. By Cross, in simulation mode."
        assert said == {last: 2, "By Other, in simulation mode.": 1}
    else:
        assert said == {"The last of 2 orders of Cross: Because.": 2, "Other: Because.": 1}
