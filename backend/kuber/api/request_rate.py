"""Requests a minute for each user, shared by all processes without asking Redis every time.

A process leases a block of requests from the user's counter in Redis and spends it alone. What is
left of a block when its minute ends is lost: a user may get a few requests less than the limit,
never more while Redis answers.
"""

import asyncio
import math
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId

_log = structlog.get_logger(__name__)

BLOCK = 20
_WINDOW_S = 60
_PATIENCE_S = 0.25
_PAUSE = timedelta(seconds=5)

_LEASE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local granted = math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - used)
if granted <= 0 then return 0 end
redis.call('INCRBY', KEYS[1], granted)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return granted
"""


@dataclass(slots=True)
class _Lease:
    """What this process has of one user's minute."""

    left: int = 0
    leased: int = 0
    spent_at: int = -1
    """The limit at which there was nothing left to lease."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class RequestRate:
    """Fixed one-minute windows. While Redis is away or slow each process counts for itself."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._window = 0
        self._leases: dict[UserId, _Lease] = {}
        self._redis_away_until = clock.now()

    async def take(self, user_id: UserId, limit: int) -> int | None:
        """Count a request; return None, or after how many seconds to come back."""
        lease, left_s = self._lease(user_id)
        if lease.left <= 0 and limit != lease.spent_at:
            async with lease.asking:  # one question for all that arrive meanwhile
                if lease.left <= 0 and limit != lease.spent_at:
                    await self._extend(user_id, lease, limit)
        if lease.left <= 0:
            return left_s
        lease.left -= 1
        return None

    async def used(self, user_id: UserId) -> int:
        """Return about how many requests of this minute are used up, over all processes."""
        lease, _ = self._lease(user_id)
        if self._clock.now() < self._redis_away_until:
            return lease.leased - lease.left
        try:
            async with asyncio.timeout(_PATIENCE_S):
                leased = int(await self._redis.get(self._key(user_id)) or 0)
        except (RedisError, OSError, TimeoutError):
            leased = lease.leased
        return max(0, leased - lease.left)

    def _lease(self, user_id: UserId) -> tuple[_Lease, int]:
        """Return the user's lease of this minute, and how many seconds the minute lasts."""
        window, passed_s = divmod(self._clock.now().timestamp(), _WINDOW_S)
        if window != self._window:
            self._window = int(window)
            self._leases = {}
        lease = self._leases.get(user_id)
        if lease is None:
            lease = self._leases[user_id] = _Lease()
        return lease, max(1, math.ceil(_WINDOW_S - passed_s))

    async def _extend(self, user_id: UserId, lease: _Lease, limit: int) -> None:
        block = min(BLOCK, max(1, limit // BLOCK))  # of a small limit little may be lost
        granted = await self._granted(user_id, lease, block, limit)
        lease.left += granted
        lease.leased += granted
        lease.spent_at = -1 if granted else limit

    async def _granted(self, user_id: UserId, lease: _Lease, block: int, limit: int) -> int:
        if self._clock.now() >= self._redis_away_until:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    answer = self._redis.eval(
                        _LEASE, 1, self._key(user_id), block, limit, 2 * _WINDOW_S
                    )
                    return int(await cast("Awaitable[int]", answer))
            except (RedisError, OSError, TimeoutError) as error:
                # A Redis that hangs is left alone for a while, or each block would wait for it.
                self._redis_away_until = self._clock.now() + _PAUSE
                _log.warning("requests_counted_locally", error=type(error).__name__)
        return max(0, min(block, limit - lease.leased))

    def _key(self, user_id: UserId) -> str:
        return f"kuber:requests:{user_id}:{self._window}"
