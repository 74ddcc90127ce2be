"""The statement of an account: a table of everything that was posted, from balance to balance.

The balance is what the account has in money: cash and reserved less debt. Each row says by how much
it changes that; opening balance and changes sum to the closing balance, to the cent.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kuber.infra.db import Database, raw_connection
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.ledger.report import BEGINNING, Moved, Period, period, within
from kuber.ledger.types import Book
from kuber.ledger.units import exactly, plain
from kuber.trading.accounts.errors import BadPeriod
from kuber.trading.accounts.reading import account_of

ROWS_AT_ONCE = 1000
_COLUMNS = (
    *("time", "transaction_id", "kind", "state", "symbol", "description", "order_id"),
    *("venue_execution_id", "debit", "credit", "amount", "unit", "change", "balance", "currency"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


async def statement(
    database: Database, user_id: UserId, account_id: UUID, since: datetime, until: datetime
) -> AsyncIterator[bytes]:
    """Give the statement as CSV, part by part; between two parts no connection is held.

    A file without its last row, the closing balance, was cut off. Raises AccountNotFound, BadPeriod
    before the first part.
    """
    if since > until:
        message = "The statement would end before it begins."
        remedy = "Give a `to` that is not before `from`."
        raise BadPeriod(message, [Problem(message, remedy, field="from")])
    async with database.transaction() as session:
        account = await account_of(session, user_id, account_id)
        connection = await raw_connection(session)
        asked = await period(connection, Book.TRADING, account.id, since, until)
    balance = asked.opening
    opening = _balance_row("opening_balance", since, balance, account.currency)
    yield _csv([_COLUMNS, opening])
    async for part in _parts(database, asked):
        rows = []
        for moved in part:
            with exactly():
                balance += moved.change
            rows.append(_row(moved, balance, account.currency))
        yield _csv(rows)
    yield _csv([_balance_row("closing_balance", until, balance, account.currency)])


async def _parts(database: Database, asked: Period) -> AsyncIterator[list[Moved]]:
    after = BEGINNING
    while True:
        async with database.transaction() as session:
            connection = await raw_connection(session)
            part = await within(connection, Book.TRADING, asked, after, ROWS_AT_ONCE)
        if part:
            yield part
            after = part[-1].place
        if len(part) < ROWS_AT_ONCE:
            return


def _row(moved: Moved, balance: Decimal, currency: str) -> tuple[str, ...]:
    return (
        moved.at.isoformat(),
        str(moved.transaction_id),
        moved.kind,
        moved.state,
        _text(moved.symbol),
        _text(moved.memo),
        str(moved.order_id or ""),
        _text(moved.venue_execution_id),
        _text(moved.debit),
        _text(moved.credit),
        plain(moved.amount),
        _text(moved.unit),
        plain(moved.change),
        plain(balance),
        currency,
    )


def _balance_row(kind: str, at: datetime, balance: Decimal, currency: str) -> tuple[str, ...]:
    named = {
        "time": at.isoformat(),
        "kind": kind,
        "description": kind.replace("_", " ").capitalize(),
        "balance": plain(balance),
        "currency": currency,
    }
    return tuple(named.get(column, "") for column in _COLUMNS)


def _text(text: str | None) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    text = text or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows(rows)
    return page.getvalue().encode()
