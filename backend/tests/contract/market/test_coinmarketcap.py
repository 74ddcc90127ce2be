"""What is special about CoinMarketCap: names of coins, plans without history, bad answers."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable, TimeframeUnavailable
from kuber.market.providers.coinmarketcap import CoinMarketCapBars, CoinMarketCapQuotes
from kuber.market.types import Timeframe
from tests.fakes.bars import utc
from tests.fakes.cmc_server import CoinMarketCap, cmc_server
from tests.fakes.json_server import JsonServer, client, simulated
from tests.fakes.memory_answers import answers_at

USER = UserId(new_id())
FIGURES = '{"open": 2, "high": 1, "low": 1, "close": 1, "volume": 1}'
INSANE = f'{{"time_open": "2025-11-18T00:00:00Z", "quote": {{"USD": {FIGURES}}}}}'
NOW = utc("2025-11-19T18:10:00")
MAP, HISTORY = "/v1/cryptocurrency/map", "/v2/cryptocurrency/ohlcv/historical"
QUOTES = "/v2/cryptocurrency/quotes/latest"


@pytest.fixture
def running() -> Iterator[tuple[CoinMarketCap, JsonServer]]:
    with cmc_server() as made:
        yield made


@pytest.fixture
def server(running: tuple[CoinMarketCap, JsonServer]) -> JsonServer:
    return running[1]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def cmc(server: JsonServer, clock: FixedClock) -> CoinMarketCapBars:
    return CoinMarketCapBars("the-key", clock, answers_at(clock), url=server.url, client=client())


@pytest.mark.parametrize(
    ("status", "words"), [(401, "KUBER_CMC_API_KEY"), (429, "rate limit"), (500, "HTTP 500")]
)
async def test_a_refusal_says_why(
    server: JsonServer, cmc: CoinMarketCapBars, status: int, words: str
) -> None:
    server.status = status
    with pytest.raises(ProviderUnavailable, match=words) as caught:
        await cmc.instrument(USER, "BTCUSD")
    assert "the-key" not in caught.value.detail


@pytest.mark.parametrize("status", [402, 403])
async def test_a_plan_without_history_is_said_plainly(
    server: JsonServer, cmc: CoinMarketCapBars, status: int
) -> None:
    server.refused[HISTORY] = status
    assert await cmc.instrument(USER, "BTCUSD") is not None
    with pytest.raises(ProviderUnavailable, match="has no price history, only quotes"):
        await cmc.bars(USER, "BTCUSD", Timeframe.D1, NOW, 5)


async def test_of_several_coins_of_one_name_the_first_by_rank_is_meant(
    server: JsonServer, cmc: CoinMarketCapBars
) -> None:
    await cmc.bars(USER, "BTCUSD", Timeframe.D1, NOW, 5)
    await cmc.bars(USER, "BTCUSD", Timeframe.H1, NOW, 5)
    assert {one["id"] for one in server.asked(HISTORY)} == {"1"}
    assert len(server.asked(MAP)) == 1


async def test_the_key_travels_in_a_header_and_other_kinds_are_not_asked_for(
    server: JsonServer, cmc: CoinMarketCapBars
) -> None:
    for symbol in ("EURUSD", "NVDA"):
        assert await cmc.instrument(USER, symbol) is None
        assert await cmc.bars(USER, symbol, Timeframe.D1, NOW, 5) is None
    assert server.requests == []
    await cmc.instrument(USER, "BTCUSD")
    [(_, query, headers)] = server.requests
    assert headers["x-cmc_pro_api_key"] == "the-key"
    assert "the-key" not in str(query)


async def test_finer_bars_than_hours_are_not_offered_and_the_others_named(
    cmc: CoinMarketCapBars,
) -> None:
    with pytest.raises(TimeframeUnavailable, match="1h, 2h, 4h"):
        await cmc.bars(USER, "BTCUSD", Timeframe.M15, NOW, 5)
    found = await cmc.instrument(USER, "BTCUSD")
    assert found is not None
    assert found.timeframes[0] is Timeframe.H1


async def test_volume_is_in_coins(cmc: CoinMarketCapBars) -> None:
    found = await cmc.bars(USER, "BTCUSD", Timeframe.D1, NOW, 3)
    expected = simulated("BTCUSD", Timeframe.D1)
    assert found is not None
    assert expected is not None
    assert found.volume == pytest.approx(expected.closed_by(NOW).last(3).volume)


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        '{"data": []}',
        '{"data": {"quotes": [{"time_open": "2025-11-18T00:00:00Z", "quote": {"EUR": {}}}]}}',
        f'{{"data": {{"quotes": [{INSANE}]}}}}',
        '{"data": {"quotes": [{"time_open": "2025-11-18", "quote": {}}]}}',
    ],
)
async def test_an_answer_of_a_wrong_shape_is_refused(
    server: JsonServer, cmc: CoinMarketCapBars, body: str
) -> None:
    await cmc.instrument(USER, "BTCUSD")
    server.body = body
    with pytest.raises(ProviderUnavailable, match="as expected"):
        await cmc.bars(USER, "BTCUSD", Timeframe.D1, NOW, 5)


async def test_quotes_of_one_currency_are_one_question_a_minute(
    server: JsonServer, clock: FixedClock
) -> None:
    source = CoinMarketCapQuotes("key", clock, url=server.url, client=client(), wait_s=0)
    await source.follow(["BTCUSD", "ETHUSD", "SOLUSDT", "NVDA"])
    assert source.following == {"BTCUSD", "ETHUSD", "SOLUSDT"}
    quotes = await source.receive()
    assert {one.symbol: one.volume for one in quotes} == dict.fromkeys(source.following, 50)
    assert [(one["id"], one["convert"]) for one in server.asked(QUOTES)] == [
        ("1,1027", "USD"),
        ("5426", "USDT"),
    ]
    assert await source.receive() == []
    clock.advance(timedelta(seconds=61))
    await source.receive()
    assert len(server.asked(QUOTES)) == 4
    await source.close()
