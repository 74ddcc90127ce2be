"""One client's conversation: log in, subscribe with resume, receive in order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kuber.infra.db import JsonObject
from kuber.kernel.ids import RunId, UserId
from kuber.realtime.hub import Hub, Listener

log = structlog.get_logger(__name__)

CATCH_UP_S = 0.05
"""How long a gap in the numbers may be waited for: events are recorded within 20 ms."""
POLL_S = 1.0
"""How often the records are read while live events are interrupted."""
PING_S = 20.0


class Subscribe(BaseModel):
    """`topic` is `execution:<id>` or `user`; `after` the last sequence number seen."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["subscribe"]
    topic: Annotated[str, Field(max_length=80)]
    after: Annotated[int, Field(ge=0)] | None = None


class Unsubscribe(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: Literal["unsubscribe"]
    topic: Annotated[str, Field(max_length=80)]


class Pong(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: Literal["pong", "ping"]


ClientMessage = Annotated[Subscribe | Unsubscribe | Pong, Field(discriminator="type")]
_MESSAGE: TypeAdapter[Subscribe | Unsubscribe | Pong] = TypeAdapter(ClientMessage)

ReadEvents = Callable[[RunId, int], Awaitable[list[JsonObject]]]
"""Reads a run's recorded events after a number; raises KuberError for another's run."""
Send = Callable[[JsonObject], Awaitable[None]]


class Denied(Exception):
    """The client asked for something that is not there for it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class EventSession:
    """The subscriptions of one authenticated client."""

    def __init__(self, user_id: UserId, hub: Hub, read: ReadEvents, send: Send) -> None:
        self._user_id = user_id
        self._hub = hub
        self._read = read
        self._send = send
        self._seen: dict[RunId, int] = {}
        self._everything = False
        self._lock = asyncio.Lock()

    async def handle(self, text: str) -> None:
        """Act on one message of the client; raises Denied."""
        try:
            message = _MESSAGE.validate_json(text)
        except ValidationError as error:
            raise Denied("bad_message", "Send subscribe, unsubscribe or pong.") from error
        match message:
            case Subscribe(topic=topic, after=after):
                await self._subscribe(topic, after or 0)
            case Unsubscribe(topic=topic):
                self._unsubscribe(topic)

    async def pump(self) -> None:
        """Deliver live events until the client falls too far behind."""
        listener = await self._hub.join(self._user_id)
        try:
            while not listener.overrun.is_set():
                await self._next(listener)
        finally:
            await self._hub.leave(self._user_id, listener)

    async def _next(self, listener: Listener) -> None:
        timeout_s = PING_S if self._hub.live else POLL_S
        try:
            event = await asyncio.wait_for(listener.queue.get(), timeout_s)
        except TimeoutError:
            if self._hub.live:
                await self._send({"type": "ping"})
            async with self._lock:
                for run_id in self._seen:
                    await self._catch_up(run_id)
            return
        async with self._lock:
            await self._deliver(event)

    async def _deliver(self, event: JsonObject) -> None:
        run_id = RunId(UUID(event["execution_id"]))
        if run_id not in self._seen:
            if self._everything:
                await self._send(event)
            return
        if event["sequence"] > self._seen[run_id] + 1:
            await asyncio.sleep(CATCH_UP_S)
            await self._catch_up(run_id, up_to=event["sequence"] - 1)
        if event["sequence"] > self._seen[run_id]:
            self._seen[run_id] = event["sequence"]
            await self._send(event)

    async def _subscribe(self, topic: str, after: int) -> None:
        if topic == "user":
            self._everything = True
            await self._send({"type": "subscribed", "topic": topic})
            return
        run_id = _run_of(topic)
        async with self._lock:
            recorded = await self._read(run_id, after)
            self._seen[run_id] = after
            await self._send({"type": "subscribed", "topic": topic})
            for event in recorded:
                self._seen[run_id] = event["sequence"]
                await self._send(event)

    def _unsubscribe(self, topic: str) -> None:
        if topic == "user":
            self._everything = False
        else:
            self._seen.pop(_run_of(topic), None)

    async def _catch_up(self, run_id: RunId, up_to: int | None = None) -> None:
        for event in await self._read(run_id, self._seen[run_id]):
            if up_to is None or event["sequence"] <= up_to:
                self._seen[run_id] = event["sequence"]
                await self._send(event)


def _run_of(topic: str) -> RunId:
    kind, _, name = topic.partition(":")
    try:
        if kind != "execution":
            raise ValueError(kind)
        return RunId(UUID(name))
    except ValueError as error:
        raise Denied("unknown_topic", "Topics are execution:<id> and user.") from error
