"""One subscription for all clients, against a Redis that a test plays."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Self
from uuid import uuid4

import pytest
from redis.exceptions import ConnectionError as RedisAway

from kuber.infra.db import JsonObject
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import RunId, UserId
from kuber.realtime.broadcast import RedisBroadcaster, channel
from kuber.realtime.hub import Hub, Listener
from kuber.realtime.messages import encoded
from kuber.realtime.news import News
from kuber.runs.live_events import AgentStartedEvent
from kuber.runs.types import RunEvent, RunEventType
from tests.fixtures.waiting import LIMIT_S, until_async

ANN, BOB = UserId(uuid4()), UserId(uuid4())


async def joined(hub: Hub, user: UserId) -> Listener:
    """Return a listener that receives every event of the user."""
    listener = Listener()
    await hub.join(user, listener)
    return listener


class FakePubSub:
    """The subscription of one process; `away` makes every call fail."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.messages: asyncio.Queue[JsonObject | None] = asyncio.Queue()
        self.away = False
        self.subscribing = asyncio.Event()
        self.subscribing.set()
        self.reading = asyncio.Event()

    async def subscribe(self, *names: str) -> None:
        await self.subscribing.wait()
        if self.away:
            raise RedisAway("away")
        self.names |= set(names)

    async def unsubscribe(self, *names: str) -> None:
        self.names -= set(names)

    async def get_message(self, timeout: float) -> JsonObject | None:  # noqa: ASYNC109
        self.reading.set()
        if self.away:
            raise RedisAway("away")
        try:
            return await asyncio.wait_for(self.messages.get(), 0.01)
        except TimeoutError:
            return None

    async def aclose(self) -> None:
        self.names.clear()


class FakePipeline:
    """Commands that are sent together."""

    def __init__(self, redis: "FakeRedis") -> None:
        self.redis = redis
        self.commands: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def publish(self, name: str, text: str) -> None:
        self.commands.append((name, text))

    async def execute(self) -> None:
        if self.redis.subscription.away:
            raise RedisAway("away")
        self.redis.round_trips += 1
        for name, text in self.commands:
            if name in self.redis.subscription.names:
                await self.redis.subscription.messages.put({"channel": name, "data": text})


class FakeRedis:
    """Delivers what is published to the one subscription."""

    def __init__(self) -> None:
        self.subscription = FakePubSub()
        self.round_trips = 0

    def pubsub(self, *, ignore_subscribe_messages: bool) -> FakePubSub:
        return self.subscription

    def pipeline(self, *, transaction: bool) -> FakePipeline:
        return FakePipeline(self)


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
async def hub(redis: FakeRedis) -> AsyncIterator[Hub]:
    opened = Hub(redis)  # type: ignore[arg-type]
    yield opened
    await opened.close()


@pytest.fixture
def broadcaster(redis: FakeRedis) -> RedisBroadcaster:
    return RedisBroadcaster(redis)  # type: ignore[arg-type]


def event(sequence: int) -> RunEvent:
    now = SystemClock().now()
    data: JsonObject = {"agent_type": "market_data", "attempt": 1}
    return RunEvent(RunId(uuid4()), sequence, RunEventType.AGENT_STARTED, now, data, "data")


async def heard(listener: Listener, count: int) -> list[int]:
    async with asyncio.timeout(LIMIT_S):
        return [_sequence(await listener.queue.get()) for _ in range(count)]


def _sequence(news: News) -> int:
    assert isinstance(news, AgentStartedEvent)
    return news.sequence


async def _settled(hub: Hub, *, live: bool = True) -> None:
    await until_async(lambda: hub.live is live, f"a hub whose live is {live}")


async def test_every_listener_of_a_user_hears_the_users_events_in_order(
    hub: Hub, broadcaster: RedisBroadcaster
) -> None:
    first, second, other = await joined(hub, ANN), await joined(hub, ANN), await joined(hub, BOB)
    await _settled(hub)
    for sequence in range(1, 6):
        broadcaster.send(ANN, [event(sequence)])
    await broadcaster.close()
    assert await heard(first, 5) == await heard(second, 5) == [1, 2, 3, 4, 5]
    assert other.queue.empty()


