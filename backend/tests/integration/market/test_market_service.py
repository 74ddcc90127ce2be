"""Imports, sample and provider behind one service, on a real PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, text

from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ImportRefused, ImportTooLarge, TimeframeUnavailable, UnknownSymbol
from kuber.market.models import BarImport, BarSeries, StoredBar
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.sample.seed import seed_sample
from kuber.market.schemas import BarsOut, ImportOut, SymbolOut
from kuber.market.service import ImportResult, MarketService
from kuber.market.types import Source, Timeframe
from tests.fakes.bars import same, sample, truncated, utc

HEADER = "symbol,date,open,high,low,close,volume\n"
NOW = utc("2026-01-05T15:00:00")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[RawPool]:
    opened = raw_pool(database.url, size=4, application_name="kuber-test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def service(pool: RawPool) -> MarketService:
    return MarketService(pool, FixedClock(NOW), MarketSimulator(7))


@pytest.fixture
async def seeded(database: Database) -> int:
    async with database.transaction() as session:
        return await seed_sample(session, FixedClock(NOW))


async def add_user(database: Database) -> UserId:
    user_id = UserId(new_id())
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO users (id, email, password_hash, role, tier, created_at)"
                " VALUES (:id, :email, 'x', 'user', 'FREE', now())"
            ),
            {"id": user_id, "email": f"{user_id}@example.com"},
        )
    return user_id


@pytest.fixture
async def user(database: Database) -> UserId:
    return await add_user(database)


async def upload(
    database: Database,
    service: MarketService,
    user: UserId,
    rows: str,
    timeframe: Timeframe = Timeframe.D1,
) -> ImportResult:
    async with database.transaction() as session:
        return await service.import_file(
            session, user, "bars.csv", (HEADER + rows).encode(), timeframe=timeframe
        )


async def test_the_sample_is_seeded_once(database: Database, seeded: int) -> None:
    async with database.transaction() as session:
        assert await seed_sample(session, FixedClock(NOW)) == 0
        assert await session.scalar(select(func.count()).select_from(StoredBar)) == seeded
    assert seeded == sum(len(sample(one).bars) for one in ("AAPL", "MSFT", "GOOG", "EURUSD"))


async def test_two_seeds_at_once_store_one_sample(database: Database) -> None:
    async def seed() -> int:
        async with database.transaction() as session:
            return await seed_sample(session, FixedClock(NOW))

    counts = await asyncio.gather(seed(), seed())
    assert min(counts) == 0
    assert max(counts) > 10_000


@pytest.mark.usefixtures("seeded")
async def test_stored_bars_are_the_files_to_the_last_digit(
    service: MarketService, user: UserId
) -> None:
    as_of = utc("2005-02-25T21:00:00")
    stored = await service.bars(user, "AAPL", Timeframe.D1, as_of, 10_000)
    assert same(stored, truncated(sample("AAPL"), as_of).bars)
    hours = await service.bars(user, "EURUSD", Timeframe.H1, NOW, 10_000)
    assert same(hours, sample("EURUSD").bars)


@pytest.mark.usefixtures("seeded")
async def test_a_symbol_resolves_to_import_then_sample_then_simulator(
    database: Database, service: MarketService, user: UserId
) -> None:
    assert (await service.instrument(user, "AAPL")).source is Source.SAMPLE
    assert (await service.instrument(user, "TSLA")).source is Source.SIMULATED
    await upload(
        database, service, user, "AAPL,2024-01-02,10,12,9,11,5\nTSLA,2024-01-02,1,2,1,2,5\n"
    )
    for symbol in ("AAPL", "aapl ", "TSLA"):
        assert (await service.instrument(user, symbol)).source is Source.IMPORTED
    bars = await service.bars(user, "AAPL", Timeframe.D1, NOW, 100)
    assert bars.close.tolist() == [11.0]
    other = await add_user(database)
    assert (await service.instrument(other, "AAPL")).source is Source.SAMPLE
    assert (await service.bars(other, "AAPL", Timeframe.D1, NOW, 100)).close[-1] == 430.47
    with pytest.raises(UnknownSymbol, match="NOSUCH"):
        await service.instrument(user, "NOSUCH")
    with pytest.raises(UnknownSymbol):
        await service.bars(user, "no such thing", Timeframe.D1, NOW, 1)


async def test_importing_again_replaces_equal_times_and_keeps_the_rest(
    database: Database, service: MarketService, user: UserId
) -> None:
    first = await upload(
        database, service, user, "ACME,2024-01-02,10,12,9,11,5\nACME,2024-01-03,11,12,9,12,5\n"
    )
    assert (first.symbols, first.bars) == (("ACME",), 2)
    assert (first.first_at, first.last_at) == (utc("2024-01-02T14:30"), utc("2024-01-03T21:00"))
    await upload(
        database, service, user, "ACME,2024-01-03,11,13,9,13,5\nACME,2024-01-04,11,14,9,14,5\n"
    )
    bars = await service.bars(user, "ACME", Timeframe.D1, NOW, 100)
    assert bars.close.tolist() == [11.0, 13.0, 14.0]
    async with database.transaction() as session:
        series = (await session.scalars(select(BarSeries))).one()
        assert (series.bar_count, series.last_at) == (3, utc("2024-01-04T21:00"))
        assert await session.scalar(select(func.count()).select_from(BarImport)) == 2


async def test_a_run_that_begins_after_an_import_sees_it_in_every_process(
    database: Database, pool: RawPool, service: MarketService, user: UserId
) -> None:
    worker = MarketService(pool, FixedClock(NOW), MarketSimulator(7))
    for close in (11, 12, 13, 14):
        await upload(database, service, user, f"ACME,2024-01-02,10,20,9,{close},5\n")
        for process in (worker, service):
            await process.instrument(user, "ACME")
            bars = await process.bars(user, "ACME", Timeframe.D1, NOW, 1)
            assert bars.close.tolist() == [close]
        weekly = await worker.bars(user, "ACME", Timeframe.W1, NOW, 1)
        assert weekly.close.tolist() == [close]


async def test_a_refused_file_leaves_nothing_behind(
    database: Database, service: MarketService, user: UserId
) -> None:
    with pytest.raises(ImportRefused) as caught:
        await upload(
            database, service, user, "ACME,2024-01-02,10,12,9,11,5\nACME,2024-01-03,0,12,9,11,5\n"
        )
    assert caught.value.problems[0].line == 3
    async with database.transaction() as session:
        for table in (BarImport, BarSeries, StoredBar):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_a_file_over_the_limit_is_refused(
    database: Database, pool: RawPool, user: UserId
) -> None:
    small = MarketService(pool, FixedClock(NOW), MarketSimulator(7), max_import_bytes=100)
    with pytest.raises(ImportTooLarge):
        await upload(database, small, user, "ACME,2024-01-02,10,12,9,11,5\n" * 10)


async def test_ten_thousand_rows_are_imported_quickly(
    database: Database, service: MarketService, user: UserId
) -> None:
    start = np.datetime64("2020-01-06T00:00", "s")
    rows = "".join(
        f"BTCUSD,{start + at * 3600}Z,100.{at % 97},200,50,150,{at}\n" for at in range(10_000)
    )
    content = ("symbol,time,open,high,low,close,volume\n" + rows).encode()
    began = time.process_time()
    async with database.transaction() as session:
        await service.import_file(session, user, "btc.csv", content, timeframe=Timeframe.H1)
    assert time.process_time() - began < 1.5
    bars = await service.bars(user, "BTCUSD", Timeframe.H4, NOW, 3_000)
    assert len(bars) == 2_500
    assert bars.volume[0] == 0 + 1 + 2 + 3


@pytest.mark.usefixtures("seeded")
async def test_a_finer_timeframe_than_stored_names_the_finest(
    service: MarketService, user: UserId
) -> None:
    with pytest.raises(TimeframeUnavailable, match="finest stored timeframe is 1d"):
        await service.bars(user, "AAPL", Timeframe.H1, NOW, 5)


async def test_a_stored_timeframe_is_served_as_stored(
    database: Database, service: MarketService, user: UserId
) -> None:
    hours = "symbol,time,open,high,low,close,volume\nACME,2024-03-04T15:00Z,1,2,1,2,5\n"
    async with database.transaction() as session:
        await service.import_file(session, user, "h.csv", hours.encode(), timeframe=Timeframe.H1)
    await upload(database, service, user, "ACME,2024-01-02,10,12,9,11,5\n")
    instrument = await service.instrument(user, "ACME")
    assert instrument.timeframes[0] is Timeframe.H1
    assert (await service.bars(user, "ACME", Timeframe.D1, NOW, 9)).close.tolist() == [11.0]
    assert (await service.bars(user, "ACME", Timeframe.H4, NOW, 9)).close.tolist() == [2.0]


@pytest.mark.usefixtures("seeded")
async def test_a_clock_in_the_past_replays_history(pool: RawPool, user: UserId) -> None:
    clock = FixedClock(utc("2012-05-16T21:00:00"))
    replay = MarketService(pool, clock, MarketSimulator(7))
    assert await replay.default_now(user, "AAPL") == clock.instant
    seen = await replay.bars(user, "AAPL", Timeframe.D1, NOW, 3)
    assert seen.closed_at[-1] == np.datetime64("2012-05-16T20:00")
    clock.advance(timedelta(days=1))
    later = await replay.bars(user, "AAPL", Timeframe.D1, NOW, 4)
    assert same(later.window(0, 3), seen)
    simulated = await replay.bars(user, "TSLA", Timeframe.H1, NOW, 1)
    assert simulated.closed_at[0] <= np.datetime64("2012-05-17T21:00")


@pytest.mark.usefixtures("seeded")
async def test_default_now_is_the_end_of_stored_history_or_now(
    service: MarketService, user: UserId
) -> None:
    assert await service.default_now(user, "AAPL") == utc("2013-03-01T21:00")
    assert await service.default_now(user, "EURUSD") == utc("2018-02-07T16:00")
    assert await service.default_now(user, "TSLA") == NOW


@pytest.mark.usefixtures("seeded")
async def test_a_chart_is_cut_by_start_end_and_limit(service: MarketService, user: UserId) -> None:
    found = await service.get_bars(
        user, "AAPL", Timeframe.D1, start=utc("2005-02-25T00:00"), end=utc("2005-03-02T20:00")
    )
    assert [str(one)[:10] for one in found.opened_at] == ["2005-02-25", "2005-02-28", "2005-03-01"]
    assert found.close[0] == 88.99 / 2
    before = await service.get_bars(
        user, "AAPL", Timeframe.D1, end=utc("2005-02-28T20:00"), limit=1
    )
    assert before.close.tolist() == [88.99]
    out = BarsOut.of(before).model_dump(mode="json")
    assert out["source"] == "sample"
    assert out["items"][0]["close"] == "88.99"
    assert out["items"][0]["time"] == "2005-02-25T14:30:00Z"


@pytest.mark.usefixtures("seeded")
async def test_symbols_lists_imports_sample_and_provider_once(
    database: Database, service: MarketService, user: UserId
) -> None:
    await upload(database, service, user, "TSLA,2024-01-02,10,12,9,11,5\n")
    found = {one.symbol: one for one in await service.symbols(user)}
    assert found["TSLA"].source is Source.IMPORTED
    assert found["AAPL"].source is Source.SAMPLE
    assert found["SPY"].simulated
    assert [one.symbol for one in await service.symbols(user, "eurusd")] == ["EURUSD"]
    assert [one.symbol for one in await service.symbols(user, "nvid")] == ["NVDA"]
    shown = SymbolOut.of(found["AAPL"]).model_dump(mode="json")
    assert shown["timeframes"] == ["1d", "1w"]
    assert shown["last_at"] == "2013-03-01T21:00:00Z"
    other = await add_user(database)
    assert {one.symbol: one.source for one in await service.symbols(other)}[
        "TSLA"
    ] is Source.SIMULATED


def test_an_import_answer_names_its_ends_from_and_to() -> None:
    out = ImportOut(symbols=["A"], bars=1, from_=NOW, to=NOW).model_dump(mode="json")
    assert set(out) == {"symbols", "bars", "from", "to"}


@pytest.mark.usefixtures("seeded")
async def test_a_hot_run_reads_arrays_within_a_millisecond(
    service: MarketService, user: UserId
) -> None:
    as_of = utc("2012-05-16T21:00:00")

    async def run() -> None:
        await service.instrument(user, "AAPL")
        await service.bars(user, "AAPL", Timeframe.D1, as_of, 300)
        await service.bars(user, "AAPL", Timeframe.W1, as_of, 100)
        await service.bars(user, "AAPL", Timeframe.D1, as_of, 30)

    await run()
    cost_s = []
    for _ in range(30):
        began = time.process_time()
        await run()
        cost_s.append(time.process_time() - began)
    assert np.median(cost_s) < 0.001


@pytest.mark.usefixtures("seeded")
async def test_bars_cannot_be_written_to(service: MarketService, user: UserId) -> None:
    bars = await service.bars(user, "AAPL", Timeframe.D1, NOW, 5)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0
