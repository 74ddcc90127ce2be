from dataclasses import replace
from decimal import Decimal

import pytest

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.trade_manager import TradeManager, average_price
from kuber.agents.state import PipelineState
from kuber.agents.testing import RecordingDesk
from kuber.agents.toolkit import why_no_trade
from kuber.brokers.port import OrderStatus, Position, Side
from kuber.trading.errors import OrderOutcomeUnknown, RefusedOrder
from kuber.trading.types import OrderReport, TradeRequest
from tests.fakes.agents import approved, buy, harness, hold, refused, sell, snapshot

LONG = Position("ACME", Decimal(5), Decimal(90))


def ready(plan: object = None, risk: object = None) -> PipelineState:
    return harness().state(
        "ACME", market_data=snapshot(), strategy=plan or buy(), risk=risk or approved()
    )


async def test_an_approved_plan_becomes_one_bracket_order() -> None:
    desk = RecordingDesk()
    run = await harness(desk=desk).run(TradeManager, {}, ready())
    (request,) = desk.requests
    assert (request.side, request.quantity) == (Side.BUY, Decimal(10))
    assert request.stop_loss == Decimal("98.00")
    assert request.targets == (Decimal("104.00"), Decimal("107.00"))
    assert run.state.trade is not None
    assert run.state.trade.status == "filled"
    assert run.state.trade.entry_price == Decimal(100)


async def test_the_second_target_can_be_left_out() -> None:
    desk = RecordingDesk()
    await harness(desk=desk).run(TradeManager, {"second_target": False}, ready())
    assert desk.requests[0].targets == (Decimal("104.00"),)


@pytest.mark.parametrize("state", [ready(plan=hold()), ready(risk=refused())])
async def test_nothing_is_sent_without_a_plan_and_an_approval(state: PipelineState) -> None:
    desk = RecordingDesk()
    run = await harness(desk=desk).run(TradeManager, {}, state)
    assert desk.requests == []
    assert run.state.trade is None
    assert "No trade." in run.state.reasoning["node"]


async def test_who_stands_aside_leaves_an_earlier_trade_alone() -> None:
    bench = harness(desk=RecordingDesk())
    first = (await bench.run(TradeManager, {}, ready())).state
    again = harness(desk=RecordingDesk(open_positions=(LONG,)))
    second = await again.run(TradeManager, {}, first)
    assert second.state.trade == first.trade is not None


async def test_a_second_position_in_the_same_direction_needs_to_be_allowed() -> None:
    desk = RecordingDesk(open_positions=(LONG,))
    bench = harness(desk=desk)
    refusal = await bench.run(TradeManager, {}, ready())
    assert desk.requests == []
    why = "5 ACME are already open in the same direction; adding to it is switched off."
    assert why_no_trade(refusal.state) == why
    await bench.run(TradeManager, {"allow_duplicates": True}, ready())
    assert len(desk.requests) == 1


async def test_an_opposite_position_is_a_conflict_or_is_closed_as_far_as_it_goes() -> None:
    desk = RecordingDesk(open_positions=(LONG,))
    bench = harness(desk=desk)
    refusal = await bench.run(TradeManager, {}, ready(plan=sell()))
    assert desk.requests == []
    assert "in the other direction" in refusal.state.reasoning["node"]
    await bench.run(TradeManager, {"opposite": "reduce"}, ready(plan=sell()))
    (request,) = desk.requests
    assert (request.side, request.quantity, request.closes) == (Side.SELL, Decimal(5), True)


async def test_an_order_that_opens_or_adds_closes_nothing() -> None:
    for held in ((), (LONG,)):
        desk = RecordingDesk(open_positions=held)
        await harness(desk=desk).run(TradeManager, {"allow_duplicates": True}, ready())
        assert [request.closes for request in desk.requests] == [False]


async def test_a_short_position_is_told_without_a_sign() -> None:
    short = replace(LONG, quantity=Decimal(-5))
    run = await harness(desk=RecordingDesk(open_positions=(short,))).run(
        TradeManager, {}, ready(plan=sell())
    )
    assert (why_no_trade(run.state) or "").startswith("5 ACME are already open in the same")


async def test_positions_in_other_symbols_do_not_matter() -> None:
    desk = RecordingDesk(open_positions=(Position("OTHER", Decimal(5), Decimal(1)),))
    await harness(desk=desk).run(TradeManager, {}, ready())
    assert len(desk.requests) == 1


async def test_an_unknown_outcome_is_tried_again() -> None:
    desk = RecordingDesk(failure=OrderOutcomeUnknown("The broker did not answer."))
    with pytest.raises(AgentFailure) as failure:
        await harness(desk=desk).run(TradeManager, {}, ready())
    assert (failure.value.code, failure.value.retryable) == ("order_outcome_unknown", True)


async def test_a_refused_order_is_not_tried_again() -> None:
    desk = RecordingDesk(failure=RefusedOrder("The stop is wrong."))
    with pytest.raises(AgentFailure) as failure:
        await harness(desk=desk).run(TradeManager, {}, ready())
    assert (failure.value.code, failure.value.retryable) == ("refused_order", False)


@pytest.mark.parametrize(
    "status",
    [
        OrderStatus.SUBMITTED,
        OrderStatus.WORKING,
        OrderStatus.CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
        OrderStatus.VALIDATED,
    ],
)
async def test_an_order_without_fills_tells_what_was_ordered(status: OrderStatus) -> None:
    run = await harness(desk=RecordingDesk(status=status)).run(TradeManager, {}, ready())
    assert run.state.trade is not None
    assert run.state.trade.status == status.value
    assert (run.state.trade.quantity, run.state.trade.entry_price) == (
        Decimal(10),
        Decimal("100.00"),
    )


def test_an_average_price_is_exact_to_six_decimals() -> None:
    assert str(average_price(Decimal("301.50"), Decimal(2))) == "150.75"
    assert str(average_price(Decimal(100), Decimal(3))) == "33.333333"


@pytest.mark.parametrize(
    "status", [OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED]
)
async def test_what_was_filled_in_part_is_a_trade_in_part_however_its_order_stands(
    status: OrderStatus,
) -> None:
    class PartialDesk(RecordingDesk):
        async def execute(self, request: TradeRequest) -> OrderReport:
            report = await super().execute(request)
            part = replace(report.fills[0], quantity=request.quantity / 4)
            return replace(report, status=status, fills=(part,))

    desk = PartialDesk(status=OrderStatus.FILLED)
    run = await harness(desk=desk).run(TradeManager, {}, ready())
    assert run.state.trade is not None
    assert run.state.trade.status == "partially_filled"
    assert run.state.trade.quantity == desk.requests[0].quantity / 4
