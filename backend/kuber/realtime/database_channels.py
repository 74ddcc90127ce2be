"""What transactions tell over PostgreSQL when they commit, heard once for a whole process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import psycopg
import structlog
from psycopg import sql

from kuber.infra.tasks import end_tasks
from kuber.kernel.backoff import Backoff

log = structlog.get_logger(__name__)

HEARTBEAT_S = 20.0
"""How often the connection is asked for a sign of life: one that fell silent says nothing."""
_ANSWER_WITHIN_S = 5.0
_BACKOFF = Backoff(first_s=0.5, longest_s=10)


class DatabaseChannels:
    """Listens on one connection of its own, as long as the process lives.

    Nothing that is told while the connection is lost arrives; `on_return` is called once it is
    back, and has to look for itself.
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._takers: dict[str, Callable[[str], None]] = {}
        self._on_return: list[Callable[[], None]] = []
        self._listening: asyncio.Task[None] | None = None

    def take(
        self,
        channel: str,
        taker: Callable[[str], None],
        on_return: Callable[[], None] | None = None,
    ) -> None:
        """Call `taker` with each payload of `channel`; before `start`."""
        assert self._listening is None, "channels are named before listening starts"
        self._takers[channel] = taker
        if on_return is not None:
            self._on_return.append(on_return)

    def start(self) -> None:
        """Begin to listen."""
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            await end_tasks([self._listening])

    async def _listen(self) -> None:
        failures = 0
        while True:
            with suppress(psycopg.Error, OSError):  # a time-out is an OSError
                async with await psycopg.AsyncConnection.connect(
                    self._database_url,
                    autocommit=True,
                    application_name="kuber-channels",
                    connect_timeout=5,
                ) as connection:
                    for channel in self._takers:
                        listen = sql.SQL("listen {}").format(sql.Identifier(channel))
                        await connection.execute(listen)
                    for look in self._on_return:
                        look()
                    failures = 0
                    while True:
                        async for notice in connection.notifies(timeout=HEARTBEAT_S):
                            self._deliver(notice.channel, notice.payload)
                        async with asyncio.timeout(_ANSWER_WITHIN_S):
                            await connection.execute("select 1")
            failures += 1
            await asyncio.sleep(_BACKOFF.pause_s(failures))

    def _deliver(self, channel: str, payload: str) -> None:
        try:
            self._takers[channel](payload)
        except Exception:
            log.exception(
                "channel_not_taken", channel=channel
            )  # what follows is heard all the same
