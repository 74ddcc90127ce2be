"""What every venue behind the broker port must do; each adapter passes the same suite."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from kuber.brokers.adapters.simulation import SimulationBroker
from kuber.brokers.adapters.validation import ValidationBroker
from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import (
    Account,
    Acknowledged,
    BracketOrder,
    Broker,
    Execution,
    OrderState,
    OrderStatus,
    Position,
    Rejected,
    Side,
    Unknown,
)
from kuber.brokers.simulator import SimulatedMoment, SimulationOptions
from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.ids import OrderId, UserId
from kuber.trading.lifecycle import OPEN
from tests.fakes.resting_venue import RestingVenue

CALM = SimulationOptions(partial_fill_rate=Decimal(0), rejection_rate=Decimal(0))
MOMENT = SimulatedMoment(datetime(2013, 3, 1, 21, tzinfo=UTC), seed=1)
USER = UserId(UUID(int=7))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


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


@dataclass
class Case:
    """A venue, how its orders end when nobody cancels them, and what makes one end."""

    broker: Broker
    ends_as: OrderStatus
    end: Callable[[BracketOrder], object] = lambda _: None


@pytest.fixture(params=["simulation", "validation", "resting"])
def case(request: pytest.FixtureRequest, pool: RawPool) -> Case:
    match request.param:
        case "simulation":
            return Case(SimulationBroker(pool, CALM, MOMENT), OrderStatus.FILLED)
        case "validation":
            broker = ValidationBroker(pool, CALM.starting_balance)
            return Case(broker, OrderStatus.VALIDATED)
    venue = RestingVenue()
    return Case(
        venue,
        OrderStatus.FILLED,
        lambda order: venue.fill(order.client_order_id, str(order.quantity)),
    )


@pytest.fixture
def broker(case: Case) -> Broker:
    return case.broker


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
    )


async def acknowledged(broker: Broker, sent: BracketOrder) -> Acknowledged:
    answer = await broker.submit(sent)
    assert isinstance(answer, Acknowledged)
    return answer


async def test_an_order_is_acknowledged_under_its_own_id(broker: Broker) -> None:
    sent = order()
    answer = await acknowledged(broker, sent)
    assert answer.order.client_order_id == sent.client_order_id
    assert answer.order.status is not OrderStatus.INTENDED
    told = sum((execution.quantity for execution in answer.executions), Decimal(0))
    assert told <= answer.order.filled_quantity <= sent.quantity
    assert all(one.client_order_id == sent.client_order_id for one in answer.executions)


async def test_ten_submissions_of_one_order_at_once_are_one_order(broker: Broker) -> None:
    sent = order()
    answers = await asyncio.gather(*(broker.submit(sent) for _ in range(10)))
    assert answers == [answers[0]] * 10
    first = answers[0]
    assert isinstance(first, Acknowledged)
    held = sum((position.quantity for position in await broker.positions(sent.account)), Decimal(0))
    assert held == first.order.filled_quantity
    assert await broker.orders(sent.account, since=LONG_AGO) == (first.order,)


async def test_a_used_id_stands_for_the_order_that_used_it(broker: Broker) -> None:
    sent = order()
    first = await broker.submit(sent)
    again = replace(sent, quantity=Decimal(99), reference_price=Decimal(150))
    assert await broker.submit(again) == first


async def test_the_id_of_an_order_that_has_ended_stays_used(case: Case) -> None:
    sent = order()
    await case.broker.submit(sent)
    case.end(sent)
    answer = await acknowledged(case.broker, sent)
    assert answer.order.status is case.ends_as
    assert len(await case.broker.orders(sent.account, since=LONG_AGO)) == 1


async def test_what_a_venue_knows_of_an_order_is_what_it_said(broker: Broker) -> None:
    sent = order()
    assert await broker.order(sent.account, sent.client_order_id) is None
    answer = await acknowledged(broker, sent)
    assert await broker.order(sent.account, sent.client_order_id) == answer.order


async def test_an_order_that_was_never_sent_is_not_found_and_not_cancelled(broker: Broker) -> None:
    never = order()
    assert await broker.order(never.account, never.client_order_id) is None
    assert await broker.cancel(never.account, never.client_order_id) is None
    assert await broker.orders(never.account, since=LONG_AGO) == ()
    assert await broker.executions(never.account, LONG_AGO) == ()


async def test_to_cancel_an_order_that_has_ended_says_how_it_ended(case: Case) -> None:
    sent = order()
    await case.broker.submit(sent)
    case.end(sent)
    ended = await case.broker.order(sent.account, sent.client_order_id)
    assert ended is not None
    assert ended.status is case.ends_as
    assert await case.broker.cancel(sent.account, sent.client_order_id) == ended
    assert await case.broker.order(sent.account, sent.client_order_id) == ended


async def test_a_cancelled_order_is_no_longer_open(broker: Broker) -> None:
    sent = order()
    await broker.submit(sent)
    state = await broker.cancel(sent.account, sent.client_order_id)
    assert state is not None
    if state.status in OPEN:  # a venue may answer first and cancel then
        state = await broker.order(sent.account, sent.client_order_id)
    assert await broker.orders(sent.account, since=LONG_AGO, open_only=True) == ()


async def test_an_execution_keeps_its_id_and_no_two_share_one(case: Case) -> None:
    scope = uuid4()
    both = [order(scope=scope), order(scope=scope)]
    told: list[Execution] = []
    for sent in both:
        told += (await acknowledged(case.broker, sent)).executions
        case.end(sent)
    found = await case.broker.executions(both[0].account, LONG_AGO)
    assert await case.broker.executions(both[0].account, LONG_AGO) == found
    assert len({one.execution_id for one in found}) == len(found)
    assert set(told) <= set(found)
    for sent in both:
        state = await case.broker.order(sent.account, sent.client_order_id)
        assert state is not None
        ours = [one for one in found if one.client_order_id == sent.client_order_id]
        assert sum((one.quantity for one in ours), Decimal(0)) == state.filled_quantity


async def test_what_was_before_an_instant_is_not_told_since_it(case: Case) -> None:
    sent = order()
    await case.broker.submit(sent)
    case.end(sent)
    later = datetime.now(UTC) + timedelta(days=1)
    assert await case.broker.executions(sent.account, later) == ()
    assert await case.broker.orders(sent.account, since=later) == ()


async def test_only_orders_that_may_still_be_filled_are_open(case: Case) -> None:
    sent = order()
    answer = await acknowledged(case.broker, sent)
    open_now = await case.broker.orders(sent.account, since=LONG_AGO, open_only=True)
    assert open_now == ((answer.order,) if answer.order.status in OPEN else ())
    case.end(sent)
    assert await case.broker.orders(sent.account, since=LONG_AGO, open_only=True) == ()


async def test_accounts_are_kept_apart(case: Case) -> None:
    sent, other = order(), Account(USER, uuid4())
    await case.broker.submit(sent)
    case.end(sent)
    assert await case.broker.positions(other) == ()
    assert await case.broker.order(other, sent.client_order_id) is None
    assert await case.broker.cancel(other, sent.client_order_id) is None
    assert await case.broker.orders(other, since=LONG_AGO) == ()
    assert await case.broker.executions(other, LONG_AGO) == ()
    assert await case.broker.equity(other) == CALM.starting_balance


async def test_a_fresh_account_holds_its_starting_balance(broker: Broker) -> None:
    account = Account(USER, uuid4())
    assert await broker.equity(account) == CALM.starting_balance
    assert await broker.positions(account) == ()


@pytest.fixture
def venue(pool: RawPool) -> SimulationBroker:
    """The simulated venue, which keeps books."""
    return SimulationBroker(pool, CALM, MOMENT)


async def test_positions_and_equity_follow_from_the_fills(venue: SimulationBroker) -> None:
    scope = uuid4()
    bought = await acknowledged(venue, order(Side.BUY, "10", scope))
    await venue.submit(order(Side.BUY, "30", scope))
    [position] = await venue.positions(Account(USER, scope))
    assert position == Position("ACME", Decimal(40), bought.executions[0].price)
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
    unkind = SimulationBroker(pool, replace(CALM, rejection_rate=Decimal(1)), MOMENT)
    sent = order()
    answer = await unkind.submit(sent)
    assert isinstance(answer, Rejected)
    assert await unkind.order(sent.account, sent.client_order_id) == OrderState(
        sent.client_order_id, OrderStatus.REJECTED, Decimal(0), answer.reason
    )
    assert await unkind.submit(sent) == answer
    assert await unkind.positions(sent.account) == ()
    assert await unkind.executions(sent.account, LONG_AGO) == ()


async def test_what_the_simulated_venue_does_not_fill_at_once_it_cancels(pool: RawPool) -> None:
    hasty = SimulationBroker(pool, replace(CALM, partial_fill_rate=Decimal(1)), MOMENT)
    sent = order()
    answer = await acknowledged(hasty, sent)
    assert answer.order.status is OrderStatus.CANCELLED
    assert 0 < answer.order.filled_quantity < sent.quantity
    assert await hasty.executions(sent.account, LONG_AGO) == answer.executions


async def test_an_order_beyond_the_cash_is_rejected(venue: SimulationBroker) -> None:
    answer = await venue.submit(order(quantity="1000"))
    assert isinstance(answer, Rejected)
    assert "Not enough cash" in answer.reason


async def test_nothing_is_filled_in_validation(pool: RawPool) -> None:
    sent = order()
    answer = await acknowledged(ValidationBroker(pool, CALM.starting_balance), sent)
    assert (answer.order.status, answer.executions) == (OrderStatus.VALIDATED, ())


@pytest.mark.parametrize("mode", ["simulation", "validation"])
async def test_without_its_books_a_venue_knows_nothing_rather_than_no(
    pool: RawPool, mode: str
) -> None:
    broker: Broker = SimulationBroker(pool, CALM, MOMENT)
    if mode == "validation":
        broker = ValidationBroker(pool, CALM.starting_balance)
    sent = order()
    await pool.close()
    assert isinstance(await broker.submit(sent), Unknown)
    with pytest.raises(BrokerUnavailable):
        await broker.order(sent.account, sent.client_order_id)
    with pytest.raises(BrokerUnavailable):
        await broker.cancel(sent.account, sent.client_order_id)


async def test_the_books_of_a_new_account_are_read_after_its_first_order(pool: RawPool) -> None:
    sent = order()
    shut = raw_pool("postgresql://nowhere.invalid", size=1, application_name="kuber-test")
    unread = SimulationBroker(shut, CALM, MOMENT, account_is_new=True)
    assert await unread.positions(sent.account) == ()
    assert await unread.equity(sent.account) == CALM.starting_balance
    with pytest.raises(BrokerUnavailable):
        await SimulationBroker(shut, CALM, MOMENT).positions(sent.account)
    new = SimulationBroker(pool, CALM, MOMENT, account_is_new=True)
    await acknowledged(new, sent)
    assert [position.quantity for position in await new.positions(sent.account)] == [sent.quantity]
    assert await new.equity(sent.account) < CALM.starting_balance
