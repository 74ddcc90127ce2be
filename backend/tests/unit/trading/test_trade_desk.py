"""Placing orders: the intent first, the venue next, the answer last; safe to repeat."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from psycopg import OperationalError

from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import (
    Account,
    BracketOrder,
    Fill,
    OrderReport,
    OrderStatus,
    Position,
    Side,
    SimulationOptions,
)
from kuber.kernel.ids import OrderId, RunId, UserId, order_id_for
from kuber.trading import placing
from kuber.trading.errors import OrderOutcomeUnknown, RefusedOrder
from kuber.trading.journal import RecordedOrder
from kuber.trading.placing import OrderPlacer
from kuber.trading.service import TradeDesk, TradeRequest
from kuber.trading.types import Intent, Standing, Ticket

RUN = RunId(uuid4())
ACCOUNT = Account(UserId(uuid4()), RUN)
AS_OF = datetime(2013, 3, 1, 21, tzinfo=UTC)
REQUEST = TradeRequest(
    node_id="trade",
    symbol="ACME",
    side=Side.BUY,
    quantity=Decimal(10),
    reference_price=Decimal(100),
    stop_loss=Decimal(95),
    targets=(Decimal(110), Decimal(120)),
    as_of=AS_OF,
    seed=1,
    correlation_id="c",
)


class FakeVenue:
    """Fills at the reference price; may go silent before or after taking an order."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.orders: dict[OrderId, BracketOrder] = {}
        self.silent: str | None = None
        self.before: tuple[Position, ...] = ()

    async def equity(self, account: Account) -> Decimal:
        return Decimal(100_000)

    async def positions(self, account: Account) -> tuple[Position, ...]:
        signed = [
            (o.quantity if o.side is Side.BUY else -o.quantity, o.reference_price)
            for o in self.orders.values()
        ] + [(p.quantity, p.average_price) for p in self.before]
        total = sum((quantity for quantity, _ in signed), Decimal(0))
        value = sum((quantity * price for quantity, price in signed), Decimal(0))
        return (Position("ACME", total, value / total),) if total else ()

    async def find(self, account: Account, client_order_id: OrderId) -> OrderReport | None:
        self.log.append("find")
        found = self.orders.get(client_order_id)
        return self._report(found) if found else None

    async def submit(self, order: BracketOrder) -> OrderReport:
        self.log.append("submit")
        if self.silent == "before":
            raise BrokerUnavailable("No answer.")
        self.orders.setdefault(order.client_order_id, order)
        if self.silent == "after":
            raise BrokerUnavailable("No answer.")
        return self._report(order)

    def _report(self, order: BracketOrder) -> OrderReport:
        fill = Fill(order.as_of, order.quantity, order.reference_price, Decimal(0))
        return OrderReport(order.client_order_id, OrderStatus.FILLED, "Filled.", (fill,))


class FakeJournal:
    """Remembers intents and answers."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.intents: dict[OrderId, RecordedOrder] = {}
        self.answers: dict[OrderId, OrderReport] = {}

    async def intend(self, ticket: Ticket) -> Standing:
        self.log.append("intend")
        if ticket.id in self.answers:
            return Standing.ANSWERED
        known = ticket.id in self.intents
        self.intents.setdefault(ticket.id, RecordedOrder(ticket.order.symbol, ticket.order.side))
        return Standing.OPEN if known else Standing.NEW

    async def find(self, order_id: OrderId) -> RecordedOrder | None:
        return self.intents.get(order_id)

    async def report(self, order_id: OrderId) -> OrderReport:
        return self.answers[order_id]

    async def answer(self, intent: Intent, report: OrderReport) -> bool:
        self.log.append("answer")
        return self.answers.setdefault(intent.id, report) is report


class Floor:
    """A desk between a fake journal and a fake venue."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.venue, self.journal = FakeVenue(self.log), FakeJournal(self.log)

    def desk(self, node_id: str = "trade") -> TradeDesk:
        return TradeDesk(
            self.venue,
            self.journal,  # type: ignore[arg-type]
            OrderPlacer(self.venue, self.journal),  # type: ignore[arg-type]
            lambda place: place(),
            RUN,
            node_id,
            ACCOUNT,
            "simulation",
            SimulationOptions(),
        )


@pytest.fixture
def floor() -> Floor:
    return Floor()


async def test_the_intent_is_on_record_before_the_venue_hears_of_it(floor: Floor) -> None:
    report = await floor.desk().execute(REQUEST)
    assert floor.log == ["intend", "submit", "answer"]
    assert report.client_order_id == order_id_for(RUN, "trade")
    assert floor.journal.answers == {report.client_order_id: report}


