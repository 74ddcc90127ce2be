"""Quotes along bars agree with the bars."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from kuber.infra.tasks import end_tasks
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.providers.bar_quotes import BarQuotes, replayed_quotes, simulated_quotes
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.types import Bars, Timeframe
from tests.fakes.bars import utc
from tests.fixtures.waiting import LIMIT_S

NOBODY = UserId(UUID(int=0))
SEED = 3


async def collect(source: BarQuotes, clock: FixedClock, steps: int, step: timedelta) -> list[Quote]:
    found = list(await source.receive())
    for _ in range(steps):
        clock.advance(step)
        found += await source.receive()
    return found


async def bars_of(timeframe: Timeframe, clock: FixedClock, count: int) -> Bars:
    bars = await MarketSimulator(SEED).bars(NOBODY, "NVDA", timeframe, clock.now(), count)
    assert bars is not None
    return bars


async def test_the_quotes_of_a_minute_have_the_prices_of_its_bar() -> None:
    clock = FixedClock(utc("2025-11-19T18:10:00"))
    source = simulated_quotes(SEED, clock, every_s=0)
    await source.follow(["NVDA"])
    quotes = await collect(source, clock, 60, timedelta(seconds=1))
    bar = await bars_of(Timeframe.M1, clock, 1)
    prices = [float(quote.price) for quote in quotes]
    assert (prices[0], max(prices), min(prices), prices[-1]) == (
        bar.open[0],
        bar.high[0],
        bar.low[0],
        bar.close[0],
    )
    assert all(one.bid and one.ask and one.bid < one.price < one.ask for one in quotes)


async def test_volume_counts_from_the_open_of_the_session() -> None:
    clock = FixedClock(utc("2025-11-19T14:31:00"))
    source = simulated_quotes(SEED, clock, every_s=0)
    await source.follow(["NVDA"])
    quotes = await collect(source, clock, 29, timedelta(minutes=1))
    volumes = [quote.volume for quote in quotes if quote.volume is not None]
    assert volumes == sorted(volumes)
    minutes = await bars_of(Timeframe.M1, clock, 30)
    assert float(volumes[-1]) == pytest.approx(minutes.volume.sum(), abs=1)


async def test_equal_instants_give_equal_quotes_after_a_restart() -> None:
    clock = FixedClock(utc("2025-11-19T18:10:25"))
    found = []
    for _ in range(2):
        source = simulated_quotes(SEED, clock, every_s=0)
        await source.follow(["NVDA", "BTCUSD"])
        found.append(await source.receive())
    assert found[0] == found[1]
    assert len(found[0]) == 2


async def test_a_closed_market_gives_its_close_once() -> None:
    clock = FixedClock(utc("2025-11-22T12:00:00"))
    source = simulated_quotes(SEED, clock, every_s=0)
    await source.follow(["NVDA"])
    quotes = await collect(source, clock, 5, timedelta(minutes=1))
    assert [quote.quoted_at for quote in quotes] == [utc("2025-11-21T21:00:00")]
    day = await bars_of(Timeframe.D1, clock, 1)
    assert float(quotes[0].price) == day.close[0]


async def test_the_last_quote_of_a_session_is_its_close() -> None:
    clock = FixedClock(utc("2025-11-19T20:59:58"))
    source = simulated_quotes(SEED, clock, every_s=0)
    await source.follow(["NVDA"])
    quotes = await collect(source, clock, 3, timedelta(seconds=3))
    assert quotes[-1].quoted_at == utc("2025-11-19T21:00:00")


async def test_a_pause_is_not_made_up_for_by_the_simulator() -> None:
    clock = FixedClock(utc("2025-11-19T15:00:10"))
    source = simulated_quotes(SEED, clock, every_s=0)
    await source.follow(["NVDA"])
    await source.receive()
    clock.advance(timedelta(hours=2))
    quotes = await source.receive()
    assert all(clock.now() - quote.quoted_at < timedelta(minutes=1) for quote in quotes)


@pytest.mark.parametrize("step_s", [61, 3600, 86_400])
async def test_a_replay_gives_every_bar_at_any_speed(step_s: int) -> None:
    clock = FixedClock(utc("2025-11-18T20:00:00"))
    source = replayed_quotes(MarketSimulator(SEED), clock, every_s=0)
    await source.follow(["NVDA"])
    quotes = await collect(source, clock, -(-86_400 // step_s), timedelta(seconds=step_s))
    times = [quote.quoted_at for quote in quotes]
    assert times == sorted(set(times))
    clock.instant = utc("2025-11-19T20:00:00")
    bars = await bars_of(Timeframe.M1, clock, 390)
    closes = {quote.quoted_at: float(quote.price) for quote in quotes}
    ends = [utc(str(at)) for at in bars.closed_at]
    assert [closes[at] for at in ends] == bars.close.tolist()
    assert {quote.source for quote in quotes} == {FeedSource.REPLAY}
    assert {(quote.bid, quote.ask) for quote in quotes} == {(None, None)}


async def test_pairs_have_the_decimals_of_their_market() -> None:
    clock = FixedClock(utc("2025-11-19T18:10:25"))
    source = simulated_quotes(SEED, clock, every_s=0)
    await source.follow(["USDJPY", "GBPUSD"])
    digits = {quote.symbol: quote.price.as_tuple().exponent for quote in await source.receive()}
    assert digits == {"USDJPY": -3, "GBPUSD": -5}
    assert Decimal(0) not in digits


async def test_what_is_followed_anew_is_quoted_at_once() -> None:
    clock = FixedClock(utc("2025-11-19T18:10:00"))
    source = simulated_quotes(3, clock, every_s=3600)
    await source.follow(["NVDA"])
    await source.receive()
    clock.advance(timedelta(seconds=1))
    await source.follow(["NVDA", "AMD"])
    async with asyncio.timeout(LIMIT_S):
        assert {quote.symbol for quote in await source.receive()} == {"NVDA", "AMD"}


class HeldMarket(MarketSimulator):
    """Gives the bars of NVDA only while it may."""

    def __init__(self) -> None:
        super().__init__(SEED)
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, as_of: datetime, count: int
    ) -> Bars | None:
        if symbol == "NVDA":
            self.asked.set()
            await self.may_answer.wait()
        return await super().bars(user_id, symbol, timeframe, as_of, count)


async def test_who_breaks_a_question_off_hears_its_quotes_the_next_time() -> None:
    clock, market = FixedClock(utc("2025-11-19T18:10:00")), HeldMarket()
    source = BarQuotes(market, FeedSource.SIMULATED, clock, offered=(), most_bars=1, every_s=0)
    await source.follow(["AMD", "NVDA"])
    asking = asyncio.create_task(source.receive())
    async with asyncio.timeout(LIMIT_S):
        await market.asked.wait()
    await end_tasks([asking])
    market.may_answer.set()
    assert {quote.symbol for quote in await source.receive()} == {"AMD", "NVDA"}
