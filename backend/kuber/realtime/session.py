"""One client's conversation: log in, subscribe with resume, receive in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kuber.kernel.ids import RunId, UserId
from kuber.realtime.hub import Hub, Listener
from kuber.realtime.messages import (
    Message,
    News,
    NoticesMessage,
    PingMessage,
    PipelineChangedMessage,
    PipelinesMissedMessage,
    SubscribedMessage,
)
from kuber.realtime.notice_push import NOTICES, NoticePush
from kuber.realtime.pipeline_push import PIPELINES, PipelinePush
from kuber.runs.errors import RunNotFound
from kuber.runs.live_events import AnyRunEvent, ExecutionFinishedEvent
from kuber.runs.recorder import SEQUENCE_GAP

log = structlog.get_logger(__name__)

CATCH_UP_S = 0.05
"""How often the records are read while a gap in the numbers is waited for."""
LONGEST_GAP_S = 2.0
"""How long a gap is waited for: events are recorded within 20 ms, later under load."""
POLL_S = 1.0
"""How often the records are read while live events are interrupted."""
PING_S = 20.0
MOST_RUNS = 200
"""Runs that one client may follow at a time."""


class Subscribe(BaseModel):
    """`topic` is `execution:<id>`, `user`, `notices` or `pipelines`; `after` the last sequence
    number seen."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["subscribe"]
    topic: Annotated[str, Field(max_length=80)]
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class Unsubscribe(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: Literal["unsubscribe"]
    topic: Annotated[str, Field(max_length=80)]


class Pong(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: Literal["pong", "ping"]


ClientMessage = Annotated[Subscribe | Unsubscribe | Pong, Field(discriminator="type")]
_MESSAGE: TypeAdapter[Subscribe | Unsubscribe | Pong] = TypeAdapter(ClientMessage)

ReadEvents = Callable[[RunId, int], Awaitable[Sequence[AnyRunEvent]]]
"""Reads a run's recorded events after a number; raises KuberError for another's run."""
Send = Callable[[Message], Awaitable[None]]


class Denied(Exception):
    """The client asked for something that is not there for it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class EventSession:
    """The subscriptions of one authenticated client."""

    def __init__(
        self,
        user_id: UserId,
        hub: Hub,
        notices: NoticePush,
        pipelines: PipelinePush,
        read: ReadEvents,
        send: Send,
    ) -> None:
        self._user_id = user_id
        self._hub = hub
        self._notices = notices
        self._pipelines = pipelines
        self._read = read
        self._send = send
        self._seen: dict[RunId, int] = {}
        self._joined = False
        self._everything = False
        self._hears_notices = False
        self._hears_pipelines = False
        self._lock = asyncio.Lock()
        self._quiet_s = 0.0
        self._was_live = False

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
                await self._unsubscribe(topic)

    async def pump(self) -> None:
        """Deliver live events until the client falls too far behind."""
        listener = Listener()
        # What comes while the hub joins, after somebody has read, must not be missed.
        with (
            self._notices.watching(self._user_id, listener.put),
            self._pipelines.watching(self._user_id, listener.put),
        ):
            await self._hub.join(self._user_id, listener)
            try:
                await self._hub_joined()
                while not listener.overrun.is_set():
                    await self._next(listener)
            finally:
                await self._hub.leave(self._user_id, listener)

    async def _hub_joined(self) -> None:
        """From now on no event is missed: say so to who has asked for all of them before."""
        self._joined = True
        if self._everything:
            await self._send(SubscribedMessage(type="subscribed", topic="user"))

    async def _next(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(POLL_S):  # `wait_for` may lose a cancel
                message = await listener.queue.get()
        except TimeoutError:
            await self._idle()
            return
        self._quiet_s = 0.0
        async with self._lock:
            await self._deliver(message)

    async def _idle(self) -> None:
        """Nothing came: ping now and then; read the records while, and once after, Redis is away.

        They are also read with each ping, should a message have been lost unnoticed.
        """
        self._quiet_s += POLL_S
        ping = self._quiet_s >= PING_S
        missed = not (self._hub.live and self._was_live)
        self._was_live = self._hub.live
        if ping:
            self._quiet_s = 0.0
            await self._send(PingMessage(type="ping"))
        if ping or missed:
            async with self._lock:
                for run_id in list(self._seen):
                    try:
                        await self._catch_up(run_id, patient=not ping)
                    except RunNotFound:  # deleted: there is nothing to come
                        del self._seen[run_id]

    async def _deliver(self, message: News) -> None:
        match message:
            case NoticesMessage():
                if self._hears_notices:
                    await self._send(message)
            case PipelineChangedMessage() | PipelinesMissedMessage():
                if self._hears_pipelines:
                    await self._send(message)
            case _:
                await self._deliver_event(message)

    async def _deliver_event(self, event: AnyRunEvent) -> None:
        run_id = RunId(event.execution_id)
        if run_id not in self._seen:
            if self._everything:
                await self._send(event)
            return
        if event.sequence > self._seen[run_id] + 1:
            await self._fill_gap(run_id, event.sequence)
        if event.sequence > self._seen[run_id]:
            self._seen[run_id] = event.sequence
            await self._send(event)

    async def _fill_gap(self, run_id: RunId, sequence: int) -> None:
        """Deliver what lies between the last event and `sequence` from the records.

        A wide gap is what a worker's death leaves; whatever was recorded before it is there.
        """
        waited_s = 0.0
        while self._seen[run_id] + 1 < sequence and waited_s < LONGEST_GAP_S:
            await self._catch_up(run_id, up_to=sequence - 1)
            if sequence - self._seen[run_id] >= SEQUENCE_GAP // 2:
                return
            if self._seen[run_id] + 1 < sequence:
                await asyncio.sleep(CATCH_UP_S)
                waited_s += CATCH_UP_S
        if self._seen[run_id] + 1 < sequence:
            await self._catch_up(run_id, up_to=sequence - 1, patient=False)

    async def _subscribe(self, topic: str, after: int) -> None:
        if topic == "user":
            self._everything = True
            if self._joined:
                await self._send(SubscribedMessage(type="subscribed", topic=topic))
            return
        if topic == PIPELINES:
            self._hears_pipelines = True
            await self._send(SubscribedMessage(type="subscribed", topic=topic))
            return
        if topic == NOTICES:
            async with self._lock:  # nothing older is delivered after what is read here
                self._hears_notices = True
                await self._send(SubscribedMessage(type="subscribed", topic=topic))
                message = await self._notices.read(self._user_id)
                if message is not None:
                    await self._send(message)
            return
        run_id = _run_of(topic)
        if len(self._seen) >= MOST_RUNS and run_id not in self._seen:
            raise Denied("too_many_topics", f"A socket follows {MOST_RUNS} runs: unsubscribe some.")
        async with self._lock:
            recorded = await self._read(run_id, after)
            self._seen[run_id] = after
            await self._send(SubscribedMessage(type="subscribed", topic=topic))
            await self._replay(run_id, recorded)
            if recorded:
                await self._catch_up(run_id)

    async def _unsubscribe(self, topic: str) -> None:
        if topic == "user":
            self._everything = False
        elif topic == NOTICES:
            self._hears_notices = False
        elif topic == PIPELINES:
            self._hears_pipelines = False
        else:
            run_id = _run_of(topic)
            async with self._lock:  # whoever delivers a run's events finds it to the end
                self._seen.pop(run_id, None)

    async def _catch_up(
        self, run_id: RunId, up_to: int | None = None, *, patient: bool = True
    ) -> None:
        """Deliver what is on record, page by page."""
        while recorded := await self._read(run_id, self._seen[run_id]):
            if up_to is not None:
                recorded = [event for event in recorded if event.sequence <= up_to]
            if not await self._replay(run_id, recorded, patient=patient):
                return

    async def _replay(
        self, run_id: RunId, recorded: Sequence[AnyRunEvent], *, patient: bool = True
    ) -> bool:
        """Deliver recorded events; say whether there were any to deliver.

        Parallel nodes record on their own, so that a later number can be there before an earlier
        one: when `patient`, what comes after such a gap is left for the next time.
        """
        delivered = False
        for event in recorded:
            gap = event.sequence - self._seen[run_id]
            ended = isinstance(event, ExecutionFinishedEvent)
            if patient and 1 < gap < SEQUENCE_GAP // 2 and not ended:
                break
            self._seen[run_id] = event.sequence
            await self._send(event)
            delivered = True
        return delivered


def _run_of(topic: str) -> RunId:
    kind, _, name = topic.partition(":")
    try:
        if kind != "execution":
            raise ValueError(kind)
        return RunId(UUID(name))
    except ValueError as error:
        raise Denied(
            "unknown_topic", "Topics are execution:<id>, user, notices and pipelines."
        ) from error
