"""What every provider of bars must do; each adapter passes the same tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pytest

from kuber.infra.db import Database, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.calendars import calendar_for
from kuber.market.providers.alpaca import AlpacaBars
from kuber.market.providers.coinmarketcap import CoinMarketCapBars
from kuber.market.providers.finnhub import FinnhubBars
from kuber.market.providers.port import BarProvider
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.stored import StoredBars
from kuber.market.resampling import resample
from kuber.market.sample.seed import seed_sample
from kuber.market.types import Bars, Source, Timeframe, to_datetime64
from tests.fakes.alpaca_server import alpaca_server
from tests.fakes.bars import same, utc
from tests.fakes.cmc_server import cmc_server
from tests.fakes.finnhub_server import finnhub_server
from tests.fakes.json_server import client
from tests.fakes.memory_answers import answers_at

USER = UserId(new_id())


@dataclass
class Case:
    """A provider with a symbol that it has, and an instant within its history (a Wednesday)."""

    provider: BarProvider
    symbol: str
    source: Source
    as_of: datetime
    finest: Timeframe

    async def bars(self, timeframe: Timeframe, count: int, as_of: datetime | None = None) -> Bars:
        found = await self.provider.bars(USER, self.symbol, timeframe, as_of or self.as_of, count)
        assert found is not None
        return found


KINDS = (
    "stored",
    "stored-hourly",
    "simulator",
    "alpaca",
    "alpaca-crypto",
    "finnhub",
    "coinmarketcap",
)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The provider of a test and, only for the stored one, the URL of a database."""
    name: str = request.param
    return name, request.getfixturevalue("postgres_url") if name.startswith("stored") else ""


@pytest.fixture
async def case(kind: tuple[str, str]) -> AsyncIterator[Case]:
    name, url = kind
    now = utc("2025-11-19T18:10:00")
    clock = FixedClock(now + timedelta(hours=6))
    answers = answers_at(clock)
    if name == "simulator":
        yield Case(MarketSimulator(3), "NVDA", Source.SIMULATED, now, Timeframe.M1)
    elif name == "finnhub":
        with finnhub_server() as (_, server):
            finnhub = FinnhubBars("key", clock, answers, url=server.url, client=client())
            yield Case(finnhub, "NVDA", Source.FINNHUB, now, Timeframe.M15)
    elif name == "coinmarketcap":
        with cmc_server() as (_, server):
            cmc = CoinMarketCapBars("key", clock, answers, url=server.url, client=client())
            yield Case(cmc, "BTCUSD", Source.COINMARKETCAP, now, Timeframe.H1)
    elif name.startswith("alpaca"):
        with alpaca_server() as server:
            provider = AlpacaBars("key", "secret", clock, answers, url=server.url)
            symbol = "BTCUSD" if name == "alpaca-crypto" else "NVDA"
            yield Case(provider, symbol, Source.ALPACA, now, Timeframe.M15)
    else:
        database = Database(url, pool_size=1)
        async with database.transaction() as session:
            await seed_sample(session, FixedClock(now))
        pool = raw_pool(database.url, size=2, application_name="kuber-test")
        await pool.open()
        stored = StoredBars(pool)
        if name == "stored":
            yield Case(stored, "AAPL", Source.SAMPLE, utc("2012-05-16T18:10:00"), Timeframe.D1)
        else:
            yield Case(stored, "EURUSD", Source.SAMPLE, utc("2018-01-17T18:10:00"), Timeframe.H1)
        await pool.close()
        await database.close()


@pytest.fixture
def frames(case: Case) -> tuple[Timeframe, ...]:
    return case.finest.and_coarser


async def test_the_instrument_tells_its_source_and_timeframes(case: Case) -> None:
    found = await case.provider.instrument(USER, case.symbol)
    assert found is not None
    assert found.source is case.source
    assert found.simulated is (case.source is Source.SIMULATED)
    assert set(case.finest.and_coarser) <= set(found.timeframes)


