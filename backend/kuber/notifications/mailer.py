"""Carries deliveries to the mail server, each until it is sent, refused for good or too old."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter

from kuber.infra.db import RawPool
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import Clock
from kuber.notifications import statements
from kuber.notifications.channels import CODE_VALID, Codes
from kuber.notifications.mail import Letter, MailNotSent, MailSender
from kuber.notifications.types import ALARMS, COUNTED_FOR, RULES, NoticeKind
from kuber.notifications.words import words_of

log = structlog.get_logger(__name__)

AT_ONCE = 4
PER_USER = 2
"""Mails on their way to one user: a server of theirs that hangs holds up no other's."""
MAILS_PER_HOUR = 30
"""Notices mailed to one user, and as many alarms; what is more waits, and expires."""
_CROWDED_FOR = timedelta(minutes=10)
_LEASE = timedelta(minutes=3)
"""Longer than sending may take: after it another process may try."""
_BACKOFF = Backoff(first_s=60, longest_s=6 * 3600, jitter=0, factor=4)

MAILS = Counter("kuber_mails", "Attempts to send a mail, by result", ["result"])


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: UUID
    user_id: UUID
    purpose: str
    notice_id: UUID | None
    attempts: int
    expires_at: datetime


class _Unsendable(Exception):
    """There is no mail to send any more; the message says why."""


class _Unwanted(Exception):
    """Its user does not want this mail any more; the message says why."""


class Mailer:
    """Sends what is due; any number may run, each delivery is claimed for a while."""

    def __init__(
        self, pool: RawPool, clock: Clock, sender: MailSender, codes: Codes, public_url: str
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._sender = sender
        self._codes = codes
        self._public_url = public_url

    async def run_once(self, most: int | None = None) -> int:
        """Send up to `most` mails that are due, else `AT_ONCE`; return how many were tried."""
        claimed = await self._claim(most or AT_ONCE)
        await asyncio.gather(*(self._carry(one) for one in claimed))
        return len(claimed)

    async def _claim(self, most: int) -> list[_Claimed]:
        """Return what is due and may be sent now; what may not waits for a while."""
        now = self._clock.now()
        values = {
            "now": now,
            "lease": now + _LEASE,
            "most": most,
            "per_user": PER_USER,
            "alarms": [kind.value for kind in ALARMS],
            "per_hour": MAILS_PER_HOUR,
            "counted_since": now - COUNTED_FOR,
            "later": now + _CROWDED_FOR,
            "why": f"{MAILS_PER_HOUR} mails went out within an hour: this one waits.",
        }
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(statements.ONE_CLAIMS)
            await connection.execute(statements.EXPIRE, {"now": now})
            found = await (await connection.execute(statements.CLAIM, values)).fetchall()
        return [_Claimed(*row) for crowded, *row in found if not crowded]

    async def _carry(self, claimed: _Claimed) -> None:
        try:
            await self._sender.send(await self._letter(claimed))
        except MailNotSent as error:
            MAILS.labels("refused" if error.final else "failed").inc()
            log.warning(
                "mail_not_sent", delivery_id=str(claimed.id), final=error.final, reason=str(error)
            )
            if error.final and claimed.purpose == "confirmation":
                await self._forget_code(claimed)
            again_at = None if error.final else self._again_at(claimed)
            await self._settle(claimed, str(error), again_at)
        except _Unsendable as error:
            await self._settle(claimed, str(error), None)
        except _Unwanted as error:
            await self._settle(claimed, str(error), None, state="expired")
        else:
            MAILS.labels("sent").inc()
            await self._settle(claimed, None, None)

    def _again_at(self, claimed: _Claimed) -> datetime:
        return self._clock.now() + timedelta(seconds=_BACKOFF.pause_s(claimed.attempts))

    async def _letter(self, claimed: _Claimed) -> Letter:
        """Return the mail as it reads now; raises _Unsendable, _Unwanted."""
        values = {"user_id": claimed.user_id, "notice_id": claimed.notice_id}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statements.LETTER, values)).fetchone()
        if row is None:
            raise _Unsendable("The address was taken back.")
        address, confirmed, kind, data, count, read_at, mail = row
        if claimed.purpose == "confirmation":
            if confirmed:
                raise _Unsendable("The address is confirmed already.")
            return Letter(claimed.id, address, *await self._code(claimed, address))
        if not confirmed:
            raise _Unsendable("The address is not confirmed.")
        if claimed.purpose == "test":
            words = words_of(NoticeKind.TEST, {}, 1)
            return Letter(claimed.id, address, words.title, self._signed(words.text, words.path))
        if kind is None:
            raise _Unsendable("The notice is not there any more.")
        if read_at is not None:
            raise _Unwanted("It was read in the app before.")
        if not (RULES[NoticeKind(kind)].mail if mail is None else mail):
            raise _Unwanted("Mail of this kind was switched off.")
        words = words_of(NoticeKind(kind), data, count)
        text = f"{words.title}\n\n{words.text}"
        return Letter(claimed.id, address, words.title, self._signed(text, words.path))

    async def _code(self, claimed: _Claimed, address: str) -> tuple[str, str]:
        """Return subject and text with the code of this mail; that of an earlier one is void."""
        code = self._codes.of(claimed.id)
        values = {
            "user_id": claimed.user_id,
            "address": address,
            "hash": self._codes.hash(claimed.user_id, address, code),
            "expires_at": self._clock.now() + CODE_VALID,
        }
        async with self._pool.connection() as connection:
            await connection.execute(statements.KEEP_CODE, values)
        minutes = int(CODE_VALID.total_seconds() // 60)
        text = (
            f"Your code is {code}. It is valid for {minutes} minutes.\n\n"
            "Enter it in Kuber, at Account, Notices, to have notices sent to this address. If you"
            " did not ask for it, do nothing: without the code no mail is sent here."
        )
        return "Confirm your address for Kuber", text

    async def _forget_code(self, claimed: _Claimed) -> None:
        """Let the code of a mail that nobody will get be no longer waited for."""
        values: dict[str, object] = {"user_id": claimed.user_id}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statements.ADDRESS, values)).fetchone()
            if row is not None:
                code = self._codes.of(claimed.id)
                values["hash"] = self._codes.hash(claimed.user_id, row[0], code)
                await connection.execute(statements.FORGET_CODE, values)

    def _signed(self, text: str, path: str | None) -> str:
        link = f"\n\n{self._public_url}{path}" if path else ""
        return (
            f"{text}{link}\n\n--\nSent by Kuber, because you asked to be told by mail."
            f" Change that at {self._public_url}/account/notices\n"
        )

    async def _settle(
        self,
        claimed: _Claimed,
        error: str | None,
        again_at: datetime | None,
        state: str | None = None,
    ) -> None:
        """Write what came of an attempt; one that another process made meanwhile stands."""
        if again_at is not None and again_at >= claimed.expires_at:
            again_at = claimed.expires_at  # tried no more: it expires then
        done = state or ("failed" if error else "sent")
        async with self._pool.connection() as connection:
            await connection.execute(
                statements.SETTLE,
                {
                    "id": claimed.id,
                    "attempts": claimed.attempts,
                    "state": "waiting" if again_at else done,
                    "error": error,
                    "next_attempt_at": again_at,
                    "finished_at": None if again_at else self._clock.now(),
                },
            )
