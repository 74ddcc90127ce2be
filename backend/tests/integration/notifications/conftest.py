"""A notifier on a real database, and people to tell."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.notifications.channels import Channels, Codes
from kuber.notifications.mail import SmtpSender
from kuber.notifications.mailer import Mailer
from kuber.notifications.notifier import Notifier
from kuber.notifications.outbox import tell
from kuber.notifications.schemas import MailOut, NoticeOut
from kuber.notifications.service import NoticeService
from kuber.notifications.types import Notice, NoticeKind
from tests.fakes.smtp_server import MailServer, mail_server


class Post:
    """Tells people and reads what they were told."""

    def __init__(self, database: Database, pool: RawPool, clock: FixedClock) -> None:
        self.database = database
        self.pool = pool
        self.clock = clock
        self.service = NoticeService(clock)
        self.notifier = Notifier(pool, clock, mails=True)

    async def user(self, email: str = "ann@example.com") -> UserId:
        """Make an account."""
        user_id = new_id()
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into users (id, email, password_hash, role, tier, created_at)"
                " values (%s, %s, 'x', 'user', 'FREE', %s)",
                (user_id, email, self.clock.now()),
            )
        return UserId(user_id)

    async def tell(
        self,
        user_id: UserId,
        kind: NoticeKind = NoticeKind.RUN_FAILED,
        subject: str | None = "p",
        dedupe_key: str | None = None,
        **data: object,
    ) -> None:
        """Write what somebody is to be told."""
        async with self.database.transaction() as session:
            await tell(session, Notice(user_id, kind, self.clock.now(), data, subject, dedupe_key))

    async def notices(self, user_id: UserId) -> list[NoticeOut]:
        async with self.database.transaction() as session:
            page = await self.service.page(
                session, user_id, kind=None, unread_only=False, cursor=None, limit=200
            )
        return page.items

    async def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()

    async def confirm(self, user_id: UserId, address: str = "ann@example.com") -> None:
        """Confirm the address of mail, whatever it takes."""
        await self.pool_execute(
            "insert into mail_addresses (user_id, address, confirmed_at) values (%s, %s, %s)",
            user_id,
            address,
            self.clock.now(),
        )

    async def pool_execute(self, statement: str, *values: object) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(statement.encode(), values)


ADDRESS = "ann@example.com"

CODES = Codes("a secret")


@pytest.fixture
def smtp() -> Iterator[tuple[MailServer, str]]:
    with mail_server() as running:
        yield running


class Office:
    """Channels and mailer on one server."""

    def __init__(self, post: Post, server: MailServer, url: str) -> None:
        self.post = post
        self.server = server
        self.channels = Channels(post.clock, CODES, mails=True)
        sender = SmtpSender(url, "Kuber <kuber@example.com>")
        self.mailer = Mailer(post.pool, post.clock, sender, CODES, "https://kuber.example.com")

    async def ask_for_code(self, user: UserId) -> None:
        async with self.post.database.transaction() as session:
            await self.channels.send_code(session, user, ADDRESS)

    async def confirm(self, user: UserId, code: str) -> bool:
        async with self.post.database.transaction() as session:
            return await self.channels.confirm(session, user, ADDRESS, code)

    async def state(self, user: UserId) -> str:
        async with self.post.database.transaction() as session:
            return (await self.channels.mail(session, user, ADDRESS)).state

    async def detail(self, user: UserId) -> str:
        async with self.post.database.transaction() as session:
            return (await self.channels.mail(session, user, ADDRESS)).detail

    async def deliveries(self, user: UserId) -> list[MailOut]:
        async with self.post.database.transaction() as session:
            return (await self.channels.deliveries(session, user, None, 100)).items


@pytest.fixture
def office(post: Post, smtp: tuple[MailServer, str]) -> Office:
    return Office(post, *smtp)


def code_in(text: str) -> str:
    found = re.search(r"\b[0-9]{6}\b", text)
    assert found is not None
    return found.group()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 29, 12, tzinfo=UTC))


@pytest.fixture
async def post(database: Database, clock: FixedClock) -> AsyncIterator[Post]:
    pool = raw_pool(database.url, size=4, application_name="kuber-test")
    await pool.open()
    yield Post(database, pool, clock)
    await pool.close()


def ids(notices: list[NoticeOut]) -> list[UUID]:
    return [notice.id for notice in notices]
