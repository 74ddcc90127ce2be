"""The Celery application: messages only wake workers, what is to be done is in PostgreSQL."""

import asyncio

import structlog
from celery import Celery
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.workers.broker import broker_url, never_restore

log = structlog.get_logger(__name__)

QUEUE = "kuber"
DRAIN = "kuber.runs.drain"
SWEEP = "kuber.runs.sweep"
SWEEP_EVERY_S = 1.0
_CALL = "kuber:wake"
_SWEEP_CALL = "kuber:sweep"
_CALL_WITHIN_S = 2.0

_BROKER_IS_AWAY = (RedisError, CeleryError, KombuError, OSError)


def make_celery(redis_url: str, *, processes: int = 2) -> Celery:
    """Return the application on the broker at `redis_url`."""
    never_restore()
    app = Celery("kuber", broker=broker_url(redis_url))
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_concurrency=processes,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_max_tasks_per_child=20_000,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "visibility_timeout": 3600,
        },
        task_default_queue=QUEUE,
        task_time_limit=24 * 3600,
        timezone="UTC",
    )
    return app


class Waker:
    """Calls a worker to the queue of runs.

    At most one call is under way at a time: a token in Redis is set with the call and taken back
    by the worker before it looks at the queue, so that a run committed in between is seen.
    """

    def __init__(self, celery: Celery, redis: Redis) -> None:
        self._celery = celery
        self._redis = redis

    async def wake(self) -> None:
        """Send a call unless one is under way; never raises: the sweep finds what was missed."""
        try:
            if await self._redis.set(_CALL, 1, nx=True, ex=2):
                await self._send(DRAIN, expires_s=30)
        except _BROKER_IS_AWAY as error:
            log.warning("worker_not_called", reason=str(error))

    async def call_sweep(self) -> bool:
        """Have a worker sweep, unless somebody has had one do so within the second; say whether
        that is told. Never raises."""
        try:
            # Asked first, since it is bounded: no thread waits for a broker that hangs.
            if await self._redis.set(_SWEEP_CALL, 1, nx=True, px=int(SWEEP_EVERY_S * 800)):
                await self._send(SWEEP, expires_s=2 * SWEEP_EVERY_S)
        except _BROKER_IS_AWAY:
            return False
        return True

    async def clear_wake_token(self) -> None:
        """Take the token back: whoever commits a run from now on calls again."""
        try:
            await self._redis.delete(_CALL)
        except (RedisError, OSError) as error:
            log.warning("wake_token_left", reason=str(error))

    async def _send(self, task: str, *, expires_s: float) -> None:
        async with asyncio.timeout(_CALL_WITHIN_S):
            await asyncio.to_thread(self._celery.send_task, task, retry=False, expires=expires_s)
