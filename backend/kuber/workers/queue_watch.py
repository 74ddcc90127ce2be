"""Looks whether a worker takes the messages that wait for it.

Celery may go on without consuming after it has lost Redis, and waits up to half a minute before it
asks for a server again that is back.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

DEAF_AFTER_S = 15.0
"""How long messages may wait for a worker that has nothing to do."""
_ASK_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a worker takes: `received` counts its tasks, `held` those that it has not ended."""

    received: int
    held: int


class QueueWatch:
    """Ends a worker that takes nothing although messages wait and it holds none.

    Times are counted in looks: a machine that was suspended as a whole has not been waiting.
    """

    def __init__(
        self,
        waiting: Callable[[], int],
        consumption: Callable[[], Consumption],
        end_worker: Callable[[], None],
    ) -> None:
        """`waiting` returns how many messages wait, 0 while that cannot be told."""
        self._waiting = waiting
        self._consumption = consumption
        self._end_worker = end_worker
        self._received = 0
        self._deaf_s = 0.0

    def look(self, passed_s: float) -> None:
        """See whether messages are taken, `passed_s` after the last look."""
        now, waiting = self._consumption(), self._waiting()
        takes = now.received != self._received or now.held > 0 or waiting == 0
        self._received = now.received
        self._deaf_s = 0.0 if takes else self._deaf_s + passed_s
        if self._deaf_s < DEAF_AFTER_S:
            return
        log.error(
            "worker_not_consuming",
            messages=waiting,
            silent_s=round(self._deaf_s),
            consequence="The worker ends; its supervisor begins another.",
        )
        self._end_worker()


def waiting_in(redis_url: str, queue: str) -> Callable[[], int]:
    """Return how to ask Redis for the length of `queue`; 0 while it does not answer."""
    redis = Redis.from_url(
        redis_url, socket_timeout=_ASK_WITHIN_S, socket_connect_timeout=_ASK_WITHIN_S
    )

    def ask() -> int:
        try:
            return int(redis.llen(queue))
        except (RedisError, OSError):
            return 0

    return ask
