"""Words of a venue that race, repeat and come late: the database lets no order go backwards."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from psycopg import errors

from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.trading.lifecycle import OPEN, TRANSITIONS
from kuber.trading.types import Ticket
from tests.fixtures.order_desk import Desk

AT = datetime(2026, 1, 2, 15, tzinfo=UTC)
S = OrderStatus

COUNTS = """
    select o.status, o.filled_quantity, o.answers,
           (select count(*) from fills f where f.order_id = o.id),
           (select sum(f.quantity) from fills f where f.order_id = o.id),
           (select count(*) from outbox where payload->>'order_id' = o.id::text
              and topic = 'executions.fill'),
           (select count(*) from audit_entries where data::jsonb->>'order_id' = o.id::text
              and event_type = 'order_answered'),
           (select count(distinct data::jsonb->>'number') from audit_entries
            where data::jsonb->>'order_id' = o.id::text and event_type = 'order_answered')
    from orders o where o.id = %s
"""


def execution(ticket: Ticket, number: int, quantity: int = 1) -> Execution:
    at = AT + timedelta(seconds=number)
    return Execution(f"e{number}", ticket.id, at, Decimal(quantity), Decimal(100), Decimal(0))


def said(ticket: Ticket, status: OrderStatus, filled: int = 0) -> OrderState:
    return OrderState(ticket.id, status, Decimal(filled), "So it is.")


async def counts(desk: Desk, ticket: Ticket) -> tuple[object, ...]:
    [row] = await desk.rows(COUNTS, ticket.id)
    return row


async def test_ten_executions_told_by_ten_at_once_are_booked_once_each(desk: Desk) -> None:
    ticket = await desk.intend()
    told = [execution(ticket, number) for number in range(10)]

    async def tell(seed: int) -> None:
        mine = random.Random(seed).sample(told, 10)
        for start in range(0, 10, 2):
            word = said(ticket, S.PARTIALLY_FILLED)
            await desk.booking.book(ticket.intent, word, mine[start : start + 2])

    await asyncio.gather(*(tell(seed) for seed in range(10)))
    status, filled, answers, fills, quantity, announced, recorded, numbers = await counts(
        desk, ticket
    )
    assert (status, filled, fills, quantity, announced) == ("filled", 10, 10, 10, 10)
    assert answers == recorded == numbers


async def test_of_two_ends_told_at_once_one_counts(desk: Desk) -> None:
    for _ in range(10):
        ticket = await desk.intend()
        steps = await asyncio.gather(
            *(
                desk.booking.book(ticket.intent, said(ticket, status), first=True)
                for status in (S.CANCELLED, S.EXPIRED, S.CANCELLED, S.EXPIRED)
            )
        )
        [step] = [one for one in steps if one is not None]
        status, _, answers, *_, recorded, _ = await counts(desk, ticket)
        assert (status, answers, recorded) == (step.status, 1, 1)


async def test_an_execution_that_comes_after_the_cancel_is_booked_and_the_end_stays(
    desk: Desk,
) -> None:
    ticket = await desk.intend()
    book = desk.booking.book
    await book(ticket.intent, said(ticket, S.WORKING), first=True)
    await book(ticket.intent, said(ticket, S.CANCELLED))
    late = execution(ticket, 1, 10)
    for _ in range(2):
        await book(ticket.intent, said(ticket, S.FILLED, 10), [late])
    assert (await counts(desk, ticket))[:5] == ("cancelled", 10, 3, 1, 10)
    reasons = await desk.rows(
        "select data::jsonb->>'status', data::jsonb->>'reason' from audit_entries"
        " where event_type = 'order_answered' order by id"
    )
    assert reasons[-1] == ("cancelled", None)


async def test_in_whatever_order_words_come_the_fills_are_the_same(desk: Desk) -> None:
    for order in permutations(range(4)):
        ticket = await desk.intend()
        first, second = execution(ticket, 1, 4), execution(ticket, 2, 3)
        words = [
            (said(ticket, S.SUBMITTED), []),
            (said(ticket, S.PARTIALLY_FILLED, 4), [first]),
            (said(ticket, S.PARTIALLY_FILLED, 7), [second, first]),
            (said(ticket, S.CANCELLED, 7), [first, second]),
        ]
        for number in order:
            state, executions = words[number]
            await desk.booking.book(ticket.intent, state, executions)
        await desk.booking.book(ticket.intent, *words[3])
        assert (await counts(desk, ticket))[:2] == ("cancelled", 7), order


async def test_an_execution_of_one_order_is_not_that_of_another(desk: Desk) -> None:
    one, two = await desk.intend(), await desk.intend()
    await desk.booking.book(one.intent, said(one, S.FILLED, 10), [execution(one, 1, 10)])
    # Another account may use the same id.
    await desk.booking.book(two.intent, said(two, S.FILLED, 10), [execution(two, 1, 10)])
    assert (await counts(desk, two))[0] == "filled"
    three = await desk.intend()
    await desk.rows(
        "update orders set account_id = (select account_id from orders where id = %s)"
        " where id = %s",
        one.id,
        three.id,
    )
    with pytest.raises(errors.UniqueViolation):
        await desk.booking.book(three.intent, said(three, S.FILLED, 10), [execution(three, 1, 10)])
    assert (await counts(desk, three))[:3] == ("intended", 0, 0)


async def test_a_word_of_nobody_knowing_it_ends_no_order_that_was_answered(desk: Desk) -> None:
    ticket = await desk.intend()
    await desk.rows("update orders set not_found_at = now() where id = %s", ticket.id)
    [(at,)] = await desk.rows("select not_found_at from orders where id = %s", ticket.id)
    await desk.booking.book(ticket.intent, said(ticket, S.WORKING), first=True)
    assert isinstance(at, datetime)
    never = said(ticket, S.REJECTED)
    book = desk.booking.book
    assert await book(ticket.intent, never, first=True, not_found_at=at) is None
    assert (await counts(desk, ticket))[:3] == ("working", 0, 1)


async def test_amounts_are_booked_as_the_database_rounds_them(desk: Desk) -> None:
    ticket = await desk.intend()
    parts = [replace(execution(ticket, number), quantity=Decimal(10) / 3) for number in range(1, 4)]
    for part in parts:
        await desk.booking.book(ticket.intent, said(ticket, S.WORKING), [part])
    _, filled, _, _, quantity, *_ = await counts(desk, ticket)
    assert filled == quantity == Decimal("9.99999999")


async def test_the_database_holds_the_table_of_transitions_and_refuses_all_others(
    desk: Desk,
) -> None:
    pairs = {(str(before), str(after)) for before in OPEN for after in TRANSITIONS[before]}
    assert set(await desk.rows("select before, after from order_transitions")) == pairs
    ticket = await desk.intend()
    for before in OrderStatus:
        await _put(desk, ticket, before)
        for after in set(OrderStatus) - {before}:
            change = desk.rows(
                "update orders set status = %s where id = %s", after.value, ticket.id
            )
            if after in TRANSITIONS[before]:
                await change
                await _put(desk, ticket, before)
            else:
                with pytest.raises(errors.CheckViolation, match=f"cannot become {after}"):
                    await change
    with pytest.raises(errors.CheckViolation):
        await desk.rows("update orders set status = 'lost' where id = %s", ticket.id)


async def _put(desk: Desk, ticket: Ticket, status: OrderStatus) -> None:
    """Have the order stand so, past the trigger."""
    async with desk.pool.connection() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(
            "update orders set status = %s where id = %s", (status.value, ticket.id)
        )
