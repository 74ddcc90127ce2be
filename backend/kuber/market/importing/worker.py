"""Imports in the background: files are checked and loaded by whoever claims them.

A claim is held for a while and renewed as the file is read. A load is one transaction: whoever dies
on the way leaves nothing, and the next one begins anew.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.storage import require_storage
from kuber.infra.children import ChildFailed
from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.errors import KuberError, Problem
from kuber.market.errors import ImportRefused
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.own import judged_before_import, with_own
from kuber.market.importing.records import owner_of, said_from_json, take_facts, take_problems
from kuber.market.importing.said import Said
from kuber.market.importing.store import delete_dropped
from kuber.market.importing.uploads import Uploads
from kuber.market.models import BarImport
from kuber.market.providers.answer_tables import delete_outdated
from kuber.market.quotas import imported_symbols, require_symbol_room

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=30)
_SAID_EVERY_S = 1.0

_CLAIM = text("""
    UPDATE bar_imports SET claimed_until = :until, done_bytes = 0,
        status = CASE status WHEN 'queued' THEN 'loading' ELSE status END
    WHERE id = (
        SELECT id FROM bar_imports
        WHERE status IN ('checking', 'queued', 'loading')
            AND (claimed_until IS NULL OR claimed_until < :now)
        ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, status
""")
_GO_ON = text("""
    UPDATE bar_imports SET claimed_until = :until, done_bytes = :done
    WHERE id = :id AND status = :status AND claimed_until = :claimed
""")
_HOLD = text("""
    SELECT 1 FROM bar_imports
    WHERE id = :id AND status = :status AND claimed_until = :claimed
    FOR NO KEY UPDATE
""")
_EXPIRED = text("""
    SELECT id FROM bar_imports WHERE expires_at < :now AND status NOT IN ('queued', 'loading')
    LIMIT 20 FOR UPDATE SKIP LOCKED
""")
_FORGET = text("""
    DELETE FROM bar_imports
    WHERE id = any(:ids) AND status IN ('checking', 'previewed', 'refused', 'undone')
""")
_WITHOUT_FILE = text("UPDATE bar_imports SET expires_at = NULL WHERE id = any(:ids)")
_KNOWN = text("SELECT id FROM bar_imports WHERE id = any(:ids) AND expires_at IS NOT NULL")


class ClaimLost(Exception):
    """The import was given up, corrected, or claimed by somebody else."""


class _Claim:
    """The claim of this process on one import."""

    def __init__(
        self, database: Database, clock: Clock, import_id: UUID, status: str, until: datetime
    ) -> None:
        self.import_id = import_id
        self.status = status
        self._database = database
        self._clock = clock
        self._until = until
        self._said_at_s = monotonic()

    async def heard(self, read_bytes: int) -> None:
        """Say how far the file is read, now and then; raises ClaimLost."""
        if monotonic() - self._said_at_s < _SAID_EVERY_S:
            return
        until = self._clock.now() + CLAIM
        asked = {"until": until, "done": read_bytes}
        async with self._database.transaction() as session:
            if not (await session.execute(_GO_ON, self._asked | asked)).rowcount:  # type: ignore[attr-defined]
                raise ClaimLost
        self._until, self._said_at_s = until, monotonic()

    async def row(self, session: AsyncSession) -> BarImport:
        """Return the import, locked until the transaction ends; raises ClaimLost."""
        if (await session.execute(_HOLD, self._asked)).first() is None:
            raise ClaimLost
        row = await session.get(BarImport, self.import_id, populate_existing=True)
        assert row is not None, "it is locked"
        return row

    @property
    def _asked(self) -> dict[str, object]:
        return {"id": self.import_id, "status": self.status, "claimed": self._until}


class ImportWorker:
    """Checks and loads the files that wait, one after another; any number of them may run."""

    def __init__(
        self,
        database: Database,
        pool: RawPool,
        importer: FileImporter,
        uploads: Uploads,
        clock: Clock,
    ) -> None:
        self._database = database
        self._pool = pool
        self._importer = importer
        self._uploads = uploads
        self._clock = clock

    async def run_once(self) -> int:
        """Work on one import that is due, if there is one; returns how many."""
        claim = await self._claim()
        if claim is not None:
            await self._work(claim)
            return 1
        await delete_dropped(self._pool, self._clock.now())
        await delete_outdated(self._pool)
        await self._throw_away()
        return 0

    async def _claim(self) -> _Claim | None:
        now = self._clock.now()
        until = now + CLAIM
        async with self._database.transaction() as session:
            found = (await session.execute(_CLAIM, {"now": now, "until": until})).first()
        if found is None:
            return None
        return _Claim(self._database, self._clock, found.id, found.status, until)

    async def _work(self, claim: _Claim) -> None:
        began_s = monotonic()
        try:
            await (self._check if claim.status == "checking" else self._load)(claim)
        except ClaimLost:
            log.info("import_claim_lost", import_id=str(claim.import_id))
        except KuberError as error:
            await self._refuse(claim, error)
        except FileNotFoundError:
            await self._refuse(claim, _gone())
        except (ChildFailed, DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError):
            # It would fail again; a database that is away raises something else, and is waited for.
            log.exception("import_failed", import_id=str(claim.import_id))
            await self._refuse(claim, _defect())
        else:
            log.info(
                "import_step_done",
                import_id=str(claim.import_id),
                step=claim.status,
                seconds=round(monotonic() - began_s, 1),
            )

    async def _check(self, claim: _Claim) -> None:
        async with self._database.transaction() as session:
            row = await claim.row(session)
            said = await self._said(session, row)
        facts = await self._facts(row, said, claim.heard)
        async with self._database.transaction() as session:
            row = await claim.row(session)
            judged = await judged_before_import(session, owner_of(row), facts, said)
            take_facts(row, facts, judged)
            row.status, row.claimed_until, row.done_bytes = "previewed", None, row.size_bytes

    async def _load(self, claim: _Claim) -> None:
        """Check, then load in one transaction: the rows are there when the import is done."""
        async with self._database.transaction() as session:
            row = await claim.row(session)
            said = await self._said(session, row)
        size, user_id = row.size_bytes, owner_of(row)

        async def first_half(read_bytes: int) -> None:
            await claim.heard(read_bytes // 2)

        async def second_half(read_bytes: int) -> None:
            await claim.heard((size + read_bytes) // 2)

        facts = await self._facts(row, said, first_half)
        async with self._database.transaction() as session:
            path = self._uploads.path(claim.import_id)
            before = await imported_symbols(session, user_id)
            now = self._clock.now()
            judged = await self._importer.load(session, row, path, said, facts, now, second_half)
            row = await claim.row(session)
            take_facts(row, facts, judged)
            row.status, row.expires_at, row.claimed_until = "done", None, None
            row.done_bytes = size
            await session.flush()
            await require_symbol_room(session, user_id, before)
            await require_storage(session, user_id)
        await self._uploads.delete(claim.import_id)

    async def _said(self, session: AsyncSession, row: BarImport) -> Said:
        return await with_own(session, owner_of(row), said_from_json(row.said))

    async def _facts(
        self, row: BarImport, said: Said, heard: Callable[[int], Awaitable[None]]
    ) -> FileFacts:
        path = self._uploads.path(row.id)
        if not path.exists():
            raise FileNotFoundError(path)
        return await self._importer.check(
            row.filename, path, said, str(row.user_id), row.created_at, heard
        )

    async def _refuse(self, claim: _Claim, error: KuberError) -> None:
        log.info("import_refused", import_id=str(claim.import_id), code=error.code)
        try:
            async with self._database.transaction() as session:
                row = await claim.row(session)
                take_problems(row, error)
                row.status = "refused" if claim.status == "checking" else "failed"
                row.claimed_until = None
        except ClaimLost:
            return

    async def _throw_away(self) -> None:
        """Delete files that nobody has imported in time, and those that no import has."""
        async with self._database.transaction() as session:
            ids = list(await session.scalars(_EXPIRED, {"now": self._clock.now()}))
            await session.execute(_FORGET, {"ids": ids})
            await session.execute(_WITHOUT_FILE, {"ids": ids})
            orphans = list(self._uploads.orphans())
            if orphans:
                known = set(await session.scalars(_KNOWN, {"ids": orphans}))
                ids += [one for one in orphans if one not in known]
        for one in ids:
            await self._uploads.delete(one)


def _defect() -> ImportRefused:
    message = "Kuber could not take this file in, which is a fault of Kuber's."
    remedy = "Tell the administrator; the log says more. Nothing was imported."
    return ImportRefused(message, [Problem(message, remedy, code="import_failed")])


def _gone() -> ImportRefused:
    message = "The uploaded file is gone."
    return ImportRefused(message, [Problem(message, "Upload it again.", code="file_gone")])
