"""A socket is closed when its session has ended, whatever its tasks do."""

import asyncio
import json
from collections.abc import Collection
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from fastapi import WebSocketDisconnect

from kuber.api import ws
from kuber.identity.types import SessionId
from kuber.infra import tasks
from kuber.infra.db import JsonObject
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId
from kuber.market.feed.types import Quote
from kuber.realtime.account_push import AccountPush
from kuber.realtime.hub import Listener
from kuber.realtime.messages import NoticesMessage, PingMessage, PipelinesMissedMessage
from kuber.realtime.notice_push import NoticePush
from kuber.realtime.pipeline_push import PipelinePush
from kuber.realtime.pushes import Pushes
from kuber.realtime.quote_push import QuotePush
from kuber.realtime.session import EventSession, Send
from kuber.realtime.session_watch import SessionWatch
from tests.fakes.account_news import FakeAccounts
from tests.fixtures.waiting import LIMIT_S

SESSION = SessionId(uuid4())


class Socket:
    """A client that sends nothing and keeps what it is told; a `stuck` one takes no more."""

    def __init__(self) -> None:
        self.sent: list[JsonObject] = []
        self.status: int | None = None
        self.stuck = False
        self.app = SimpleNamespace(state=SimpleNamespace(admission=None))

    async def receive(self) -> JsonObject:
        await asyncio.Event().wait()
        raise AssertionError("nothing comes")

    async def send_json(self, message: JsonObject) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        self.sent.append(message)

    async def send_text(self, text: str) -> None:
        await self.send_json(json.loads(text))

    async def close(self, status: int) -> None:
        self.status = status


class Hub:
    """Delivers to one listener; `deaf`: who joins cannot be cancelled any more."""

    live = True

    def __init__(self) -> None:
        self.listener = Listener()
        self.deaf: asyncio.Event | None = None
        self.error: Exception | None = None

    async def join(self, user_id: UserId, listener: Listener) -> None:
        if self.error is not None:
            raise self.error
        while self.deaf is not None and not self.deaf.is_set():
            try:
                await self.deaf.wait()
            except asyncio.CancelledError:
                continue
        self.listener = listener

    async def leave(self, user_id: UserId, listener: Listener) -> None:
        return None


class World:
    def __init__(self) -> None:
        self.hub, self.socket = Hub(), Socket()
        self.over = False
        self.watch = SessionWatch(self._ended_among)
        clock = SystemClock()
        self.container = SimpleNamespace(
            hub=self.hub,
            session_watch=self.watch,
            pushes=Pushes(
                NoticePush(self._no_notices),
                PipelinePush(),
                QuotePush(self._no_quotes, clock),
                AccountPush(FakeAccounts(), clock),
            ),
            clock=clock,
        )
        self.principal = SimpleNamespace(
            user_id=UserId(uuid4()),
            session_id=SESSION,
            expires_at=clock.now() + timedelta(hours=1),
        )

    async def _ended_among(self, sessions: Collection[SessionId]) -> set[SessionId]:
        return set(sessions) if self.over else set()

    async def _no_notices(self, user_id: UserId) -> NoticesMessage:
        return NoticesMessage(type="notices", unread=0, newest=None)

    async def _no_quotes(self, symbols: Collection[str]) -> list[Quote]:
        return []

    async def serve(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            await ws._serve(self.socket, self.container, self.principal)  # type: ignore[arg-type]

    @property
    def codes(self) -> list[str]:
        return [message["code"] for message in self.socket.sent]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.02)
    monkeypatch.setattr(tasks, "ENDING_S", 0.1)
    monkeypatch.setattr(ws, "CLOSING_S", 0.1)
    return World()


async def test_a_socket_whose_pump_loses_every_cancel_is_closed_and_told_nothing_more(
    world: World,
) -> None:
    world.over, world.hub.deaf = True, asyncio.Event()
    await world.serve()
    assert (world.codes, world.socket.status) == (["session_ended"], 4401)
    world.hub.listener.put(NoticesMessage(type="notices", unread=0, newest=None))
    world.hub.listener.put(PipelinesMissedMessage(type="pipelines_missed"))
    world.hub.deaf.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert world.codes == ["session_ended"]


async def test_what_still_runs_after_the_end_has_nobody_to_tell(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends: list[Send] = []

    class Kept(EventSession):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            sends.append(self._send)

    monkeypatch.setattr(ws, "EventSession", Kept)
    world.over = True
    await world.serve()
    with pytest.raises(WebSocketDisconnect):
        await sends[0](PingMessage(type="ping"))
    assert world.codes == ["session_ended"]


async def test_a_client_that_takes_nothing_does_not_keep_its_socket(world: World) -> None:
    world.over, world.socket.stuck = True, True
    await world.serve()
    assert world.socket.sent == []


async def test_an_error_of_ours_is_told_with_a_close_frame(world: World) -> None:
    world.hub.error = KeyError("a defect")
    await world.serve()
    assert (world.codes, world.socket.status) == (["failed"], 1011)


async def test_a_client_that_left_is_told_nothing(world: World) -> None:
    world.hub.error = WebSocketDisconnect(1001)
    await world.serve()
    assert (world.codes, world.socket.status) == ([], None)
