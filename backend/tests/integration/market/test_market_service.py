"""Imports, sample and provider behind one service, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from kuber.identity.storage import BAR_BYTES, storage_of
from kuber.infra.children import ChildPool
from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import (
    DatabaseSlow,
    ImportRefused,
    NotImported,
    TimeframeUnavailable,
    UnknownSymbol,
)
from kuber.market.importing.said import Said
from kuber.market.importing.schemas import ImportOut
from kuber.market.importing.service import ImportService
from kuber.market.importing.store import delete_dropped
from kuber.market.models import BarImport, BarSeries, StoredBar
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.stored import StoredBars
from kuber.market.sample.seed import seed_sample
from kuber.market.schemas import BarsOut, encode_bars
from kuber.market.service import MarketService
from kuber.market.types import Bars, DatasetKind, Source, Timeframe, to_datetime64
from tests.fakes.bars import same, sample, truncated, utc
from tests.integration.market.conftest import NOW, add_user, taking_with, upload


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
    hours = await service.get_bars(
        user, "EURUSD", Timeframe.H1, dataset=DatasetKind.SAMPLE, limit=10_000
    )
    assert same(hours, sample("EURUSD").bars)


@pytest.mark.usefixtures("seeded")
async def test_a_symbol_resolves_to_import_then_sample_then_simulator(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    then = utc("2012-05-16T21:00")
    assert (await service.instrument(user, "AAPL", then)).source is Source.SAMPLE
    now = await service.instrument(user, "AAPL")
    assert (now.source, now.last_at) == (Source.SIMULATED, None)
    assert [(one.source, one.last_at) for one in now.others] == [
        (Source.SAMPLE, utc("2013-03-01T21:00"))
    ]
    assert (await service.instrument(user, "TSLA")).source is Source.SIMULATED
    await upload(
        database, taking, user, "AAPL,2024-01-02,10,12,9,11,5\nTSLA,2024-01-02,1,2,1,2,5\n"
    )
    for symbol in ("AAPL", "aapl ", "TSLA"):
        assert (await service.instrument(user, symbol)).source is Source.IMPORTED
    bars = await service.get_bars(user, "AAPL", Timeframe.D1, limit=100)
    assert bars.close.tolist() == [11.0]
    kept = await service.get_bars(user, "AAPL", Timeframe.D1, dataset=DatasetKind.SAMPLE, limit=1)
    assert kept.close.tolist() == [430.47]
    other = await add_user(database)
    assert (await service.instrument(other, "AAPL", then)).source is Source.SAMPLE
    bars = await service.bars(other, "AAPL", Timeframe.D1, utc("2013-03-04T20:00"), 100)
    assert bars.close[-1] == 430.47
    with pytest.raises(UnknownSymbol, match="NOSUCH"):
        await service.instrument(user, "NOSUCH")
    with pytest.raises(UnknownSymbol):
        await service.get_bars(user, "no such thing", Timeframe.D1, limit=1)


async def test_importing_again_replaces_the_span_of_the_file_and_keeps_the_rest(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    first = await upload(
        database, taking, user, "ACME,2024-01-02,10,12,9,11,5\nACME,2024-01-03,11,12,9,12,5\n"
    )
    assert (first.symbols, first.bar_count) == (["ACME"], 2)
    assert (first.first_at, first.last_at) == (utc("2024-01-02T14:30"), utc("2024-01-03T21:00"))
    await upload(
        database, taking, user, "ACME,2024-01-03,11,13,9,13,5\nACME,2024-01-04,11,14,9,14,5\n"
    )
    bars = await service.get_bars(user, "ACME", Timeframe.D1, limit=100)
    assert bars.close.tolist() == [11.0, 13.0, 14.0]
    async with database.transaction() as session:
        active = select(BarSeries).where(BarSeries.state == "active")
        series = (await session.scalars(active)).one()
        assert (series.bar_count, series.last_at) == (3, utc("2024-01-04T21:00"))
        assert await session.scalar(select(func.count()).select_from(BarImport)) == 2


async def test_a_run_that_begins_after_an_import_sees_it_in_every_process(
    database: Database,
    pool: RawPool,
    service: MarketService,
    taking: ImportService,
    user: UserId,
) -> None:
    worker = MarketService(pool, FixedClock(NOW), MarketSimulator(7))
    for close in (11, 12, 13, 14):
        days = [f"ACME,2024-01-0{day},10,20,9,{close},5\n" for day in (2, 3, 4, 5)]
        await upload(database, taking, user, "".join(days))
        for process in (worker, service):
            await process.instrument(user, "ACME")
            bars = await process.get_bars(user, "ACME", Timeframe.D1, limit=1)
            assert bars.close.tolist() == [close]
        weekly = await worker.get_bars(user, "ACME", Timeframe.W1, limit=1)
        assert weekly.close.tolist() == [close]


async def test_a_refused_file_leaves_nothing_behind(
    database: Database, taking: ImportService, user: UserId
) -> None:
    with pytest.raises(ImportRefused) as caught:
        await upload(
            database, taking, user, "ACME,2024-01-02,10,12,9,11,5\nACME,2024-01-03,0,12,9,11,5\n"
        )
    assert caught.value.problems[0].line == 3
    async with database.transaction() as session:
        for table in (BarImport, BarSeries, StoredBar):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_bars_that_a_file_leaves_out_within_its_span_are_gone(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    days = [f"ACME,2024-01-{day:02},10,20,1,{day},5\n" for day in (2, 3, 4, 5, 8)]
    await upload(database, taking, user, "".join(days))
    await upload(database, taking, user, days[1] + days[3])
    bars = await service.get_bars(user, "ACME", Timeframe.D1, limit=100)
    assert bars.close.tolist() == [2.0, 3.0, 5.0, 8.0]


async def test_a_file_that_takes_too_much_memory_is_refused_as_its_own_fault(
    database: Database, tmp_path: Path, user: UserId
) -> None:
    tight = ChildPool("test", processes=1, waiting=1, time_limit_s=60, memory_mb=1, keep_warm=False)
    taking = taking_with(tight, tmp_path)
    with pytest.raises(ImportRefused, match="more time or memory") as caught:
        await upload(database, taking, user, "ACME,2024-01-02,1,2,1,2,10\n" * 50_000)
    assert caught.value.problems[0].code == "too_much_work"
    await tight.close()


async def test_a_slow_database_is_not_blamed_on_the_file(
    database: Database, tmp_path: Path, user: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object, rows: AsyncIterator[bytes]) -> None:
        async for _ in rows:
            await asyncio.Event().wait()

    quick = ChildPool("test", processes=1, waiting=1, time_limit_s=2, memory_mb=500, keep_warm=True)
    taking = taking_with(quick, tmp_path)
    monkeypatch.setattr("kuber.market.importing.importer.copy_rows", never)
    with pytest.raises(DatabaseSlow):
        await upload(database, taking, user, "ACME,2024-01-02,1,2,1,2,10\n")
    await quick.close()


async def test_imported_bars_of_a_symbol_are_deleted_in_every_timeframe_for_their_owner(
    database: Database,
    pool: RawPool,
    service: MarketService,
    taking: ImportService,
    seeded: int,
    user: UserId,
) -> None:
    assert seeded
    other = await add_user(database)
    for owner in (user, other):
        await upload(database, taking, owner, "AAPL,2024-01-02,10,12,9,11,5\n")
        await upload(database, taking, owner, "ACME,2024-01-02,10,12,9,11,5\n")
    await upload(database, taking, user, "AAPL,2024-01-01,10,12,9,11,5\n", Timeframe.W1)
    assert (await service.get_bars(user, "AAPL", Timeframe.D1, limit=1)).close[-1] == 11
    async with database.transaction() as session:
        before = await storage_of(session, user)
        await taking.delete_symbol(session, user, "aapl")
        assert (await storage_of(session, user)).stored == before.stored - 2 * BAR_BYTES
    assert (await service.instrument(user, "AAPL")).source is Source.SIMULATED
    assert (await service.instrument(user, "AAPL", NOW)).others[0].source is Source.SAMPLE
    assert (await service.instrument(user, "ACME")).source is Source.IMPORTED
    assert (await service.instrument(other, "AAPL")).source is Source.IMPORTED
    async with database.transaction() as session:
        with pytest.raises(NotImported):
            await taking.delete_symbol(session, user, "AAPL")
        with pytest.raises(NotImported):
            await taking.delete_symbol(session, user, "EURUSD")
    while await delete_dropped(pool, NOW):
        pass
    async with database.transaction() as session:
        query = select(func.count()).select_from(StoredBar)
        assert await session.scalar(query) == seeded + 3


async def test_ten_thousand_rows_are_imported(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    start = np.datetime64("2020-01-06T00:00", "s")
    rows = "".join(
        f"BTCUSD,{start + at * 3600}Z,100.{at % 97},200,50,150,{at}\n" for at in range(10_000)
    )
    content = ("symbol,time,open,high,low,close,volume\n" + rows).encode()
    async with database.transaction() as session:
        await taking.import_file(session, user, "btc.csv", BytesIO(content), Said(Timeframe.H1))
    bars = await service.get_bars(user, "BTCUSD", Timeframe.H4, limit=3_000)
    assert len(bars) == 2_500
    assert bars.volume[0] == 0 + 1 + 2 + 3


@pytest.mark.usefixtures("seeded")
async def test_a_finer_timeframe_than_stored_names_those_there_are(
    service: MarketService, user: UserId
) -> None:
    with pytest.raises(TimeframeUnavailable, match="Choose one of 1d, 1w, 1mo, or import 1h bars"):
        await service.get_bars(user, "AAPL", Timeframe.H1, dataset=DatasetKind.SAMPLE, limit=5)


async def test_a_stored_timeframe_is_served_as_stored(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    hours = "symbol,time,open,high,low,close,volume\n" + "".join(
        f"ACME,2024-03-04T{hour}:30Z,1,2,1,2,5\n" for hour in (14, 15, 16, 17)
    )
    async with database.transaction() as session:
        await taking.import_file(
            session, user, "h.csv", BytesIO(hours.encode()), Said(Timeframe.H1)
        )
    await upload(database, taking, user, "ACME,2024-01-02,10,12,9,11,5\n")
    instrument = await service.instrument(user, "ACME")
    assert instrument.timeframes[0] is Timeframe.H1
    assert (await service.get_bars(user, "ACME", Timeframe.D1, limit=9)).close.tolist() == [11.0]
    assert (await service.get_bars(user, "ACME", Timeframe.H4, limit=9)).close.tolist() == [2.0]


@pytest.mark.usefixtures("seeded")
async def test_a_clock_in_the_past_replays_history(pool: RawPool, user: UserId) -> None:
    clock = FixedClock(utc("2012-05-16T21:00:00"))
    replay = MarketService(pool, clock, MarketSimulator(7))
    assert (await replay.instrument(user, "AAPL")).source is Source.SAMPLE
    seen = await replay.bars(user, "AAPL", Timeframe.D1, NOW, 3)
    assert seen.closed_at[-1] == np.datetime64("2012-05-16T20:00")
    clock.advance(timedelta(days=1))
    later = await replay.bars(user, "AAPL", Timeframe.D1, NOW, 4)
    assert same(later.window(0, 3), seen)
    simulated = await replay.bars(user, "TSLA", Timeframe.H1, NOW, 1)
    assert simulated.closed_at[0] <= np.datetime64("2012-05-17T21:00")


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
    out = BarsOut.model_validate_json(encode_bars(before)).model_dump(mode="json")
    assert out["source"] == "sample"
    assert out["items"][0]["close"] == "88.99"
    assert out["items"][0]["time"] == "2005-02-25T14:30:00Z"


@pytest.mark.usefixtures("seeded")
async def test_a_chart_of_a_few_days_asks_for_a_few_bars(
    service: MarketService, user: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    whole = StoredBars.bars

    async def counted(
        stored: StoredBars,
        user_id: UserId,
        symbol: str,
        frame: Timeframe,
        at: datetime,
        count: int,
        origin: Source | None = None,
    ) -> Bars | None:
        asked.append(count)
        return await whole(stored, user_id, symbol, frame, at, count, origin)

    monkeypatch.setattr(StoredBars, "bars", counted)
    end = utc("2018-02-02T00:00")
    for symbol, timeframe, days in (
        ("EURUSD", Timeframe.H1, 3),
        ("EURUSD", Timeframe.H4, 40),
        ("AAPL", Timeframe.D1, 2500),
        ("AAPL", Timeframe.W1, 2500),
    ):
        start = end - timedelta(days=days)
        ask = partial(
            service.get_bars, user, symbol, timeframe, dataset=DatasetKind.SAMPLE, end=end
        )
        found = await ask(start=start, limit=10_000)
        everything = await ask(limit=10_000)
        first = everything.opened_at.searchsorted(to_datetime64(start))
        assert same(found, everything.window(int(first), len(everything)))
    assert asked[::2] == [289, 3841, 3126, 448]


def test_an_import_answer_names_its_ends_from_and_to() -> None:
    out = ImportOut(
        id=new_id(), status="done", symbols=["A"], bars=1, from_=NOW, to=NOW, notes=[]
    ).model_dump(mode="json")
    assert set(out) == {"id", "status", "symbols", "bars", "from", "to", "notes", "found"}


@pytest.mark.usefixtures("seeded")
async def test_a_second_run_asks_once_what_there_is_and_reads_no_bars(
    service: MarketService, user: UserId, pool: RawPool
) -> None:
    as_of = utc("2012-05-16T21:00:00")

    async def run() -> None:
        await service.instrument(user, "AAPL")
        await service.bars(user, "AAPL", Timeframe.D1, as_of, 300)
        await service.bars(user, "AAPL", Timeframe.W1, as_of, 100)
        await service.bars(user, "AAPL", Timeframe.D1, as_of, 30)

    await run()
    asked = pool.get_stats()["requests_num"]
    await run()
    assert pool.get_stats()["requests_num"] == asked + 1


@pytest.mark.usefixtures("seeded")
async def test_bars_cannot_be_written_to(service: MarketService, user: UserId) -> None:
    bars = await service.get_bars(user, "AAPL", Timeframe.D1, dataset=DatasetKind.SAMPLE, limit=5)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0
