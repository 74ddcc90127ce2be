"""One client's quotes: in its pace the newest, and as many symbols as may be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kuber.realtime import quote_topics as topics_module
from kuber.realtime import session as session_module
from kuber.realtime.messages import Message
from kuber.realtime.topics import Denied
from tests.fakes.event_clients import Client
from tests.fakes.quotes import payload, quote
from tests.fixtures.waiting import until_async


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    opened = Client()
    opened.quotes.start()
    pump = asyncio.create_task(opened.session.pump())
    yield opened
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)
    opened.session.close()
    await opened.quotes.close()
    assert opened.quotes.watched() == set()


def heard(client: Client, symbol: str, price: float) -> None:
    client.clock.advance(timedelta(milliseconds=1))
    client.quotes.heard(payload(quote(symbol, price, client.clock.now())))


def prices(client: Client, symbol: str = "NVDA") -> list[str]:
    quotes = [item["data"] for item in client.sent if item["type"] == "quote"]
    return [data["price"] for data in quotes if data["symbol"] == symbol]


async def test_the_newest_is_told_at_once_and_has_no_sequence(client: Client) -> None:
    at = client.clock.now()
    client.stored["BTCUSD"] = quote("BTCUSD", 97123.5, at)
    await client.subscribe(topic="quotes:btc/usd")
    await until_async(lambda: prices(client, "BTCUSD"), "the quote")
    subscribed, message = client.sent
    assert subscribed == {"type": "subscribed", "topic": "quotes:btc/usd"}
    told_at = at.isoformat().replace("+00:00", "Z")
    assert message == {
        "type": "quote",
        "at": told_at,
        "data": {
            "symbol": "BTCUSD",
            "price": "97123.5",
            "bid": None,
            "ask": None,
            "source": "simulated",
            "simulated": True,
            "quoted_at": told_at,
            "stale": False,
        },
    }


async def test_of_quotes_that_come_too_fast_the_newest_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics_module, "EVERY_S", 0.1)
    loop = asyncio.get_running_loop()
    await client.subscribe(topic="quotes:NVDA")
    begin_s = loop.time()
    heard(client, "NVDA", 1)
    await until_async(lambda: prices(client) == ["1"], "the first quote")
    for price in range(2, 40):
        heard(client, "NVDA", price)
    await until_async(lambda: prices(client) == ["1", "39"], "the newest of the others")
    assert loop.time() - begin_s >= 0.1
    heard(client, "NVDA", 40)
    await until_async(lambda: prices(client) == ["1", "39", "40"], "the last quote")


async def test_each_symbol_has_a_pace_of_its_own(client: Client) -> None:
    for symbol in ("NVDA", "AMD"):
        await client.subscribe(topic=f"quotes:{symbol}")
        heard(client, symbol, 1)
    await until_async(lambda: prices(client) and prices(client, "AMD"), "both quotes")


async def test_a_slow_client_finds_one_quote_a_symbol_in_its_queue(client: Client) -> None:
    await client.subscribe(topic="quotes:NVDA")
    session = client.session
    for price in range(3000):  # without a pause for the pump, more than its queue holds
        heard(client, "NVDA", price)
    assert not session._listener.overrun.is_set()
    await until_async(lambda: prices(client) == ["2999"], "the newest quote")


async def test_who_subscribes_again_is_told_again_and_who_leaves_no_more(client: Client) -> None:
    client.stored["NVDA"] = quote("NVDA", 1, client.clock.now())
    for told in (1, 2):
        await client.subscribe(topic="quotes:NVDA")
        await until_async(lambda: len(prices(client)) == told, "the quote")  # noqa: B023
    await client.session.handle('{"type": "unsubscribe", "topic": "quotes:NVDA"}')
    heard(client, "NVDA", 2)
    await client.handled()
    assert prices(client) == ["1", "1"]
    assert client.quotes.watched() == set()


async def test_no_more_symbols_are_followed_than_may_be(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "MOST_SYMBOLS", 2)
    for symbol in ("NVDA", "AMD", "NVDA"):
        await client.subscribe(topic=f"quotes:{symbol}")
    with pytest.raises(Denied, match=r"A socket follows 2 symbols: unsubscribe some\.") as denied:
        await client.subscribe(topic="quotes:AAPL")
    assert denied.value.code == "too_many_topics"
    await client.session.handle('{"type": "unsubscribe", "topic": "quotes:AMD"}')
    await client.subscribe(topic="quotes:AAPL")


@pytest.mark.parametrize("topic", ["quotes:", "quotes:A B", "quotes:$$$"])
async def test_what_is_no_symbol_is_an_unknown_topic(client: Client, topic: str) -> None:
    with pytest.raises(Denied) as denied:
        await client.subscribe(topic=topic)
    assert denied.value.code == "unknown_topic"


async def test_records_are_read_and_pings_sent_however_many_quotes_come(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "POLL_S", 0.02)
    monkeypatch.setattr(session_module, "PING_S", 0.05)
    monkeypatch.setattr(topics_module, "EVERY_S", 0.0)
    await client.subscribe(topic="quotes:NVDA")
    client.hub.live = False
    send = client.send

    async def send_and_hear_more(message: Message) -> None:
        await send(message)
        await asyncio.sleep(0)
        heard(client, "NVDA", len(client.sent) + 1)  # the queue is never empty

    monkeypatch.setattr(client.session, "_send", send_and_hear_more)
    heard(client, "NVDA", 1)
    await until_async(
        lambda: client.hub.looks > 3 and any(item["type"] == "ping" for item in client.sent),
        "looks at the hub, and a ping",
    )
