"""M6 under load: many writers, connections that die, books that do not wait for each other."""

import asyncio
import random
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from psycopg import OperationalError

from kuber.ledger.facts import (
    Charged,
    Deposited,
    Executed,
    Held,
    Posting,
    Reversed,
    execution_transaction,
    reversal_of,
)
from kuber.ledger.types import Book, HoldPurpose
from tests.fixtures.ledger_books import Books

D = Decimal
OWNERS = [UUID(int=100 + number) for number in range(5)]
SYMBOLS = ["AAPL", "MSFT", "BTCUSDT"]
TERMINATE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'kuber-test-ledger' and pid <> pg_backend_pid()
      and (state = 'idle in transaction' or state = 'active')
"""


def executions(books: Books, count: int) -> list[Posting]:
    chance = random.Random(5)
    found = []
    for number in range(count):
        owner = chance.choice(OWNERS)
        quantity = D(chance.choice([-3, -2, -1, 1, 2, 3])) / chance.choice([1, 8])
        price = D(chance.randrange(9000, 11000)) / 100
        fact = Executed(
            chance.choice(SYMBOLS), quantity, price, D("0.005"), execution_id=f"e{number}"
        )
        id_ = execution_transaction("sim", owner, f"e{number}")
        found.append(books.posting(owner, fact, id_=id_))
    return found


async def test_m06_sixteen_writers_post_everything_once(books: Books) -> None:
    told = executions(books, 240)
    deposits = [books.posting(owner, Deposited(D(20_000))) for owner in OWNERS]
    made: list[UUID] = []

    async def write(seed: int) -> None:
        mine = random.Random(seed).sample(told + deposits, len(told + deposits))
        for start in range(0, len(mine), 25):
            settled = await books.settle(*mine[start : start + 25])
            assert all(one.refusal is None for one in settled)
            made.extend(one.posting.id for one in settled if one.transaction)

    await asyncio.gather(*(write(seed) for seed in range(16)))
    assert sorted(made) == sorted(one.id for one in told + deposits)
    assert await books.differences() == []
    sums = await books.rows(
        "select unit, sum(balance) from ledger_accounts group by unit having sum(balance) <> 0"
    )
    assert sums == []
    assert await books.rows("select * from ledger_accounts where path='debt' and balance < 0") == []


async def test_m06_of_fifty_holds_at_once_as_many_are_made_as_there_is_money(
    books: Books,
) -> None:
    owner = OWNERS[0]
    await books.post(owner, Deposited(D(1)), book=Book.USAGE)

    async def hold(number: int) -> bool:
        fact = Held(UUID(int=number), D("0.05"), HoldPurpose.USAGE)
        [settled] = await books.post(owner, fact, book=Book.USAGE)
        return settled.transaction is not None

    made = await asyncio.gather(*(hold(number) for number in range(1, 51)))
    assert sum(made) == 20
    assert await books.balance(owner, "reserved", book=Book.USAGE) == 1
    late = [Charged(D("0.06"), UUID(int=number + 1)) for number, one in enumerate(made) if one]
    await asyncio.gather(*(books.post(owner, one, book=Book.USAGE) for one in late))
    assert await books.balance(owner, "spent", book=Book.USAGE) == D("1.2")
    assert await books.balance(owner, "debt", book=Book.USAGE) == D("-0.2")
    assert await books.differences() == []


async def test_m06_writers_whose_connections_die_repeat_and_post_once(books: Books) -> None:
    told = executions(books, 200)
    await books.settle(*(books.posting(owner, Deposited(D(20_000))) for owner in OWNERS))
    died = 0
    going = True

    async def write(seed: int) -> None:
        nonlocal died
        mine = random.Random(seed).sample(told, len(told))
        for start in range(0, len(mine), 10):
            while True:
                try:
                    await books.settle(*mine[start : start + 10])
                except OperationalError:
                    died += 1
                else:
                    break

    async def kill() -> None:
        async with await psycopg.AsyncConnection.connect(books.url, autocommit=True) as killer:
            while going:
                await killer.execute(TERMINATE)
                await asyncio.sleep(0.05)

    killing = asyncio.create_task(kill())
    try:
        async with asyncio.timeout(100):
            await asyncio.gather(*(write(seed) for seed in range(6)))
    finally:
        going = False
        await killing
    assert died
    [(count,)] = await books.rows("select count(*) from ledger_transactions")
    assert count == len(told) + len(OWNERS)
    assert await books.differences() == []


async def test_m06_a_reversal_by_many_at_once_happens_once(books: Books) -> None:
    owner = OWNERS[0]
    wrong = books.posting(owner, Executed("AAPL", D(2), D(100)))
    await books.settle(books.posting(owner, Deposited(D(1000))), wrong)
    posting = books.posting(owner, Reversed(wrong.id), id_=reversal_of(wrong.id))
    settled = await asyncio.gather(*(books.settle(posting) for _ in range(8)))
    assert sum(one.transaction is not None for [one] in settled) == 1
    assert await books.balance(owner, "cash") == 1000
    assert await books.differences() == []


async def test_m06_the_books_and_the_owners_do_not_wait_for_each_other(books: Books) -> None:
    owner, other = OWNERS[:2]
    for book in Book:
        await books.post(owner, Deposited(D(100)), book=book)
    async with books.pool.connection() as connection, connection.transaction():
        usage = [books.posting(owner, Charged(D(1)), book=Book.USAGE)]
        await books.ledgers[Book.USAGE].settle(connection, usage)
        async with asyncio.timeout(5):
            await books.post(owner, Executed("AAPL", D(1), D(10)))
            await books.post(other, Deposited(D(1)), book=Book.USAGE)
        waiting = asyncio.create_task(books.post(owner, Charged(D(1)), book=Book.USAGE))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(waiting)
    await waiting
    assert await books.balance(owner, "cash", book=Book.USAGE) == 98
    assert await books.balance(owner, "cash") == 90
