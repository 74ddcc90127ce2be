"""A file is previewed, corrected, imported, and undone."""

import asyncio
import shutil
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from kuber.identity.errors import QuotaReached
from kuber.identity.models import LimitRow
from kuber.infra.db import Database
from kuber.kernel.ids import UserId
from kuber.market.errors import ImportConflict, ImportRefused, NoRoomForUpload, UnknownImport
from kuber.market.importing.said import Said
from kuber.market.importing.service import ImportService
from kuber.market.models import BarImport, BarSeries, StoredBar
from kuber.market.service import MarketService
from kuber.market.types import Bars, Timeframe
from tests.fakes.bars import same
from tests.integration.market.conftest import HEADER, add_user, upload

OLD = "".join(f"ACME,2024-01-{day:02},10,20,1,{day},5\n" for day in (2, 3, 4, 5, 8))
NEW = "".join(f"ACME,2024-01-{day:02},10,30,1,{day + 1},5\n" for day in (3, 5, 9))


async def preview(
    database: Database, taking: ImportService, user: UserId, rows: str, said: Said | None = None
) -> BarImport:
    async with database.transaction() as session:
        content = BytesIO((HEADER + rows).encode())
        return await taking.preview(session, user, "bars.csv", content, said or Said())


async def start(
    database: Database, taking: ImportService, user: UserId, row: BarImport
) -> BarImport:
    async with database.transaction() as session:
        return await taking.start(session, user, row.id, row.sha256)


async def undo(database: Database, taking: ImportService, user: UserId, row: BarImport) -> None:
    async with database.transaction() as session:
        await taking.remove(session, user, row.id)


async def bars(service: MarketService, user: UserId) -> Bars:
    return await service.get_bars(user, "ACME", Timeframe.D1, limit=100)


async def test_previewed_corrected_imported_and_undone(
    database: Database, service: MarketService, taking: ImportService, user: UserId, tmp_path: Path
) -> None:
    await upload(database, taking, user, OLD)
    before = await bars(service, user)
    row = await preview(database, taking, user, NEW, Said(Timeframe.H1))
    assert row.status == "refused"
    assert row.problems[0]["code"] == "wrong_timeframe"
    assert same(await bars(service, user), before), "nothing is imported yet"
    async with database.transaction() as session:
        row = await taking.correct(session, user, row.id, Said(Timeframe.D1, "America/New_York"))
    assert (row.status, row.problems) == ("previewed", [])
    assert row.found["checked"]
    assert (row.timeframe, row.timezone, row.symbols, row.bar_count) == (
        "1d",
        "America/New_York",
        ["ACME"],
        3,
    )
    assert [one["close"] for one in row.found["first_bars"]] == ["4", "6", "10"]
    assert row.found["symbols"][0]["gaps"] == 2
    assert row.found["understood"]["timeframe"] == {"value": "1d", "how": "said"}
    assert same(await bars(service, user), before)
    done = await start(database, taking, user, row)
    assert (done.status, done.expires_at) == ("done", None)
    assert not list((tmp_path / "uploads").iterdir()), "its file is thrown away"
    assert (await bars(service, user)).close.tolist() == [2, 4, 6, 10]
    await undo(database, taking, user, done)
    assert same(await bars(service, user), before), "the old bars are there again, bit for bit"
    await undo(database, taking, user, done)
    assert same(await bars(service, user), before), "once more does nothing"


async def test_an_import_belongs_to_who_made_it(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    row = await preview(database, taking, user, NEW)
    done = await upload(database, taking, user, OLD)
    other = await add_user(database)
    async with database.transaction() as session:
        for one in (row, done):
            with pytest.raises(UnknownImport):
                await taking.find(session, other, one.id)
            with pytest.raises(UnknownImport):
                await taking.correct(session, other, one.id, Said())
            with pytest.raises(UnknownImport):
                await taking.start(session, other, one.id, one.sha256)
            with pytest.raises(UnknownImport):
                await taking.remove(session, other, one.id)
        assert await taking.page(session, other, 9, None) == ([], None)
        found, _ = await taking.page(session, user, 9, None)
        assert [one.id for one in found] == [done.id, row.id]
    assert (await bars(service, user)).close.tolist() == [2, 3, 4, 5, 8]


async def test_what_was_previewed_is_imported_or_nothing(
    database: Database, taking: ImportService, user: UserId
) -> None:
    row = await preview(database, taking, user, NEW, Said(Timeframe.D1))
    async with database.transaction() as session:
        with pytest.raises(ImportRefused, match="not the file that was previewed") as refused:
            await taking.start(session, user, row.id, "0" * 64)
    assert refused.value.problems[0].field == "sha256"
    await start(database, taking, user, row)
    with pytest.raises(ImportConflict, match="This import is done"):
        await start(database, taking, user, row)
    async with database.transaction() as session:
        with pytest.raises(ImportConflict):
            await taking.correct(session, user, row.id, Said())
    bad = await preview(database, taking, user, "ACME,2024-01-02,0,1,1,1,5\n", Said(Timeframe.D1))
    with pytest.raises(ImportConflict, match="This import is refused"):
        await start(database, taking, user, bad)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(StoredBar)) == 3


