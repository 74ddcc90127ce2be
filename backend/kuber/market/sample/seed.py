"""Importing the shipped sample."""

import asyncio
import gzip
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import Clock
from kuber.kernel.ids import new_id
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.passes import check, rows
from kuber.market.importing.records import new_import, take_facts
from kuber.market.importing.said import Said
from kuber.market.importing.store import activate, add_series, copy_rows
from kuber.market.importing.uploads import StoredUpload
from kuber.market.repository import delete_platform_imports, platform_import
from kuber.market.types import Source, Timeframe

_FILES = {"us_equities_daily.csv": Timeframe.D1, "eurusd_hourly.csv": Timeframe.H1}


def sample_file(filename: str) -> bytes:
    """Return the content of a file of the sample, such as `eurusd_hourly.csv`."""
    return gzip.decompress(files(__package__).joinpath(f"{filename}.gz").read_bytes())


async def seed_sample(session: AsyncSession, clock: Clock) -> int:
    """Import the sample as the platform's own bars and return how many were new.

    Running it again does nothing; a release with other sample files replaces the old bars.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('kuber.market.sample'))"))
    imported = 0
    for filename, timeframe in _FILES.items():
        content = sample_file(filename)
        sha256 = hashlib.sha256(content).hexdigest()
        if await platform_import(session, sha256):
            continue
        await delete_platform_imports(session, filename)
        said, now = Said(timeframe), clock.now()
        upload = StoredUpload(filename, sha256, len(content))
        row = new_import(new_id(), None, upload, "done", now, said=said, source=Source.SAMPLE)
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            path = Path(file.name)
            *_, facts = await asyncio.to_thread(lambda: list(check(filename, path, said)))  # noqa: B023
            assert isinstance(facts, FileFacts), "a check ends with facts"
            take_facts(row, facts)
            session.add(row)
            await session.flush()
            series = await add_series(session, None, row.id, Source.SAMPLE, facts)
            await copy_rows(session, _rows(filename, path, said, series))
            await activate(session, None, row.id, facts, now)
        imported += row.bar_count
    return imported


async def _rows(
    filename: str, path: Path, said: Said, series: Mapping[str, UUID]
) -> AsyncIterator[bytes]:
    for part in rows(filename, path, said, Source.SAMPLE, series):
        if isinstance(part, bytes):
            yield part
