"""What anybody may publish on Redis, on a real one."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from kuber.infra.redis import connect_redis
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import RunId, UserId
from kuber.realtime.broadcast import channel
from kuber.realtime.hub import Hub, Listener
from kuber.runs.live_events import AgentStartedEvent
from kuber.runs.types import RunEvent, RunEventType
from tests.fixtures.waiting import LIMIT_S, until_async

ANN = UserId(UUID(int=7))


@pytest.mark.parametrize("name", ["kuber:events", channel(ANN)])
async def test_events_are_heard_after_messages_that_are_none(redis_url: str, name: str) -> None:
    redis, hub = connect_redis(redis_url), None
    plain = Redis.from_url(redis_url)
    try:
        hub = Hub(redis)
        listener = Listener()
        await hub.join(ANN, listener)
        await until_async(lambda: hub.live, "a hub that hears")
        for odd in (b"5", b"{not json", b"[5]", b"", b"\xff\xfe"):
            await plain.publish(name, odd)
        # One that is no text costs the reader a moment, in which what is told is lost.
        told = [
            RunEvent(
                RunId(uuid4()),
                1,
                RunEventType.AGENT_STARTED,
                SystemClock().now(),
                {"agent_type": "market_data", "attempt": 1},
                "data",
            ).to_json()
        ]

        async def is_heard() -> bool:
            await plain.publish(channel(ANN), json.dumps(told))
            return not listener.queue.empty()

        await until_async(is_heard, "an event")
        async with asyncio.timeout(LIMIT_S):
            assert isinstance(await listener.queue.get(), AgentStartedEvent)
        assert hub.live
    finally:
        if hub is not None:
            await hub.close()
        await redis.aclose()
        await plain.aclose()
