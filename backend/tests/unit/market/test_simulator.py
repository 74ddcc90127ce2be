"""The market simulator: repeatable, consistent, plausible, reachable at any date."""

import asyncio
from typing import Any

import numpy as np
import pytest

from kuber.kernel.ids import UserId, new_id
from kuber.market.calendars import calendar_for
from kuber.market.providers import simulator
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.universe import UNIVERSE
from kuber.market.resampling import resample
from kuber.market.types import Bars, Timeframe, to_datetime64
from tests.fakes.bars import same, utc

USER = UserId(new_id())
NOW = utc("2026-01-05T16:10:30")


async def bars(
    symbol: str, timeframe: Timeframe, count: int, *, seed: int = 7, as_of: str | None = None
) -> Bars:
    found = await MarketSimulator(seed).bars(
        USER, symbol, timeframe, NOW if as_of is None else utc(as_of), count
    )
    assert found is not None
    return found


async def test_an_equal_seed_gives_equal_prices_whatever_was_asked_before() -> None:
    used = MarketSimulator(7)
    await used.bars(USER, "TSLA", Timeframe.W1, utc("2010-06-01T00:00"), 50)
    again = await used.bars(USER, "TSLA", Timeframe.M5, NOW, 100)
    assert again is not None
    assert same(again, await bars("TSLA", Timeframe.M5, 100))


async def test_another_seed_or_symbol_gives_other_prices() -> None:
    one = await bars("TSLA", Timeframe.D1, 50)
    assert not np.array_equal(one.close, (await bars("TSLA", Timeframe.D1, 50, seed=8)).close)
    nvidia = await bars("NVDA", Timeframe.D1, 50)
    returns = np.corrcoef(np.diff(np.log(one.close)), np.diff(np.log(nvidia.close)))[0, 1]
    assert abs(returns) < 0.5


@pytest.mark.parametrize("symbol", ["TSLA", "GBPUSD", "BTCUSD"])
async def test_coarse_bars_are_the_resample_of_fine_ones(symbol: str) -> None:
    minutes = await bars(symbol, Timeframe.M1, 15_000)
    calendar = calendar_for((await MarketSimulator().instrument(USER, symbol)).calendar)  # type: ignore[union-attr]
    for timeframe in (Timeframe.M3, Timeframe.M15, Timeframe.H4, Timeframe.H12, Timeframe.D1):
        expected = resample(minutes, timeframe, calendar).closed_by(NOW)
        whole = expected.window(1, len(expected))  # the first may lack its beginning
        assert same(whole, await bars(symbol, timeframe, len(whole)))


@pytest.mark.parametrize("symbol", ["TSLA", "GBPUSD", "BTCUSD"])
async def test_months_are_made_of_all_their_days(symbol: str) -> None:
    days = await bars(symbol, Timeframe.D1, 31 * 40)
    months = await bars(symbol, Timeframe.MO1, 24)
    assert len(months) == 24
    assert str(months.closed_at[-1].astype("datetime64[M]")) in ("2025-12", "2026-01")
    for at in range(24):
        inside = (days.opened_at >= months.opened_at[at]) & (days.closed_at <= months.closed_at[at])
        assert months.high[at] == days.high[inside].max()
        assert months.low[at] == days.low[inside].min()
        assert months.open[at] == days.open[inside][0]
        assert months.close[at] == days.close[inside][-1]
        assert 19 <= inside.sum() <= 31
    assert (months.opened_at[1:] >= months.closed_at[:-1]).all()


@pytest.mark.parametrize("symbol", ["AMD", "USDJPY", "ETHUSD"])
async def test_an_earlier_as_of_sees_the_same_bars(symbol: str) -> None:
    late = await bars(symbol, Timeframe.H1, 400)
    for at in (50, 200, 399):
        early = await bars(symbol, Timeframe.H1, 400, as_of=str(late.closed_at[at]))
        assert same(early.last(at + 1), late.window(0, at + 1))


@pytest.mark.parametrize("symbol", list(UNIVERSE))
async def test_bars_are_sane_and_lie_in_trading_hours(symbol: str) -> None:
    found = await bars(symbol, Timeframe.H1, 300)
    assert len(found) == 300
    assert (found.low > 0).all()
    assert (found.high >= np.maximum(found.open, found.close)).all()
    assert (found.low <= np.minimum(found.open, found.close)).all()
    assert (found.volume > 0).all()
    assert (np.diff(found.opened_at) > np.timedelta64(0)).all()
    instrument = await MarketSimulator().instrument(USER, symbol)
    assert instrument is not None
    assert calendar_for(instrument.calendar).trades_at(found.opened_at).all()
    assert found.closed_at[-1] <= to_datetime64(NOW)


async def test_returns_look_like_a_market() -> None:
    daily = await bars("NVDA", Timeframe.D1, 2500)
    returns = np.diff(np.log(daily.close))
    yearly = returns.std() * np.sqrt(252)
    assert 0.25 < yearly < 0.9
    kurtosis = ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2
    assert kurtosis > 3.5  # fat tails
    sizes = np.abs(returns)
    assert np.corrcoef(sizes[1:], sizes[:-1])[0, 1] > 0.1  # volatility clusters
    assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.1  # direction does not
    assert 110 / 12 < np.median(daily.close) < 110 * 12


async def test_history_begins_and_the_future_does_not_exist() -> None:
    assert len(await bars("SPY", Timeframe.D1, 10, as_of="1999-06-01T00:00")) == 0
    oldest = await bars("SPY", Timeframe.D1, 10, as_of="2000-03-15T00:00")
    assert 0 < len(oldest) <= 10


async def test_of_many_who_ask_at_once_one_makes_the_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []
    begun: list[object] = []

    def note_path(*arguments: Any) -> object:
        begun.append(arguments)
        return path(*arguments)

    def note_block(*arguments: Any) -> object:
        made.append(arguments)
        return block(*arguments)

    path, block = simulator._Path, simulator._made
    monkeypatch.setattr(simulator, "_Path", note_path)
    monkeypatch.setattr(simulator, "_made", note_block)
    shared = MarketSimulator(7)
    asked = [shared.bars(USER, "TSLA", Timeframe.H1, NOW, 1) for _ in range(5)]
    found = await asyncio.gather(*asked)
    assert len({one.close[-1] for one in found if one is not None}) == 1
    assert (len(begun), len(made)) == (1, 1)
