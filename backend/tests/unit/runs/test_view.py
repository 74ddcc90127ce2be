"""Runs as their users see them."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from kuber.agents.registry import AgentRegistry
from kuber.brokers.port import OrderStatus
from kuber.pipelines.types import KnownPipeline
from kuber.runs.models import NodeRunRow, RunRow
from kuber.runs.schemas import TradeOut
from kuber.runs.view import RecordedRun, execution_out
from kuber.trading.order_types import OrderEffect, SettlementStatus
from kuber.trading.orders import JournalFill, JournalOrder, OrderPlace
from kuber.trading.origins import OriginKind
from tests.fakes.agents import trade
from tests.fakes.journal_terms import market_terms

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
GRAPH = b'{"nodes": [{"id": "trade", "agent_type": "trade_manager", "config": {}}], "edges": []}'
TOLD = trade("sell", "submitted", "The open position of 42 AAPL is being closed.")


def told_of(*closing: JournalOrder) -> TradeOut | None:
    """Return what is told of the trade of a run that had a position closed."""
    run = RunRow(
        id=uuid4(),
        pipeline_id=uuid4(),
        user_id=uuid4(),
        mode="simulation",
        symbol="AAPL",
        symbols=["AAPL"],
        status="succeeded",
        cost=Decimal(0),
        seed=1,
        as_of=NOW,
        real_time=True,
        created_at=NOW,
        correlation_id="c",
        started_by="manual",
        last_sequence=1,
    )
    node = NodeRunRow(
        run_id=run.id,
        node_id="trade",
        symbol="AAPL",
        agent_type="trade_manager",
        status="succeeded",
        attempts=1,
        cost=Decimal(0),
        changes={"trade": TOLD.model_dump(mode="json")},
        input_tokens=0,
        output_tokens=0,
    )
    pipeline = KnownPipeline(name="Mine", deleted=False)
    recorded = RecordedRun(run, pipeline, GRAPH, [node], [], closing)
    return execution_out(AgentRegistry([]), recorded).trade


def close(status: OrderStatus, *fills: tuple[str, str]) -> JournalOrder:
    """Return an order that closes, with its fills as quantity and price."""
    return JournalOrder(
        id=uuid4(),
        account_id=uuid4(),
        run_id=None,
        mode="simulation",
        symbol="AAPL",
        side="sell",
        quantity=Decimal(42),
        reference_price=Decimal(150),
        stop=None,
        targets=(),
        status=status,
        reason="",
        estimated=False,
        created_at=NOW,
        answered_at=NOW,
        filled_quantity=sum((Decimal(quantity) for quantity, _ in fills), Decimal(0)),
        fills=tuple(
            JournalFill(str(number), NOW, Decimal(quantity), Decimal(price), Decimal("0.21"))
            for number, (quantity, price) in enumerate(fills)
        ),
        terms=market_terms(SettlementStatus.SETTLED),
        place=OrderPlace(
            origin=OriginKind.MONITOR,
            leg="close",
            attempt=1,
            effect=OrderEffect.CLOSE,
            order_group=None,
            replaces=None,
            position_id=uuid4(),
            pipeline_id=None,
            run_id=None,
            caller_reference=None,
        ),
    )


def test_a_close_that_has_not_begun_is_told_as_the_node_told_it() -> None:
    for closing in ((), (close(OrderStatus.WORKING),)):
        told = told_of(*closing)
        assert told is not None
        assert (told.status, told.quantity, told.fills) == ("submitted", "42.00", [])


def test_a_close_is_told_with_its_fills_over_all_orders_for_it() -> None:
    told = told_of(
        close(OrderStatus.CANCELLED, ("10", "150")), close(OrderStatus.FILLED, ("32", "151"))
    )
    assert told is not None
    assert (told.status, told.quantity, len(told.fills)) == ("filled", "42", 2)
    assert told.entry_price == "150.761905"


def test_a_close_that_is_filled_in_part_says_so() -> None:
    told = told_of(close(OrderStatus.PARTIALLY_FILLED, ("10", "150")))
    assert told is not None
    assert (told.status, told.quantity) == ("partially_filled", "10")
