"""Fills and refusals are told under the pipeline that gave the order."""

from collections.abc import AsyncIterator
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
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import RunId, UserId
from kuber.notifications.notifier import Notifier
from kuber.trading.booking import Booking
from kuber.trading.journal import Journal
from kuber.trading.origins import Origin
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
    one, origin = Decimal(1), Origin.of_node(run, symbol)
    asked = BracketOrder(
        client_order_id=origin.order_id(),
        account=Account(user, run),
        symbol=symbol,
        side=Side.BUY,
        quantity=one,
        reference_price=one,
        stop_loss=one / 2,
        targets=(),
    )
    ticket = Ticket(asked, origin, "simulation", "simulation", "c")
    fill = Execution(f"{ticket.id}-1", ticket.id, CLOCK.now(), one, one, Decimal(0))
    fills = (fill,) if status is OrderStatus.FILLED else ()
    assert await Journal(pool, CLOCK).intend(ticket) is Standing.NEW
    state = OrderState(ticket.id, status, sum((f.quantity for f in fills), Decimal(0)), "Because.")
    assert await Booking(pool, CLOCK).book(ticket.intent, state, fills, first=True)


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
