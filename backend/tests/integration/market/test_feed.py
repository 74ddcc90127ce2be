"""The feed with a real PostgreSQL and a real broker: stored, published, restarted, failed."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from kuber.infra.db import Database, JsonObject, raw_pool
from kuber.infra.kafka import KafkaProducer
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.feed.reading import read_markets, seen_quotes
from kuber.market.feed.schemas import MarketOut
from kuber.market.feed.service import FeedService
from kuber.market.feed.store import newest_quotes, newest_times, platform_symbols
from kuber.market.feed.types import FeedSource, WantedSymbols
from kuber.market.providers.bar_quotes import replayed_quotes
from kuber.market.providers.stored import StoredBars
from kuber.market.sample.seed import seed_sample
from kuber.market.types import Timeframe
from tests.fakes.bars import utc
from tests.fakes.feeds import (
    OPTIONS,
    Feeds,
    ScriptedSource,
    SilentProducer,
    counted,
    done,
    is_,
    price_is,
    stored,
)
from tests.fakes.kafka import read_all
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until, until_async
from tests.fixtures.workers import Installation

NOBODY = UserId(new_id())


async def test_quotes_are_stored_and_published_in_order(
    database: Database, feeds: Feeds, kafka_bootstrap: str
) -> None:
    source = ScriptedSource()
    feeds.symbols = {"FEEDA", "FEEDB"}
    begin = feeds.clock.now()
    async with feeds.run(source, KafkaProducer(kafka_bootstrap, client_id="test")) as feed:
        for second in range(40):
            feeds.clock.instant = begin + timedelta(seconds=second)
            batch = [feeds.quote(symbol, 100 + second / 100) for symbol in ("FEEDA", "FEEDB")]
            source.script.put_nowait(batch)
            await until_async(lambda: done(source), "the source's next question")
        await until_async(lambda: counted(feed, "published", 80), "published 80")
        assert await stored(database) == {name: Decimal("100.39") for name in ("FEEDA", "FEEDB")}
        assert (feed.status()["believed"], feed.status()["refused"]) == (80, {})
    messages = await asyncio.to_thread(messages_of, kafka_bootstrap, "FEED", 80)
    for symbol in ("FEEDA", "FEEDB"):
        mine = [one for one in messages if one["symbol"] == symbol]
        assert [one["price"] for one in mine] == [f"{100 + at / 100}" for at in range(40)]
        assert len({one["event_id"] for one in mine}) == 40
    assert messages[0].keys() >= {"bid", "ask", "volume", "source", "simulated", "quoted_at"}


async def test_refused_quotes_are_counted_by_reason_and_not_stored(
    database: Database, feeds: Feeds
) -> None:
    source = ScriptedSource()
    async with feeds.run(source) as feed:
        source.script.put_nowait(
            [
                feeds.quote("NVDA", 100),
                feeds.quote("NVDA", 99, -5),
                feeds.quote("AMD", -1),
                feeds.quote("AMD", 1, 60),
                feeds.quote("AMD", 1, -600),
                feeds.quote("V", 100),
            ]
        )
        await until_async(price_is(database, "NVDA", 100), "the price of NVDA")
        assert feed.status()["refused"] == {
            "bad_number": 1,
            "future": 1,
            "not_followed": 1,
            "out_of_order": 1,
            "stale": 1,
        }
    assert await stored(database) == {"NVDA": 100}


async def test_a_restarted_feed_believes_nothing_older_than_what_is_stored(
    database: Database, feeds: Feeds
) -> None:
    source = ScriptedSource()
    async with feeds.run(source):
        source.script.put_nowait([feeds.quote("NVDA", 100)])
        await until_async(price_is(database, "NVDA", 100), "the price of NVDA")
    async with feeds.run(source) as feed:
        source.script.put_nowait([feeds.quote("NVDA", 90, -10), feeds.quote("AMD", 50)])
        await until_async(price_is(database, "AMD", 50), "the price of AMD")
        assert feed.status()["refused"] == {"out_of_order": 1}
        source.script.put_nowait([feeds.quote("NVDA", 1000, 0.5), feeds.quote("NVDA", 101, 1)])
        await until_async(price_is(database, "NVDA", 101), "the next price of NVDA")
        assert feed.status()["refused"] == {"out_of_order": 1, "outlier": 1}


async def test_a_source_that_fails_is_asked_again_and_the_reason_is_shown(
    database: Database, feeds: Feeds
) -> None:
    source = ScriptedSource()
    async with feeds.run(source) as feed:
        for _ in range(5):
            source.script.put_nowait(ProviderUnavailable("The provider sleeps."))
        await until_async(
            lambda: counted(feed, "source_failures_in_a_row", 3), "source_failures_in_a_row 3"
        )
        assert feed.status()["source_error"] == "The provider sleeps."
        source.script.put_nowait([feeds.quote("NVDA", 100)])
        await until_async(price_is(database, "NVDA", 100), "the price of NVDA")
        assert feed.status()["source_failures_in_a_row"] == 0
        assert feed.status()["source_error"] is None


async def test_quotes_are_stored_while_kafka_is_away(database: Database, feeds: Feeds) -> None:
    source, producer = ScriptedSource(), SilentProducer()
    producer.away = True
    async with feeds.run(source, producer) as feed:
        source.script.put_nowait([feeds.quote("NVDA", 100)])
        await until_async(price_is(database, "NVDA", 100), "the price of NVDA")
        await until_async(lambda: counted(feed, "lost", 1), "lost 1")
        producer.away = False
        source.script.put_nowait([feeds.quote("NVDA", 101, 1)])
        await until_async(lambda: counted(feed, "published", 1), "published 1")
    assert [message.key for message in producer.messages] == [b"NVDA"]


async def test_of_two_feeds_one_acts_and_the_other_takes_over(
    database: Database, feeds: Feeds
) -> None:
    first, second = ScriptedSource(), ScriptedSource()
    async with feeds.run(first) as acting:
        await until_async(lambda: is_(acting, "active"), "the first feed's turn")
        async with feeds.run(second) as waiting:
            await until_async(lambda: waiting.progress.rounds >= 3, "three rounds of the second")
            assert (waiting.status()["role"], second.asked) == ("standby", 0)
            await acting.cleanup()
            await until_async(lambda: is_(waiting, "active"), "the second feed's turn")
            second.script.put_nowait([feeds.quote("NVDA", 100)])
            await until_async(price_is(database, "NVDA", 100), "the price of NVDA")


async def test_what_is_no_longer_followed_is_forgotten(database: Database, feeds: Feeds) -> None:
    source = ScriptedSource()
    async with feeds.run(source):
        source.script.put_nowait([feeds.quote("NVDA", 100), feeds.quote("AMD", 50)])
        await until_async(price_is(database, "AMD", 50), "the price of AMD")
        feeds.symbols = {"NVDA"}

        async def forgotten() -> bool:
            return await stored(database) == {"NVDA": 100}

        await until_async(forgotten, "the end of the quotes of AMD")


async def test_a_replay_of_the_sample_passes_the_rules_at_a_day_a_second(
    database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as session:
        await seed_sample(session, clock)
        symbols = await platform_symbols(session)
    pool = raw_pool(database.url, size=2, application_name="kuber-test")
    await pool.open()
    replay = FixedClock(utc("2012-03-05T21:00:00"))
    source = replayed_quotes(StoredBars(pool), replay, every_s=0.02)
    feed = FeedService(
        source,
        lambda: asyncio.sleep(0, WantedSymbols(others=symbols)),
        SilentProducer,
        database.url,
        replay,
        OPTIONS.at_speed(86_400),
    )
    await feed.initialize()
    running = asyncio.create_task(feed.run())
    await until_async(price_is(database, "AAPL", Decimal("533.16")), "the price of AAPL")
    for day in ("06", "07", "08", "09"):
        replay.instant = utc(f"2012-03-{day}T21:00:00")
        least = int(feed.status()["believed"]) + 12
        await until_async(partial(counted, feed, "believed", least), f"{least} quotes")
    status = feed.status()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await feed.cleanup()
    async with database.transaction() as session:
        newest = {
            one.symbol: one for one in await newest_quotes(session, await newest_times(session))
        }
        bars = await StoredBars(pool).bars(NOBODY, "AAPL", Timeframe.D1, replay.instant, 1)
    await pool.close()
    assert bars is not None
    assert float(newest["AAPL"].price) == bars.close[0]
    assert newest["AAPL"].quoted_at == replay.instant
    assert newest["AAPL"].source is FeedSource.REPLAY
    assert status["refused"].get("out_of_order", 0) == status["refused"].get("future", 0) == 0


async def test_symbols_are_followed_in_their_one_spelling(feeds: Feeds) -> None:
    source = ScriptedSource()
    feeds.symbols = {"nvda", "EUR/USD", "btc-usd", "X:Y Z"}
    async with feeds.run(source):
        wanted = {"NVDA", "EURUSD", "BTCUSD"}

        async def followed() -> bool:
            return source.following == wanted

        await until_async(followed, "the symbols in their one spelling")


async def test_a_symbol_without_quotes_becomes_stale(database: Database, feeds: Feeds) -> None:
    source = ScriptedSource()
    async with feeds.run(source) as feed:
        source.script.put_nowait([feeds.quote("NVDA", 100), feeds.quote("AMD", 50)])
        await until_async(price_is(database, "AMD", 50), "the price of AMD")
        assert feed.status()["markets"] == {"XNYS": "open"}
        feeds.clock.advance(timedelta(seconds=80))
        source.script.put_nowait([feeds.quote("NVDA", 100)])
        await until_async(lambda: counted(feed, "believed", 3), "believed 3")
        feeds.clock.advance(timedelta(seconds=20))
        assert (feed.status()["stale"], feed.status()["markets"]) == (["AMD"], {"XNYS": "open"})
        feeds.clock.advance(timedelta(seconds=80))
        assert feed.status()["markets"] == {"XNYS": "stale"}
        await until_async(lambda: changed(feed, ("open", "stale")), "a stale market")
        async with database.transaction() as session:
            seen = await seen_quotes(session, NOBODY, ["AMD", "NVDA", "V"])
            quotes = seen.shown({}, feeds.clock.now())
            markets = await read_markets(session, feeds.clock.now())
        assert [(one.symbol, one.stale) for one in quotes] == [("AMD", True), ("NVDA", True)]
        visible = frozenset({"AMD"})
        found = {one.calendar: MarketOut.of(one, visible) for one in markets}
        assert found.keys() == {"24/5", "24/7", "XNYS"}
        assert (found["XNYS"].state, found["XNYS"].quoted, found["XNYS"].stale) == ("stale", 2, 2)
        assert found["XNYS"].stale_symbols == ["AMD"], "others are not named"


def test_the_service_quotes_the_simulated_market(
    installation: Installation, trader: Trader
) -> None:
    service = installation.services("feed")
    wanted = {"symbols": "btc/usd, nvda,NOSUCH"}

    def quotes() -> list[JsonObject]:
        items: list[JsonObject] = trader.http.get("/market/quotes", params=wanted).json()["items"]
        return items

    until(lambda: len(quotes()) >= 2, "quotes of both symbols")
    bitcoin, nvidia = quotes()
    assert (bitcoin["symbol"], nvidia["symbol"]) == ("BTCUSD", "NVDA")
    assert (bitcoin["source"], bitcoin["simulated"], bitcoin["stale"]) == ("simulated", True, False)
    assert Decimal(bitcoin["bid"]) < Decimal(bitcoin["price"]) < Decimal(bitcoin["ask"])
    markets = {one["calendar"]: one for one in trader.http.get("/market/status").json()["items"]}
    assert markets["24/7"]["state"] == "open"
    assert markets["24/7"]["quoted"] == 3
    bars = trader.http.get(
        "/market/bars", params={"symbol": "NVDA", "timeframe": "1m", "limit": 3}
    ).json()["items"]
    low, high = (min(float(b["low"]) for b in bars), max(float(b["high"]) for b in bars))
    assert 0.95 * low < float(nvidia["price"]) < 1.05 * high, "quotes and bars are of one market"
    service.stop()


@pytest.mark.parametrize(
    "symbols", ["", " , ", "AAPL,$$$", ",".join(f"S{at}" for at in range(201))]
)
def test_a_bad_list_of_symbols_is_refused(trader: Trader, symbols: str) -> None:
    answer = trader.http.get("/market/quotes", params={"symbols": symbols})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "bad_symbols"


def messages_of(bootstrap: str, prefix: str, count: int) -> list[dict[str, Any]]:
    """Return `count` messages whose symbols begin so, among whatever the session published."""
    wanted = count
    while True:
        found = read_all(bootstrap, "market.quotes", wanted)
        mine = [one for one in found if str(one["symbol"]).startswith(prefix)]
        if len(mine) >= count:
            return mine
        wanted += count - len(mine)


async def changed(feed: FeedService, expected: tuple[str, str]) -> bool:
    return [(one["from"], one["to"]) for one in feed.status()["market_changes"]] == [expected]