async def test_events_of_one_moment_travel_together(
    hub: Hub, broadcaster: RedisBroadcaster, redis: FakeRedis
) -> None:
    listener = await joined(hub, ANN)
    await _settled(hub)
    for sequence in range(1, 101):
        broadcaster.send(ANN, [event(sequence)])
    await broadcaster.close()
    assert await heard(listener, 100) == list(range(1, 101))
    assert redis.round_trips == 1


async def test_who_joins_while_the_subscription_is_being_made_is_heard_of(
    hub: Hub, broadcaster: RedisBroadcaster, redis: FakeRedis
) -> None:
    redis.subscription.subscribing.clear()
    await joined(hub, ANN)
    await asyncio.sleep(0)
    late = await joined(hub, BOB)
    redis.subscription.subscribing.set()
    await asyncio.wait_for(redis.subscription.reading.wait(), LIMIT_S)
    assert channel(BOB) in redis.subscription.names
    broadcaster.send(BOB, [event(1)])
    await broadcaster.close()
    assert await heard(late, 1) == [1]


async def test_the_last_to_leave_ends_the_users_subscription(hub: Hub, redis: FakeRedis) -> None:
    first, second = await joined(hub, ANN), await joined(hub, ANN)
    await _settled(hub)
    await hub.leave(ANN, first)
    assert channel(ANN) in redis.subscription.names
    await hub.leave(ANN, second)
    assert channel(ANN) not in redis.subscription.names


async def test_the_hub_says_when_redis_is_away_and_comes_back_by_itself(
    hub: Hub, broadcaster: RedisBroadcaster, redis: FakeRedis
) -> None:
    listener = await joined(hub, ANN)
    await _settled(hub)
    redis.subscription.away = True
    await _settled(hub, live=False)
    broadcaster.send(ANN, [event(1)])
    await broadcaster.close()
    redis.subscription.away = False
    await _settled(hub)
    broadcaster.send(ANN, [event(2)])
    await broadcaster.close()
    assert await heard(listener, 1) == [2]


async def test_a_message_is_plain_json_with_times_in_utc(
    hub: Hub, broadcaster: RedisBroadcaster
) -> None:
    listener = await joined(hub, ANN)
    await _settled(hub)
    broadcaster.send(ANN, [event(1)])
    heard = await asyncio.wait_for(listener.queue.get(), LIMIT_S)
    assert isinstance(heard, AgentStartedEvent)
    message = json.loads(encoded(heard))
    assert message["at"].endswith("Z")
    assert message["data"] == {"agent_type": "market_data", "attempt": 1}


async def test_an_event_that_is_not_understood_holds_up_no_other(
    hub: Hub, broadcaster: RedisBroadcaster
) -> None:
    listener = await joined(hub, ANN)
    await _settled(hub)
    odd = RunEvent(RunId(uuid4()), 1, RunEventType.AGENT_STARTED, SystemClock().now(), {})
    broadcaster.send(ANN, [odd, event(2)])
    await broadcaster.close()
    assert await heard(listener, 1) == [2]


@pytest.mark.parametrize("unreadable", ["5", "null", '{"a": 1}', "{not json", "[5]", "[" * 100_000])
@pytest.mark.parametrize("name", ["kuber:events", channel(ANN)], ids=["all", "own"])
async def test_a_message_that_nobody_can_read_holds_up_no_other(
    hub: Hub, broadcaster: RedisBroadcaster, redis: FakeRedis, name: str, unreadable: str
) -> None:
    listener = await joined(hub, ANN)
    await _settled(hub)
    await redis.subscription.messages.put({"channel": name, "data": unreadable})
    broadcaster.send(ANN, [event(2)])
    await broadcaster.close()
    assert await heard(listener, 1) == [2]
    assert hub.live


