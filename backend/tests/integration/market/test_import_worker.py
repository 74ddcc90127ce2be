"""Large files are checked and loaded in the background, by whoever claims them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from kuber.identity.models import LimitRow
from kuber.infra.children import ChildPool
from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.importing import worker as worker_module
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.said import Said
from kuber.market.importing.service import ImportService
from kuber.market.importing.store import activate, delete_dropped
from kuber.market.importing.uploads import Uploads
from kuber.market.importing.worker import ImportWorker
from kuber.market.models import BarImport, BarSeries, StoredBar
from kuber.market.service import MarketService
from kuber.market.types import Timeframe
from tests.fakes.minute_files import LARGE, minutes
from tests.integration.market.conftest import NOW, upload

SMALL = 40_000
"""Minutes that count as a large file where `at_once` is less."""


@pytest.fixture
def large_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files over 100 kB are large."""
    monkeypatch.setattr("kuber.market.importing.service.AT_ONCE_BYTES", 100_000)
    monkeypatch.setattr("kuber.market.importing.service.CHECKED_AT_ONCE_BYTES", 100_000)


@pytest.fixture
async def readers() -> AsyncIterator[ChildPool]:
    opened = ChildPool(
        "test", processes=2, waiting=9, time_limit_s=120, memory_mb=500, keep_warm=True
    )
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


def new_worker(
    database: Database, pool: RawPool, readers: ChildPool, folder: Path, clock: FixedClock
) -> ImportWorker:
    return ImportWorker(database, pool, FileImporter(readers), Uploads(folder / "uploads"), clock)


@pytest.fixture
def worker(
    database: Database, pool: RawPool, readers: ChildPool, tmp_path: Path, clock: FixedClock
) -> ImportWorker:
    return new_worker(database, pool, readers, tmp_path, clock)


async def send(
    database: Database, taking: ImportService, user: UserId, content: bytes
) -> BarImport:
    async with database.transaction() as session:
        return await taking.import_file(
            session, user, "b.csv", BytesIO(content), Said(Timeframe.M1)
        )


async def found(database: Database, taking: ImportService, row: BarImport) -> BarImport:
    async with database.transaction() as session:
        assert row.user_id is not None
        return await taking.find(session, UserId(row.user_id), row.id)


async def stored(database: Database) -> int:
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(StoredBar)) or 0


async def test_a_file_over_ten_megabytes_is_loaded_in_the_background_with_progress(
    database: Database,
    service: MarketService,
    taking: ImportService,
    worker: ImportWorker,
    user: UserId,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "_SAID_EVERY_S", 0.0)
    content = minutes(LARGE)
    assert len(content) > 10_000_000
    row = await send(database, taking, user, content)
    assert (row.status, row.bar_count) == ("queued", 0)
    assert await stored(database) == 0
    working, seen = asyncio.ensure_future(worker.run_once()), []
    while not working.done():
        now = await found(database, taking, row)
        seen.append((now.status, now.done_bytes))
        await asyncio.sleep(0.02)
    assert await working == 1
    loading = [done for status, done in seen if status == "loading"]
    assert loading == sorted(loading), "progress only grows"
    assert any(0 < done < len(content) for done in loading)
    row = await found(database, taking, row)
    assert (row.status, row.bar_count, row.done_bytes) == ("done", LARGE, len(content))
    assert await stored(database) == LARGE
    assert not list((tmp_path / "uploads").iterdir())
    last = await service.get_bars(user, "BTCUSD", Timeframe.M1, limit=2)
    assert last.close.tolist() == [100.75 + at % 7 for at in (LARGE - 2, LARGE - 1)]


@pytest.mark.usefixtures("large_is_small")
async def test_a_large_preview_is_checked_in_the_background_before_it_can_be_imported(
    database: Database, taking: ImportService, worker: ImportWorker, user: UserId
) -> None:
    content = minutes(SMALL)
    async with database.transaction() as session:
        row = await taking.preview(session, user, "b.csv", BytesIO(content), Said())
    assert (row.status, row.found["checked"], row.timeframe) == ("checking", False, "1m")
    assert row.bar_count == 0, "the ends do not tell how many there are"
    assert row.found["first_bars"][0]["opened_at"] == "2024-01-01T00:00:00Z"
    await worker.run_once()
    row = await found(database, taking, row)
    assert (row.status, row.found["checked"], row.bar_count) == ("previewed", True, SMALL)
    async with database.transaction() as session:
        row = await taking.start(session, user, row.id, row.sha256)
    assert (row.status, row.done_bytes) == ("queued", 0)
    assert await worker.run_once() == 1
    assert (await found(database, taking, row)).status == "done"
    assert await stored(database) == SMALL


