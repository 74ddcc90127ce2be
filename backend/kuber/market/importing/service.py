"""Imports as users know them: preview, correct, import, undo."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.storage import require_storage
from kuber.kernel.clock import Clock
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id
from kuber.market.actions.applying import bars_to_copy
from kuber.market.errors import (
    ImportConflict,
    ImportRefused,
    ImportTooLarge,
    NotImported,
    UnknownImport,
)
from kuber.market.importing.faults import refuse
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.own import judged_before_import, symbols_with_splits, with_own
from kuber.market.importing.records import (
    new_import,
    owner_of,
    said_as_json,
    said_from_json,
    take_facts,
    take_problems,
)
from kuber.market.importing.said import Said, zone_as_kept, zone_of
from kuber.market.importing.store import (
    KEPT_FOR_UNDO,
    drop_symbol,
    later_file,
    take_back,
)
from kuber.market.importing.uploads import Uploads
from kuber.market.models import BarImport
from kuber.market.quotas import imported_symbols, require_symbol_room
from kuber.market.symbols import canonical_symbol
from kuber.market.terms.markets import MARKETS

AT_ONCE_BYTES = 10_000_000
"""Larger files are imported in the background."""
CHECKED_AT_ONCE_BYTES = 2_000_000
"""Larger files are checked in the background; their ends are looked at first."""
COPIED_AT_ONCE = 500_000
"""Bars that splits may make new versions of within a request."""
MOST_WAITING = 100
MOST_WAITING_BYTES = 4_000_000_000
"""How many files of one user may wait, and how large they may be together."""
KEPT_FOR = timedelta(days=1)
"""How long a file waits for its import."""


class ImportService:
    """Takes files of bars in for their users; `forget` is told whose stored bars have changed."""

    def __init__(
        self,
        importer: FileImporter,
        uploads: Uploads,
        clock: Clock,
        forget: Callable[[UserId], None],
    ) -> None:
        self._importer = importer
        self._uploads = uploads
        self._clock = clock
        self._forget = forget

    async def import_file(
        self,
        session: AsyncSession,
        user_id: UserId,
        filename: str,
        content: BinaryIO,
        said: Said,
    ) -> BarImport:
        """Import an uploaded file: at once, all or none, or as a job where it is large.

        `filename` is a label and never opened. Raises ImportRefused naming lines and remedies,
        ImportTooLarge, DatabaseSlow, QuotaReached, NoRoomForUpload.
        """
        said = _checked(said)
        row = await self._accept(session, user_id, filename, content, said, "queued")
        if row.size_bytes > AT_ONCE_BYTES:
            return row
        try:
            await self._load(session, row, said)
        except BaseException:  # the row goes with its transaction
            await self._uploads.delete(row.id)
            raise
        if row.status == "done":
            await self._uploads.delete(row.id)
        return row

    async def preview(
        self,
        session: AsyncSession,
        user_id: UserId,
        filename: str,
        content: BinaryIO,
        said: Said,
    ) -> BarImport:
        """Take in a file and tell what it seems to hold; nothing is imported yet.

        A small file is checked as a whole, of a large one the ends are looked at, and the check
        follows. What is wrong with it stands in the row's problems. Raises NoRoomForUpload, and
        ImportRefused for what was said beside it.
        """
        said = _checked(said)
        row = await self._accept(session, user_id, filename, content, said, "checking")
        try:
            await self._look(session, row, said)
        except BaseException:  # the row goes with its transaction
            await self._uploads.delete(row.id)
            raise
        return row

    async def correct(
        self, session: AsyncSession, user_id: UserId, import_id: UUID, said: Said
    ) -> BarImport:
        """Preview a file again with other things said beside it, also one whose import failed.

        Raises ImportConflict.
        """
        said = _checked(said)
        row = await self._locked(session, user_id, import_id)
        kept = row.expires_at is not None
        if not kept or row.status not in ("checking", "previewed", "refused", "failed"):
            raise _conflict(row, "Upload the file again to preview it with other settings.")
        row.said, row.status = said_as_json(said), "checking"
        row.timezone, row.done_bytes, row.claimed_until = said.timezone, 0, None
        await self._look(session, row, said)
        return row

    async def start(
        self, session: AsyncSession, user_id: UserId, import_id: UUID, sha256: str
    ) -> BarImport:
        """Import a file that was previewed and checked; `sha256` is that of its preview.

        Raises ImportConflict, and as `import_file`.
        """
        row = await self._locked(session, user_id, import_id)
        if row.status != "previewed":
            raise _conflict(row, "Wait until it is checked, or put right what is refused.")
        if row.sha256 != sha256.lower():
            raise ImportRefused(
                "This is not the file that was previewed. Nothing was imported.",
                [
                    Problem(
                        "The hash is not that of the preview.",
                        "Preview the file again, and send the sha256 of that answer.",
                        field="sha256",
                        code="other_file",
                    )
                ],
            )
        row.status, row.done_bytes = "queued", 0
        if row.size_bytes > AT_ONCE_BYTES:
            return row
        await self._load(session, row, said_from_json(row.said))
        if row.status == "done":
            await self._uploads.delete(row.id)
        return row

    async def find(self, session: AsyncSession, user_id: UserId, import_id: UUID) -> BarImport:
        """Return an import of the user; raises UnknownImport."""
        row = await session.get(BarImport, import_id)
        if row is None or row.user_id != user_id:
            raise _unknown(import_id)
        return row

    async def page(
        self, session: AsyncSession, user_id: UserId, limit: int, cursor: str | None
    ) -> tuple[list[BarImport], str | None]:
        """Return imports of the user, newest first; raises BadCursor."""
        query = select(BarImport).where(BarImport.user_id == user_id)
        if cursor is not None:
            (last,) = decode_cursor(cursor, 1)
            query = query.where(BarImport.id < _uuid(last))
        found = await session.scalars(query.order_by(BarImport.id.desc()).limit(limit + 1))
        rows = list(found)
        more = encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None
        return rows[:limit], more

    async def remove(self, session: AsyncSession, user_id: UserId, import_id: UUID) -> None:
        """Undo an import that is done; give up one that is not. Raises ImportConflict."""
        row = await self._locked(session, user_id, import_id)
        if row.status == "undone":
            return
        if row.status == "done":
            if self._clock.now() - row.created_at > KEPT_FOR_UNDO - KEPT_FOR:
                raise _conflict(
                    row, "What it replaced is not kept any more: delete the bars of its symbols."
                )
            if not await take_back(session, user_id, import_id):
                raise _stood_on(row, await later_file(session, import_id))
            self._forget_after_commit(session, user_id)
        imported = row.status in ("done", "loading")
        row.status = "undone"
        # What was never imported is forgotten with what has expired.
        row.expires_at = None if imported else self._clock.now()
        await self._uploads.delete(import_id)

    async def delete_symbol(self, session: AsyncSession, user_id: UserId, symbol: str) -> None:
        """Delete all bars that the user imported for a symbol, in every timeframe.

        From then on the sample or the provider speaks for it. Raises NotImported.
        """
        try:
            plain = canonical_symbol(symbol)
        except ValueError as error:
            raise NotImported(f"{error}.") from error
        if not await drop_symbol(session, user_id, plain):
            raise NotImported(f"You have imported no bars of {plain}.")
        self._forget_after_commit(session, user_id)

    async def _accept(
        self,
        session: AsyncSession,
        user_id: UserId,
        filename: str,
        content: BinaryIO,
        said: Said,
        status: str,
    ) -> BarImport:
        import_id, now = new_id(), self._clock.now()
        upload = await self._uploads.save(import_id, filename, content)
        try:
            await _require_room(session, user_id, upload.size_bytes)
        except ImportConflict:
            await self._uploads.delete(import_id)
            raise
        row = new_import(
            import_id, user_id, upload, status, now, said=said, expires_at=now + KEPT_FOR
        )
        session.add(row)
        await session.flush()
        return row

    async def _look(self, session: AsyncSession, row: BarImport, said: Said) -> None:
        """Fill in what the file shows, the whole of a small one."""
        user_id = owner_of(row)
        said = await with_own(session, user_id, said)
        path, owner = self._uploads.path(row.id), str(user_id)
        small = row.size_bytes <= CHECKED_AT_ONCE_BYTES
        look = self._importer.check if small else self._importer.look_at
        try:
            facts = await look(row.filename, path, said, owner, row.created_at)
            take_facts(row, facts, await judged_before_import(session, user_id, facts, said))
        except (ImportRefused, ImportTooLarge) as error:
            take_problems(row, error)
            row.status, row.found = "refused", {}
        else:
            row.status = "previewed" if row.found["checked"] else "checking"

    async def _load(self, session: AsyncSession, row: BarImport, said: Said) -> None:
        """Import a file now; it stays queued when bars that are stored take long to copy."""
        user_id = owner_of(row)
        said = await with_own(session, user_id, said)
        path = self._uploads.path(row.id)
        now = self._clock.now()
        facts = await self._importer.check(row.filename, path, said, str(user_id), row.created_at)
        if await bars_to_copy(session, user_id, symbols_with_splits(facts)) > COPIED_AT_ONCE:
            return
        take_facts(row, facts)
        await session.flush()
        before = await imported_symbols(session, user_id)
        judged = await self._importer.load(session, row, path, said, facts, now)
        take_facts(row, facts, judged)
        row.status, row.expires_at, row.done_bytes = "done", None, row.size_bytes
        await session.flush()
        await require_symbol_room(session, user_id, before)
        await require_storage(session, user_id)
        self._forget_after_commit(session, user_id)

    async def _locked(self, session: AsyncSession, user_id: UserId, import_id: UUID) -> BarImport:
        row = await session.scalar(
            select(BarImport)
            .where(BarImport.id == import_id, BarImport.user_id == user_id)
            .with_for_update(key_share=True)
        )
        if row is None:
            raise _unknown(import_id)
        return row

    def _forget_after_commit(self, session: AsyncSession, user_id: UserId) -> None:
        event.listen(
            session.sync_session, "after_commit", lambda _: self._forget(user_id), once=True
        )


async def _require_room(session: AsyncSession, user_id: UserId, size_bytes: int) -> None:
    """Raise ImportConflict when too many files of the user wait already."""
    waiting = select(func.count(), func.coalesce(func.sum(BarImport.size_bytes), 0)).where(
        BarImport.user_id == user_id, BarImport.expires_at.is_not(None)
    )
    count, total = (await session.execute(waiting)).one()
    if count < MOST_WAITING and total + size_bytes <= MOST_WAITING_BYTES:
        return
    message = f"{count} files of yours wait to be imported, {total / 1e6:,.0f} MB."
    remedy = "Import some of them, or throw them away; after a day they go by themselves."
    raise ImportConflict(
        f"{message} {remedy}", [Problem(message, remedy, field="file", code="too_many_uploads")]
    )


def _checked(said: Said) -> Said:
    """Return what was said if it can be; raises ImportRefused naming the field."""
    zone_of(said.timezone)
    if said.market is not None and said.market not in MARKETS:
        raise refuse(
            "unknown_market",
            f"There is no market {said.market[:20]!r}.",
            f"Use one of {', '.join(MARKETS)}.",
            field="market",
        )
    return replace(said, timezone=zone_as_kept(said.timezone))


def _conflict(row: BarImport, remedy: str) -> ImportConflict:
    message = f"This import is {row.status}."
    return ImportConflict(message, [Problem(message, remedy, field="id", code="import_state")])


def _stood_on(row: BarImport, later: str | None) -> ImportConflict:
    """Return why bars cannot be taken back: a later file stands on them, or they are deleted."""
    if later is None:
        return _conflict(row, "Its bars are deleted already: there is nothing to undo.")
    message = f"A later import, {later}, stands on the bars of {row.filename}."
    problem = Problem(message, f"Undo {later} first.", field="id", code="import_state")
    return ImportConflict(message, [problem])


def _unknown(import_id: UUID) -> UnknownImport:
    return UnknownImport(f"You have no import {import_id}.")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise bad_cursor() from error
