"""Placing orders: the intent first, the venue next, its answer last; safe to repeat."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

import pytest
from psycopg import OperationalError

from kuber.brokers.port import (
    Account,
    Acknowledged,
    BracketOrder,
    Execution,
    OrderState,
    OrderStatus,
    Position,
    Side,
    Submission,
)
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.trading import placing
from kuber.trading.errors import OrderOutcomeUnknown, RefusedOrder
from kuber.trading.lifecycle import OrderLife, Step, advance
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.placing import OrderPlacer
from kuber.trading.service import TradeDesk
from kuber.trading.types import Intent, OrderReport, RecordedIntent, Standing, Ticket, TradeRequest
from tests.fakes.resting_venue import RestingVenue

RUN = RunId(uuid4())
ACCOUNT = Account(UserId(uuid4()), RUN)
AT = datetime(2026, 1, 2, 15, tzinfo=UTC)
REQUEST = TradeRequest(
    symbol="ACME",
    side=Side.BUY,
    quantity=Decimal(10),
    reference_price=Decimal(100),
    stop_loss=Decimal(95),
    targets=(Decimal(110), Decimal(120)),
    correlation_id="c",
)


class Venue(RestingVenue):
    """Fills at once, at the reference price, unless it shall let orders rest."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.rests = False
        self.before: tuple[Position, ...] = ()

    async def positions(self, account: Account) -> tuple[Position, ...]:
        held = [*self.before, *await super().positions(account)]
        total = sum((one.quantity for one in held), Decimal(0))
        value = sum((one.quantity * one.average_price for one in held), Decimal(0))
        return (Position("ACME", total, value / total),) if total else ()

    async def order(self, account: Account, client_order_id: OrderId) -> OrderState | None:
        self.log.append("order")
        return await super().order(account, client_order_id)

    async def submit(self, order: BracketOrder) -> Submission:
        self.log.append("submit")
        is_new = order.client_order_id not in self.states
        answer = await super().submit(order)
        if is_new and order.client_order_id in self.states and not self.rests:
            self.fill(order.client_order_id, str(order.quantity), str(order.reference_price))
            if self.silent is None:
                return await self.told_at_once(order.client_order_id)
        return answer

    async def told_at_once(self, order_id: OrderId) -> Submission:
        executions = tuple(one for one in self.told if one.client_order_id == order_id)
        return Acknowledged(self.states[order_id], executions)


class FakeJournal:
    """Remembers intents and what was booked."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.intents: dict[OrderId, Intent] = {}
        self.booked: dict[OrderId, OrderReport] = {}

    async def intend(self, ticket: Ticket) -> Standing:
        self.log.append("intend")
        if ticket.id in self.booked:
            return Standing.ANSWERED
        known = ticket.id in self.intents
        self.intents.setdefault(ticket.id, ticket.intent)
        return Standing.OPEN if known else Standing.NEW

    async def find(self, order_id: OrderId) -> RecordedIntent | None:
        intent = self.intents.get(order_id)
        return RecordedIntent(intent, AT) if intent else None

    async def report(self, order_id: OrderId) -> OrderReport:
        return self.booked[order_id]

    async def book(
        self,
        intent: Intent,
        said: OrderState,
        executions: Sequence[Execution] = (),
        *,
        first: bool = False,
    ) -> Step | None:
        self.log.append("book")
        known = self.booked.get(intent.id)
        assert known is None or not first
        fills = known.fills if known else ()
        life = OrderLife(
            known.status if known else OrderStatus.INTENDED,
            intent.quantity,
            known.filled_quantity if known else Decimal(0),
            executions=frozenset(one.execution_id for one in fills),
        )
        step = advance(life, said, executions)
        if step is not None:
            self.booked[intent.id] = OrderReport(
                intent.id, step.status, step.reason or "", (*fills, *step.executions)
            )
        return step


class Floor:
    """A desk between a fake journal and a fake venue."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.venue, self.journal = Venue(self.log), FakeJournal(self.log)

    def desk(self, node_id: str = "trade") -> TradeDesk:
        return TradeDesk(
            self.venue,
            self.journal,  # type: ignore[arg-type]
            OrderPlacer(self.venue, self.journal, self.journal),  # type: ignore[arg-type]
            lambda place: place(),
            Origin.of_node(RUN, node_id),
            ACCOUNT,
            "simulation",
        )


@pytest.fixture
def floor() -> Floor:
    return Floor()


