"""Tells open connections of new notices."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from kuber.infra.tasks import end_tasks
from kuber.kernel.ids import UserId
from kuber.realtime.messages import NoticesMessage

log = structlog.get_logger(__name__)

NOTICES = "notices"
"""The topic."""

ReadNotices = Callable[[UserId], Awaitable[NoticesMessage]]
"""Returns the message: how many notices are unread, and the newest one."""
Put = Callable[[NoticesMessage], None]

_AT_ONCE = 4
_AGAIN_AFTER_S = 1.0


class NoticePush:
    """Reads the notices of users who are connected when there is something new, once for all of a
    user's connections."""

    def __init__(self, read: ReadNotices) -> None:
        self._read = read
        self._watchers: dict[UserId, set[Put]] = defaultdict(set)
        self._due: set[UserId] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._tell_for_ever())

    async def close(self) -> None:
        """Stop telling."""
        if self._task is not None:
            await end_tasks([self._task])

    @contextmanager
    def watching(self, user_id: UserId, put: Put) -> Iterator[None]:
        """Have `put` called with each message while the block runs."""
        self._watchers[user_id].add(put)
        try:
            yield
        finally:
            self._watchers[user_id].discard(put)
            if not self._watchers[user_id]:
                del self._watchers[user_id]

    def changed(self, payload: str) -> None:
        """Take the ids of users who have something new, with spaces between."""
        self._mark({UserId(UUID(one)) for one in payload.split()})

    def look_again(self) -> None:
        """Read for everybody who is connected: something may have been missed."""
        self._mark(set(self._watchers))

    async def read(self, user_id: UserId) -> NoticesMessage | None:
        """Return the message as it reads now; None when it cannot be read and will be told later.

        A connection outlives an absence of the database.
        """
        try:
            return await self._read(user_id)
        except Exception as error:  # noqa: BLE001
            log.warning("notices_not_read", error=type(error).__name__)
            self._mark({user_id})
            return None

    def _mark(self, users: set[UserId]) -> None:
        self._due |= users & self._watchers.keys()
        if self._due:
            self._wake.set()

    async def _tell_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                some = [self._due.pop() for _ in range(min(_AT_ONCE, len(self._due)))]
                told = await asyncio.gather(*(self._tell(one) for one in some))
                if not all(told):
                    await asyncio.sleep(_AGAIN_AFTER_S)

    async def _tell(self, user_id: UserId) -> bool:
        """Read and deliver; False when it has to be tried again."""
        message = await self.read(user_id)
        if message is None:
            return False
        for put in tuple(self._watchers.get(user_id, ())):
            put(message)
        return True
