"""Bars of a misread future become nobody's dataset, whichever way they come in."""

from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kuber.infra.children import ChildPool
from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId
from kuber.market.errors import ImportRefused
from kuber.market.importing import service as service_module
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.said import Said
from kuber.market.importing.service import ImportService
from kuber.market.importing.uploads import Uploads
from kuber.market.importing.worker import ImportWorker
from kuber.market.models import StoredBar
from tests.integration.market.conftest import HEADER, NOW, upload

ROWS = "".join(
    f"AAPL,{day},1,2,1,2,5\n" for day in ("2025-12-29", "2025-12-30", "2025-12-31", "2050-03-01")
)


async def test_an_import_with_bars_of_the_future_is_refused_by_line(
    database: Database, taking: ImportService, user: UserId
) -> None:
    with pytest.raises(ImportRefused) as refused:
        await upload(database, taking, user, ROWS)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line) == ("future_bar", 5)
    assert await stored(database) == 0


async def test_a_preview_says_it_too(
    database: Database, taking: ImportService, user: UserId
) -> None:
    async with database.transaction() as session:
        content = BytesIO((HEADER + ROWS).encode())
        row = await taking.preview(session, user, "b.csv", content, Said())
    assert (row.status, row.problems[0]["code"]) == ("refused", "future_bar")


async def test_a_large_file_is_refused_in_the_background(
    database: Database,
    pool: RawPool,
    imports: ChildPool,
    taking: ImportService,
    user: UserId,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service_module, "AT_ONCE_BYTES", 10)
    queued = await upload(database, taking, user, ROWS)
    assert queued.status == "queued"
    uploads = Uploads(tmp_path / "uploads")
    worker = ImportWorker(database, pool, FileImporter(imports), uploads, FixedClock(NOW))
    assert await worker.run_once() == 1
    async with database.transaction() as session:
        row = await taking.find(session, user, queued.id)
        assert (row.status, row.problems[0]["code"]) == ("failed", "future_bar")
    assert await stored(database) == 0


async def stored(database: Database) -> int:
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(StoredBar)) or 0
