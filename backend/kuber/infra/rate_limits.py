"""How often something is done, counted over all processes: fixed windows in Redis."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from redis.asyncio import Redis


@dataclass(frozen=True, slots=True)
class Use:
    """How often a window was used, this use included."""

    count: int
    wait_s: int | None
    """Seconds until the window ends when `count` is above the limit, at least 1; else None."""


class MinuteWindows:
    """Windows of one minute that begin with their first use.

    Counting and setting the end of the window is one step: a crash between the two leaves no
    counter without an end.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        """`prefix` is what the keys in Redis begin with."""
        self._storage = _ClientStorage(redis, prefix)

    async def use(self, name: str, limit: int) -> Use:
        """Count one use of the window `name`. Raises RedisError, OSError."""
        item = RateLimitItemPerMinute(limit)
        key = item.key_for(name)
        count = int(await self._storage.incr(key, item.get_expiry()))
        if count <= limit:
            return Use(count, None)
        left_s = await self._storage.get_expiry(key) - time.time()
        return Use(count, max(1, math.ceil(left_s)))


class _ClientStorage(RedisStorage):
    """The library's storage on a client of ours, which bounds each call."""

    STORAGE_SCHEME = None  # type: ignore[assignment] # it is made here only, from no address

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._client = redis
        super().__init__("async+redis://", implementation="redispy", key_prefix=prefix)

    def configure_bridge(self) -> None:
        self.bridge.connection_getter = lambda _: self._client  # type: ignore[attr-defined]