async def test_a_good_event_among_bad_ones_is_delivered(hub: Hub, redis: FakeRedis) -> None:
    listener = await joined(hub, ANN)
    await _settled(hub)
    told: list[object] = [
        5,
        None,
        [],
        {"type": "unheard_of"},
        event(1).to_json(),
        "text",
        event(2).to_json(),
    ]
    message: JsonObject = {"channel": channel(ANN), "data": json.dumps(told)}
    await redis.subscription.messages.put(message)
    assert await heard(listener, 2) == [1, 2]


class FailsOnce(FakePubSub):
    """A client of Redis with a defect, which shows after the first message."""

    def __init__(self, defect: BaseException) -> None:
        super().__init__()
        self.defect: BaseException | None = defect

    async def get_message(self, timeout: float) -> JsonObject | None:  # noqa: ASYNC109
        message = await super().get_message(timeout)
        if message is None or self.defect is None:
            return message
        defect, self.defect = self.defect, None
        raise defect


async def test_the_reader_goes_on_after_an_end_that_nobody_foresaw(redis: FakeRedis) -> None:
    redis.subscription = FailsOnce(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text"))
    hub = Hub(redis)  # type: ignore[arg-type]
    listener = await joined(hub, ANN)
    await _settled(hub)
    await redis.subscription.messages.put({"channel": channel(ANN), "data": "lost"})
    await _settled(hub, live=False)
    await _settled(hub)
    told: JsonObject = {"channel": channel(ANN), "data": json.dumps([event(3).to_json()])}
    await redis.subscription.messages.put(told)
    assert await heard(listener, 1) == [3]
    await hub.close()


async def test_a_reader_that_was_cancelled_is_known_and_replaced_by_who_joins(
    redis: FakeRedis,
) -> None:
    redis.subscription = FailsOnce(asyncio.CancelledError())
    hub = Hub(redis)  # type: ignore[arg-type]
    await joined(hub, ANN)
    await _settled(hub)
    await redis.subscription.messages.put({"channel": channel(ANN), "data": "lost"})
    await _settled(hub, live=False)
    await joined(hub, BOB)
    await _settled(hub)
    await hub.close()


class LosesCancels(FakePubSub):
    """A command that is cancelled takes the cancel for its end, as the client of Redis may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.broken_off = 0

    async def subscribe(self, *names: str) -> None:
        self.begun.set()
        try:
            await super().subscribe(*names)
        except asyncio.CancelledError:
            self.broken_off += 1


async def test_a_cancel_while_redis_is_told_reaches_the_client_and_not_the_command(
    redis: FakeRedis,
) -> None:
    redis.subscription = told = LosesCancels()
    hub = Hub(redis)  # type: ignore[arg-type]
    await joined(hub, BOB)
    await _settled(hub)
    told.begun.clear()
    told.subscribing.clear()
    joining = asyncio.create_task(joined(hub, ANN))
    await told.begun.wait()
    joining.cancel()
    await asyncio.wait((joining,), timeout=LIMIT_S)
    assert joining.cancelled()
    assert told.broken_off == 0
    told.subscribing.set()
    await until_async(
        lambda: channel(ANN) not in told.names and not hub._commands, "the end of a subscription"
    )
    assert told.names == {"kuber:events", channel(BOB)}
    await hub.close()


async def test_who_leaves_and_comes_back_at_once_is_heard_of(
    hub: Hub, broadcaster: RedisBroadcaster, redis: FakeRedis
) -> None:
    first = await joined(hub, ANN)
    await _settled(hub)
    leaving = asyncio.create_task(hub.leave(ANN, first))
    await asyncio.sleep(0)
    again = await joined(hub, ANN)
    await leaving
    broadcaster.send(ANN, [event(1)])
    await broadcaster.close()
    assert await heard(again, 1) == [1]
