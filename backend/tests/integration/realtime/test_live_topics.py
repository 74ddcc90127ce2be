"""Quotes and account news of the real API: from a commit in PostgreSQL to the socket."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
from websockets.asyncio.client import ClientConnection

from kuber.infra.db import JsonObject
from kuber.market.feed.store import store_quotes
from kuber.market.feed.types import Quote
from kuber.realtime.account_push import ACCOUNTS_CHANNEL
from tests.fakes.quotes import quote
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation
from tests.integration.realtime.test_websocket import receive, socket


async def store(url: str, *quotes: Quote) -> None:
    """Commit quotes as the feed does."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await store_quotes(connection, quotes, datetime.now(UTC))


async def ask(opened: ClientConnection, topic: str) -> JsonObject:
    await opened.send(json.dumps({"type": "subscribe", "topic": topic}))
    return await news(opened)


async def news(opened: ClientConnection) -> JsonObject:
    """Return the next message, pings left out."""
    while (message := await receive(opened))["type"] == "ping":
        pass
    return message


async def test_a_quote_reaches_the_socket_and_the_newest_one_who_comes_later(
    installation: Installation, trader: Trader
) -> None:
    symbol, at = f"T{uuid4().hex[:8]}".upper(), datetime.now(UTC)
    first, second = (
        quote(symbol, price, at + timedelta(seconds=n)) for n, price in ((0, 10), (1, 11.5))
    )
    async with socket(installation, trader.token) as page:
        assert await receive(page) == {"type": "ready"}
        assert (await ask(page, f"quotes:{symbol.lower()}"))["type"] == "subscribed"
        await store(installation.database_url, first)
        message = await news(page)
        assert message.keys() == {"type", "at", "data"}
        assert (message["type"], message["data"]["price"]) == ("quote", "10")
        assert message["data"]["symbol"] == symbol
        await store(installation.database_url, second)
        assert (await news(page))["data"]["price"] == "11.5"
        async with socket(installation, trader.token) as late:
            await receive(late)
            await ask(late, f"quotes:{symbol}")
            assert (await news(late))["data"]["price"] == "11.5"


async def test_after_a_lost_connection_quotes_come_anew_and_accounts_are_to_be_looked_at(
    installation: Installation, trader: Trader
) -> None:
    (account,) = trader.http.get("/accounts").json()["items"]
    symbol, at = f"L{uuid4().hex[:8]}".upper(), datetime.now(UTC)
    async with socket(installation, trader.token) as page:
        await receive(page)
        await ask(page, f"quotes:{symbol}")
        assert (await ask(page, f"account:{account['id']}"))["type"] == "subscribed"
        with psycopg.connect(installation.database_url, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where"
                " application_name = 'kuber-channels' and datname = current_database()"
            )
            await store(installation.database_url, quote(symbol, 10, at))
        told = [await news(page), await news(page)]
        assert sorted(one["type"] for one in told) == ["look_again", "quote"]
        for one in told:
            if one["type"] == "quote":
                assert (one["data"]["symbol"], one["data"]["price"]) == (symbol, "10")
            else:
                assert one == {"type": "look_again", "topic": f"account:{account['id']}"}


async def test_a_deposit_is_read_and_told_to_the_owner_alone(
    installation: Installation, trader: Trader
) -> None:
    stranger = installation.sign_up()
    (account,) = trader.http.get("/accounts").json()["items"]
    topic = f"account:{account['id']}"
    async with (
        socket(installation, trader.token) as page,
        socket(installation, stranger.token) as other,
    ):
        await receive(page)
        await receive(other)
        refused = await ask(other, topic)
        assert refused["code"] == "unknown_topic"
        assert refused == await ask(other, "account:none")
        assert await ask(page, topic) == {"type": "subscribed", "topic": topic}
        body = {"amount": "250.00", "currency": "USD"}
        assert trader.http.post(f"/accounts/{account['id']}/deposits", json=body).is_success
        with psycopg.connect(installation.database_url, autocommit=True) as connection:
            connection.execute(
                "select pg_notify(%s, %s)",
                (ACCOUNTS_CHANNEL, f"{account['id']} account_changed {account['id']}"),
            )
        message = await news(page)
        assert (message["type"], message["account_id"]) == ("account_changed", account["id"])
        (listed,) = trader.http.get("/accounts").json()["items"]
        assert message["data"] == listed
        await other.send(json.dumps({"type": "subscribe", "topic": "pipelines"}))
        assert (await news(other))["type"] == "subscribed", "the other was told nothing"
