"""What is read once is told to all connections of a user, and again when it could not be read."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from kuber.kernel.ids import UserId
from kuber.realtime import notice_push as push_module
from kuber.realtime.messages import NoticesMessage
from kuber.realtime.notice_push import NoticePush
from tests.fixtures.waiting import LIMIT_S

ANN, BOB = UserId(uuid4()), UserId(uuid4())


def notices(unread: int) -> NoticesMessage:
    return NoticesMessage(type="notices", unread=unread, newest=None)


class Notices:
    """Counts what is read; `fails` is how often reading fails first."""

    def __init__(self) -> None:
        self.reads: list[UserId] = []
        self.fails = 0

    async def read(self, user_id: UserId) -> NoticesMessage:
        self.reads.append(user_id)
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        return notices(len(self.reads))


@pytest.fixture
def reader() -> Notices:
    return Notices()


@pytest.fixture
async def push(reader: Notices, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NoticePush]:
    monkeypatch.setattr(push_module, "_AGAIN_AFTER_S", 0.01)
    made = NoticePush(reader.read)
    made.start()
    yield made
    await made.close()


async def test_one_reading_serves_all_connections_of_a_user(
    push: NoticePush, reader: Notices
) -> None:
    one: asyncio.Queue[NoticesMessage] = asyncio.Queue()
    other: asyncio.Queue[NoticesMessage] = asyncio.Queue()
    with push.watching(ANN, one.put_nowait), push.watching(ANN, other.put_nowait):
        push.changed(f"{ANN} {BOB}")
        async with asyncio.timeout(LIMIT_S):
            assert await one.get() == await other.get() == notices(1)
    assert reader.reads == [ANN]


async def test_nobody_who_is_not_connected_is_read_for(push: NoticePush, reader: Notices) -> None:
    heard: asyncio.Queue[NoticesMessage] = asyncio.Queue()
    with push.watching(ANN, heard.put_nowait):
        pass
    with push.watching(BOB, heard.put_nowait):
        push.changed(str(ANN))
        push.look_again()
        async with asyncio.timeout(LIMIT_S):
            await heard.get()
    assert reader.reads == [BOB]


async def test_who_asks_while_nothing_can_be_read_is_told_later(
    push: NoticePush, reader: Notices
) -> None:
    reader.fails = 1
    heard: asyncio.Queue[NoticesMessage] = asyncio.Queue()
    with push.watching(ANN, heard.put_nowait):
        assert await push.read(ANN) is None
        async with asyncio.timeout(LIMIT_S):
            assert await heard.get() == notices(2)


async def test_what_could_not_be_read_is_read_again(push: NoticePush, reader: Notices) -> None:
    reader.fails = 2
    heard: asyncio.Queue[NoticesMessage] = asyncio.Queue()
    with push.watching(ANN, heard.put_nowait):
        push.changed(str(ANN))
        async with asyncio.timeout(LIMIT_S):
            assert (await heard.get()).unread == 3
