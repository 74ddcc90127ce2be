"""Forgetting deliveries that are too old to be repeated, also those of sources that fell silent."""

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog

from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock

_log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
_EVERY = timedelta(hours=1)

# Ids begin with their time, so the oldest lie at the beginning of the table's own index.
_FORGET = """
    delete from webhook_deliveries where id in (
      select id from webhook_deliveries where id < %s
      order by id limit %s for update skip locked)
"""


class Retention:
    """Once an hour forgets the deliveries older than `KEPT`, a batch at each call until none is
    left; any number of instances may do so at the same time."""

    def __init__(self, pool: RawPool, clock: Clock, *, batch: int = 2_000) -> None:
        self._pool = pool
        self._clock = clock
        self._batch = batch
        self._due_at = clock.now()

    async def run_once(self) -> int:
        """Forget one batch if it is time to; return how many deliveries it had."""
        now = self._clock.now()
        if now < self._due_at:
            return 0
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_FORGET, (_first_id(now - KEPT), self._batch))
        except psycopg.Error as error:  # whoever calls has other work that must go on
            _log.warning("webhook_retention_failed", error=type(error).__name__)
            return 0
        if cursor.rowcount < self._batch:
            self._due_at = now + _EVERY
        return cursor.rowcount


def _first_id(instant: datetime) -> UUID:
    return UUID(int=int(instant.timestamp() * 1000) << 80)
