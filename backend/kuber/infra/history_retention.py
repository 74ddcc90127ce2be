"""Forgetting events that are older than the event history goes back."""

from datetime import timedelta

import psycopg
import structlog

from kuber.infra.db import RawPool
from kuber.infra.history import KEPT
from kuber.kernel.clock import Clock

_log = structlog.get_logger(__name__)

_EVERY = timedelta(hours=1)
_FORGET = """
    delete from event_history where id in (
      select id from event_history where at < %s order by at, id limit %s for update skip locked)
"""


class HistoryRetention:
    """Once an hour forgets the events older than `KEPT`, a batch at each call until none is left;
    any number of instances may do so at the same time."""

    def __init__(self, pool: RawPool, clock: Clock, *, batch: int = 5_000) -> None:
        self._pool = pool
        self._clock = clock
        self._batch = batch
        self._due_at = clock.now()

    async def run_once(self) -> int:
        """Forget one batch if it is time to; return how many events it had."""
        now = self._clock.now()
        if now < self._due_at:
            return 0
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_FORGET, (now - KEPT, self._batch))
        except psycopg.Error as error:  # whoever calls has other work that must go on
            _log.warning("event_history_retention_failed", error=type(error).__name__)
            return 0
        if cursor.rowcount < self._batch:
            self._due_at = now + _EVERY
        return cursor.rowcount
