"""M24, M27: many change one account at once, and connections die in the middle."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.errors import QuotaReached
from kuber.infra.db import Database
from kuber.ledger.store import Ledger
from kuber.trading.accounts.errors import AccountWasReset, BadDeposit
from kuber.trading.accounts.schemas import AccountCreate, AccountOut, DepositBody
from tests.fixtures.ledger_books import Books
from tests.integration.trading.accounts.conftest import SERVICE, USER

COUNTS = """
    select (select count(*) from accounts), (select count(*) from ledger_transactions),
           (select count(*) from audit_entries), (select count(*) from notice_outbox)
"""


async def deposit(database: Database, account: AccountOut, amount: str) -> AccountOut:
    async with database.transaction() as session:
        body = DepositBody(amount=Decimal(amount), currency="USD")
        return await SERVICE.deposit(session, USER, account.id, body)


async def reset(database: Database, account: AccountOut) -> AccountOut:
    async with database.transaction() as session:
        return await SERVICE.reset(session, USER, account.id)


async def test_m27_deposits_meet_a_reset_before_or_after_and_never_within(
    database: Database, books: Books, account: AccountOut
) -> None:
    works: list[Awaitable[AccountOut]] = [deposit(database, account, "10") for _ in range(6)]
    works.insert(3, reset(database, account))
    works.append(reset(database, account))
    done = await asyncio.gather(*works, return_exceptions=True)
    refused = [one for one in done if isinstance(one, BaseException)]
    assert {type(one) for one in refused} == {AccountWasReset}
    (new,) = [one for one in done if isinstance(one, AccountOut) and one.id != account.id]
    paid = len(done) - len(refused) - 1
    assert await books.rows(
        "select count(*), sum(amount) from ledger_transfers t join ledger_transactions l"
        " on l.id = t.transaction_id where t.kind = 'deposit' and l.owner = %s",
        account.id,
    ) == [(paid + 1, 100_000 + 10 * paid)]
    assert await books.rows("select count(*) from notice_outbox") == [(paid,)]
    assert await books.balance(account.id, "cash") == 0
    assert await books.balance(new.id, "cash") == 100_000
    assert await books.rows("select id, replaced_by from accounts where status = 'reset'") == [
        (account.id, new.id)
    ]
    assert await books.differences() == []


async def test_m24_deposits_at_once_stay_within_what_may_be_paid_in(
    database: Database, books: Books, account: AccountOut
) -> None:
    works = [deposit(database, account, "400000000000") for _ in range(5)]
    done = await asyncio.gather(*works, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == [*["AccountOut"] * 2, *["BadDeposit"] * 3]
    assert any(isinstance(one, BadDeposit) for one in done)
    assert await books.balance(account.id, "cash") == 800_000_100_000


async def test_m22_accounts_opened_at_once_stay_within_the_limit(
    database: Database, books: Books, account: AccountOut
) -> None:
    async def open_one(number: int) -> AccountOut:
        async with database.transaction() as session:
            return await SERVICE.open(session, USER, AccountCreate(name=f"More {number}"))

    done = await asyncio.gather(*(open_one(number) for number in range(14)), return_exceptions=True)
    assert sum(isinstance(one, AccountOut) for one in done) == 9
    assert sum(isinstance(one, QuotaReached) for one in done) == 5
    assert await books.differences() == []


async def test_m22_the_first_account_is_opened_once(database: Database, books: Books) -> None:
    async def ensure() -> None:
        async with database.transaction() as session:
            await SERVICE.ensure_first(session, USER)

    await asyncio.gather(*(ensure() for _ in range(5)))
    assert await books.rows("select count(*) from accounts") == [(1,)]
    assert await books.differences() == []


Doing = Callable[[AsyncSession, AccountOut], Awaitable[AccountOut]]


async def _reset(session: AsyncSession, account: AccountOut) -> AccountOut:
    return await SERVICE.reset(session, USER, account.id)


async def _deposit(session: AsyncSession, account: AccountOut) -> AccountOut:
    body = DepositBody(amount=Decimal(10), currency="USD")
    return await SERVICE.deposit(session, USER, account.id, body)


@pytest.mark.parametrize("what", [_reset, _deposit], ids=["reset", "deposit"])
@pytest.mark.parametrize("where", ["before the books", "before the commit"])
async def test_m27_a_connection_that_dies_in_the_middle_leaves_nothing(
    database: Database,
    books: Books,
    account: AccountOut,
    monkeypatch: pytest.MonkeyPatch,
    what: Doing,
    where: str,
) -> None:
    before = await books.rows(COUNTS)

    async def kill(session: AsyncSession) -> None:
        pid = (await session.execute(text("select pg_backend_pid()"))).scalar_one()
        await books.rows("select pg_terminate_backend(%s)", pid)

    settle = Ledger.settle

    async def dying(self: Ledger, *args: object) -> object:
        await kill(held[0])
        return await settle(self, *args)  # type: ignore[arg-type]

    held: list[AsyncSession] = []
    if where == "before the books":
        monkeypatch.setattr(Ledger, "settle", dying)

    async def die_in_the_middle() -> None:
        async with database.transaction() as session:
            held.append(session)
            await what(session, account)
            await kill(session)

    with pytest.raises((OperationalError, psycopg.OperationalError)):
        await die_in_the_middle()
    monkeypatch.undo()
    assert await books.rows(COUNTS) == before
    assert await books.differences() == []
    async with database.transaction() as session:  # and it can be done again
        await what(session, account)
    assert await books.rows(COUNTS) != before
    assert await books.differences() == []
