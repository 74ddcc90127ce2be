"""A client of live events: its session, with a hub and records that a test fills by hand."""

import asyncio
import json
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import uuid4

from kuber.infra.db import JsonObject
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import RunId, UserId
from kuber.market.feed.types import Quote
from kuber.realtime.account_push import AccountPush
from kuber.realtime.hub import Listener
from kuber.realtime.messages import Message, NoticesMessage, encoded
from kuber.realtime.news import News
from kuber.realtime.notice_push import NoticePush
from kuber.realtime.pipeline_push import PipelinePush
from kuber.realtime.pushes import Pushes
from kuber.realtime.quote_push import QuotePush
from kuber.realtime.session import EventSession
from kuber.runs.errors import RunNotFound
from kuber.runs.live_events import AnyRunEvent
from tests.fakes.account_news import FakeAccounts
from tests.fakes.live_events import RUN, notices
from tests.fixtures.waiting import LIMIT_S, until_async

USER = UserId(uuid4())


class FakeHub:
    """Delivers what a test publishes; `live` is False while Redis is away."""

    def __init__(self) -> None:
        self._live = True
        self.looks = 0
        """How often a session asked whether Redis is there."""
        self.listeners: list[Listener] = []
        self.may_join = asyncio.Event()
        self.may_join.set()

    @property
    def live(self) -> bool:
        self.looks += 1
        return self._live

    @live.setter
    def live(self, there: bool) -> None:
        self._live, self.looks = there, 0

    async def join(self, user_id: UserId, listener: Listener) -> None:
        await self.may_join.wait()
        self.listeners.append(listener)

    async def leave(self, user_id: UserId, listener: Listener) -> None:
        self.listeners.remove(listener)

    def publish(self, *events: News) -> None:
        for listener in self.listeners:
            for one in events:
                listener.put(one)


class Client:
    """One session with its records and what it was sent."""

    def __init__(self) -> None:
        self.hub = FakeHub()
        self.records: list[AnyRunEvent] = []
        self.runs = {RUN}
        self.deleted: set[RunId] = set()
        self.page = 1000
        self.reads = 0
        self.reading = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.sent: list[JsonObject] = []
        self.arrived = asyncio.Event()
        self.unread = 0
        self.notices = NoticePush(self.read_notices)
        self.pipelines = PipelinePush()
        self.clock = FixedClock(datetime.now(UTC))
        self.stored: dict[str, Quote] = {}
        self.quotes = QuotePush(self.read_quotes, self.clock)
        self.books = FakeAccounts(USER)
        self.accounts = AccountPush(self.books, self.clock)
        self.session = EventSession(
            USER,
            self.hub,  # type: ignore[arg-type]
            Pushes(self.notices, self.pipelines, self.quotes, self.accounts),
            self.read,
            self.send,
        )

    async def read_notices(self, user_id: UserId) -> NoticesMessage:
        assert user_id == USER
        return notices(self.unread)

    async def read_quotes(self, symbols: Collection[str]) -> list[Quote]:
        return [quote for symbol, quote in self.stored.items() if symbol in symbols]

    async def read(self, run_id: RunId, after: int) -> list[AnyRunEvent]:
        self.reads += 1
        self.reading.set()
        if run_id in self.deleted or run_id not in self.runs:
            raise RunNotFound(f"There is no run {run_id}.")
        await self.may_read.wait()
        later = [item for item in self.records if item.sequence > after]
        return sorted(later, key=lambda item: item.sequence)[: self.page]

    async def send(self, message: Message) -> None:
        self.sent.append(json.loads(encoded(message)))
        self.arrived.set()

    async def subscribe(self, after: int | None = None, topic: str = f"execution:{RUN}") -> None:
        extra = "" if after is None else f', "after": {after}'
        await self.session.handle(f'{{"type": "subscribe", "topic": "{topic}"{extra}}}')

    @property
    def sequences(self) -> list[int]:
        return [item["sequence"] for item in self.sent if "sequence" in item]

    @property
    def unread_told(self) -> list[int]:
        return [item["unread"] for item in self.sent if item["type"] == "notices"]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while len(self.sequences) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def handled(self) -> None:
        """Return once the session is through with all that was published."""
        await self.subscribe(topic="pipelines")
        self.pipelines.look_again()
        await until_async(
            lambda: any(item["type"] == "pipelines_missed" for item in self.sent),
            "the last message",
        )
