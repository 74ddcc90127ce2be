"""Orders without an answer: the venue is asked, and only its word or two misses end them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from kuber.brokers.adapters.simulation import SimulationBroker
from kuber.brokers.adapters.validation import ValidationBroker
from kuber.brokers.errors import BrokerUnavailable
from kuber.brokers.port import (
    Account,
    BracketOrder,
    Broker,
    OrderReport,
    Side,
    SimulationOptions,
)
from kuber.infra.db import RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import OrderId, RunId, UserId
from kuber.trading.errors import OrderNotWanted
from kuber.trading.journal import Journal
from kuber.trading.placing import OrderPlacer
from kuber.trading.sweep import (
    ASKED,
    NEVER_REACHED,
    OLDEST_S,
    UNANSWERED,
    IntentSweep,
    SweepOptions,
)
from kuber.trading.types import Standing, Ticket

USER = UserId(UUID(int=7))
OPTIONS = SweepOptions(patience_s=10, spacing_s=30)
CALM = SimulationOptions(partial_fill_rate=Decimal(0), rejection_rate=Decimal(0))


class Watched:
    """The simulated venue, with the orders that it was asked for; may be down."""

    def __init__(self, venue: Broker) -> None:
        self.venue = venue
        self.asked: list[OrderId] = []
        self.down = False

    async def find(self, account: Account, client_order_id: OrderId) -> OrderReport | None:
        self.asked.append(client_order_id)
        if self.down:
            raise BrokerUnavailable("No answer.")
        return await self.venue.find(account, client_order_id)

    async def submit(self, order: BracketOrder) -> OrderReport:
        return await self.venue.submit(order)


@dataclass
class Desk:
    """A journal, a venue and a sweep on one database."""

    pool: RawPool
    clock: FixedClock
    venue: Watched
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.pool, self.clock)

    def sweep(self) -> IntentSweep:
        return IntentSweep(self.pool, self.clock, lambda _: self.venue, OPTIONS)  # type: ignore[arg-type,return-value]

    async def after(self, seconds: float) -> int:
        """Return what a sweep ends that comes so much later."""
        self.clock.advance(timedelta(seconds=seconds))
        return await self.sweep().run_once()

    async def intend(self, mode: str = "simulation") -> Ticket:
        """Record an intent and send nothing."""
        ticket = await self.ticket(mode)
        assert await self.journal.intend(ticket) is Standing.NEW
        return ticket

    async def ticket(self, mode: str = "simulation") -> Ticket:
        """Return an order of a new run that nobody knows yet."""
        run_id = RunId(uuid4())
        order = BracketOrder(
            client_order_id=OrderId(uuid4()),
            account=Account(USER, run_id),
            symbol="ACME",
            side=Side.BUY,
            quantity=Decimal(10),
            reference_price=Decimal(100),
            stop_loss=Decimal(95),
            targets=(Decimal(110),),
            as_of=self.clock.now(),
            seed=1,
        )
        ticket = Ticket(order, run_id, "trade", mode, "c")
        await self.rows(
            "insert into runs (id, user_id, pipeline_id, graph_id, mode, symbol, symbols, as_of,"
            " real_time, seed, correlation_id, status) select %s, p.user_id, p.id, g.id,"
            " 'simulation', 'ACME', '{ACME}', now(), false, 1, 'c', 'failed'"
            " from pipelines p join pipeline_graphs g on g.pipeline_id = p.id",
            run_id,
        )
        return ticket

    async def cancel(self, ticket: Ticket) -> None:
        await self.rows("update runs set cancel_requested = true where id = %s", ticket.run_id)

    async def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def status(self, ticket: Ticket) -> tuple[object, ...]:
        [row] = await self.rows("select status, reason from orders where id = %s", ticket.id)
        return row


@pytest.fixture
async def desk(postgres_url: str, clock: FixedClock) -> AsyncIterator[Desk]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'ann@example.com', '-', 'user', 'FREE', now())",
            (USER,),
        )
        connection.execute(
            "with made as (insert into pipelines (id, user_id, name, graph, graph_digest, mode,"
            " trigger, status, revision, version, updated_at) values (gen_random_uuid(), %s,"
            " 'Mine', '{}', '', 'simulation', '{}', 'draft', 1, 0, now()) returning id)"
            " insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)"
            " select gen_random_uuid(), id, '', '{}', 0, now() from made",
            (USER,),
        )
    pool = raw_pool(postgres_url, size=12, application_name="kuber-test")
    await pool.open()
    yield Desk(pool, clock, Watched(SimulationBroker(pool, CALM)))
    await pool.close()


async def test_an_order_that_the_venue_filled_is_answered_as_by_its_desk(desk: Desk) -> None:
    usual = await desk.intend()
    report = await OrderPlacer(desk.venue, desk.journal).place(usual)  # type: ignore[arg-type]
    desk.venue.asked.clear()
    ticket = await desk.intend()
    await desk.venue.submit(ticket.order)
    await desk.rows("delete from runs where id = %s", ticket.run_id)
    assert await desk.after(9) == 0
    assert desk.venue.asked == []
    assert await desk.after(1) == 1
    assert await desk.status(ticket) == await desk.status(usual) == ("filled", report.reason)
    said = """
        select (select array_agg((number, quantity, price, commission)::text) from fills f
                where f.order_id = o.id),
               (select array_agg(topic order by topic) from outbox
                where payload->>'order_id' = o.id::text),
               (select array_agg(event_type::text order by id) from audit_entries
                where data::jsonb->>'order_id' = o.id::text),
               (select array_agg(kind::text) from notice_outbox
                where data->>'order_id' = o.id::text)
        from orders o where o.id = %s
    """
    [swept] = await desk.rows(said, ticket.id)
    assert [swept] == await desk.rows(said, usual.id)
    assert swept[1] == ["decisions.order_intent", "executions.fill"]
    [run_id] = await desk.rows(
        "select payload->>'run_id' from outbox where topic = 'executions.fill'"
        " and payload->>'order_id' = %s",
        str(ticket.id),
    )
    assert run_id == (str(ticket.run_id),)


async def test_an_order_that_the_venue_did_not_know_twice_never_reached_it(desk: Desk) -> None:
    ticket = await desk.intend()
    assert await desk.after(10) == 0
    assert (await desk.status(ticket))[0] == "intended"
    assert await desk.after(29) == 0
    assert len(desk.venue.asked) == 1
    assert await desk.after(1) == 1
    status, reason = await desk.status(ticket)
    assert (status, str(reason).startswith(NEVER_REACHED)) == ("rejected", True)
    [told] = await desk.rows("select kind from notice_outbox")
    assert told == ("order_rejected",)


async def test_who_is_about_to_send_it_again_begins_the_count_anew(desk: Desk) -> None:
    ticket = await desk.intend()
    await desk.after(10)
    desk.clock.advance(timedelta(seconds=25))
    assert await desk.journal.intend(ticket) is Standing.OPEN
    assert await desk.after(9) == 0
    assert len(desk.venue.asked) == 1
    assert await desk.after(1) == 0
    assert await desk.after(29) == 0
    assert len(desk.venue.asked) == 2
    assert await desk.after(1) == 1


async def test_a_miss_does_not_end_an_order_that_is_being_sent_meanwhile(desk: Desk) -> None:
    ticket = await desk.intend()
    await desk.after(10)
    looked = desk.venue.venue.find

    async def late(account: Account, client_order_id: OrderId) -> OrderReport | None:
        found = await looked(account, client_order_id)
        assert await desk.journal.intend(ticket) is Standing.OPEN
        await desk.venue.submit(ticket.order)
        return found

    desk.venue.venue.find = late  # type: ignore[method-assign]
    assert await desk.after(30) == 0
    assert (await desk.status(ticket))[0] == "intended"
    desk.venue.venue.find = looked  # type: ignore[method-assign]
    assert await desk.after(10) == 1
    assert (await desk.status(ticket))[0] == "filled"


async def test_an_order_that_was_ended_is_not_sent_by_a_late_desk(desk: Desk) -> None:
    ticket = await desk.intend()
    await desk.after(10)
    await desk.after(30)
    report = await OrderPlacer(desk.venue, desk.journal).place(ticket)  # type: ignore[arg-type]
    assert report.reason.startswith(NEVER_REACHED)
    assert await desk.rows("select 1 from simulated_orders") == []


async def test_while_the_venue_is_down_an_order_stays_and_is_counted(desk: Desk) -> None:
    ticket = await desk.intend()
    await desk.venue.submit(ticket.order)
    desk.venue.down = True
    before = ASKED.labels("unknown")._value.get()
    assert await desk.after(10) == 0
    assert await desk.after(60) == 0
    assert (await desk.status(ticket))[0] == "intended"
    assert ASKED.labels("unknown")._value.get() == before + 2
    assert UNANSWERED._value.get() == 1
    await desk.rows("update orders set created_at = %s", desk.clock.now() - timedelta(seconds=70))
    desk.venue.down = False
    desk.venue.asked.clear()
    await desk.sweep().run_once()
    assert desk.venue.asked == []  # not asked again before its time
    assert OLDEST_S._value.get() == 70
    assert await desk.after(30) == 1
    assert (UNANSWERED._value.get(), OLDEST_S._value.get()) == (0, 0)


async def test_sweeps_side_by_side_ask_for_each_order_once(desk: Desk) -> None:
    tickets = [await desk.intend() for _ in range(20)]
    for ticket in tickets:
        await desk.venue.submit(ticket.order)
    desk.clock.advance(timedelta(seconds=10))
    ended = await asyncio.gather(*(desk.sweep().run_once() for _ in range(4)))
    assert sum(ended) == 20
    assert sorted(desk.venue.asked) == sorted(ticket.id for ticket in tickets)
    assert len(await desk.rows("select 1 from fills")) == 20


async def test_an_intent_of_the_dry_venue_ends_too(desk: Desk) -> None:
    ticket = await desk.intend("validation")
    desk.venue.venue = ValidationBroker(CALM)
    await desk.after(10)
    assert await desk.after(30) == 1
    assert (await desk.status(ticket))[0] == "rejected"


async def test_no_order_is_sent_for_a_run_that_was_asked_to_stop(desk: Desk) -> None:
    placer = OrderPlacer(desk.venue, desk.journal)  # type: ignore[arg-type]
    fresh, begun, taken = await desk.ticket(), await desk.intend(), await desk.intend()
    await desk.venue.submit(taken.order)
    for ticket in (fresh, begun, taken):
        await desk.cancel(ticket)
    for ticket in (fresh, begun):
        with pytest.raises(OrderNotWanted):
            await placer.place(ticket)
    assert (await placer.place(taken)).status == "filled"
    assert await desk.rows("select client_order_id from simulated_orders") == [(taken.id,)]
    assert set(await desk.rows("select id, status from orders")) == {
        (begun.id, "intended"),  # the sweep ends it
        (taken.id, "filled"),
    }
