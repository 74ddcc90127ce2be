"""Importing the shipped sample."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import Clock
from kuber.market.importing.copy_rows import read_file
from kuber.market.importing.parser import Said
from kuber.market.repository import (
    add_import,
    delete_platform_imports,
    platform_import,
    stage_rows,
)
from kuber.market.service import import_record
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
        if await platform_import(session, hashlib.sha256(content).hexdigest()):
            continue
        await delete_platform_imports(session, filename)
        said = Said(timeframe)
        read = await asyncio.to_thread(read_file, filename, content, said, Source.SAMPLE)
        record = import_record(None, filename, read.value, clock.now(), None)
        await stage_rows(session, _one_by_one(read.chunks))
        await add_import(session, record)
        imported += record.bar_count
    return imported


async def _one_by_one(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
