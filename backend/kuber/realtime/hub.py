"""One Redis subscription for a whole process, fanned out to its connected clients."""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId
from kuber.realtime.broadcast import channel

log = structlog.get_logger(__name__)

QUEUE_SIZE = 2000
"""Events a slow client may fall behind before it is cut off and has to resume."""


class Listener:
    """One client's queue of live events; `overrun` when it fell too far behind."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[JsonObject] = asyncio.Queue(QUEUE_SIZE)
        self.overrun = asyncio.Event()

    def put(self, event: JsonObject) -> None:
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.overrun.set()


class Hub:
    """Who listens to which user's events. `live` is False while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._reader: asyncio.Task[None] | None = None
        self.live = False

    async def join(self, user_id: UserId) -> Listener:
        """Return a listener that receives every event of the user from now on."""
        listener, name = Listener(), channel(user_id)
        self._listeners[name].add(listener)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())
        if self.live and len(self._listeners[name]) == 1:
            await self._subscribe([name])
        return listener

    async def leave(self, user_id: UserId, listener: Listener) -> None:
        """Stop delivering to `listener`."""
        name = channel(user_id)
        self._listeners[name].discard(listener)
        if not self._listeners[name]:
            del self._listeners[name]
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(name)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        with suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _subscribe(self, names: list[str]) -> None:
        try:
            await self._pubsub.subscribe(*names)
        except (RedisError, OSError):
            self.live = False

    async def _read(self) -> None:
        pause_s = 0.2
        while True:
            try:
                names = set(self._listeners)
                await self._pubsub.subscribe("kuber:events", *names)
                self.live, pause_s = True, 0.2
                late = self._listeners.keys() - names
                if late:
                    await self._pubsub.subscribe(*late)
                while self.live:
                    message = await self._pubsub.get_message(timeout=1.0)
                    if message is not None:
                        self._deliver(message["channel"], json.loads(message["data"]))
            except (RedisError, OSError) as error:
                self.live = False
                log.warning("live_events_interrupted", reason=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 5.0)

    def _deliver(self, name: str, events: list[JsonObject]) -> None:
        for listener in self._listeners.get(name, ()):
            for event in events:
                listener.put(event)
