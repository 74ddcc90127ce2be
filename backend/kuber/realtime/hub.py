"""One Redis subscription for a whole process, fanned out to its connected clients."""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.infra.tasks import end_tasks
from kuber.kernel.backoff import Backoff
from kuber.kernel.ids import UserId
from kuber.realtime.broadcast import channel
from kuber.realtime.news import News
from kuber.runs.live_events import readable_event

log = structlog.get_logger(__name__)

QUEUE_SIZE = 2000
"""Events a slow client may fall behind before it is cut off and has to resume."""
_BACKOFF = Backoff(first_s=0.2, longest_s=5)


class Listener:
    """One client's queue of live events; `overrun` when it fell too far behind."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[News] = asyncio.Queue(QUEUE_SIZE)
        self.overrun = asyncio.Event()

    def put(self, message: News) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.overrun.set()


class Hub:
    """Who listens to which user's events. `live` is False while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._reader: asyncio.Task[None] | None = None
        self._commands: set[asyncio.Task[None]] = set()
        self._in_turn = asyncio.Lock()
        self.live = False

    async def join(self, user_id: UserId, listener: Listener) -> None:
        """Return once `listener` receives every event of the user."""
        name = channel(user_id)
        self._listeners[name].add(listener)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        if self.live and len(self._listeners[name]) == 1:
            try:
                await asyncio.shield(self._following(name))
            except asyncio.CancelledError:
                self._forget(name, listener)
                raise

    async def leave(self, user_id: UserId, listener: Listener) -> None:
        """Stop delivering to `listener`."""
        following = self._forget(channel(user_id), listener)
        if following is not None:
            await asyncio.shield(following)

    async def close(self) -> None:
        if self._reader is not None:
            await end_tasks([self._reader, *self._commands])
        await self._hang_up()

    async def _hang_up(self) -> None:
        with suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    def _forget(self, name: str, listener: Listener) -> asyncio.Task[None] | None:
        """Deliver no more to `listener`; the last one's channel is left, in the task returned."""
        self._listeners[name].discard(listener)
        if self._listeners[name]:
            return None
        del self._listeners[name]
        return self._following(name)

    def _following(self, name: str) -> asyncio.Task[None]:
        """Have Redis told whether anybody listens to a channel, in a task that no client owns.

        A client's task is cancelled at any moment. Redis' client may lose that, and a command that
        is broken off costs everybody the connection.
        """
        task = asyncio.create_task(self._follow(name))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)
        return task

    async def _follow(self, name: str) -> None:
        async with self._in_turn:
            wanted = name in self._listeners  # the last word of who came and left meanwhile
            try:
                if wanted:
                    await self._pubsub.subscribe(name)
                else:
                    await self._pubsub.unsubscribe(name)
            except (RedisError, OSError):
                self.live = self.live and not wanted

    async def _read(self) -> None:
        """Deliver what Redis tells, again and again after whatever ends it."""
        failures = 0
        try:
            while True:
                try:
                    await self._subscribe()
                    failures = 0
                    await self._hear()
                    continue
                except (RedisError, OSError) as error:
                    log.warning("live_events_interrupted", reason=str(error))
                except Exception:
                    log.exception("live_events_interrupted")
                    await self._hang_up()  # what cannot be read would be read again and again
                self.live = False
                failures += 1
                await asyncio.sleep(_BACKOFF.pause_s(failures))
        finally:
            self.live = False

    async def _subscribe(self) -> None:
        names = set(self._listeners)
        await self._pubsub.subscribe("kuber:events", *names)
        self.live = True
        late = self._listeners.keys() - names
        if late:
            await self._pubsub.subscribe(*late)

    async def _hear(self) -> None:
        while self.live:
            message = await self._pubsub.get_message(timeout=1.0)
            if message is not None:
                self._take(message["channel"], message["data"])

    def _take(self, name: str, text: str) -> None:
        """Deliver the events of a message; one that nobody can read is logged and dropped."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            log.warning("live_message_not_read", channel=name, reason=str(error))
            return
        if not isinstance(told, list):
            log.warning("live_message_not_read", channel=name, reason="It is no list of events.")
            return
        self._deliver(name, told)

    def _deliver(self, name: str, told: list[object]) -> None:
        listeners = self._listeners.get(name, ())
        for one in told if listeners else ():
            event = readable_event(one)
            if event is None:  # of a worker of another release; it is on record
                continue
            for listener in listeners:
                listener.put(event)
