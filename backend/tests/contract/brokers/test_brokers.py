"""What every venue behind the broker port must do; each adapter passes the same suite."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from kuber.brokers.port import (
    Account,
    Acknowledged,
    BracketOrder,
    Broker,
    Execution,
    OrderStatus,
    Side,
)
from kuber.kernel.ids import OrderId, UserId
from kuber.trading.lifecycle import OPEN
from tests.fakes.resting_venue import BALANCE, FillingVenue, RestingVenue

USER = UserId(UUID(int=7))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Case:
    """A venue, how its orders end when nobody cancels them, and what makes one end."""

    broker: Broker
    ends_as: OrderStatus
    end: Callable[[BracketOrder], object] = lambda _: None


@pytest.fixture(params=["resting", "filling"])
def case(request: pytest.FixtureRequest) -> Case:
    if request.param == "filling":
        return Case(FillingVenue(), OrderStatus.FILLED)
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
    assert await case.broker.equity(other) == BALANCE


async def test_a_fresh_account_holds_its_starting_balance(broker: Broker) -> None:
    account = Account(USER, uuid4())
    assert await broker.equity(account) == BALANCE
    assert await broker.positions(account) == ()
