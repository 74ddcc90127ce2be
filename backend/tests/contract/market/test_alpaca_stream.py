"""What is special about Alpaca's stream: keys, refusals, lost connections, what makes a quote."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.providers.alpaca_stream import AlpacaQuotes
from tests.fakes.alpaca_stream import AlpacaStream, alpaca_stream
from tests.fakes.bars import utc

AT = utc("2025-11-19T18:10:00")


@pytest.fixture
async def server() -> AsyncIterator[AlpacaStream]:
    async with alpaca_stream() as running:
        yield running


@pytest.fixture
async def source(server: AlpacaStream) -> AsyncIterator[AlpacaQuotes]:
    made = AlpacaQuotes("key", "the-secret", url=server.url, most_symbols=2, every_s=0.1)
    await made.follow(["NVDA"])
    yield made
    await made.close()


async def received(source: AlpacaQuotes, times: int) -> None:
    for _ in range(times):
        await source.receive()


async def test_a_trade_makes_a_quote_and_others_complete_it(
    server: AlpacaStream, source: AlpacaQuotes
) -> None:
    assert list(await source.receive()) == []
    await server.quote("NVDA", 99.5, 0, AT)
    await server.daily_bar("NVDA", 1_000_000, AT)
    assert list(await source.receive()) == [], "no price is known yet"
    await server.trade("NVDA", 99.75, AT + timedelta(seconds=1))
    expected = Quote(
        "NVDA",
        Decimal("99.75"),
        Decimal("99.5"),
        None,
        Decimal(1_000_000),
        FeedSource.ALPACA,
        AT + timedelta(seconds=1),
    )
    assert list(await source.receive()) == [expected]
    assert list(await source.receive()) == []


async def test_a_new_bid_makes_an_old_price_no_younger(
    server: AlpacaStream, source: AlpacaQuotes
) -> None:
    await source.receive()
    await server.trade("NVDA", 100, AT)
    assert [quote.quoted_at for quote in await source.receive()] == [AT]
    await server.quote("NVDA", 104, 105, AT + timedelta(seconds=30))
    assert list(await source.receive()) == [], "nothing was traded since"
    await server.trade("NVDA", 104.5, AT + timedelta(seconds=31))
    (quote,) = await source.receive()
    assert (quote.price, quote.bid) == (Decimal("104.5"), Decimal(104))
    assert quote.quoted_at == AT + timedelta(seconds=31)


async def test_a_trade_that_is_told_late_replaces_no_newer_one(
    server: AlpacaStream, source: AlpacaQuotes
) -> None:
    await source.receive()
    await server.trade("NVDA", 101, AT + timedelta(seconds=1))
    await server.trade("NVDA", 100, AT)
    assert [(quote.price, quote.quoted_at) for quote in await source.receive()] == [
        (Decimal(101), AT + timedelta(seconds=1))
    ]


async def test_of_many_quotes_the_newest_is_given(
    server: AlpacaStream, source: AlpacaQuotes
) -> None:
    await source.receive()
    for at in range(50):
        await server.trade("NVDA", 100 + at, AT + timedelta(milliseconds=at))
    assert [quote.price for quote in await source.receive()][-1] == Decimal(149)


async def test_bad_keys_are_named_and_the_secret_is_not(server: AlpacaStream) -> None:
    server.key = "another"
    source = AlpacaQuotes("key", "the-secret", url=server.url)
    await source.follow(["NVDA"])
    with pytest.raises(ProviderUnavailable, match="keys") as caught:
        await source.receive()
    assert "the-secret" not in caught.value.detail


async def test_a_refused_subscription_says_why(server: AlpacaStream, source: AlpacaQuotes) -> None:
    server.refusal = "symbol limit exceeded"
    with pytest.raises(ProviderUnavailable, match="symbol limit exceeded"):
        await received(source, times=3)


async def test_nobody_there_is_a_clear_failure() -> None:
    source = AlpacaQuotes("key", "secret", url="ws://127.0.0.1:9")
    await source.follow(["NVDA"])
    with pytest.raises(ProviderUnavailable, match="network"):
        await source.receive()


async def test_a_lost_connection_is_told_and_made_again(
    server: AlpacaStream, source: AlpacaQuotes
) -> None:
    await source.receive()
    await server.subscribed.wait()
    await server.drop()
    with pytest.raises(ProviderUnavailable):
        await received(source, times=3)
    await source.receive()
    await server.trade("NVDA", 100, AT)
    assert [quote.symbol for quote in await source.receive()] == ["NVDA"]


async def test_no_more_symbols_are_followed_than_the_plan_allows(
    server: AlpacaStream, source: AlpacaQuotes
) -> None:
    await source.follow(["NVDA", "BTCUSD", "AMD", "EURUSD", "CRM"])
    await source.receive()
    assert server.subscriptions[-1] == source.following == {"NVDA", "AMD"}
    await source.follow(["AMD", "NVDA", "CRM"])
    await source.receive()
    assert len(server.subscriptions) == 1, "nothing has changed for the server"