@pytest.mark.parametrize("silent", ["before", "after"])
async def test_t08_an_unknown_outcome_is_asked_for_and_never_sent_twice(
    floor: Floor, silent: str
) -> None:
    floor.venue.silent = silent
    with pytest.raises(OrderOutcomeUnknown):
        await floor.desk().execute(REQUEST)
    assert floor.journal.answers == {}
    floor.venue.silent = None
    floor.log.clear()
    report = await floor.desk().execute(REQUEST)
    assert report.status is OrderStatus.FILLED
    again = ["submit"] if silent == "before" else []
    assert floor.log == ["intend", "find", *again, "answer"]
    assert len(floor.venue.orders) == 1


async def test_an_order_that_was_found_to_have_never_arrived_is_not_sent_again(
    floor: Floor,
) -> None:
    floor.venue.silent = "before"
    with pytest.raises(OrderOutcomeUnknown):
        await floor.desk().execute(REQUEST)
    [order_id] = floor.journal.intents
    ended = OrderReport(order_id, OrderStatus.REJECTED, "never_reached_venue")
    floor.journal.answers[order_id] = ended
    floor.venue.silent = None
    assert await floor.desk().execute(REQUEST) == ended
    assert floor.venue.orders == {}


async def test_an_answer_that_could_not_be_recorded_is_asked_for_again(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(intent: Intent, report: OrderReport) -> bool:
        raise OperationalError("The connection is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(floor.journal, "answer", broken)
        with pytest.raises(OrderOutcomeUnknown):
            await floor.desk().execute(REQUEST)
    report = await floor.desk().execute(REQUEST)
    assert floor.log.count("submit") == 1
    assert floor.journal.answers == {report.client_order_id: report}


async def test_a_venue_that_never_answers_is_not_waited_for_for_ever(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "SEND_WITHIN_S", 0.01)

    async def silent(order: BracketOrder) -> OrderReport:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(floor.venue, "submit", silent)
    with pytest.raises(OrderOutcomeUnknown):
        await floor.desk().execute(REQUEST)


async def test_a_node_tried_again_after_its_fill_sees_the_account_as_it_was(floor: Floor) -> None:
    desk = floor.desk()
    assert await desk.positions() == ()
    await desk.execute(REQUEST)
    assert await floor.desk().positions() == ()
    assert await floor.desk("another").positions() == (Position("ACME", Decimal(10), Decimal(100)),)


@pytest.mark.parametrize("held", [Decimal(5), Decimal(-3), Decimal(-25)])
async def test_what_others_hold_stays_when_ones_own_order_is_left_out(
    floor: Floor, held: Decimal
) -> None:
    floor.venue.before = (Position("ACME", held, Decimal(80)),)
    await floor.desk().execute(REQUEST)
    assert await floor.desk().positions() == (Position("ACME", held, Decimal(80)),)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal(0)},
        {"quantity": Decimal(-1)},
        {"quantity": Decimal("NaN")},
        {"reference_price": Decimal("Infinity")},
        {"stop_loss": Decimal(0)},
        {"stop_loss": Decimal(100)},
        {"stop_loss": Decimal(101)},
        {"targets": (Decimal(110), Decimal(99))},
        {"targets": (Decimal(100),)},
        {"targets": (Decimal(110), Decimal(100))},
        {"side": Side.SELL},
        {"side": Side.SELL, "stop_loss": Decimal(105), "targets": (Decimal(101),)},
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_and_leaves_no_trace(
    floor: Floor, change: dict[str, object]
) -> None:
    with pytest.raises(RefusedOrder):
        await floor.desk().execute(replace(REQUEST, **change))  # type: ignore[arg-type]
    assert floor.log == []


async def test_a_short_order_mirrors_a_long_one(floor: Floor) -> None:
    short = replace(
        REQUEST, side=Side.SELL, stop_loss=Decimal(105), targets=(Decimal(90), Decimal(80))
    )
    assert (await floor.desk().execute(short)).filled_quantity == 10


def test_an_order_id_follows_from_run_node_and_leg_alone() -> None:
    assert order_id_for(RUN, "trade") == order_id_for(RUN, "trade", 0)
    others = {
        order_id_for(RUN, "trade"),
        order_id_for(RUN, "trade", 1),
        order_id_for(RUN, "twin"),
        order_id_for(RunId(uuid4()), "trade"),
    }
    assert len(others) == 4
