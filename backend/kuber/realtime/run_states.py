"""Keeps the state of runs under way in Redis, for an hour after their last step.

A copy to look at, under `pipeline:state:<run id>` as JSON: what a run goes on from is on record in
PostgreSQL.
"""

import asyncio
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.kernel.ids import RunId

log = structlog.get_logger(__name__)

KEPT_S = 3600
WRITE_AFTER_S = 0.25
"""Steps of one moment are written once: each state holds what those before it held."""


def state_key(run_id: RunId) -> str:
    """Return the Redis key of a run's state."""
    return f"pipeline:state:{run_id}"


class RunStates:
    """Collects the newest state of each run for a moment and writes all of them together."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pending: dict[RunId, Callable[[], str]] = {}
        self._writing: asyncio.Task[None] | None = None

    def keep(self, run_id: RunId, state: Callable[[], str]) -> None:
        """Queue a run's state, in place of an older one; returns at once and never raises.

        state: makes the JSON text, called once it is written.
        """
        self._pending[run_id] = state
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write what is queued."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._pending:
            await asyncio.sleep(WRITE_AFTER_S)
            pending, self._pending = self._pending, {}
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for run_id, state in pending.items():
                        pipe.set(state_key(run_id), state(), ex=KEPT_S)
                    await pipe.execute()
            except (RedisError, OSError) as error:
                log.warning("run_states_not_kept", runs=len(pending), reason=str(error))
