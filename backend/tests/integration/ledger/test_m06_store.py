"""M6 on PostgreSQL: posted once, all or nothing, never changed, never overdrawn."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from psycopg import errors
from psycopg.errors import RaiseException

from kuber.ledger.errors import (
    ForeignCurrency,
    HoldEnded,
    InsufficientFunds,
    NotReversible,
    TransactionDiffers,
)
from kuber.ledger.facts import (
    AccountReset,
    Charged,
    Deposited,
    DividendPaid,
    Executed,
    Held,
    Released,
    Reversed,
    SharesSplit,
    execution_transaction,
    reversal_of,
)
from kuber.ledger.types import UNATTRIBUTED, Book, HoldPurpose, Lot, Position, PositionKey
from tests.fixtures.ledger_books import AT, Books

D = Decimal
OWNER, ORDER, RUN = UUID(int=11), UUID(int=21), UUID(int=31)
INSERT = """
    insert into ledger_transfers select transaction_id, 90, book, kind, {}, unit
    from ledger_transfers where kind = 'deposit'
"""
COUNTS = (
    "select (select count(*) from ledger_transactions), (select count(*) from ledger_transfers)"
)


def buy(quantity: str, price: str, fee: str = "0", symbol: str = "AAPL") -> Executed:
    return Executed(symbol, D(quantity), D(price), D(fee))


async def test_m06_an_execution_that_is_told_again_is_posted_once(books: Books) -> None:
    await books.post(OWNER, Deposited(D(1000)))
    posting = books.posting(
        OWNER, buy("1", "100", "1"), id_=execution_transaction("sim", OWNER, "e1")
    )
    before = None
    for times in range(4):
        settled = await books.settle(*[posting] * (times + 2))
        assert [one.transaction is not None for one in settled] == [
            times == 0,
            *[False] * (times + 1),
        ]
        assert all(one.refusal is None for one in settled)
        counts = await books.rows(COUNTS)
        assert before in (None, counts)
        before = counts
    assert await books.balance(OWNER, "cash") == 899
    assert await books.differences() == []


async def test_m06_an_id_that_says_something_else_is_refused(books: Books) -> None:
    await books.post(OWNER, Deposited(D(1000)))
    posting = books.posting(OWNER, buy("1", "100"))
    await books.settle(posting)
    others = [
        replace(posting, fact=buy("2", "100")),
        replace(posting, owner=uuid4()),
        replace(posting, at=AT + timedelta(days=1)),
    ]
    kinds = [type((await books.settle(other))[0].refusal) for other in others]
    assert kinds == [TransactionDiffers, TransactionDiffers, type(None)]
    usage = replace(posting, book=Book.USAGE)
    assert isinstance((await books.settle(usage))[0].refusal, TransactionDiffers)
    assert await books.balance(OWNER, "holding:AAPL", "AAPL") == 1


async def test_m06_a_posting_that_is_refused_leaves_the_others(books: Books) -> None:
    settled = await books.post(
        OWNER,
        Deposited(D(100)),
        Held(ORDER, D(500)),
        Released(RUN),
        Reversed(uuid4()),
        buy("1", "60"),
        Held(ORDER, D(40)),
    )
    assert [type(one.refusal) for one in settled] == [
        type(None),
        InsufficientFunds,
        HoldEnded,
        NotReversible,
        type(None),
        type(None),
    ]
    assert await books.balance(OWNER, "cash") == 0
    assert await books.balance(OWNER, "reserved") == 40
    assert await books.differences() == []


async def test_m24_an_account_has_one_currency(books: Books) -> None:
    await books.post(OWNER, Deposited(D(100)))
    euros = books.posting(OWNER, Deposited(D(5)), currency="EUR")
    dollars = books.posting(OWNER, Deposited(D(5)))
    for both in ([euros, dollars], [dollars, euros]):
        settled = await books.settle(*both)
        refused = [type(one.refusal) for one in settled if one.refusal]
        assert refused == [ForeignCurrency]
    assert await books.balance(OWNER, "cash") == 105


async def test_m06_a_life_of_an_account_is_served_as_it_is_rebuilt(books: Books) -> None:
    await books.post(OWNER, Deposited(D(10_000)), Held(ORDER, D(2000)))
    fill = Executed("AAPL", D(6), D(100), D("0.03"), order_id=ORDER, rest=D(1200))
    wrong = books.posting(OWNER, buy("5", "101.005"))
    await books.settle(books.posting(OWNER, fill), wrong)
    await books.post(
        OWNER,
        Executed("AAPL", D(-8), D("103.3"), D("0.04"), order_id=ORDER),
        Executed("MSFT", D(-7), D(50), position_id=RUN),
        SharesSplit("MSFT", 1, 2, D(1), D(99)),
        DividendPaid("MSFT", D("0.333")),
    )
    await books.settle(
        books.posting(OWNER, Reversed(wrong.id), id_=reversal_of(wrong.id)),
        books.posting(OWNER, buy("2", "3")),
    )
    async with books.pool.connection() as connection:
        ledger = books.ledgers[Book.TRADING]
        positions = await ledger.positions(connection, OWNER)
        assert positions[PositionKey("MSFT", RUN)] == Position((Lot(D(-3), D(-300)),))
        assert PositionKey("AAPL") not in positions
        assert await ledger.holds(connection, OWNER) == []
    assert await books.differences() == []
    await books.post(OWNER, AccountReset())
    assert await books.balance(OWNER, "cash") == 0
    assert await books.rows("select * from ledger_lots") == []
    assert await books.differences() == []


async def test_m06_reversals_follow_each_other_and_none_happens_twice(books: Books) -> None:
    first, second = (books.posting(OWNER, buy("10", price)) for price in ("100", "110"))
    await books.settle(
        books.posting(OWNER, Deposited(D(10_000))),
        first,
        second,
        books.posting(OWNER, buy("-5", "120")),
    )
    for wrong in (first, second):
        [done] = await books.settle(
            books.posting(OWNER, Reversed(wrong.id), id_=reversal_of(wrong.id))
        )
        assert done.transaction is not None
    for wrong in (first, second):
        [again] = await books.settle(books.posting(OWNER, Reversed(wrong.id)))
        assert isinstance(again.refusal, NotReversible)
    [other] = await books.post(uuid4(), Reversed(first.id))
    assert isinstance(other.refusal, NotReversible)
    assert await books.balance(OWNER, "holding:AAPL", "AAPL") == -5
    assert await books.balance(OWNER, "cash") == 10_600
    assert await books.differences() == []


async def test_m06_lots_of_a_batch_are_written_as_they_end(books: Books) -> None:
    await books.post(OWNER, Deposited(D(10_000)), *[buy("1", str(price)) for price in range(1, 9)])
    await books.post(OWNER, buy("-3", "10"), buy("-0.5", "10"), buy("1", "9"), buy("-2", "10"))
    numbers = await books.rows("select number, quantity, cost from ledger_lots order by number")
    assert numbers == [(6, D("0.5"), D(3)), (7, 1, 7), (8, 1, 8), (9, 1, 9)]
    assert await books.differences() == []


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_transfers"])
async def test_m06_what_is_on_the_books_is_never_changed(books: Books, table: str) -> None:
    await books.post(OWNER, Deposited(D(100)))
    for change in (f"update {table} set book = book", f"delete from {table}", f"truncate {table}"):
        with pytest.raises(RaiseException, match="append-only"):
            await books.rows(change)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("update ledger_accounts set balance = -0.01 where path = 'cash'", "not_overdrawn"),
        ("update ledger_accounts set balance = -1 where path = 'reserved'", "not_overdrawn"),
        ("update ledger_accounts set balance = 1 where path = 'debt'", "not_overpaid"),
        ("update ledger_lots set cost = -1", "one_sign"),
        ("update ledger_holds set expires_at = now()", "orders_do_not_expire"),
        ("update ledger_holds set amount = 0", "positive"),
        (INSERT.format("state, debit, credit, -amount"), "positive"),
        (INSERT.format("state, debit, debit, amount"), "two_sides"),
        (INSERT.format("'voided', debit, credit, amount"), "hold"),
    ],
)
async def test_m06_the_database_refuses_what_cannot_be(
    books: Books, change: str, name: str
) -> None:
    debtor = uuid4()
    await books.post(OWNER, Deposited(D(100)), Held(ORDER, D(10)), buy("1", "1"))
    await books.post(debtor, buy("1", "1"))
    with pytest.raises(errors.CheckViolation, match=name):
        await books.rows(change)


async def test_m06_a_hold_ends_once_also_for_the_database(books: Books) -> None:
    await books.post(OWNER, Deposited(D(100)), Held(ORDER, D(10)), Released(ORDER))
    for state in ("pending", "voided"):
        with pytest.raises(errors.UniqueViolation, match="hold_"):
            await books.rows(
                "insert into ledger_transfers select transaction_id, 90, book, kind, state, debit,"
                " credit, amount, unit, hold_key, hold_number from ledger_transfers"
                " where state = %s",
                state,
            )


async def test_m06_it_is_committed_with_the_transaction_around_it(books: Books) -> None:
    posting = books.posting(OWNER, Deposited(D(100)))
    async with books.pool.connection() as connection, connection.transaction(force_rollback=True):
        await books.ledgers[Book.TRADING].settle(connection, [posting])
    assert await books.rows(COUNTS) == [(0, 0)]
    assert (await books.settle(posting))[0].transaction is not None
    assert await books.settle(posting, posting) is not None
    assert await books.balance(OWNER, "cash") == 100


async def test_m06_holds_that_have_expired_are_swept_and_a_late_charge_is_booked(
    books: Books,
) -> None:
    keys = [uuid4() for _ in range(4)]
    holds = [
        Held(key, D("0.10"), HoldPurpose.USAGE, AT + timedelta(minutes=number))
        for number, key in enumerate(keys)
    ]
    await books.post(OWNER, Deposited(D(1)), *holds, book=Book.USAGE)
    await books.post(OWNER, Deposited(D(1)), Held(ORDER, D(1)))
    ledger = books.ledgers[Book.USAGE]
    now = AT + timedelta(minutes=2)
    async with books.pool.connection() as connection:
        assert await ledger.expire(connection, now, most=2) == 2
        assert await ledger.expire(connection, now) == 1
        assert await ledger.expire(connection, now) == 0
        assert await books.ledgers[Book.TRADING].expire(connection, now + timedelta(days=9)) == 0
        assert [hold.id.key for hold in await ledger.holds(connection, OWNER)] == keys[3:]
    await books.post(
        OWNER, Charged(D("0.05"), keys[0]), Charged(D("0.07"), keys[3]), book=Book.USAGE
    )
    assert await books.balance(OWNER, "cash", book=Book.USAGE) == D("0.88")
    assert await books.balance(OWNER, "reserved", book=Book.USAGE) == 0
    # The numbers of a key go on where they ended.
    [again] = await books.post(OWNER, Held(keys[0], D("0.1"), HoldPurpose.USAGE), book=Book.USAGE)
    assert again.transaction is not None
    assert again.transaction.holds[keys[0]].last == 2
    assert await books.differences() == []


async def test_m06_what_is_served_otherwise_is_named(books: Books) -> None:
    await books.post(OWNER, Deposited(D(1000)), buy("2", "100"), Held(ORDER, D(10)))
    await books.rows("update ledger_accounts set balance = 791 where path = 'cash'")
    await books.rows("update ledger_lots set cost = 199")
    await books.rows("update ledger_holds set amount = 11")
    await books.rows("delete from ledger_accounts where path = 'deposits'")
    found = await books.differences()
    assert [one.what for one in found] == [
        "The balance cash USD",
        "The balance deposits USD",
        f"The position AAPL {UNATTRIBUTED}",
        f"The hold {ORDER}",
    ]
    assert str(found[0]) == f"The balance cash USD of {OWNER} is 791; the entries give 790"
    assert (found[1].there, found[1].rebuilt) == ("0", "-1000")


async def test_m06_a_transfer_that_does_not_follow_from_its_fact_is_named(books: Books) -> None:
    posting = books.posting(OWNER, Deposited(D(1000)))
    await books.settle(posting)
    await books.rows("alter table ledger_transfers disable trigger refuse_change")
    await books.rows("update ledger_transfers set amount = 999")
    found = [one.what for one in await books.differences()]
    assert found == [
        f"Transaction {posting.id}",
        "The balance cash USD",
        "The balance deposits USD",
    ]
