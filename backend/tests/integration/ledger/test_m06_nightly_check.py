"""M6: a nightly check compares what is served with the entries, and raises the alarm."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from kuber.cli import app
from kuber.commands import ledger as commands
from kuber.kernel.clock import FixedClock
from kuber.ledger.check import DIFFERENCES, LedgerCheck
from kuber.ledger.facts import Deposited, Executed, Held
from kuber.ledger.types import Book, HoldPurpose
from tests.fixtures.ledger_books import AT, Books

D = Decimal
OWNER = UUID(int=11)
NIGHT = datetime(2026, 1, 5, 3, tzinfo=UTC)


def check_at(books: Books, at: datetime) -> LedgerCheck:
    return LedgerCheck(books.pool, books.url, FixedClock(at))


async def alarms(books: Books) -> list[dict[str, object]]:
    query = "select data from audit_entries where event_type = 'ledger_differs' order by id"
    return [json.loads(data) for (data,) in await books.rows(query)]


@pytest.fixture
async def posted(books: Books) -> Books:
    await books.post(OWNER, Deposited(D(1000)), Executed("AAPL", D(2), D(100), D(1)))
    await books.post(OWNER, Deposited(D(5)), book=Book.USAGE)
    return books


async def test_m06_it_is_made_once_a_day_from_three_in_the_night(posted: Books) -> None:
    done = [
        await check_at(posted, NIGHT + timedelta(minutes=minutes)).run_once()
        for minutes in (-1, 0, 0, 5, 24 * 60 - 1, 24 * 60)
    ]
    assert done == [0, 1, 0, 0, 0, 1]
    assert await posted.rows("select day::text, differences from ledger_checks order by day") == [
        ("2026-01-05", 0),
        ("2026-01-06", 0),
    ]
    assert DIFFERENCES._value.get() == 0
    assert await alarms(posted) == []


@pytest.mark.parametrize(
    "tampering",
    [
        "update ledger_accounts set balance = 9 where (path, book) = ('cash', 'trading')",
        "update ledger_lots set cost = cost + 1",
        "update ledger_accounts set balance = 6 where (path, book) = ('cash', 'usage')",
        f"insert into ledger_accounts values ('{uuid4()}', 'trading', 'cash', 'USD', 7)",
    ],
    ids=["cash", "a lot", "the other book", "money from nowhere"],
)
async def test_m06_a_difference_raises_the_alarm(posted: Books, tampering: str) -> None:
    await posted.rows(tampering)
    assert await check_at(posted, NIGHT).run_once() == 1
    (said,) = await alarms(posted)
    assert (said["differences"], said["accounts"]) == (1, 1)
    assert isinstance(said["first"], list)
    assert DIFFERENCES._value.get() == 1
    assert await posted.rows("select differences from ledger_checks") == [(1,)]


async def test_m06_a_check_that_was_broken_off_is_made_by_somebody_else(posted: Books) -> None:
    await posted.rows(
        "insert into ledger_checks (day, started_at) values (%s, %s)", NIGHT.date(), NIGHT
    )
    assert await check_at(posted, NIGHT + timedelta(minutes=90)).run_once() == 0
    assert await check_at(posted, NIGHT + timedelta(hours=2)).run_once() == 1
    assert await posted.rows("select differences from ledger_checks") == [(0,)]


async def test_m23_holds_whose_time_has_come_are_ended_at_any_hour(posted: Books) -> None:
    held = Held(uuid4(), D(100), HoldPurpose.MARGIN, AT + timedelta(hours=1))
    usage = Held(uuid4(), D(2), HoldPurpose.USAGE, AT + timedelta(hours=1))
    order = Held(uuid4(), D(50))
    await posted.post(OWNER, held, order)
    await posted.post(OWNER, usage, book=Book.USAGE)
    assert await check_at(posted, AT.replace(hour=1)).run_once() == 0
    assert await check_at(posted, (AT + timedelta(days=9)).replace(hour=1)).run_once() == 2
    assert await posted.balance(OWNER, "reserved") == 50
    assert await posted.balance(OWNER, "reserved", book=Book.USAGE) == 0
    assert await posted.differences() == []


class _Settings:
    def __init__(self, url: str) -> None:
        self.database_url = SecretStr(url)


def test_m06_the_command_prints_what_differs(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    monkeypatch.setattr(commands, "use_running_stack", lambda _: None)
    monkeypatch.setattr("kuber.startup.load_settings", lambda: _Settings(postgres_url))
    clean = CliRunner().invoke(app, ["ledger", "verify"])
    assert clean.exit_code == 0, clean.output
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into ledger_accounts values (%s, 'trading', 'cash', 'USD', 7)", (OWNER,)
        )
    differs = CliRunner().invoke(app, ["ledger", "verify"])
    assert differs.exit_code == 1
    assert f"cash USD of {OWNER} is 7; the entries give 0" in " ".join(differs.output.split())