async def test_a_file_that_is_not_checked_yet_cannot_be_imported(
    database: Database,
    taking: ImportService,
    user: UserId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kuber.market.importing.service.CHECKED_AT_ONCE_BYTES", 10)
    row = await preview(database, taking, user, NEW)
    async with database.transaction() as session:
        waiting = await taking.find(session, user, row.id)
        waiting.status = "checking"
    with pytest.raises(ImportConflict, match="This import is checking"):
        await start(database, taking, user, row)


async def test_imports_are_undone_from_the_newest_back(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    first = await upload(database, taking, user, OLD)
    other = await upload(database, taking, user, "ELSE,2024-01-02,1,2,1,2,5\n")
    second = await upload(database, taking, user, NEW)
    async with database.transaction() as session:
        (await taking.find(session, user, second.id)).filename = "later.csv"
    with pytest.raises(ImportConflict) as caught:
        await undo(database, taking, user, first)
    message = "A later import, later.csv, stands on the bars of bars.csv."
    assert str(caught.value) == message
    assert [(one.message, one.remedy) for one in caught.value.problems] == [
        (message, "Undo later.csv first.")
    ]
    assert (await bars(service, user)).close.tolist() == [2, 4, 6, 10]
    await undo(database, taking, user, other)
    await undo(database, taking, user, second)
    assert (await bars(service, user)).close.tolist() == [2, 3, 4, 5, 8]
    await undo(database, taking, user, first)
    async with database.transaction() as session:
        active = select(BarSeries).where(BarSeries.state == "active")
        assert (await session.scalars(active)).all() == []


async def test_an_undo_brings_back_only_what_its_import_had_replaced(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    other = await add_user(database)
    for one in (user, other):
        await upload(database, taking, one, OLD)
    mine = await upload(database, taking, user, NEW)
    await upload(database, taking, other, NEW)
    await undo(database, taking, user, mine)
    assert (await bars(service, user)).close.tolist() == [2, 3, 4, 5, 8]
    assert (await bars(service, other)).close.tolist() == [2, 4, 6, 10]


async def test_imports_at_once_leave_one_active_version(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await asyncio.gather(
        *(upload(database, taking, user, f"ACME,2024-01-02,1,9,1,{at},5\n") for at in (2, 3))
    )
    assert len(await bars(service, user)) == 1
    async with database.transaction() as session:
        states = list(await session.scalars(select(BarSeries.state).order_by(BarSeries.state)))
    assert states == ["active", "replaced"]


async def test_more_symbols_than_allowed_are_refused_and_leave_nothing(
    database: Database, taking: ImportService, user: UserId
) -> None:
    async with database.transaction() as session:
        session.add(LimitRow(scope=f"user:{user}", name="imported_symbols", value=1))
    two = "A,2024-01-02,1,2,1,2,5\nB,2024-01-02,1,2,1,2,5\n"
    row = await preview(database, taking, user, two, Said(Timeframe.D1))
    with pytest.raises(QuotaReached):
        await start(database, taking, user, row)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(BarSeries)) == 0
        assert (await taking.find(session, user, row.id)).status == "previewed"


async def test_a_full_disk_takes_no_file(
    database: Database,
    taking: ImportService,
    user: UserId,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=500_000_010))
    with pytest.raises(NoRoomForUpload, match="Nothing was stored") as refused:
        await preview(database, taking, user, NEW)
    assert refused.value.retry_after_s
    assert list((tmp_path / "uploads").iterdir()) == []
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(BarImport)) == 0


@pytest.mark.parametrize(
    ("said", "field"),
    [(Said(timezone="Mars/Base"), "timezone"), (Said(market="MOON"), "market")],
)
async def test_what_is_said_beside_a_file_is_looked_at_first(
    database: Database, taking: ImportService, user: UserId, said: Said, field: str
) -> None:
    with pytest.raises(ImportRefused) as refused:
        await preview(database, taking, user, NEW, said)
    assert refused.value.problems[0].field == field
