"""Notices as their user reads them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import Clock, as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.notifications.errors import NoticeNotFound
from kuber.notifications.models import NoticeRow
from kuber.notifications.outbox import tell
from kuber.notifications.schemas import NoticeList, NoticeOut
from kuber.notifications.types import NOTICES_CHANNEL, RULES, Notice, NoticeKind
from kuber.notifications.words import words_of

_KNOWN = [kind.value for kind in NoticeKind]


class NoticeService:
    """Lists notices and keeps which of them were read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def page(
        self,
        session: AsyncSession,
        user_id: UserId,
        *,
        kind: NoticeKind | None,
        unread_only: bool,
        cursor: str | None,
        limit: int,
    ) -> NoticeList:
        """Return notices, newest first; raises BadCursor."""
        query = select(NoticeRow).where(
            NoticeRow.user_id == user_id,
            NoticeRow.in_app,
            NoticeRow.kind.in_(_KNOWN if kind is None else [kind.value]),
        )
        if unread_only:
            query = query.where(NoticeRow.read_at.is_(None))
        if cursor is not None:
            query = query.where(tuple_(NoticeRow.last_at, NoticeRow.id) < _place(cursor))
        query = query.order_by(NoticeRow.last_at.desc(), NoticeRow.id.desc()).limit(limit + 1)
        found = (await session.scalars(query)).all()
        rows = found[:limit]
        last = rows[-1] if len(found) > limit else None
        following = encode_cursor(last.last_at.isoformat(), str(last.id)) if last else None
        return NoticeList(
            items=[_shown(row) for row in rows],
            next_cursor=following,
            unread=await self.unread(session, user_id),
        )

    async def summary(self, session: AsyncSession, user_id: UserId) -> tuple[int, NoticeOut | None]:
        """Return how many notices are unread, and the newest one, None without one."""
        page = await self.page(session, user_id, kind=None, unread_only=False, cursor=None, limit=1)
        return page.unread, page.items[0] if page.items else None

    async def unread(self, session: AsyncSession, user_id: UserId) -> int:
        """Return how many notices the user has not read."""
        query = select(func.count()).where(
            NoticeRow.user_id == user_id,
            NoticeRow.in_app,
            NoticeRow.read_at.is_(None),
            NoticeRow.kind.in_(_KNOWN),
        )
        return (await session.scalar(query)) or 0

    async def mark_read(
        self, session: AsyncSession, user_id: UserId, notice_id: UUID, *, read: bool
    ) -> None:
        """Mark one notice as read or unread; raises NoticeNotFound."""
        row = await session.scalar(
            select(NoticeRow)
            .where(NoticeRow.id == notice_id, NoticeRow.user_id == user_id, NoticeRow.in_app)
            .with_for_update()
        )
        if row is None:
            raise NoticeNotFound(f"There is no notice {notice_id}.")
        if read != (row.read_at is not None):
            row.read_at = self._clock.now() if read else None
            await session.flush()
            await _announce(session, user_id)

    async def mark_all_read(
        self,
        session: AsyncSession,
        user_id: UserId,
        up_to: datetime | None,
        *,
        sequence: int | None = None,
        kind: NoticeKind | None = None,
    ) -> None:
        """Mark notices as read: those that came up to the greatest `sequence` on show, of a kind.

        `up_to` is the time of the newest on show: what came after that one stays unread although it
        may be older. Where that one grew meanwhile, only times tell.
        """
        change = update(NoticeRow).where(
            NoticeRow.user_id == user_id, NoticeRow.in_app, NoticeRow.read_at.is_(None)
        )
        if up_to is not None:
            newest = select(func.max(NoticeRow.sequence)).where(
                NoticeRow.user_id == user_id, NoticeRow.last_at == up_to
            )
            change = change.where(
                NoticeRow.last_at <= up_to,
                NoticeRow.sequence <= func.coalesce(newest.scalar_subquery(), NoticeRow.sequence),
            )
        if sequence is not None:
            change = change.where(NoticeRow.sequence <= sequence)
        if kind is not None:
            change = change.where(NoticeRow.kind == kind)
        await session.execute(change.values(read_at=self._clock.now()))
        await _announce(session, user_id)

    async def test_in_app(self, session: AsyncSession, user_id: UserId) -> None:
        """Send the user a notice that goes the way of all others."""
        await tell(session, Notice(user_id, NoticeKind.TEST, self._clock.now(), {}, subject="test"))


async def _announce(session: AsyncSession, user_id: UserId) -> None:
    """Have the user's other pages hear of it once the transaction commits."""
    values = {"channel": NOTICES_CHANNEL, "user_id": str(user_id)}
    await session.execute(text("select pg_notify(:channel, :user_id)"), values)


def _place(cursor: str) -> tuple[datetime, UUID]:
    at, notice_id = decode_cursor(cursor, 2)
    try:
        return as_utc(datetime.fromisoformat(at)), UUID(notice_id)
    except (ValueError, OverflowError) as error:
        raise bad_cursor() from error


def _shown(row: NoticeRow) -> NoticeOut:
    kind = NoticeKind(row.kind)
    words = words_of(kind, row.data, row.count)
    return NoticeOut(
        id=row.id,
        kind=kind,
        title=words.title,
        text=words.text,
        path=words.path,
        name=words.name,
        alarm=RULES[kind].alarm,
        count=row.count,
        first_at=row.first_at,
        at=row.last_at,
        sequence=row.sequence,
        read_at=row.read_at,
    )
