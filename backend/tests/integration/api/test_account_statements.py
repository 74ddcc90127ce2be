"""Statements of accounts as files: from balance to balance, to the cent. M6."""

from decimal import Decimal
from uuid import uuid4

import httpx
import pytest

from kuber.ledger.facts import Executed, Held
from tests.fixtures.ledger_books import Books
from tests.integration.api.account_tools import deposit, first, post, statement

D = Decimal


async def test_m06_the_statement_explains_every_cent(ann: httpx.AsyncClient, books: Books) -> None:
    account = await first(ann)
    await post(
        books,
        account,
        Executed("AAPL", D(3), D("150.333333"), D("0.0149")),
        Held(uuid4(), D(700)),
        Executed("MSFT", D(1000), D(150), D("0.5")),  # makes a debt
        Executed("AAPL", D(-2), D("151.01"), D("0.0149")),
    )
    await deposit(ann, account, "12.34")
    rows = await statement(ann, account)
    opening, *moved, closing = rows
    assert (opening["kind"], opening["balance"]) == ("opening_balance", "0")
    balance = D(0)
    for row in moved:
        balance += D(row["change"])
        assert D(row["balance"]) == balance
    after = await first(ann)
    owned = D(after["cash"]) + D(after["reserved"]) - D(after["debt"])
    assert closing["kind"] == "closing_balance"
    assert D(closing["balance"]) == balance == owned
    assert {row["description"] for row in moved} == {"Starting balance", "'=test", "Deposit"}
    assert {row["currency"] for row in rows} == {"USD"}


async def test_a_statement_is_of_its_period(ann: httpx.AsyncClient, books: Books) -> None:
    account = await first(ann)
    # The facts of this test are of 2 January 2026, the starting balance of now.
    await post(books, account, Executed("AAPL", D(1), D(100), D(0)))
    early = await statement(ann, account, **{"from": "2026-01-02", "to": "2026-01-02"})
    assert [row["balance"] for row in (early[0], early[-1])] == ["0", "-100"]
    assert early[-1]["time"] == "2026-01-03T00:00:00+00:00"
    late = await statement(ann, account, **{"from": "2026-01-02T15:00:01Z"})
    assert [row["balance"] for row in (late[0], late[-1])] == ["-100", "99900"]
    before = await statement(ann, account, **{"from": "2025-01-01", "to": "2026-01-02T15:00:00Z"})
    assert len(before) == 2
    for asked in ({"from": "2026-01-03", "to": "2026-01-01"}, {"from": "soon"}, {"to": "2026"}):
        path = f"/api/v1/accounts/{account['id']}/statement.csv"
        answer = await ann.get(path, params=asked)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["remedy"]


async def test_a_long_statement_comes_in_parts(
    ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.trading.accounts.statement.ROWS_AT_ONCE", 2)
    account = await first(ann)
    for _ in range(4):
        await deposit(ann, account, "1")
    rows = await statement(ann, account)
    assert [row["balance"] for row in rows[1:]] == [
        *("100000", "100001", "100002", "100003", "100004"),
        "100004",
    ]
