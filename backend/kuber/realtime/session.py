"""One client's conversation: log in, subscribe with resume, receive in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Annotated, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kuber.kernel.ids import RunId, UserId
from kuber.realtime.hub import Hub, Listener
from kuber.realtime.messages import (
    LookAgainMessage,
    Message,
    NoticesMessage,
    PingMessage,
    PipelineChangedMessage,
    PipelinesMissedMessage,
    SubscribedMessage,
)
from kuber.realtime.news import News, PushedNews
from kuber.realtime.pushes import Pushes
from kuber.realtime.quote_topics import QuoteDue, QuoteTopics
from kuber.realtime.topics import (
    AccountTopic,
    Denied,
    QuotesTopic,
    RunTopic,
    UserTopic,
    too_many,
    topic_of,
    unknown_topic,
)
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
MOST_SYMBOLS = 200
MOST_ACCOUNTS = 50


class Subscribe(BaseModel):
    """`topic` is `execution:<id>`, `quotes:<symbol>`, `account:<id>`, `user`, `notices` or
    `pipelines`; `after` the last sequence number seen of a run."""

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


class EventSession:
    """The subscriptions of one authenticated client."""

    def __init__(
        self,
        user_id: UserId,
        hub: Hub,
        pushes: Pushes,
        read: ReadEvents,
        send: Send,
    ) -> None:
        self._user_id = user_id
        self._hub = hub
        self._notices = pushes.notices
        self._pipelines = pushes.pipelines
        self._account_push = pushes.accounts
        self._read = read
        self._send = send
        self._listener = Listener()
        self._quotes = QuoteTopics(pushes.quotes, self._listener.put)
        self._accounts: set[AccountTopic] = set()
        self._seen: dict[RunId, int] = {}
        self._joined = False
        self._everything = False
        self._hears_notices = False
        self._hears_pipelines = False
        self._lock = asyncio.Lock()
        self._look_at_s = 0.0
        self._unpinged_s = 0.0
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
        listener = self._listener
        self._look_at_s = asyncio.get_running_loop().time() + POLL_S
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

    def close(self) -> None:
        """Hear of quotes and accounts no more; the last thing that is done."""
        self._quotes.close()
        for topic in list(self._accounts):
            self._leave_account(topic)

    async def _hub_joined(self) -> None:
        """From now on no event is missed: say so to who has asked for all of them before."""
        self._joined = True
        if self._everything:
            await self._send(SubscribedMessage(type="subscribed", topic="user"))

    async def _next(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        message: News | None = None
        if loop.time() < self._look_at_s:  # however much comes, the look is due
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._look_at_s):  # `wait_for` may lose a cancel
                    message = await listener.queue.get()
        if message is None:
            self._look_at_s = loop.time() + POLL_S
            await self._look()
        else:
            async with self._lock:
                await self._deliver(message)

    async def _look(self) -> None:
        """Ping now and then; read the records while, and once after, Redis is away.

        They are also read with each ping, should a message have been lost unnoticed.
        """
        self._unpinged_s += POLL_S
        ping = self._unpinged_s >= PING_S
        missed = not (self._hub.live and self._was_live)
        self._was_live = self._hub.live
        if ping:
            self._unpinged_s = 0.0
            await self._send(PingMessage(type="ping"))
        if ping or missed:
            async with self._lock:
                for run_id in list(self._seen):
                    try:
                        await self._catch_up(run_id, patient=not ping)
                    except RunNotFound:  # deleted: there is nothing to come
                        del self._seen[run_id]

    async def _deliver(self, message: News) -> None:
        if isinstance(message, QuoteDue):
            quote = self._quotes.message(message)
            if quote is not None:
                await self._send(quote)
        elif isinstance(message, PushedNews):
            if self._hears(message):
                await self._send(message)
        else:
            await self._deliver_event(message)

    def _hears(self, message: PushedNews) -> bool:
        """Say whether the client has asked for it, and still wants it."""
        match message:
            case NoticesMessage():
                return self._hears_notices
            case PipelineChangedMessage() | PipelinesMissedMessage():
                return self._hears_pipelines
            case LookAgainMessage(topic=topic):
                return topic_of(topic) in self._accounts
            case _:
                return AccountTopic(message.account_id) in self._accounts

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

    async def _subscribe(self, written: str, after: int) -> None:
        subscribed = SubscribedMessage(type="subscribed", topic=written)
        match topic_of(written):
            case UserTopic.RUNS:
                self._everything = True
                if self._joined:
                    await self._send(subscribed)
            case UserTopic.PIPELINES:
                self._hears_pipelines = True
                await self._send(subscribed)
            case UserTopic.NOTICES:
                await self._subscribe_notices(subscribed)
            case RunTopic(run_id):
                await self._subscribe_run(run_id, after, subscribed)
            case QuotesTopic(symbol):
                if len(self._quotes) >= MOST_SYMBOLS and symbol not in self._quotes:
                    raise too_many(MOST_SYMBOLS, "symbols")
                await self._send(subscribed)
                self._quotes.add(symbol)
            case AccountTopic() as topic:
                await self._subscribe_account(topic, subscribed)

    async def _subscribe_notices(self, subscribed: SubscribedMessage) -> None:
        async with self._lock:  # nothing older is delivered after what is read here
            self._hears_notices = True
            await self._send(subscribed)
            message = await self._notices.read(self._user_id)
            if message is not None:
                await self._send(message)

    async def _subscribe_run(
        self, run_id: RunId, after: int, subscribed: SubscribedMessage
    ) -> None:
        if len(self._seen) >= MOST_RUNS and run_id not in self._seen:
            raise too_many(MOST_RUNS, "runs")
        async with self._lock:
            recorded = await self._read(run_id, after)
            self._seen[run_id] = after
            await self._send(subscribed)
            await self._replay(run_id, recorded)
            if recorded:
                await self._catch_up(run_id)

    async def _subscribe_account(self, topic: AccountTopic, subscribed: SubscribedMessage) -> None:
        if len(self._accounts) >= MOST_ACCOUNTS and topic not in self._accounts:
            raise too_many(MOST_ACCOUNTS, "accounts")
        if not await self._account_push.admits(self._user_id, topic.account_id):
            raise unknown_topic()
        async with self._lock:  # what happens from now on is told after this
            self._accounts.add(topic)
            self._account_push.join(topic.account_id, self._listener.put)
            await self._send(subscribed)

    async def _unsubscribe(self, written: str) -> None:
        match topic_of(written):
            case UserTopic.RUNS:
                self._everything = False
            case UserTopic.NOTICES:
                self._hears_notices = False
            case UserTopic.PIPELINES:
                self._hears_pipelines = False
            case RunTopic(run_id):
                async with self._lock:  # whoever delivers a run's events finds it to the end
                    self._seen.pop(run_id, None)
            case QuotesTopic(symbol):
                self._quotes.remove(symbol)
            case AccountTopic() as topic:
                self._leave_account(topic)

    def _leave_account(self, topic: AccountTopic) -> None:
        self._accounts.discard(topic)
        self._account_push.leave(topic.account_id, self._listener.put)

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
