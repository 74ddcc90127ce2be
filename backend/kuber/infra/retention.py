"""Forgetting rows that are too old, beside whatever else runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
import structlog

from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock

_log = structlog.get_logger(__name__)

_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What is forgotten: `delete` takes the oldest that may stay and how many go at most."""

    name: str
    delete: LiteralString
    oldest_kept: Callable[[datetime], object]
    """From now, what the rows are compared with."""
    batch: int


class Retention:
    """Once an hour forgets what is too old, a batch at each call until none is left; any number of
    instances may do so at the same time."""

    def __init__(self, pool: RawPool, clock: Clock, forgetting: Forgetting) -> None:
        self._pool = pool
        self._clock = clock
        self._forgetting = forgetting
        self._due_at = clock.now()

    async def run_once(self) -> int:
        """Forget one batch if it is time to; return how many rows it had."""
        now, what = self._clock.now(), self._forgetting
        if now < self._due_at:
            return 0
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(what.delete, (what.oldest_kept(now), what.batch))
        except psycopg.Error as error:  # whoever calls has other work that must go on
            _log.warning("retention_failed", of=what.name, error=type(error).__name__)
            return 0
        if cursor.rowcount < what.batch:
            self._due_at = now + _EVERY
        return cursor.rowcount
