"""Orders that have not ended: the venue is asked, and its word, or two misses of an intent, ends
them."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from kuber.brokers.port import (
    Account,
    OrderState,
    OrderStatus,
)
from kuber.kernel.ids import OrderId
from kuber.trading.sweep import (
    ASKED,
    NEVER_REACHED,
    OLDEST_S,
    UNANSWERED,
)
from kuber.trading.types import Standing
from tests.fakes.resting_venue import RestingVenue
from tests.fixtures.order_desk import Desk


async def test_an_order_that_the_venue_filled_is_answered_as_by_its_desk(desk: Desk) -> None:
    usual = await desk.ticket()
    step = await desk.place(usual)
    desk.venue.asked.clear()
    ticket = await desk.intend()
    await desk.venue.submit(ticket.order)
    await desk.rows("delete from runs where id = %s", ticket.origin.run_id)
    assert await desk.after(9) == 0
    assert desk.venue.asked == []
    assert await desk.after(1) == 1
    assert await desk.status(ticket) == await desk.status(usual) == ("filled", step.reason)
    said = """
        select (select array_agg((answer, quantity, price, commission)::text) from fills f
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
    assert run_id == (str(ticket.origin.run_id),)


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
    looked = desk.venue.venue.order

    async def late(account: Account, client_order_id: OrderId) -> OrderState | None:
        found = await looked(account, client_order_id)
        assert await desk.journal.intend(ticket) is Standing.OPEN
        await desk.venue.submit(ticket.order)
        return found

    desk.venue.venue.order = late  # type: ignore[method-assign]
    assert await desk.after(30) == 0
    assert (await desk.status(ticket))[0] == "intended"
    desk.venue.venue.order = looked  # type: ignore[method-assign]
    assert await desk.after(10) == 1
    assert (await desk.status(ticket))[0] == "filled"


async def test_an_order_that_was_ended_is_not_to_be_sent_by_a_late_desk(desk: Desk) -> None:
    ticket = await desk.intend()
    await desk.after(10)
    await desk.after(30)
    assert await desk.journal.intend(ticket) is Standing.ANSWERED
    assert (await desk.journal.report(ticket.id)).reason.startswith(NEVER_REACHED)


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


async def test_what_is_filled_after_its_run_is_gone_is_booked_all_the_same(desk: Desk) -> None:
    venue = desk.venue.venue = RestingVenue()
    ticket = await desk.ticket()
    placed = await desk.place(ticket)
    assert (placed.status, placed.executions) == (OrderStatus.WORKING, ())
    await desk.rows("delete from runs where id = %s", ticket.origin.run_id)
    assert await desk.after(10) == 0  # nothing new
    venue.fill(ticket.id, "4")
    assert await desk.after(30) == 1
    assert (await desk.status(ticket))[0] == "partially_filled"
    venue.fill(ticket.id, "6", "101")
    assert await desk.after(30) == 1
    assert (await desk.status(ticket))[0] == "filled"
    desk.venue.asked.clear()
    assert await desk.after(60) == 0
    assert desk.venue.asked == []  # it has ended
    assert await desk.rows(
        "select payload->>'quantity', payload->>'price', payload->>'run_id' from outbox"
        " where topic = 'executions.fill' order by id"
    ) == [("4", "100", str(ticket.origin.run_id)), ("6", "101", str(ticket.origin.run_id))]
    notices = await desk.rows("select data->>'quantity' from notice_outbox order by id")
    assert notices == [("4",), ("6",)]


async def test_an_order_does_not_end_before_the_executions_it_is_said_to_have(desk: Desk) -> None:
    venue = desk.venue.venue = RestingVenue(withheld=True)
    ticket = await desk.ticket()
    await desk.place(ticket)
    venue.fill(ticket.id, "4")
    venue.end(ticket.id, OrderStatus.CANCELLED)
    before = ASKED.labels("incomplete")._value.get()
    assert await desk.after(10) == 0
    assert (await desk.status(ticket))[0] == "working"
    assert ASKED.labels("incomplete")._value.get() == before + 1
    venue.withheld = False
    assert await desk.after(30) == 1
    assert ASKED.labels("incomplete")._value.get() == before + 1
    assert (await desk.status(ticket))[0] == "cancelled"
    [fill] = await desk.rows("select quantity, answer from fills")
    assert fill == (Decimal(4), 2)


async def test_an_acknowledged_order_that_the_venue_no_longer_knows_stays_open(desk: Desk) -> None:
    venue = desk.venue.venue = RestingVenue()
    ticket = await desk.ticket()
    await desk.place(ticket)
    venue.states.clear()
    before = ASKED.labels("missing")._value.get()
    assert [await desk.after(40) for _ in range(3)] == [0, 0, 0]
    assert ASKED.labels("missing")._value.get() == before + 3
    assert (await desk.status(ticket))[0] == "working"
    assert UNANSWERED._value.get() == 0


async def test_no_order_may_be_sent_for_a_run_that_was_asked_to_stop(desk: Desk) -> None:
    fresh, begun, taken = await desk.ticket(), await desk.intend(), await desk.ticket()
    await desk.place(taken)
    for ticket in (fresh, begun, taken):
        await desk.cancel(ticket)
        assert await desk.journal.intend(ticket) is Standing.CANCELLED
    assert set(await desk.rows("select id, status from orders")) == {
        (begun.id, "intended"),  # the sweep ends it
        (taken.id, "filled"),
    }
