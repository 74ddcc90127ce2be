"""A market on a real PostgreSQL, with its users and imports."""

from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text

from kuber.infra.children import ChildPool
from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.said import Said
from kuber.market.importing.service import ImportService
from kuber.market.importing.uploads import Uploads
from kuber.market.models import BarImport
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.sample.seed import seed_sample
from kuber.market.service import MarketService
from kuber.market.types import Timeframe
from tests.fakes.bars import utc
from tests.fakes.feeds import Feeds

HEADER = "symbol,date,open,high,low,close,volume\n"
NOW = utc("2026-01-05T15:00:00")


@pytest.fixture
def feeds(database: Database, clock: FixedClock) -> Feeds:
    return Feeds(database.url, clock, {"NVDA", "AMD"})


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[RawPool]:
    opened = raw_pool(database.url, size=4, application_name="kuber-test")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def imports() -> AsyncIterator[ChildPool]:
    opened = ChildPool(
        "test", processes=1, waiting=9, time_limit_s=60, memory_mb=500, keep_warm=True
    )
    yield opened
    await opened.close()


@pytest.fixture
def service(pool: RawPool) -> MarketService:
    return MarketService(pool, FixedClock(NOW), MarketSimulator(7))


@pytest.fixture
def taking(service: MarketService, imports: ChildPool, tmp_path: Path) -> ImportService:
    """Takes files in for the market `service`."""
    return taking_with(imports, tmp_path, service.forget)


def taking_with(
    children: ChildPool, folder: Path, forget: Callable[[UserId], None] = lambda _: None
) -> ImportService:
    """Takes files in whose readers are `children`; they lie in `folder`."""
    return ImportService(
        FileImporter(children), Uploads(folder / "uploads"), FixedClock(NOW), forget
    )


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
    taking: ImportService,
    user: UserId,
    rows: str,
    timeframe: Timeframe = Timeframe.D1,
) -> BarImport:
    async with database.transaction() as session:
        return await taking.import_file(
            session, user, "bars.csv", BytesIO((HEADER + rows).encode()), Said(timeframe)
        )