@pytest.mark.usefixtures("large_is_small")
async def test_a_bad_line_at_the_end_of_a_large_file_fails_it_alone(
    database: Database, taking: ImportService, worker: ImportWorker, user: UserId
) -> None:
    bad = await send(database, taking, user, minutes(SMALL) + b"BTCUSD,2024-03-01T00:00Z,0,1,1,1,1")
    good = await send(database, taking, user, minutes(SMALL, symbol="ETHUSD"))
    assert [await worker.run_once(), await worker.run_once()] == [1, 1]
    bad, good = await found(database, taking, bad), await found(database, taking, good)
    assert (bad.status, good.status) == ("failed", "done")
    assert [(one["line"], one["field"]) for one in bad.problems] == [(SMALL + 2, "open")]
    assert await stored(database) == SMALL


@pytest.mark.usefixtures("large_is_small")
async def test_a_file_that_kills_its_child_fails_alone(
    database: Database,
    pool: RawPool,
    taking: ImportService,
    user: UserId,
    tmp_path: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tight = ChildPool("test", processes=1, waiting=9, time_limit_s=90, memory_mb=9, keep_warm=False)
    heavy = await send(database, taking, user, b'"' + minutes(SMALL) * 40)
    worker = new_worker(database, pool, tight, tmp_path, clock)
    assert await worker.run_once() == 1
    heavy = await found(database, taking, heavy)
    assert (heavy.status, heavy.problems[0]["code"]) == ("failed", "too_much_work")
    await tight.close()


@pytest.mark.usefixtures("large_is_small")
async def test_two_workers_at_once_load_a_file_once(
    database: Database,
    pool: RawPool,
    readers: ChildPool,
    taking: ImportService,
    user: UserId,
    tmp_path: Path,
    clock: FixedClock,
) -> None:
    row = await send(database, taking, user, minutes(SMALL))
    workers = [new_worker(database, pool, readers, tmp_path, clock) for _ in range(2)]
    assert sorted(await asyncio.gather(*(one.run_once() for one in workers))) == [0, 1]
    assert (await found(database, taking, row)).status == "done"
    assert await stored(database) == SMALL
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(BarSeries)) == 1


