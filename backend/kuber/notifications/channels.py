"""The ways to reach a user: the app, and mail once the address was shown to be theirs."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import Clock
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id
from kuber.notifications.errors import ChannelNotReady, TooManyMails, WrongCode
from kuber.notifications.models import MailAddressRow, NoticeDeliveryRow, NoticeRow
from kuber.notifications.schemas import ChannelList, ChannelOut, MailList, MailOut
from kuber.notifications.types import RULES, NoticeKind
from kuber.notifications.words import words_of

CODE_DIGITS = 6
CODE_VALID = timedelta(minutes=30)
CODE_ATTEMPTS = 5
ASKED_PER_HOUR = 5
"""Tests and codes that one user may have sent in an hour."""
_HOUR = timedelta(hours=1)
_NO_MAIL = "This installation sends no mail: KUBER_SMTP_URL is not set."
_TRIES_USED = "Five tries used. Have a new code sent."
assert CODE_ATTEMPTS == 5, "as the text says"
_TITLES: Mapping[str, str] = {"test": "Test", "confirmation": "Code to confirm the address"}
_LOCK_USER = text("select pg_advisory_xact_lock(hashtextextended('mail:' || :user_id, 0))")


class Codes:
    """Six digits that show that whoever has them reads the address; only a keyed hash is kept."""

    def __init__(self, secret: str) -> None:
        derive = HKDF(SHA256(), 32, salt=None, info=b"kuber mail codes")
        self._key = derive.derive(secret.encode())

    def of(self, delivery_id: UUID) -> str:
        """Return the code of one mail: the same each time that its sending is tried."""
        digest = hmac.new(self._key, f"code {delivery_id}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def hash(self, user_id: UUID, address: str, code: str) -> bytes:
        """Return what is kept of a code, bound to user and address."""
        said = f"{user_id} {address} {code}".encode()
        return hmac.new(self._key, said, hashlib.sha256).digest()


class Channels:
    """The channels of a user. `mails` is whether the installation can send mail at all."""

    def __init__(self, clock: Clock, codes: Codes, *, mails: bool) -> None:
        self._clock = clock
        self._codes = codes
        self._mails = mails

    async def all(self, session: AsyncSession, user_id: UserId, address: str) -> ChannelList:
        """Return every channel and how it stands with this user, whose account has `address`."""
        in_app = ChannelOut(
            id="in_app", name="In the app", state="on", address=None, detail="Always on."
        )
        return ChannelList(items=[in_app, await self.mail(session, user_id, address)])

    async def mail(self, session: AsyncSession, user_id: UserId, address: str) -> ChannelOut:
        """Return how mail stands with the user."""
        if not self._mails:
            return _mail("not_configured", None, _NO_MAIL)
        row = await session.get(MailAddressRow, user_id)
        if row is None or row.address != address:
            return _mail("unconfirmed", address, "Confirm that the address is yours first.")
        if row.confirmed_at is not None:
            return _mail("on", address, "Mail goes to this address.")
        if self._may_be_right(row):
            return _mail("awaiting_code", address, "A code was sent: enter it here.")
        if await self._code_on_its_way(session, user_id):
            return _mail("awaiting_code", address, "A code is on its way to the address.")
        if row.code_hash is not None and row.code_attempts >= CODE_ATTEMPTS:
            return _mail("unconfirmed", address, _TRIES_USED)
        return _mail("unconfirmed", address, "Confirm that the address is yours first.")

    async def send_code(self, session: AsyncSession, user_id: UserId, address: str) -> MailOut:
        """Have a code sent to the address; raises ChannelNotReady, TooManyMails."""
        if (await self.mail(session, user_id, address)).state == "on":
            raise ChannelNotReady("The address is confirmed already.")
        await self._require_room(session, user_id)
        void = {"code_hash": None, "code_expires_at": None, "code_attempts": 0}
        await session.execute(
            insert(MailAddressRow)
            .values(user_id=user_id, address=address, confirmed_at=None, **void)
            .on_conflict_do_update(
                index_elements=[MailAddressRow.user_id],
                set_={"address": address, "confirmed_at": None, **void},
            )
        )
        return await self._deliver(session, user_id, "confirmation", CODE_VALID)

    async def confirm(
        self, session: AsyncSession, user_id: UserId, address: str, code: str
    ) -> bool:
        """Take the code for the address; False when it is not the one that was sent.

        Commit in either case: a wrong one counts, and after `CODE_ATTEMPTS` none is right.
        """
        row = await session.get(MailAddressRow, user_id, with_for_update=True)
        if row is None or row.address != address or not self._may_be_right(row):
            return False
        assert row.code_hash is not None, "a code may be right"
        row.code_attempts += 1
        if not hmac.compare_digest(
            row.code_hash, self._codes.hash(user_id, address, "".join(code.split()))
        ):
            return False
        row.confirmed_at, row.code_hash, row.code_expires_at = self._clock.now(), None, None
        return True

    def _may_be_right(self, row: MailAddressRow) -> bool:
        """Say whether there is a code that still confirms the address."""
        return (
            row.code_hash is not None
            and row.code_expires_at is not None
            and row.code_expires_at > self._clock.now()
            and row.code_attempts < CODE_ATTEMPTS
        )

    async def stop(self, session: AsyncSession, user_id: UserId) -> bool:
        """Send no more mail to the user until the address is confirmed again; return whether it
        could have been sent any."""
        row = await session.get(MailAddressRow, user_id, with_for_update=True)
        if row is None:
            return False
        await session.delete(row)
        return row.confirmed_at is not None

    async def test_mail(self, session: AsyncSession, user_id: UserId, address: str) -> MailOut:
        """Have a test sent; raises ChannelNotReady, TooManyMails."""
        channel = await self.mail(session, user_id, address)
        if channel.state != "on":
            raise ChannelNotReady(channel.detail)
        await self._require_room(session, user_id)
        return await self._deliver(session, user_id, "test", RULES[NoticeKind.TEST].mail_within)

    async def deliveries(
        self, session: AsyncSession, user_id: UserId, cursor: str | None, limit: int
    ) -> MailList:
        """Return the user's mails, newest first; raises BadCursor."""
        query = (
            select(NoticeDeliveryRow, NoticeRow)
            .outerjoin(NoticeRow, NoticeRow.id == NoticeDeliveryRow.notice_id)
            .where(NoticeDeliveryRow.user_id == user_id)
            .order_by(NoticeDeliveryRow.id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            query = query.where(NoticeDeliveryRow.id < _place(cursor))
        found = (await session.execute(query)).all()
        rows = found[:limit]
        following = encode_cursor(str(rows[-1][0].id)) if len(found) > limit else None
        return MailList(
            items=[_delivery(row, notice) for row, notice in rows], next_cursor=following
        )

    async def _require_room(self, session: AsyncSession, user_id: UserId) -> None:
        if not self._mails:
            raise ChannelNotReady(_NO_MAIL)
        await session.execute(_LOCK_USER, {"user_id": str(user_id)})
        asked = select(func.count()).where(
            NoticeDeliveryRow.user_id == user_id,
            NoticeDeliveryRow.purpose != "notice",
            NoticeDeliveryRow.created_at > self._clock.now() - _HOUR,
        )
        if (await session.scalar(asked) or 0) >= ASKED_PER_HOUR:
            raise TooManyMails(
                f"You asked for {ASKED_PER_HOUR} mails within an hour, as many as may be.",
                [Problem("Too many mails were asked for.", "Come back in an hour.")],
                retry_after_s=int(_HOUR.total_seconds()),
            )

    async def _code_on_its_way(self, session: AsyncSession, user_id: UserId) -> bool:
        waiting = select(NoticeDeliveryRow.id).where(
            NoticeDeliveryRow.user_id == user_id,
            NoticeDeliveryRow.purpose == "confirmation",
            NoticeDeliveryRow.state == "waiting",
        )
        return await session.scalar(waiting.limit(1)) is not None

    async def _deliver(
        self, session: AsyncSession, user_id: UserId, purpose: str, within: timedelta
    ) -> MailOut:
        now = self._clock.now()
        row = NoticeDeliveryRow(
            id=new_id(),
            user_id=user_id,
            notice_id=None,
            channel="mail",
            purpose=purpose,
            state="waiting",
            attempts=0,
            error=None,
            created_at=now,
            expires_at=now + within,
            next_attempt_at=now,
            finished_at=None,
        )
        session.add(row)
        await session.flush()
        return _delivery(row, None)


def wrong_code() -> WrongCode:
    """Return the error for a code that does not confirm the address."""
    message = "This is not the code that was sent last, or it is too old."
    remedy = f"Look at the newest mail, or have another code sent: {CODE_ATTEMPTS} tries each."
    return WrongCode(message, [Problem(message, remedy, field="code")])


def _place(cursor: str) -> UUID:
    (place,) = decode_cursor(cursor, 1)
    try:
        return UUID(place)
    except ValueError as error:
        raise bad_cursor() from error


def _mail(state: str, address: str | None, detail: str) -> ChannelOut:
    return ChannelOut.model_validate(
        {"id": "mail", "name": "Mail", "state": state, "address": address, "detail": detail}
    )


def _delivery(row: NoticeDeliveryRow, notice: NoticeRow | None) -> MailOut:
    title = _TITLES.get(row.purpose, "Notice")
    if notice is not None:
        title = words_of(NoticeKind(notice.kind), notice.data, notice.count).title
    return MailOut.model_validate(
        {
            "id": row.id,
            "channel": row.channel,
            "purpose": row.purpose,
            "notice_id": row.notice_id,
            "title": title,
            "state": row.state,
            "attempts": row.attempts,
            "error": row.error,
            "created_at": row.created_at,
            "next_attempt_at": row.next_attempt_at,
            "finished_at": row.finished_at,
        }
    )
