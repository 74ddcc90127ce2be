"""Reading files in child processes, and storing what they hold."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limits import one_at_a_time
from kuber.infra.children import ChildDied, ChildPool, ChildTimedOut, PoolBusy
from kuber.kernel.errors import Problem
from kuber.market.actions.applying import Importing, SeriesJudgement, apply_splits
from kuber.market.actions.repository import add_actions
from kuber.market.errors import DatabaseSlow, ImportRefused
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.job import (
    FACTS,
    PROGRESS,
    ROWS,
    check_file,
    decode_facts,
    decode_progress,
    look_at,
    rows_of_file,
    with_calendars,
)
from kuber.market.importing.own import symbols_with_splits
from kuber.market.importing.pace import Pace
from kuber.market.importing.records import owner_of
from kuber.market.importing.said import Said
from kuber.market.importing.store import activate, add_series, copy_rows
from kuber.market.models import BarImport
from kuber.market.types import Source

Progress = Callable[[int], Awaitable[None]]
"""Told how many bytes of a file are read."""
_SLOW_RETRY_S = 30
_BUSY = 2
"""Tasks for each processor: with more of them a file's own work does not explain a long wait."""


async def _unheard(_read_bytes: int) -> None:
    """Nobody asks how far it is."""


CHILD_MEMORY_MB = 1000
"""What one file may take, in addresses: of them a third is used by minutes of a share, the rest is
what calendars and the reader of files lay claim to."""


class FileImporter:
    """Reads files in children and stores their bars."""

    def __init__(self, children: ChildPool, calendars: Path | None = None) -> None:
        """Whatever a file does to its reader, it does in a child.

        `calendars` is where trading hours are kept; without it a child works them out.
        """
        self._children = children
        self._calendars = None if calendars is None else str(calendars)

    async def look_at(
        self, label: str, path: Path, said: Said, owner: str, received_at: datetime
    ) -> FileFacts:
        """Return what the ends of a file show; raises ImportRefused."""
        task = label, str(path), said, received_at
        with _refusing():
            return await self._children.run(
                with_calendars, self._calendars, look_at, *task, owner=owner
            )

    async def check(
        self,
        label: str,
        path: Path,
        said: Said,
        owner: str,
        received_at: datetime,
        heard: Progress = _unheard,
    ) -> FileFacts:
        """Return what a whole file holds; raises ImportRefused, ImportTooLarge."""
        task = label, str(path), said, received_at
        with _refusing():
            async with self._children.stream(
                with_calendars, self._calendars, check_file, *task, owner=owner
            ) as (_, chunks):
                async for chunk in chunks:
                    if chunk[:1] == FACTS:
                        return decode_facts(chunk)
                    await heard(decode_progress(chunk))
        raise AssertionError("a check ends with facts")

    async def load(
        self,
        session: AsyncSession,
        row: BarImport,
        path: Path,
        said: Said,
        facts: FileFacts,
        now: datetime,
        heard: Progress = _unheard,
    ) -> list[SeriesJudgement]:
        """Store what a file that was checked holds, all or none, in the session's transaction.

        Returns what became of splits. Raises ImportRefused, DatabaseSlow.
        """
        owner = owner_of(row)
        if facts.timeframe is not None:
            await self._load_bars(session, row, path, said, facts, heard)
            await activate(session, owner, row.id, facts, now)
        await one_at_a_time(session, owner, "imports")
        if facts.actions:
            await add_actions(session, owner, row.id, facts.actions, now)
        spans = {one.symbol: (one.first_at, one.last_at) for one in facts.symbols}
        importing = Importing(owner, row.id, now, said.prices, spans, symbols_with_splits(facts))
        size = row.size_bytes
        return await apply_splits(session, importing, lambda: heard(size))

    async def _load_bars(
        self,
        session: AsyncSession,
        row: BarImport,
        path: Path,
        said: Said,
        facts: FileFacts,
        heard: Progress,
    ) -> None:
        owner, source = owner_of(row), Source(row.source)
        series = await add_series(session, owner, row.id, source, facts)
        task = row.filename, str(path), said, source, series, row.created_at
        pace = Pace()

        async def rows(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
            async for chunk in chunks:
                if chunk[:1] == ROWS:
                    yield chunk[1:]
                elif chunk[:1] == PROGRESS:
                    await heard(decode_progress(chunk))

        with _refusing(pace):
            async with self._children.stream(
                with_calendars, self._calendars, rows_of_file, *task, owner=str(owner)
            ) as (_, chunks):
                await copy_rows(session, pace.of(rows(chunks)))


@contextmanager
def _refusing(pace: Pace | None = None) -> Iterator[None]:
    """Turn the end of a child into a refusal of its file, or of a database that is too slow."""
    try:
        yield
    except ChildTimedOut as error:
        if pace is not None and pace.taker_was_slower:
            raise DatabaseSlow(
                "The database takes the bars in too slowly now. Nothing was imported; try again"
                " later.",
                retry_after_s=_SLOW_RETRY_S,
            ) from error
        if _machine_is_busy():
            raise PoolBusy(
                "The machine has so much else to do that the file could not be read in time."
                " Nothing was imported; try again when less is running.",
                retry_after_s=_SLOW_RETRY_S,
            ) from error
        raise _too_much() from error
    except ChildDied as error:
        raise _too_much() from error


def _machine_is_busy() -> bool:
    """Return whether so much waits for each processor that a child, which gives way to all else,
    has hardly had its turn."""
    try:
        waiting, *_ = os.getloadavg()
    except OSError:
        return False
    return waiting > _BUSY * (os.cpu_count() or 1)


def _too_much() -> ImportRefused:
    message = "Reading the file takes more time or memory than one file may take."
    remedy = "Split it into smaller files, or write it anew as plain CSV."
    return ImportRefused(
        f"{message} Nothing was imported.", [Problem(message, remedy, code="too_much_work")]
    )
