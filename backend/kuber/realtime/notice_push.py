"""Tells open connections of new notices."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from kuber.infra.tasks import end_tasks
from kuber.kernel.ids import UserId
from kuber.realtime.messages import NoticesMessage
from kuber.realtime.push import Push

log = structlog.get_logger(__name__)

ReadNotices = Callable[[UserId], Awaitable[NoticesMessage]]
"""Returns the message: how many notices are unread, and the newest one."""

_AT_ONCE = 4
_AGAIN_AFTER_S = 1.0


class NoticePush(Push[UserId, NoticesMessage]):
    """Reads the notices of users who are connected when there is something new, once for all of a
    user's connections."""

    def __init__(self, read: ReadNotices) -> None:
        super().__init__()
        self._read = read
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

    def changed(self, payload: str) -> None:
        """Take the ids of users who have something new, with spaces between."""
        self._mark({UserId(UUID(one)) for one in payload.split()})

    def look_again(self) -> None:
        """Read for everybody who is connected: something may have been missed."""
        self._mark(self.watched())

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
        self._due |= users & self.watched()
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
        self.tell(user_id, message)
        return True