@pytest.mark.usefixtures("large_is_small")
async def test_a_claim_that_ran_out_is_taken_over_and_the_late_one_leaves_nothing(
    database: Database,
    pool: RawPool,
    readers: ChildPool,
    taking: ImportService,
    user: UserId,
    tmp_path: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = await send(database, taking, user, minutes(SMALL))
    workers = [new_worker(database, pool, readers, tmp_path, clock) for _ in range(2)]
    late, began, go_on = FileImporter.load, asyncio.Event(), asyncio.Event()

    async def held(*args: object) -> object:
        if not began.is_set():
            began.set()
            await go_on.wait()
        return await late(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(FileImporter, "load", held)
    first = asyncio.ensure_future(workers[0].run_once())
    await began.wait()
    clock.advance(worker_module.CLAIM + timedelta(seconds=1))
    assert await workers[1].run_once() == 1
    go_on.set()
    await first
    assert (await found(database, taking, row)).status == "done"
    assert await stored(database) == SMALL
    async with database.transaction() as session:
        states = list(await session.scalars(select(BarSeries.state)))
    assert states == ["active"]


async def test_splits_of_bars_that_take_long_to_copy_are_applied_in_the_background(
    database: Database,
    taking: ImportService,
    worker: ImportWorker,
    user: UserId,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kuber.market.importing.service.COPIED_AT_ONCE", 3)
    monkeypatch.setattr("kuber.market.actions.versions._COPIED_AT_ONCE", 2)
    rows = "".join(
        f"ACME,2024-01-{day:02},{price},{price},{price},{price},5\n"
        for day, price in ((2, 400), (3, 100), (4, 100), (5, 100))
    )
    await upload(database, taking, user, rows)
    async with database.transaction() as session:
        content = BytesIO(b"symbol,date,ratio\nACME,2024-01-03,4:1\n")
        row = await taking.import_file(session, user, "splits.csv", content, Said())
    assert row.status == "queued"
    assert list((tmp_path / "uploads").iterdir()), "its file waits"
    assert await worker.run_once() == 1
    done = await found(database, taking, row)
    assert (done.status, done.found["symbols"][0]["splits"][0]["use"]) == ("done", "applied")
    async with database.transaction() as session:
        active = select(BarSeries.bar_count, BarSeries.import_id).where(BarSeries.state == "active")
        assert (await session.execute(active)).all() == [(4, row.id)]
        counted = select(func.count()).select_from(StoredBar).join(BarSeries)
        assert await session.scalar(counted.where(BarSeries.state == "active")) == 4


@pytest.mark.usefixtures("large_is_small")
async def test_an_import_that_is_given_up_while_it_loads_leaves_nothing(
    database: Database,
    taking: ImportService,
    worker: ImportWorker,
    user: UserId,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "_SAID_EVERY_S", 0.0)
    row = await send(database, taking, user, minutes(SMALL))
    whole = FileImporter.load

    async def given_up(*args: object) -> object:
        async with database.transaction() as session:
            await taking.remove(session, user, row.id)
        return await whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(FileImporter, "load", given_up)
    await worker.run_once()
    assert (await found(database, taking, row)).status == "undone"
    assert await stored(database) == 0
    assert not list((tmp_path / "uploads").iterdir())


@pytest.mark.usefixtures("large_is_small")
async def test_a_quota_that_is_reached_in_the_background_fails_the_import(
    database: Database, taking: ImportService, worker: ImportWorker, user: UserId
) -> None:
    async with database.transaction() as session:
        session.add(LimitRow(scope=f"user:{user}", name="imported_symbols", value=0))
    row = await send(database, taking, user, minutes(SMALL))
    await worker.run_once()
    row = await found(database, taking, row)
    assert (row.status, row.problems[0]["code"]) == ("failed", "imported_symbols")
    assert await stored(database) == 0


async def test_dropped_series_go_in_parts_while_a_reader_reads(
    database: Database,
    pool: RawPool,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kuber.market.importing.store._DROPPED_AT_ONCE", 2)
    days = "".join(f"ACME,2024-01-{day:02},10,20,1,{day},5\n" for day in (2, 3, 4, 5, 8))
    await upload(database, taking, user, days)
    await upload(database, taking, user, days)
    newest = await upload(database, taking, user, days)
    assert await stored(database) == 15
    async with database.transaction() as session:
        await taking.remove(session, user, newest.id)
    counts = []
    while await delete_dropped(pool, NOW):
        assert len(await service.get_bars(user, "ACME", Timeframe.D1, limit=9)) == 5
        counts.append(await stored(database))
    assert counts == [13, 11, 10], "what is read and what it replaced stay"
    while await delete_dropped(pool, NOW + timedelta(days=8)):
        pass
    assert await stored(database) == 5, "after a week it goes, too"
    assert len(await service.get_bars(user, "ACME", Timeframe.D1, limit=9)) == 5


async def test_previews_that_nobody_imported_and_files_that_nobody_has_are_thrown_away(
    database: Database,
    taking: ImportService,
    worker: ImportWorker,
    user: UserId,
    tmp_path: Path,
    clock: FixedClock,
) -> None:
    async with database.transaction() as session:
        content = BytesIO(minutes(3))
        row = await taking.preview(session, user, "b.csv", content, Said())
    folder, orphan, young = tmp_path / "uploads", new_id(), new_id()
    for one in (orphan, young):
        (folder / str(one)).write_bytes(b"x")
    (folder / "not ours").write_bytes(b"x")
    long_ago = time.time() - 2 * 86_400
    for name in (str(orphan), "not ours", str(row.id)):
        os.utime(folder / name, (long_ago, long_ago))
    await worker.run_once()
    assert {one.name for one in folder.iterdir()} == {str(row.id), str(young), "not ours"}
    clock.advance(timedelta(days=1, seconds=1))
    await worker.run_once()
    assert {one.name for one in folder.iterdir()} == {str(young), "not ours"}
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(BarImport)) == 0


async def test_a_file_that_is_gone_is_said_to_be_gone(
    database: Database,
    taking: ImportService,
    worker: ImportWorker,
    user: UserId,
    tmp_path: Path,
) -> None:
    row = await send(database, taking, user, minutes(LARGE))
    (tmp_path / "uploads" / str(row.id)).unlink()
    await worker.run_once()
    row = await found(database, taking, row)
    assert (row.status, row.problems[0]["code"]) == ("failed", "file_gone")


async def test_a_transaction_that_loads_holds_up_nobody(
    database: Database,
    service: MarketService,
    taking: ImportService,
    worker: ImportWorker,
    user: UserId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await upload(database, taking, user, "BTCUSD,2024-01-02,1,2,1,2,5\n")
    row = await send(database, taking, user, minutes(LARGE))
    copied, go_on = asyncio.Event(), asyncio.Event()

    async def held(*args: Any) -> None:
        if not copied.is_set():
            copied.set()
            await go_on.wait()
        await activate(*args)

    monkeypatch.setattr("kuber.market.importing.importer.activate", held)
    working = asyncio.ensure_future(worker.run_once())
    await asyncio.wait_for(copied.wait(), 120)
    assert (await service.get_bars(user, "BTCUSD", Timeframe.D1, limit=9)).close.tolist() == [2]
    await upload(database, taking, user, "ELSE,2024-01-02,1,2,1,2,5\n")
    async with database.transaction() as session:
        states = text("SELECT status FROM bar_imports WHERE id = :id")
        assert await session.scalar(states, {"id": row.id}) == "loading"
    go_on.set()
    await working
