"""The simulated venue's answer to any order."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.brokers.port import (
    Account,
    Acknowledged,
    BracketOrder,
    Execution,
    OrderStatus,
    Rejected,
    Side,
)
from kuber.brokers.reports import report_from_json, report_to_json
from kuber.brokers.simulator import SimulatedMoment, SimulationOptions, fill_price, simulate
from kuber.kernel.ids import OrderId, UserId

AS_OF = datetime(2013, 3, 1, 21, tzinfo=UTC)
RATES = st.decimals("0", "1", places=3)
OPTIONS = st.builds(
    SimulationOptions,
    slippage=st.decimals("0", "0.05", places=4),
    commission_per_share=st.decimals("0", "1", places=3),
    partial_fill_rate=RATES,
    rejection_rate=RATES,
)
CASH = st.decimals("0", "1000000", places=2)
CALM = SimulationOptions(partial_fill_rate=Decimal(0), rejection_rate=Decimal(0))


def order(side: Side = Side.BUY, quantity: str = "10", reference: str = "100") -> BracketOrder:
    price, gain = Decimal(reference), 1 if side is Side.BUY else -1
    return BracketOrder(
        client_order_id=OrderId(uuid4()),
        account=Account(UserId(uuid4()), uuid4()),
        symbol="ACME",
        side=side,
        quantity=Decimal(quantity),
        reference_price=price,
        stop_loss=price * (1 - gain * Decimal("0.1")),
        targets=(price * (1 + gain * Decimal("0.1")),),
    )


def moment(seed: int = 1) -> SimulatedMoment:
    return SimulatedMoment(AS_OF, seed)


def executions(answer: Acknowledged | Rejected) -> tuple[Execution, ...]:
    return answer.executions if isinstance(answer, Acknowledged) else ()


def filled_by(answer: Acknowledged | Rejected) -> Decimal:
    return sum((one.quantity for one in executions(answer)), Decimal(0))


ORDERS = st.builds(
    order,
    side=st.sampled_from(Side),
    quantity=st.one_of(
        st.integers(1, 100_000).map(str), st.decimals("0.00000001", "10", places=8).map(str)
    ),
    reference=st.decimals("0.01", "5000", places=2).map(str),
)
MOMENTS = st.builds(moment, seed=st.integers(0, 2**63 - 1))


@given(ORDERS, MOMENTS, OPTIONS, CASH)
def test_the_same_order_is_always_answered_alike(
    sent: BracketOrder, at: SimulatedMoment, options: SimulationOptions, cash: Decimal
) -> None:
    assert simulate(sent, at, options, cash) == simulate(sent, at, options, cash)


@given(ORDERS, MOMENTS, OPTIONS, CASH)
def test_nobody_gets_more_than_was_ordered_or_spends_what_is_not_there(
    sent: BracketOrder, at: SimulatedMoment, options: SimulationOptions, cash: Decimal
) -> None:
    answer = simulate(sent, at, options, cash)
    filled = filled_by(answer)
    assert 0 <= filled <= sent.quantity
    if isinstance(answer, Acknowledged):
        whole = filled == sent.quantity
        assert answer.order.status is (OrderStatus.FILLED if whole else OrderStatus.CANCELLED)
        assert answer.order.filled_quantity == filled > 0
    if sent.side is Side.BUY:
        assert sum(f.quantity * f.price + f.commission for f in executions(answer)) <= cash


@given(ORDERS, MOMENTS, OPTIONS)
def test_the_price_is_never_better_than_the_reference_by_more_than_rounding(
    sent: BracketOrder, at: SimulatedMoment, options: SimulationOptions
) -> None:
    answer = simulate(sent, at, replace(options, rejection_rate=Decimal(0)), Decimal("1e12"))
    tick = Decimal("0.01") if sent.reference_price >= 20 else Decimal("0.00001")
    for fill in executions(answer):
        gain = fill.price - sent.reference_price
        loss = gain if sent.side is Side.BUY else -gain
        assert loss >= -tick / 2
        assert loss <= sent.reference_price * options.slippage + tick / 2
        assert fill.price == fill.price.quantize(tick)
        assert fill.time == AS_OF
        assert fill.commission >= 0


@given(ORDERS, MOMENTS, OPTIONS, CASH)
def test_an_answer_survives_being_stored(
    sent: BracketOrder, at: SimulatedMoment, options: SimulationOptions, cash: Decimal
) -> None:
    answer = simulate(sent, at, options, cash)
    assert report_from_json(report_to_json(sent.client_order_id, answer)) == answer


@given(st.integers(1, 100_000), st.integers(0, 10_000))
def test_whole_units_are_filled_in_whole_units(quantity: int, seed: int) -> None:
    options = replace(CALM, partial_fill_rate=Decimal(1))
    sent = order(quantity=str(quantity))
    filled = filled_by(simulate(sent, moment(seed), options, Decimal("1e12")))
    assert filled == filled.to_integral_value()
    assert filled > 0


def test_rejections_and_partial_fills_come_as_often_as_asked() -> None:
    options = SimulationOptions()
    answers = [simulate(order(), moment(seed), options, Decimal(100_000)) for seed in range(4000)]
    rejected = [answer for answer in answers if isinstance(answer, Rejected)]
    partial = [answer for answer in answers if 0 < filled_by(answer) < 10]
    assert len(rejected) / len(answers) == pytest.approx(0.05, abs=0.015)
    assert len(partial) / len(answers) == pytest.approx(0.95 * 0.20, abs=0.025)


@pytest.mark.parametrize(
    ("side", "reference", "price"),
    [
        (Side.BUY, "122.95", "123.07"),
        (Side.SELL, "122.95", "122.83"),
        (Side.BUY, "1.23456", "1.23579"),
        (Side.SELL, "19.99", "19.97001"),
        (Side.BUY, "20", "20.02"),
    ],
)
def test_the_default_slippage_moves_the_price_by_a_tenth_of_a_percent(
    side: Side, reference: str, price: str
) -> None:
    slippage = SimulationOptions().slippage
    assert fill_price(side, Decimal(reference), slippage) == Decimal(price)


def test_commission_is_charged_on_what_was_filled() -> None:
    [fill] = executions(simulate(order(quantity="137"), moment(), CALM, Decimal(100_000)))
    assert fill.commission == Decimal("0.69")