async def test_every_bar_is_sane_closed_and_after_the_one_before(
    case: Case, frames: tuple[Timeframe, ...]
) -> None:
    for timeframe in frames:
        count = 8 if timeframe is Timeframe.MO1 else 30
        found = await case.bars(timeframe, count)
        assert len(found) == count
        assert (found.symbol, found.timeframe, found.source) == (
            case.symbol,
            timeframe,
            case.source,
        )
        assert (found.closed_at <= to_datetime64(case.as_of)).all()
        assert (found.opened_at < found.closed_at).all()
        assert (found.opened_at[1:] >= found.closed_at[:-1]).all()
        assert (found.low > 0).all()
        assert (found.high >= np.maximum(found.open, found.close)).all()
        assert (found.low <= np.minimum(found.open, found.close)).all()
        assert (found.volume >= 0).all()


async def test_fewer_bars_are_the_newest_of_more(case: Case, frames: tuple[Timeframe, ...]) -> None:
    for timeframe in frames:
        more = await case.bars(timeframe, 40)
        assert same(await case.bars(timeframe, 7), more.last(7))
        assert len(await case.bars(timeframe, 0)) == 0


async def test_an_equal_question_gets_an_equal_answer(
    case: Case, frames: tuple[Timeframe, ...]
) -> None:
    for timeframe in frames:
        assert same(await case.bars(timeframe, 25), await case.bars(timeframe, 25))


async def test_every_answer_names_its_version(case: Case, frames: tuple[Timeframe, ...]) -> None:
    for timeframe in frames:
        found = await case.bars(timeframe, 25)
        assert found.version
        assert (await case.bars(timeframe, 0)).version == found.version
        assert found.last(3).version == found.version
        assert (await case.bars(timeframe, 7)).version == found.version


async def test_a_coarse_bar_that_is_still_open_is_left_out(case: Case) -> None:
    instrument = await case.provider.instrument(USER, case.symbol)
    assert instrument is not None
    calendar = calendar_for(instrument.calendar)
    _, closes = calendar.weekly_bounds(
        np.array([to_datetime64(case.as_of)]).astype("datetime64[D]")
    )
    assert (await case.bars(Timeframe.W1, 2)).closed_at[-1] < closes[0]
    if case.finest is not Timeframe.D1:
        now = to_datetime64(case.as_of)
        later = await case.bars(Timeframe.H4, 4, case.as_of + timedelta(hours=5))
        still_open = later.opened_at[(later.opened_at <= now) & (later.closed_at > now)]
        assert len(still_open) == 1
        assert (await case.bars(Timeframe.H4, 1)).closed_at[0] <= still_open[0]


async def test_coarse_bars_are_made_of_fine_ones(case: Case) -> None:
    instrument = await case.provider.instrument(USER, case.symbol)
    assert instrument is not None
    daily = await case.bars(Timeframe.D1, 60)
    expected = resample(daily, Timeframe.W1, calendar_for(instrument.calendar))
    whole = expected.closed_by(case.as_of)
    whole = whole.window(1, len(whole))
    assert same(whole, await case.bars(Timeframe.W1, len(whole)))


async def test_a_later_as_of_changes_no_bar_that_was_seen(
    case: Case, frames: tuple[Timeframe, ...]
) -> None:
    for timeframe in frames:
        late = await case.bars(timeframe, 30)
        seen = len(late) // 2 + 1
        early = await case.bars(timeframe, seen, utc(str(late.closed_at[seen - 1])))
        assert same(early.last(seen - 1), late.window(1, seen))


async def test_before_history_begins_there_are_no_bars(case: Case) -> None:
    assert len(await case.bars(Timeframe.D1, 5, utc("1995-05-17T18:00"))) == 0


async def test_an_unknown_symbol_is_none(case: Case) -> None:
    assert await case.provider.instrument(USER, "NOSUCH") is None
    assert await case.provider.bars(USER, "NOSUCH", Timeframe.D1, case.as_of, 5) is None


async def test_the_symbol_is_found_by_a_part_of_it(case: Case) -> None:
    found = await case.provider.search(USER, case.symbol[1:4], limit=10)
    assert case.symbol in [one.symbol for one in found]
    assert await case.provider.search(USER, "NOSUCH", limit=10) == []


async def test_a_search_gives_symbols_in_order_and_no_more_than_asked_for(case: Case) -> None:
    symbols = [one.symbol for one in await case.provider.search(USER, "", limit=100)]
    assert case.symbol in symbols
    assert symbols == sorted(set(symbols))
    some = await case.provider.search(USER, "", after=symbols[0], limit=2)
    assert [one.symbol for one in some] == symbols[1:3]
