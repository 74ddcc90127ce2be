"""What every source of quotes must do; each adapter passes the same tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from kuber.infra.db import Database, raw_pool
from kuber.infra.tasks import end_tasks
from kuber.kernel.clock import FixedClock
from kuber.market.calendars import calendar_for
from kuber.market.feed.port import QuoteSource
from kuber.market.feed.rules import IntakeLimits, SymbolMemory, judge
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.feed.watch import traded_until
from kuber.market.instruments import traits_of
from kuber.market.providers.alpaca_stream import AlpacaQuotes
from kuber.market.providers.bar_quotes import replayed_quotes, simulated_quotes
from kuber.market.providers.coinmarketcap import CoinMarketCapQuotes
from kuber.market.providers.finnhub import FinnhubQuotes
from kuber.market.providers.stored import StoredBars
from kuber.market.sample.seed import seed_sample
from tests.fakes.alpaca_stream import AlpacaStream, alpaca_stream
from tests.fakes.bars import utc
from tests.fakes.cmc_server import CoinMarketCap, cmc_server
from tests.fakes.finnhub_server import Finnhub, finnhub_server
from tests.fakes.json_server import JsonServer, client

STEP = timedelta(seconds=7)


@dataclass
class Case:
    """A source, two symbols that it has, and what makes the market move on by a step."""

    source: QuoteSource
    expected: FeedSource
    symbols: tuple[str, str]
    clock: FixedClock
    move: Callable[[], Awaitable[None]]

    async def quotes(self, steps: int = 1) -> list[Quote]:
        """Return what is quoted during some steps of the market."""
        found: list[Quote] = []
        for _ in range(steps):
            await self.move()
            found += await self.source.receive()
        return found


SOURCES = [source for source in FeedSource if source is not FeedSource.PUSHED]


@pytest.fixture(params=SOURCES)
def kind(request: pytest.FixtureRequest) -> tuple[FeedSource, str]:
    """The source of a test and, only for the replay, the URL of a database."""
    source: FeedSource = request.param
    wants_database = source is FeedSource.REPLAY
    return source, request.getfixturevalue("postgres_url") if wants_database else ""


@pytest.fixture
async def case(kind: tuple[FeedSource, str]) -> AsyncIterator[Case]:
    source, url = kind
    if source is FeedSource.SIMULATED:
        yield simulator_case()
    elif source is FeedSource.REPLAY:
        async with opened_history(url) as stored:
            yield replay_case(stored)
    elif source is FeedSource.FINNHUB:
        with finnhub_server() as (finnhub, answering):
            yield finnhub_case(finnhub, answering)
    elif source is FeedSource.COINMARKETCAP:
        with cmc_server() as (cmc, answering):
            yield cmc_case(cmc, answering)
    else:
        async with alpaca_stream() as server:
            made = alpaca_case(server)
            yield made
            await made.source.close()


def simulator_case() -> Case:
    clock = FixedClock(utc("2025-11-19T18:10:03"))
    source = simulated_quotes(3, clock, every_s=0)
    return Case(source, FeedSource.SIMULATED, ("NVDA", "AMD"), clock, advancing(clock, STEP))


def replay_case(stored: StoredBars) -> Case:
    clock = FixedClock(utc("2012-03-06T15:10:00"))
    source = replayed_quotes(stored, clock, every_s=0)
    return Case(source, FeedSource.REPLAY, ("AAPL", "MSFT"), clock, advancing(clock, STEP))


def alpaca_case(server: AlpacaStream) -> Case:
    clock = FixedClock(utc("2025-11-19T18:10:00"))
    source = AlpacaQuotes("key", "secret", url=server.url, every_s=0.05)
    symbols = ("NVDA", "AMD")

    async def trade() -> None:
        clock.advance(STEP)
        await source.receive()  # connects when it has to
        for symbol in source.following:
            await server.trade(symbol, 100.0, clock.now())

    return Case(source, FeedSource.ALPACA, symbols, clock, trade)


def finnhub_case(finnhub: Finnhub, server: JsonServer) -> Case:
    clock = FixedClock(utc("2025-11-19T18:10:00"))
    source = FinnhubQuotes("key", clock, url=server.url, client=client(), every_s=0)
    symbols = ("NVDA", "AMD")

    async def trade() -> None:
        clock.advance(STEP)
        for symbol in symbols:
            finnhub.last[symbol] = (100.0, clock.now())

    return Case(source, FeedSource.FINNHUB, symbols, clock, trade)


def cmc_case(cmc: CoinMarketCap, server: JsonServer) -> Case:
    clock = FixedClock(utc("2025-11-19T18:10:00"))
    source = CoinMarketCapQuotes(
        "key", clock, url=server.url, client=client(), every_s=STEP.total_seconds(), wait_s=0
    )

    async def renew() -> None:
        clock.advance(STEP)
        for coin in ("BTC", "ETH"):
            cmc.last[coin] = (100.0, clock.now())

    return Case(source, FeedSource.COINMARKETCAP, ("BTCUSD", "ETHUSD"), clock, renew)


def advancing(clock: FixedClock, step: timedelta) -> Callable[[], Awaitable[None]]:
    async def advance() -> None:
        clock.advance(step)

    return advance


class opened_history:  # noqa: N801  used as a function
    """The sample in a database."""

    def __init__(self, url: str) -> None:
        self._database = Database(url, pool_size=2)
        self._pool = raw_pool(url, size=2, application_name="kuber-test")

    async def __aenter__(self) -> StoredBars:
        async with self._database.transaction() as session:
            await seed_sample(session, FixedClock(utc("2026-01-05T00:00")))
        await self._pool.open()
        return StoredBars(self._pool)

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()
        await self._database.close()


async def test_what_is_followed_is_quoted_and_labelled(case: Case) -> None:
    await case.source.follow(case.symbols)
    assert case.source.following == set(case.symbols)
    quotes = await case.quotes(steps=3)
    assert {quote.symbol for quote in quotes} == set(case.symbols)
    assert {quote.source for quote in quotes} == {case.source.source} == {case.expected}


async def test_times_grow_and_every_quote_is_sound(case: Case) -> None:
    await case.source.follow(case.symbols)
    memories: dict[str, SymbolMemory] = {}
    quotes: list[Quote] = []
    for _ in range(20):
        batch = await case.quotes()
        assert [one.quoted_at for one in batch] == sorted(one.quoted_at for one in batch)
        now = case.clock.now()
        for quote in batch:
            calendar = calendar_for(traits_of(quote.symbol).calendar)
            memory = memories.get(quote.symbol, SymbolMemory())
            until = traded_until(calendar, now)
            judgement = judge(quote, memory, now, until, IntakeLimits())
            assert judgement.refusal is None, quote
            memories[quote.symbol] = judgement.memory
        quotes += batch
    assert len(quotes) >= 20


async def test_what_is_no_longer_followed_is_no_longer_quoted(case: Case) -> None:
    first, second = case.symbols
    await case.source.follow([first, second])
    await case.quotes(steps=2)
    await case.source.follow([second])
    quotes = await case.quotes(steps=3)
    assert case.source.following == {second}
    assert {quote.symbol for quote in quotes} == {second}


async def test_a_symbol_that_the_source_lacks_is_left_out(case: Case) -> None:
    await case.source.follow([case.symbols[0], "EURCHF"])
    assert case.source.following == {case.symbols[0]}
    assert {quote.symbol for quote in await case.quotes(steps=3)} == {case.symbols[0]}


async def test_without_symbols_there_are_no_quotes(case: Case) -> None:
    assert list(await case.source.receive()) == []


async def test_a_closed_source_can_be_asked_again(case: Case) -> None:
    await case.source.follow(case.symbols)
    before = await case.quotes(steps=2)
    await case.source.close()
    await case.source.close()
    after = await case.quotes(steps=3)
    assert max(one.quoted_at for one in before) < max(one.quoted_at for one in after)


@pytest.mark.parametrize("turns", [0, 1, 3, 10, 30])
async def test_quotes_that_were_waited_for_in_vain_come_the_next_time(
    case: Case, turns: int
) -> None:
    await case.source.follow(case.symbols)
    await case.quotes(steps=2)
    await case.move()
    asking = asyncio.create_task(case.source.receive())
    for _ in range(turns):
        await asyncio.sleep(0)
    await end_tasks([asking])
    found = [] if asking.cancelled() else list(asking.result())
    for _ in range(5):
        found += await case.source.receive()
    assert {quote.symbol for quote in found} == set(case.symbols)


AT = FixedClock(utc("2025-11-19T18:10:00"))
LIMITED: tuple[tuple[QuoteSource, list[str], set[str]], ...] = (
    (AlpacaQuotes("a", "b", most_symbols=2), ["ZM", "EURUSD", "NVDA", "AMD"], {"ZM", "NVDA"}),
    (FinnhubQuotes("a", AT, most_symbols=2), ["ZM", "EURUSD", "NVDA", "AMD"], {"ZM", "NVDA"}),
    (
        CoinMarketCapQuotes("a", AT, most_symbols=2),
        ["SOLUSD", "NVDA", "ETHUSD", "BTCUSD"],
        {"SOLUSD", "ETHUSD"},
    ),
)


@pytest.mark.parametrize(
    ("source", "symbols", "first"), LIMITED, ids=[source.source for source, _, _ in LIMITED]
)
async def test_m09_a_source_with_a_limit_follows_what_comes_first(
    source: QuoteSource, symbols: list[str], first: set[str]
) -> None:
    await source.follow(symbols)
    assert source.following == first
