"""Scratch accounts: an entry fills at once and whole, by an estimate that can be repeated."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.brokers.port import Account, OrderStatus, Position, Side
from kuber.infra.db import JsonObject, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.trading.accounts.schemas import SimulationBody
from kuber.trading.booking import Booking
from kuber.trading.errors import RefusedOrder
from kuber.trading.journal import Journal
from kuber.trading.origins import Origin
from kuber.trading.scratch import (
    CHECKED,
    ESTIMATED,
    FILLED,
    STARTING_BALANCE,
    ScratchAccount,
    ScratchDesk,
    ScratchOrder,
)
from kuber.trading.types import TradeRequest

RUN = RunId(UUID(int=9))
ACCOUNT = Account(UserId(UUID(int=7)), RUN)
AS_OF = datetime(2013, 3, 1, 21, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
REQUEST = TradeRequest(
    symbol="ACME",
    side=Side.BUY,
    quantity=Decimal(10),
    reference_price=Decimal(100),
    stop_loss=Decimal(95),
    targets=(Decimal(110), Decimal(120)),
    correlation_id="c",
)
SHORT = replace(REQUEST, side=Side.SELL, stop_loss=Decimal(105), targets=(Decimal(90),))


class Floor:
    """A run's account, and desks of its nodes; `earlier` is on record, read at most once."""

    def __init__(self, mode: str = "simulation", earlier: Sequence[ScratchOrder] = ()) -> None:
        self.mode, self.reads = mode, 0
        self.kept: dict[tuple[str, OrderId], JsonObject] = {}

        async def on_record() -> Sequence[ScratchOrder]:
            self.reads += 1
            return earlier

        self.account = ScratchAccount(ACCOUNT, on_record)

    def desk(self, node_id: str = "trade") -> ScratchDesk:
        pool, clock = cast(RawPool, None), FixedClock(NOW)

        def keep(order_id: OrderId, row: JsonObject) -> None:
            self.kept[node_id, order_id] = row

        return ScratchDesk(
            self.account,
            Origin.of_node(RUN, node_id),
            self.mode,
            AS_OF,
            Journal(pool, clock),
            Booking(pool, clock),
            keep,
        )


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.mark.parametrize(
    ("request_", "price"),
    [
        (REQUEST, "100.1"),
        (SHORT, "99.9"),
        (replace(REQUEST, reference_price=Decimal("99.99")), "100.09"),  # 100.08999
        (replace(REQUEST, price_tick=Decimal("0.25")), "100"),
        (
            replace(
                REQUEST,
                reference_price=Decimal("1.30005"),
                stop_loss=Decimal(1),
                price_tick=Decimal("0.00001"),
            ),
            "1.30135",
        ),
    ],
)
async def test_m22_an_entry_fills_at_once_and_whole_at_the_last_price_moved_by_slippage(
    floor: Floor, request_: TradeRequest, price: str
) -> None:
    report = await floor.desk().execute(request_)
    [fill] = report.fills
    assert (report.status, report.reason, report.estimated) == (OrderStatus.FILLED, FILLED, True)
    assert (fill.quantity, fill.price, fill.time) == (Decimal(10), Decimal(price), AS_OF)
    assert fill.commission == Decimal("0.05")


def test_an_estimate_reckons_as_a_new_account_does_without_chance_and_volume() -> None:
    options = SimulationBody()
    assert options.starting_balance == STARTING_BALANCE
    assert ESTIMATED.slippage == options.slippage * 10**6
    assert ESTIMATED.fees.per_share == options.commission * 10**12
    assert (ESTIMATED.partial_rate, ESTIMATED.rejection_rate) == (0, 0)
    assert ESTIMATED.volume_share is None


@given(
    quantity=st.decimals("0.00000001", "900", places=8),
    price=st.decimals("0.0001", "100", places=4),
    sells=st.booleans(),
)
async def test_the_same_order_fills_alike_in_every_run_and_never_in_its_favour(
    quantity: Decimal, price: Decimal, sells: bool
) -> None:
    side, far = (Side.SELL, price / 2) if sells else (Side.BUY, price * 2)
    stop = price * 2 if sells else price / 2
    wanted = replace(
        REQUEST,
        side=side,
        quantity=quantity,
        reference_price=price,
        stop_loss=stop,
        targets=(far,),
        price_tick=Decimal("0.0001"),
    )
    reports = [await Floor().desk().execute(wanted) for _ in range(2)]
    assert reports[0] == reports[1]
    [fill] = reports[0].fills
    assert fill.quantity == quantity
    assert (fill.price <= price) if sells else (fill.price >= price)
    assert abs(fill.price - price) <= price / 1000 + Decimal("0.0001")


