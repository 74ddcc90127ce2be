"""What is read once is told to all connections of a user, and again when it could not be read."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId
from kuber.realtime import notice_push as push_module
from kuber.realtime.notice_push import NoticePush
from tests.fixtures.waiting import LIMIT_S

ANN, BOB = UserId(uuid4()), UserId(uuid4())


class Notices:
    """Counts what is read; `fails` is how often reading fails first."""

    def __init__(self) -> None:
        self.reads: list[UserId] = []
        self.fails = 0

    async def read(self, user_id: UserId) -> JsonObject:
        self.reads.append(user_id)
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        return {"unread": len(self.reads)}


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
async def push(notices: Notices, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NoticePush]:
    monkeypatch.setattr(push_module, "_AGAIN_AFTER_S", 0.01)
    made = NoticePush(notices.read)
    made.start()
    yield made
    await made.close()


async def test_one_reading_serves_all_connections_of_a_user(
    push: NoticePush, notices: Notices
) -> None:
    one: asyncio.Queue[JsonObject] = asyncio.Queue()
    other: asyncio.Queue[JsonObject] = asyncio.Queue()
    with push.watching(ANN, one.put_nowait), push.watching(ANN, other.put_nowait):
        push.changed(f"{ANN} {BOB}")
        async with asyncio.timeout(LIMIT_S):
            assert await one.get() == await other.get() == {"type": "notices", "unread": 1}
    assert notices.reads == [ANN]


async def test_nobody_who_is_not_connected_is_read_for(push: NoticePush, notices: Notices) -> None:
    heard: asyncio.Queue[JsonObject] = asyncio.Queue()
    with push.watching(ANN, heard.put_nowait):
        pass
    with push.watching(BOB, heard.put_nowait):
        push.changed(str(ANN))
        push.look_again()
        async with asyncio.timeout(LIMIT_S):
            await heard.get()
    assert notices.reads == [BOB]


async def test_who_asks_while_nothing_can_be_read_is_told_later(
    push: NoticePush, notices: Notices
) -> None:
    notices.fails = 1
    heard: asyncio.Queue[JsonObject] = asyncio.Queue()
    with push.watching(ANN, heard.put_nowait):
        assert await push.read(ANN) is None
        async with asyncio.timeout(LIMIT_S):
            assert await heard.get() == {"type": "notices", "unread": 2}


async def test_what_could_not_be_read_is_read_again(push: NoticePush, notices: Notices) -> None:
    notices.fails = 2
    heard: asyncio.Queue[JsonObject] = asyncio.Queue()
    with push.watching(ANN, heard.put_nowait):
        push.changed(str(ANN))
        async with asyncio.timeout(LIMIT_S):
            assert (await heard.get())["unread"] == 3
