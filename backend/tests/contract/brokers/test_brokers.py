"""What every venue behind the broker port must do; each adapter passes the same suite."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from kuber.brokers.adapters.simulation import SimulationBroker
from kuber.brokers.adapters.validation import ValidationBroker
from kuber.brokers.port import (
    Account,
    BracketOrder,
    Broker,
    OrderReport,
    OrderStatus,
    Position,
    Side,
    SimulationOptions,
)
from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.ids import OrderId, UserId

CALM = SimulationOptions(partial_fill_rate=Decimal(0), rejection_rate=Decimal(0))
USER = UserId(UUID(int=7))


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'ann@example.com', '-', 'user', 'FREE', now())",
            (USER,),
        )
    opened = raw_pool(postgres_url, size=12, application_name="kuber-test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(params=["simulation", "validation"])
def broker(request: pytest.FixtureRequest, pool: RawPool) -> Broker:
    if request.param == "simulation":
        return SimulationBroker(pool, CALM)
    return ValidationBroker(CALM)


def order(side: Side = Side.BUY, quantity: str = "10", scope: UUID | None = None) -> BracketOrder:
    gain = 1 if side is Side.BUY else -1
    return BracketOrder(
        client_order_id=OrderId(uuid4()),
        account=Account(USER, scope or uuid4()),
        symbol="ACME",
        side=side,
        quantity=Decimal(quantity),
        reference_price=Decimal(100),
        stop_loss=Decimal(100 - 5 * gain),
        targets=(Decimal(100 + 10 * gain), Decimal(100 + 20 * gain)),
        as_of=datetime(2013, 3, 1, 21, tzinfo=UTC),
        seed=1,
    )


async def test_an_order_is_answered_under_its_own_id(broker: Broker) -> None:
    sent = order()
    report = await broker.submit(sent)
    assert report.client_order_id == sent.client_order_id
    assert report.filled_quantity <= sent.quantity
    assert all(fill.time == sent.as_of for fill in report.fills)


async def test_ten_submissions_of_one_order_at_once_are_one_order(broker: Broker) -> None:
    sent = order()
    reports = await asyncio.gather(*(broker.submit(sent) for _ in range(10)))
    assert reports == [reports[0]] * 10
    held = sum((position.quantity for position in await broker.positions(sent.account)), Decimal(0))
    assert held == reports[0].filled_quantity


async def test_a_repeated_order_gets_the_first_report_whatever_it_now_says(broker: Broker) -> None:
    sent = order()
    first = await broker.submit(sent)
    again = replace(sent, quantity=Decimal(99), seed=2, reference_price=Decimal(150))
    assert await broker.submit(again) == first


async def test_what_a_venue_knows_of_an_order_is_what_it_said(broker: Broker) -> None:
    sent = order()
    assert await broker.find(sent.account, sent.client_order_id) is None
    report = await broker.submit(sent)
    found = await broker.find(sent.account, sent.client_order_id)
    assert found == (report if report.fills else None)


async def test_accounts_are_kept_apart(broker: Broker) -> None:
    sent, other = order(), Account(USER, uuid4())
    await broker.submit(sent)
    assert await broker.positions(other) == ()
    assert await broker.find(other, sent.client_order_id) is None
    assert await broker.equity(other) == CALM.starting_balance


async def test_a_fresh_account_holds_its_starting_balance(broker: Broker) -> None:
    account = Account(USER, uuid4())
    assert await broker.equity(account) == CALM.starting_balance
    assert await broker.positions(account) == ()


@pytest.fixture
def venue(pool: RawPool) -> SimulationBroker:
    """The simulated venue, which keeps books."""
    return SimulationBroker(pool, CALM)


async def test_positions_and_equity_follow_from_the_fills(venue: SimulationBroker) -> None:
    scope = uuid4()
    bought = await venue.submit(order(Side.BUY, "10", scope))
    await venue.submit(order(Side.BUY, "30", scope))
    [position] = await venue.positions(Account(USER, scope))
    assert position == Position("ACME", Decimal(40), bought.fills[0].price)
    paid = Decimal("0.05") + Decimal("0.15")
    assert await venue.equity(Account(USER, scope)) == CALM.starting_balance - paid


async def test_selling_what_is_held_leaves_no_position(venue: SimulationBroker) -> None:
    scope = uuid4()
    await venue.submit(order(Side.BUY, "10", scope))
    await venue.submit(order(Side.SELL, "10", scope))
    assert await venue.positions(Account(USER, scope)) == ()


async def test_a_short_position_is_negative(venue: SimulationBroker) -> None:
    scope = uuid4()
    await venue.submit(order(Side.SELL, "10", scope))
    [position] = await venue.positions(Account(USER, scope))
    assert position.quantity == -10


async def test_a_rejected_order_is_remembered_and_moves_nothing(pool: RawPool) -> None:
    unkind = SimulationBroker(pool, replace(CALM, rejection_rate=Decimal(1)))
    sent = order()
    report = await unkind.submit(sent)
    assert (report.status, report.fills) == (OrderStatus.REJECTED, ())
    assert await unkind.find(sent.account, sent.client_order_id) == report
    assert await unkind.positions(sent.account) == ()


async def test_an_order_beyond_the_cash_is_rejected(venue: SimulationBroker) -> None:
    report: OrderReport = await venue.submit(order(quantity="1000"))
    assert report.status is OrderStatus.REJECTED
    assert "Not enough cash" in report.reason


async def test_nothing_is_filled_in_validation(pool: RawPool) -> None:
    report = await ValidationBroker(CALM).submit(order())
    assert (report.status, report.fills) == (OrderStatus.VALIDATED, ())