async def test_what_is_recorded_names_order_fill_and_estimate_once(floor: Floor) -> None:
    report = await floor.desk().execute(REQUEST)
    assert report.order_id == Origin.of_node(RUN, "trade").order_id()
    [(key, row)] = floor.kept.items()
    assert key == ("trade", report.order_id)
    assert (row["status"], row["filled"], row["estimated"]) == ("filled", "10", True)
    assert [fill["execution_id"] for fill in row["fills"]] == [f"{report.order_id}-1"]
    assert [event["topic"] for event in row["events"]] == [
        "decisions.order_intent",
        "executions.fill",
    ]
    assert [entry["event_type"] for entry in row["entries"]] == ["order_intended", "order_answered"]


async def test_a_node_tried_again_gets_its_first_answer_and_orders_nothing_new(
    floor: Floor,
) -> None:
    first = await floor.desk().execute(REQUEST)
    again = replace(REQUEST, quantity=Decimal(99))
    assert await floor.desk().execute(again) == first
    assert len(floor.kept) == 1


async def test_a_node_tried_again_sees_the_account_as_it_was(floor: Floor) -> None:
    assert await floor.desk().positions() == ()
    await floor.desk().execute(REQUEST)
    assert await floor.desk().positions() == ()
    held = Position("ACME", Decimal(10), Decimal("100.1"))
    assert await floor.desk("another").positions() == (held,)


async def test_positions_equity_and_cash_follow_from_the_fills(floor: Floor) -> None:
    await floor.desk("one").execute(REQUEST)
    await floor.desk("two").execute(replace(REQUEST, quantity=Decimal(30)))
    await floor.desk("other").execute(replace(SHORT, symbol="OTHER"))
    assert await floor.desk().positions() == (
        Position("ACME", Decimal(40), Decimal("100.1")),
        Position("OTHER", Decimal(-10), Decimal("99.9")),
    )
    assert await floor.desk().equity() == STARTING_BALANCE - Decimal("0.25")


async def test_selling_what_is_held_leaves_no_position(floor: Floor) -> None:
    await floor.desk("one").execute(REQUEST)
    await floor.desk("two").execute(SHORT)
    assert await floor.desk().positions() == ()


async def test_an_order_beyond_the_cash_that_is_left_is_rejected(floor: Floor) -> None:
    await floor.desk("one").execute(replace(REQUEST, quantity=Decimal(900)))
    report = await floor.desk("two").execute(replace(REQUEST, quantity=Decimal(100)))
    assert (report.status, report.fills) == (OrderStatus.REJECTED, ())
    assert report.reason == "Not enough cash: 10010.50 needed, 9905.50 free."
    assert [position.quantity for position in await floor.desk().positions()] == [Decimal(900)]


async def test_validation_checks_and_fills_nothing() -> None:
    floor = Floor("validation")
    report = await floor.desk().execute(REQUEST)
    assert (report.status, report.reason) == (OrderStatus.VALIDATED, CHECKED)
    assert (report.fills, report.estimated) == ((), False)
    [row] = floor.kept.values()
    assert (row["status"], row["venue"], row["fills"]) == ("validated", "validation", [])
    assert not row["estimated"]
    assert await floor.desk("another").positions() == ()
    assert await floor.desk("another").equity() == STARTING_BALANCE


async def test_after_a_resume_the_account_holds_what_is_on_record() -> None:
    before = Floor()
    report = await before.desk("one").execute(REQUEST)
    floor = Floor(earlier=[ScratchOrder(report.order_id, "ACME", Side.BUY, report)])
    held = (Position("ACME", Decimal(10), Decimal("100.1")),)
    assert await floor.desk("two").positions() == held
    assert await floor.desk("one").execute(REQUEST) == report
    assert await floor.desk("two").equity() == STARTING_BALANCE - Decimal("0.05")
    assert (floor.reads, floor.kept) == (1, {})


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal(0)},
        {"quantity": Decimal(-1)},
        {"quantity": Decimal("NaN")},
        {"quantity": Decimal("0.000000004")},
        {"quantity": Decimal("1e12")},
        {"reference_price": Decimal("Infinity")},
        {"price_tick": Decimal(0)},
        {"stop_loss": Decimal(0)},
        {"stop_loss": Decimal(100)},
        {"stop_loss": Decimal(101)},
        {"targets": (Decimal(110), Decimal(99))},
        {"targets": (Decimal(100),)},
        {"targets": (Decimal(110), Decimal("1e12"))},
        {"side": Side.SELL},
        {"side": Side.SELL, "stop_loss": Decimal(105), "targets": (Decimal(101),)},
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_and_leaves_no_trace(
    floor: Floor, change: dict[str, object]
) -> None:
    with pytest.raises(RefusedOrder):
        await floor.desk().execute(replace(REQUEST, **change))  # type: ignore[arg-type]
    assert floor.kept == {}
    assert await floor.desk(str(uuid4())).positions() == ()
