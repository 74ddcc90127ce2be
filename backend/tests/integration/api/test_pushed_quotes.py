"""Quotes that users send: by the rules of the feed, and for their sender alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from kuber.identity import limits as limits_module
from kuber.kernel.clock import FixedClock
from kuber.market.feed.pushed.intake import PushedQuotes
from tests.fakes.api_container import browser
from tests.fixtures.limits import allow

QUOTES = "/api/v1/market/quotes"
MONDAY = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""New York trades."""


@pytest.fixture
def now(platform: FastAPI) -> FixedClock:
    """The clock by which quotes are judged."""
    clock = FixedClock(MONDAY)
    quotes: PushedQuotes = platform.state.container.pushed_quotes
    quotes._clock = clock
    return clock


async def program_of(platform: FastAPI, person: httpx.AsyncClient, *scopes: str) -> Any:
    body = {"name": "Feed", "scopes": list(scopes)}
    key = (await person.post("/api/v1/api-keys", json=body)).json()["key"]
    return browser(platform, **{"X-API-Key": key})


@pytest.fixture
async def program(platform: FastAPI, ann: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A program of ann's that may send and read quotes."""
    async with await program_of(platform, ann, "quotes:write", "market:read") as opened:
        yield opened


def quote(price: object = "100.25", at: datetime = MONDAY, **other: object) -> dict[str, object]:
    return {
        "symbol": "NVDA",
        "last_price": price,
        "source": "My desk",
        "ts": at.isoformat(),
        **other,
    }


async def read(client: httpx.AsyncClient, symbols: str = "NVDA") -> list[dict[str, Any]]:
    answer = await client.get(QUOTES, params={"symbols": symbols})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_quote_is_taken_and_read_back_as_what_it_is(
    program: httpx.AsyncClient, now: FixedClock
) -> None:
    body = quote(100.5, bid="100.4", ask=100.6, volume=1200, symbol="nasdaq:nvda")
    taken = await program.post(QUOTES, json=body)
    assert taken.status_code == 202, taken.text
    assert taken.json() == {
        "symbol": "NVDA",
        "price": "100.50000000",
        "source": "pushed",
        "sender": "My desk",
        "quoted_at": "2026-01-05T15:00:00Z",
    }
    [found] = await read(program)
    assert (found["price"], found["bid"], found["ask"]) == (
        "100.50000000",
        "100.40000000",
        "100.60000000",
    )
    assert (found["source"], found["sender"], found["simulated"]) == ("pushed", "My desk", False)


@pytest.mark.parametrize("source", ["alpaca", "simulated", "replay"])
async def test_no_name_makes_a_pushed_quote_a_providers(
    program: httpx.AsyncClient, now: FixedClock, source: str
) -> None:
    assert (await program.post(QUOTES, json=quote(source=source))).status_code == 202
    [found] = await read(program)
    assert (found["source"], found["sender"]) == ("pushed", source)


async def test_nobody_else_sees_it_and_the_feeds_quote_is_untouched(
    program: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    now: FixedClock,
    postgres_url: str,
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into market_quotes (symbol, price, source, quoted_at, received_at)"
            " values ('NVDA', 90, 'simulated', %s, %s)",
            (MONDAY - timedelta(minutes=1), MONDAY),
        )
        assert (await program.post(QUOTES, json=quote("500"))).status_code == 202
        rows = connection.execute("select price, source from market_quotes").fetchall()
        assert [(float(price), source) for price, source in rows] == [(90.0, "simulated")]
        assert [one["price"] for one in await read(bob)] == ["90.00000000"]
        assert [one["price"] for one in await read(ann)] == ["500.00000000"]
        connection.execute(
            "update market_quotes set quoted_at = %s", (MONDAY + timedelta(seconds=1),)
        )
        [newer] = await read(ann)
        assert (newer["source"], newer["sender"]) == ("simulated", None)


async def test_two_people_send_quotes_of_one_symbol_side_by_side(
    platform: FastAPI, program: httpx.AsyncClient, bob: httpx.AsyncClient, now: FixedClock
) -> None:
    async with await program_of(platform, bob, "quotes:write") as other:
        assert (await program.post(QUOTES, json=quote("100"))).status_code == 202
        assert (await other.post(QUOTES, json=quote("900"))).status_code == 202
    assert (await read(program))[0]["price"] == "100.00000000"
    assert (await read(bob))[0]["price"] == "900.00000000"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (quote(at=MONDAY + timedelta(seconds=10)), "future", "ts"),
        (quote(at=MONDAY - timedelta(minutes=3)), "stale", "ts"),
        (quote(bid="101", ask="100"), "crossed", "bid"),
        (quote("0"), "bad_number", "last_price"),
        (quote("-5"), "bad_number", "last_price"),
        (quote("1e30"), "bad_number", "last_price"),
        (quote(volume=-1), "bad_number", "last_price"),
    ],
)
async def test_a_quote_against_the_rules_is_refused_with_the_field(
    program: httpx.AsyncClient, now: FixedClock, body: dict[str, object], code: str, field: str
) -> None:
    answer = await program.post(QUOTES, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "quote_refused"), answer.text
    [item] = answer.json()["errors"]
    assert (item["code"], item["field"]) == (code, field)
    assert item["remedy"]
    assert await read(program) == []


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "no symbol?"},
        {"last_price": "NaN"},
        {"last_price": "a hundred"},
        {"last_price": None},
        {"source": ""},
        {"source": "\u202eksed"},
        {"ts": "2026-01-05T15:00:00"},
        {"ts": "yesterday"},
        {"user_id": "somebody"},
    ],
)
async def test_what_is_no_quote_is_refused(
    program: httpx.AsyncClient, now: FixedClock, change: dict[str, object]
) -> None:
    answer = await program.post(QUOTES, json={**quote(), **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert answer.json()["errors"][0]["field"] == next(iter(change))


async def test_the_same_quote_twice_counts_once_and_an_older_one_is_refused(
    program: httpx.AsyncClient, now: FixedClock
) -> None:
    for _ in range(2):
        assert (await program.post(QUOTES, json=quote())).status_code == 202
    older = await program.post(QUOTES, json=quote(at=MONDAY - timedelta(seconds=1)))
    assert older.json()["errors"][0]["code"] == "out_of_order"
    other = await program.post(QUOTES, json=quote("101"))
    assert other.json()["errors"][0]["code"] == "out_of_order"


async def test_an_outlier_is_doubted_until_the_third_that_agrees(
    program: httpx.AsyncClient, now: FixedClock
) -> None:
    assert (await program.post(QUOTES, json=quote("100"))).status_code == 202
    statuses = []
    for second in range(1, 4):
        now.advance(timedelta(seconds=1))
        body = quote("150", at=MONDAY + timedelta(seconds=second))
        statuses.append((await program.post(QUOTES, json=body)).status_code)
    assert statuses == [422, 422, 202]
    assert (await read(program))[0]["price"] == "150.00000000"


async def test_after_a_pause_a_price_is_compared_with_the_last_one_alone(
    program: httpx.AsyncClient, now: FixedClock
) -> None:
    for second in range(12):
        body = quote("100", at=MONDAY + timedelta(seconds=second))
        now.instant = MONDAY + timedelta(seconds=second)
        assert (await program.post(QUOTES, json=body)).status_code == 202
    now.instant = MONDAY + timedelta(seconds=20)
    moved = quote("115", at=now.instant)
    assert (await program.post(QUOTES, json=moved)).status_code == 422
    now.instant = MONDAY + timedelta(hours=2)
    moved = quote("115", at=now.instant)
    assert (await program.post(QUOTES, json=moved)).status_code == 202


async def test_a_key_that_only_reads_sends_no_quotes_and_a_signed_in_person_does(
    platform: FastAPI, ann: httpx.AsyncClient, now: FixedClock
) -> None:
    async with await program_of(platform, ann, "market:read") as reader:
        refused = await reader.post(QUOTES, json=quote())
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert (await ann.post(QUOTES, json=quote())).status_code == 202


async def test_so_many_symbols_may_be_quoted_and_unused_ones_make_room(
    program: httpx.AsyncClient,
    ann: httpx.AsyncClient,
    now: FixedClock,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits_module, "FRESH", timedelta(0))
    allow(postgres_url, (await ann.get("/api/v1/users/me")).json()["id"], quoted_symbols=2)
    for symbol in ("NVDA", "AMD"):
        assert (await program.post(QUOTES, json=quote(symbol=symbol))).status_code == 202
    refused = await program.post(QUOTES, json=quote(symbol="INTC"))
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_reached")
    now.advance(timedelta(seconds=1))
    again = quote("100.26", at=now.instant)
    assert (await program.post(QUOTES, json=again)).status_code == 202
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "update pushed_quotes set received_at = %s where symbol = 'AMD'",
            (MONDAY - timedelta(days=8),),
        )
    assert (await program.post(QUOTES, json=quote(symbol="INTC"))).status_code == 202
    assert [one["symbol"] for one in await read(program, "NVDA,AMD,INTC")] == ["INTC", "NVDA"]