async def test_the_intent_is_on_record_before_the_venue_hears_of_it(floor: Floor) -> None:
    report = await floor.desk().execute(REQUEST)
    assert floor.log == ["intend", "submit", "book"]
    assert report.order_id == Origin.of_node(RUN, "trade").order_id()
    assert floor.journal.booked == {report.order_id: report}
    assert report.status is OrderStatus.FILLED


@pytest.mark.parametrize("as_status", [OrderStatus.SUBMITTED, OrderStatus.WORKING])
async def test_an_order_is_placed_once_the_venue_has_it_filled_or_not(
    floor: Floor, as_status: OrderStatus
) -> None:
    floor.venue.rests = True
    floor.venue.acknowledges_as = as_status
    report = await floor.desk().execute(REQUEST)
    assert (report.status, report.fills) == (as_status, ())
    floor.venue.fill(report.order_id, "10")
    again = await floor.desk().execute(REQUEST)
    assert again == report  # as it stands on record; what comes later is booked elsewhere
    assert floor.log.count("submit") == 1


@pytest.mark.parametrize("silent", ["before", "after"])
async def test_t08_an_unknown_outcome_is_asked_for_and_never_sent_twice(
    floor: Floor, silent: str
) -> None:
    floor.venue.silent = silent
    with pytest.raises(OrderOutcomeUnknown):
        await floor.desk().execute(REQUEST)
    assert floor.journal.booked == {}
    floor.venue.silent = None
    floor.log.clear()
    report = await floor.desk().execute(REQUEST)
    assert report.status is OrderStatus.FILLED
    again = ["submit"] if silent == "before" else []
    assert floor.log == ["intend", "order", *again, "book"]
    assert len(floor.venue.sent) == 1


async def test_an_order_that_was_found_to_have_never_arrived_is_not_sent_again(
    floor: Floor,
) -> None:
    floor.venue.silent = "before"
    with pytest.raises(OrderOutcomeUnknown):
        await floor.desk().execute(REQUEST)
    [order_id] = floor.journal.intents
    ended = OrderReport(order_id, OrderStatus.REJECTED, "never_reached_venue")
    floor.journal.booked[order_id] = ended
    floor.venue.silent = None
    assert await floor.desk().execute(REQUEST) == ended
    assert floor.venue.sent == []


async def test_an_answer_that_could_not_be_recorded_is_asked_for_again(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, first: bool) -> Step | None:
        raise OperationalError("The connection is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(floor.journal, "book", broken)
        with pytest.raises(OrderOutcomeUnknown):
            await floor.desk().execute(REQUEST)
    report = await floor.desk().execute(REQUEST)
    assert floor.log.count("submit") == 1
    assert floor.journal.booked == {report.order_id: report}


async def test_a_venue_that_never_answers_is_not_waited_for_for_ever(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "SEND_WITHIN_S", 0.01)

    async def silent(order: BracketOrder) -> Submission:
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
        {"quantity": Decimal("0.000000004")},
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


def test_an_order_id_follows_from_origin_leg_and_attempt_alone() -> None:
    origin = Origin.of_node(RUN, "trade")
    assert origin.order_id() == Origin.of_node(RUN, "trade").order_id("entry", 1)
    others = {
        origin.order_id(),
        origin.order_id("stop"),
        origin.order_id("entry", 2),
        origin.order_id("entry2", 1),
        Origin.of_node(RUN, "twin").order_id(),
        Origin.of_node(RunId(uuid4()), "trade").order_id(),
        Origin(OriginKind.RUN, (str(RUN), "trade", "0")).order_id(),
        Origin(OriginKind.MONITOR, (str(RUN), "trade")).order_id(),
        Origin(OriginKind.PERSON, (str(RUN), "trade")).order_id(),
        Origin.of_node(RUN, "trade/0").order_id(),
    }
    assert len(others) == 10


def test_the_first_entry_of_a_node_keeps_the_id_it_had_before_legs_had_names() -> None:
    run = RunId(UUID("01890000-0000-7000-8000-000000000001"))
    before = uuid5(UUID("6f1c2f5e-0a55-5c1e-9a5d-6b1f5a5f7a11"), f"{run}/trade/0")
    assert Origin.of_node(run, "trade").order_id() == before
    assert str(before) == "00578082-24af-56e2-b384-d5f3f27874d6"


def test_an_origin_names_its_run_and_its_node_if_it_has_them() -> None:
    node = Origin.of_node(RUN, "trade")
    assert (node.run_id, node.node_id) == (RUN, "trade")
    person = Origin(OriginKind.PERSON, ("request",))
    assert (person.run_id, person.node_id) == (None, None)
