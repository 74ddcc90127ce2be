"""Sends run events to whoever is watching, through Redis publish/subscribe.

Losing a message is harmless: every event is also on record, and clients resume from there. The
newest state of each run is kept beside them (`run_states`).
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Sequence

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.infra.db import JsonObject
from kuber.kernel.ids import RunId, UserId
from kuber.realtime.run_states import RunStates
from kuber.runs.types import RunEvent

log = structlog.get_logger(__name__)

FLUSH_AFTER_S = 0.01
"""Events of one moment travel together."""


def channel(user_id: UserId) -> str:
    """Return the Redis channel of a user's run events."""
    return f"kuber:events:{user_id}"


class RedisBroadcaster:
    """Collects events for a few milliseconds and publishes them, one message for each user."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pending: dict[UserId, list[JsonObject]] = defaultdict(list)
        self._flushing: asyncio.Task[None] | None = None
        self._states = RunStates(redis)

    def send(self, user_id: UserId, events: Sequence[RunEvent]) -> None:
        """Queue `events`; returns at once and never raises."""
        self._pending[user_id].extend(event.to_json() for event in events)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    def keep_state(self, run_id: RunId, state: Callable[[], str]) -> None:
        """Queue the state of a run; returns at once and never raises."""
        self._states.keep(run_id, state)

    async def close(self) -> None:
        """Publish and write what is queued."""
        if self._flushing is not None:
            await self._flushing
        await self._states.close()

    async def _flush(self) -> None:
        while self._pending:
            await asyncio.sleep(FLUSH_AFTER_S)
            pending, self._pending = self._pending, defaultdict(list)
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for user_id, events in pending.items():
                        pipe.publish(channel(user_id), _json_of(events))
                    await pipe.execute()
            except (RedisError, OSError) as error:
                log.warning("events_not_broadcast", users=len(pending), reason=str(error))


def _json_of(events: list[JsonObject]) -> bytes:
    try:
        return orjson.dumps(events)
    except TypeError:  # half of a surrogate pair, or a number beyond 64 bits
        return json.dumps(events).encode()
