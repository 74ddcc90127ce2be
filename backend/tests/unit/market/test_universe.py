"""What filters look at, and how often the provider is asked for it."""

import asyncio
from dataclasses import dataclass, field

import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.scanners import universe
from kuber.market.scanners.universe import FRESH_FOR, Universe
from kuber.market.types import Bars, Instrument, InstrumentPage, Source, Timeframe
from tests.fakes.bars import hourly

ANN, BOB = UserId(new_id()), UserId(new_id())


def instrument(symbol: str, source: Source, *timeframes: Timeframe) -> Instrument:
    return Instrument(
        symbol, symbol, source, "XNYS", "USD", timeframes or (Timeframe.D1,), None, None
    )


@dataclass
class CountedPrices:
    """Instruments with a few daily bars each; counts how often each was read."""

    listed: list[Instrument]
    asked: list[str] = field(default_factory=list)
    away: bool = False

    async def symbols(self, user_id: UserId, *, limit: int) -> InstrumentPage:
        return InstrumentPage(tuple(self.listed[:limit]), None)

    async def get_bars(
        self, user_id: UserId, symbol: str, timeframe: Timeframe, *, limit: int
    ) -> Bars:
        self.asked.append(symbol)
        if self.away:
            raise ProviderUnavailable("away")
        await asyncio.sleep(0)
        return hourly(["2026-01-05T10:00", "2026-01-05T11:00"], [1.0, 2.0], symbol)


async def tickers(looked_at: Universe, user_id: UserId = ANN) -> list[str]:
    return [one.ticker for one in await looked_at.snapshots(user_id)]


async def test_what_the_provider_trades_is_looked_at_beside_what_is_stored(
    clock: FixedClock,
) -> None:
    prices = CountedPrices(
        [
            instrument("AAPL", Source.SAMPLE),
            instrument("ACME", Source.IMPORTED, Timeframe.W1),
            instrument("NVDA", Source.SIMULATED),
        ]
    )
    assert await tickers(Universe(prices, clock)) == ["AAPL", "NVDA"]


async def test_the_provider_is_asked_once_for_everybody_and_again_later(clock: FixedClock) -> None:
    prices = CountedPrices([instrument("AAPL", Source.SAMPLE), instrument("NVDA", Source.ALPACA)])
    looked_at = Universe(prices, clock)
    await asyncio.gather(*(tickers(looked_at, user) for user in (ANN, BOB, ANN)))
    assert sorted(prices.asked) == ["AAPL"] * 3 + ["NVDA"]
    clock.advance(FRESH_FOR)
    await tickers(looked_at)
    assert sorted(prices.asked) == ["AAPL"] * 4 + ["NVDA"] * 2


async def test_a_provider_that_is_away_is_told_and_asked_again(clock: FixedClock) -> None:
    prices = CountedPrices([instrument("NVDA", Source.ALPACA)], away=True)
    looked_at = Universe(prices, clock)
    with pytest.raises(ProviderUnavailable):
        await tickers(looked_at)
    prices.away = False
    assert await tickers(looked_at) == ["NVDA"]


async def test_no_more_than_so_many_are_looked_at(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(universe, "MAX_UNIVERSE", 3)
    prices = CountedPrices([instrument(f"T{number}", Source.IMPORTED) for number in range(5)])
    assert await tickers(Universe(prices, clock)) == ["T0", "T1", "T2"]


async def test_others_have_their_turn_between_two_instruments(clock: FixedClock) -> None:
    prices = CountedPrices([instrument(f"T{number}", Source.SIMULATED) for number in range(20)])
    looked_at, turns = Universe(prices, clock), 0
    await looked_at.snapshots(ANN)
    looking = asyncio.create_task(looked_at.snapshots(ANN))
    while not looking.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 20
