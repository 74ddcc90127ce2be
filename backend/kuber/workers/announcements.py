"""Worker processes hear at once of runs that were committed, without the detour over a task."""

import asyncio
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.kernel.backoff import Backoff

log = structlog.get_logger(__name__)

CHANNEL = "kuber:runs"
_BACKOFF = Backoff(first_s=0.2, longest_s=5)


async def announce(redis: Redis) -> bool:
    """Tell all processes that listen; return whether any does. Raises RedisError, OSError."""
    return bool(await redis.publish(CHANNEL, b""))


async def listen(redis: Redis, heard: Callable[[], object]) -> None:
    """Call `heard` at each announcement, and whenever one may have been missed, until cancelled.

    The client connects again by itself: that it has subscribed is a message like the others.
    """
    failures = 0
    while True:
        try:
            async with redis.pubsub() as pubsub:
                await pubsub.subscribe(CHANNEL)
                while True:
                    if await pubsub.get_message(timeout=1.0) is not None:
                        heard()
                    failures = 0
        except (RedisError, OSError) as error:
            failures += 1
            log.warning("announcements_interrupted", reason=str(error))
            await asyncio.sleep(_BACKOFF.pause_s(failures))
