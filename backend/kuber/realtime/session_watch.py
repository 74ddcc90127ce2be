"""Tells when a session ends, so that what is open for it can be closed at once."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from kuber.identity.types import SessionId
from kuber.infra.tasks import end_tasks

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 10.0
"""How often all watched sessions are looked up: what a lost message, or an account disabled by
hand, costs at most."""

EndedAmong = Callable[[Collection[SessionId]], Awaitable[set[SessionId]]]
"""Returns which of these sessions have ended; raises when the database is away."""


class SessionWatch:
    """The sessions of a process's open sockets.

    PostgreSQL tells of an ended session when the transaction that ended it commits; besides, every
    session is looked up now and then.
    """

    def __init__(self, ended_among: EndedAmong, check_every_s: float = CHECK_EVERY_S) -> None:
        self._ended_among = ended_among
        self._check_every_s = check_every_s
        self._watched: dict[SessionId, set[asyncio.Event]] = defaultdict(set)
        self._checking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._checking = asyncio.create_task(self._check())

    async def close(self) -> None:
        """Stop watching."""
        if self._checking is not None:
            await end_tasks([self._checking])

    def ended(self, payload: str) -> None:
        """Take the id of a session that PostgreSQL tells has ended."""
        self._set(SessionId(UUID(payload)))

    @contextmanager
    def watching(self, session_id: SessionId) -> Iterator[asyncio.Event]:
        """Give an event that is set once the session has ended; follow it with `look_up`."""
        ended = asyncio.Event()
        self._watched[session_id].add(ended)
        try:
            yield ended
        finally:
            self._watched[session_id].discard(ended)
            if not self._watched[session_id]:
                del self._watched[session_id]

    async def look_up(self, session_ids: Collection[SessionId]) -> None:
        """Notice which of these sessions have ended; nothing while the database is away."""
        try:
            ended = await self._ended_among(session_ids)
        except Exception as error:  # noqa: BLE001  sockets outlive an absence of the database
            log.warning("sessions_not_checked", error=type(error).__name__)
            return
        for session_id in ended:
            self._set(session_id)

    def _set(self, session_id: SessionId) -> None:
        for event in self._watched.get(session_id, ()):
            event.set()

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self._check_every_s)
            if self._watched:
                await self.look_up(list(self._watched))
