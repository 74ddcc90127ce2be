"""What tests of accounts do by the API, and what they post beside it."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import httpx

from kuber.ledger.facts import Fact, Posting
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from tests.fixtures.ledger_books import AT, Books

Json = dict[str, Any]


async def first(client: httpx.AsyncClient) -> Json:
    """Return the newest open account."""
    answer = await client.get("/api/v1/accounts", params={"status": "open"})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["items"][0]
    return found


async def call(client: httpx.AsyncClient, status: int, path: str, body: object = None) -> Json:
    answer = await client.post(f"/api/v1/accounts{path}", json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def deposit(client: httpx.AsyncClient, account: Json, amount: str, status: int = 201) -> Json:
    body = {"amount": amount, "currency": "USD"}
    return await call(client, status, f"/{account['id']}/deposits", body)


async def post(books: Books, account: Json, *facts: Fact) -> None:
    owner = UUID(account["id"])
    postings = [Posting(uuid4(), Book.TRADING, owner, "USD", AT, fact, "=test") for fact in facts]
    async with books.pool.connection() as connection:
        settled = await Ledger(Book.TRADING).settle(connection, postings)
    assert all(one.transaction is not None for one in settled)


async def statement(client: httpx.AsyncClient, account: Json, **asked: str) -> list[dict[str, str]]:
    answer = await client.get(f"/api/v1/accounts/{account['id']}/statement.csv", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))
