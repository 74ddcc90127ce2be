"""Users of before, with and without runs, have an account and books as the code makes them."""

import json
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command

from kuber.api.verification import verify_record
from kuber.infra.db import Database
from kuber.installation import alembic_config
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId
from kuber.ledger.rebuild import all_differences
from kuber.ledger.types import Book
from kuber.trading.account_types import opening_transaction
from kuber.trading.accounts.schemas import AccountCreate
from kuber.trading.accounts.service import AccountService
from tests.integration.audit.test_t15_tampering import Record

WITHOUT, WITH, RUN = UUID(int=1), UUID(int=2), UUID(int=3)
COMPARED = """
    select a.name, a.mode, a.currency, a.kind, a.status, a.simulation - 'default_stop',
           a.replaced_by,
           t.book, t.currency, t.kind, t.memo, t.fact, t.at = a.created_at,
           m.number, m.kind, m.state, m.debit, m.credit, m.amount, m.unit,
           (select jsonb_object_agg(path, balance) from ledger_accounts where owner = a.id),
           (select (data::jsonb - 'account_id') #- '{simulation,default_stop}' from audit_entries e
            where e.user_id = a.user_id and event_type = 'account_opened')
    from accounts a join ledger_transactions t on t.owner = a.id
    join ledger_transfers m on m.transaction_id = t.id
    where a.user_id = %s and a.kind = 'lasting'
"""
"""The default stop came later: accounts without one have that of the code."""


@pytest.fixture
def old(empty_postgres_url: str) -> str:
    """An installation of before: a user without runs, and one with an account of a run."""
    command.upgrade(alembic_config(empty_postgres_url), "0040")
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        for user in (WITHOUT, WITH):
            connection.execute(
                "insert into users (id, email, password_hash, role, tier, created_at)"
                " values (%s, %s, '', 'user', 'FREE', now())",
                (user, f"{user.int}@example.com"),
            )
        connection.execute(
            "insert into accounts (id, user_id, mode, currency) values (%s, %s, 'validation',"
            " 'EUR')",
            (RUN, WITH),
        )
    return empty_postgres_url


def rows(url: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode(), values).fetchall()


async def test_m22_users_of_before_have_what_a_sign_up_gives(old: str, tmp_path: Path) -> None:
    command.upgrade(alembic_config(old), "head")
    assert rows(
        old, "select user_id, count(*) from accounts where kind = 'lasting' group by 1 order by 1"
    ) == [(WITHOUT, 1), (WITH, 1)]
    assert rows(
        old,
        "select id, mode, currency, name, status, simulation from accounts where kind = 'scratch'",
    ) == [(RUN, "validation", "EUR", "", "open", None)]
    newcomer = UserId(UUID(int=9))
    rows_before = rows(old, "select id, user_id from accounts where kind = 'lasting'")
    database = Database(old, pool_size=1)
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'new@example.com', '', 'user', 'FREE', now())",
            (newcomer,),
        )
    async with database.transaction() as session:
        service = AccountService(SystemClock())
        for user in (newcomer, UserId(WITHOUT), UserId(WITH)):
            await service.ensure_first(session, user)
    await database.close()
    (by_code,) = rows(old, COMPARED, newcomer)
    for before in (WITHOUT, WITH):
        assert rows(old, COMPARED, before) == [by_code]
    for id_, _ in rows_before:
        assert isinstance(id_, UUID)
        assert id_.version == 7
        opening = rows(old, "select id from ledger_transactions where owner = %s", id_)
        assert opening == [(opening_transaction(id_),)]
    assert [one async for one in all_differences(old, Book.TRADING)] == []
    record = Record(old, tmp_path)
    assert await record.link() == 3
    assert verify_record(old, str(tmp_path), None).findings == []


async def test_going_back_and_forth_keeps_accounts_and_books(old: str, tmp_path: Path) -> None:
    config = alembic_config(old)
    command.upgrade(config, "head")
    database = Database(old, pool_size=1)
    async with database.transaction() as session:
        service = AccountService(SystemClock())
        (first,) = (await service.page(session, UserId(WITH))).items
        await service.reset(session, UserId(WITH), first.id)
        await service.open(session, UserId(WITH), AccountCreate(name="More"))
    await database.close()
    state = "select id, kind, status, replaced_by, simulation from accounts order by id"
    before = rows(old, state)
    for _ in range(2):
        command.downgrade(config, "0040")
        command.upgrade(config, "head")
    assert rows(old, state) == before
    assert [one async for one in all_differences(old, Book.TRADING)] == []
    record = Record(old, tmp_path)
    await record.link()
    assert verify_record(old, str(tmp_path), None).findings == []


def test_a_run_of_the_version_before_still_opens_its_account(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'a@example.com', '', 'user', 'FREE', now())",
            (WITH,),
        )
        connection.execute(
            "insert into accounts (id, user_id, mode, currency) values (%s, %s, 'simulation',"
            " 'USD')",
            (RUN, WITH),
        )
    found = rows(postgres_url, "select kind, status, simulation from accounts")
    assert json.dumps(found) == '[["scratch", "open", null]]'
