"""The heartbeat of a worker process, as long-running services leave it."""

import asyncio
import json
from collections.abc import Callable
from typing import Self

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from kuber.infra.db import RawPool
from kuber.infra.heartbeats import BEAT, replace_lost
from kuber.infra.tasks import end_tasks
from kuber.kernel.clock import Clock
from kuber.workers.service import BEAT_EVERY_S

log = structlog.get_logger(__name__)

SERVICE = "worker"


class WorkerHeartbeat:
    """Beats from the event loop that carries runs, so that one that is held falls silent."""

    def __init__(self, pool: RawPool, clock: Clock, instance: str, runs: Callable[[], int]) -> None:
        self._pool = pool
        self._clock = clock
        self._instance = instance
        self._runs = runs
        self._started_at = clock.now()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_beating(), name="worker heartbeat")
        return self

    async def __aexit__(self, *_: object) -> None:
        await end_tasks([self._task])
        await self._beat("stopped")

    async def _keep_beating(self) -> None:
        while True:
            await self._beat("running")
            await asyncio.sleep(BEAT_EVERY_S)

    async def _beat(self, state: str) -> None:
        now = self._clock.now()
        values = {
            "service": SERVICE,
            "instance": self._instance,
            "state": state,
            "detail": json.dumps({"runs": self._runs()}),
            "started_at": self._started_at,
            "now": now,
            "progress_at": now,
            "waiting_for": None,
        }
        try:
            async with self._pool.connection(BEAT_EVERY_S) as connection:
                await connection.execute(BEAT, values)
                await replace_lost(connection, [SERVICE], self._instance)
        except (DatabaseError, PoolTimeout, OSError) as error:
            log.warning("heartbeat_missed", reason=str(error))
