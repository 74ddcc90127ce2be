"""A file whose import failed is there for another try, as long as it is kept."""

from io import BytesIO
from uuid import UUID

import pytest

from kuber.infra.db import Database
from kuber.kernel.ids import UserId
from kuber.market.errors import ImportConflict
from kuber.market.importing.said import Said
from kuber.market.importing.service import ImportService
from kuber.market.models import BarImport
from kuber.market.types import Timeframe
from tests.integration.market.conftest import HEADER

FILE = f"{HEADER}ACME,2024-01-02,1,2,1,2,10\nACME,2024-01-03,1,2,1,2,10\n".encode()


@pytest.fixture
async def failed(database: Database, taking: ImportService, user: UserId) -> UUID:
    async with database.transaction() as session:
        row = await taking.preview(session, user, "acme.csv", BytesIO(FILE), Said(Timeframe.D1))
        row.status = "failed"
        return row.id


async def test_a_file_whose_import_failed_is_previewed_again_and_imported(
    database: Database, taking: ImportService, user: UserId, failed: UUID
) -> None:
    async with database.transaction() as session:
        row = await taking.correct(session, user, failed, Said(Timeframe.D1))
        assert row.status == "previewed"
    async with database.transaction() as session:
        assert (await taking.start(session, user, failed, row.sha256)).status == "done"


async def test_a_file_that_is_kept_no_more_is_not_previewed_again(
    database: Database, taking: ImportService, user: UserId, failed: UUID
) -> None:
    async with database.transaction() as session:
        row = await session.get_one(BarImport, failed)
        row.expires_at = None
    async with database.transaction() as session:
        with pytest.raises(ImportConflict, match="This import is failed"):
            await taking.correct(session, user, failed, Said(Timeframe.D1))
