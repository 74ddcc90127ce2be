"""Whatever happens to an account, in whatever order: the books agree after each step."""

import asyncio
import os
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kuber.ledger.facts import Deposited, Posting
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from tests.fixtures.counts import Tell
from tests.fixtures.servers import NewDatabase
from tests.fixtures.trading_course import ROUGH, Course, Step, check, check_books, steps
from tests.fixtures.trading_floor import Floor, new_account, opened_floor

OPERATIONS = int(os.environ.get("KUBER_TEST_OPERATIONS", "1500"))
SEED = int(os.environ.get("KUBER_TEST_SEED", "1"))
LOOK_EVERY = 5
REPLAYED = 300
WRITERS, DEPOSITS = 16, 25
_EVERYTHING = {
    "books": "select symbol, state, version from venue_books order by symbol",
    "positions": "select id, state, version, realised_pnl from positions order by id",
    "orders": "select id, leg, attempt, status, reason, filled_quantity from orders order by id",
    "fills": "select f.* from fills f order by execution_id",
    "ledger": "select id, kind, symbol, fact, at from ledger_transactions order by number",
    "transfers": (
        "select m.* from ledger_transfers m join ledger_transactions t on t.id = m.transaction_id"
        " order by t.number, m.number"
    ),
    "balances": "select owner, path, unit, balance from ledger_accounts order by 1, 2, 3",
}


@pytest.mark.timeout(120 + OPERATIONS // 5)
async def test_t11_the_books_of_an_account_agree_after_many_operations(
    floor: Floor, tell: Tell
) -> None:
    await floor.rows("update accounts set simulation = %s", (Jsonb(ROUGH),))
    course = Course(floor)
    for number, step in enumerate(steps(Random(SEED), OPERATIONS)):
        await course.take(step)
        if number % LOOK_EVERY == 0:
            await check(course)
    await check(course)
    await check_books(course)
    (fills,) = await floor.rows("select count(*) from fills")
    tell(f"T11: {OPERATIONS} operations, {fills[0]} fills, no difference; seed {SEED}")


async def test_t14_a_recorded_course_ends_alike_each_time(new_database: NewDatabase) -> None:
    """Ids follow from what is done, and times from the clock: everything is equal, byte by byte."""
    recorded = steps(Random(SEED), REPLAYED)
    first, *others = [await _replayed(new_database(), recorded) for _ in range(3)]
    assert first["fills"], "a course in which nothing is traded proves nothing"
    for other in others:
        assert other == first


async def _replayed(url: str, recorded: list[Step]) -> dict[str, Any]:
    async with opened_floor(url) as floor:
        await new_account(floor, UUID(int=5), ROUGH)
        course = Course(floor)
        for step in recorded:
            await course.take(step)
        return {name: await floor.rows(query) for name, query in _EVERYTHING.items()}


async def test_t12_deposits_at_the_same_time_as_fills_lose_nothing(floor: Floor) -> None:
    """Sixteen writers pay in, one by one, while the order service trades in the same account."""
    await floor.rows("update accounts set simulation = %s", (Jsonb(ROUGH),))
    course = Course(floor)
    paying = [asyncio.create_task(_pay(floor)) for _ in range(WRITERS)]
    chance = Random(SEED)
    while not all(one.done() for one in paying):
        for step in steps(chance, 5):
            if step[0] != "deposit":
                await course.take(step)
    course.paid_in += sum([await one for one in paying], Decimal(0))
    await check(course)
    await check_books(course)
    assert await floor.rows("select 1 from fills limit 1")


async def _pay(floor: Floor) -> Decimal:
    async with await psycopg.AsyncConnection.connect(floor.url, autocommit=True) as connection:
        for number in range(1, DEPOSITS + 1):
            fact, now = Deposited(Decimal(number)), floor.clock.now()
            one = Posting(uuid4(), Book.TRADING, floor.account, "USD", now, fact)
            (done,) = await Ledger(Book.TRADING).settle(connection, [one])
            assert done.refusal is None
    return Decimal(sum(range(1, DEPOSITS + 1)))
