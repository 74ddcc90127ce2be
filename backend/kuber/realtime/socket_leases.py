"""How many live connections each user has, over all processes: leases in Redis.

A lease that is not renewed ends by itself, so a process that dies takes nothing along. While Redis
is away each process counts its own.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import LimitService
from kuber.infra.tasks import end_tasks
from kuber.kernel.errors import ErrorKind, KuberError
from kuber.kernel.ids import UserId, new_id

log = structlog.get_logger(__name__)

LEASE_S = 60
RENEW_S = 20.0
_PATIENCE_S = 1.0

# Redis' own clock decides, so that processes with different clocks agree. Leases that ran out make
# room; whoever renews comes back, also when Redis has lost everything meanwhile.
_NOW = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
"""
_TAKE = (
    _NOW
    + """
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
)
_RENEW = (
    _NOW
    + """
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
)
_COUNT = _NOW + "return redis.call('ZCARD', KEYS[1])"


class TooManySockets(KuberError):
    """The user has as many live connections as may be."""

    kind = ErrorKind.RATE_LIMITED
    code = "too_many_sockets"
    title = "Too many live connections"
    usual_remedy = "Close other pages, or end programs that you do not need."


class SocketLeases:
    """Hands out leases and renews those of this process, all at once."""

    def __init__(self, redis: Redis, limits: LimitService) -> None:
        self._redis = redis
        self._limits = limits
        self._take = redis.register_script(_TAKE)
        self._renew = redis.register_script(_RENEW)
        self._count = redis.register_script(_COUNT)
        self._held: dict[UserId, set[str]] = defaultdict(set)
        self._renewing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def one(self, user_id: UserId) -> AsyncIterator[None]:
        """Hold a lease while the block runs; raises TooManySockets."""
        most = (await self._limits.of(user_id))[LimitName.SOCKETS]
        lease = str(new_id())
        own = self._held[user_id]
        own.add(lease)  # before anything is awaited: counted at once
        try:
            if len(own) > most or not await self._granted(user_id, lease, most):
                raise TooManySockets(
                    f"You have {most} live connections, as many as may be. Close other pages,"
                    " or end programs that you do not need.",
                    retry_after_s=LEASE_S,
                )
            if self._renewing is None:
                self._renewing = asyncio.create_task(self._keep_renewing())
            yield
        finally:
            own.discard(lease)
            if not own:
                self._held.pop(user_id, None)
            await asyncio.shield(self._release(user_id, lease))

    async def used(self, user_id: UserId) -> int:
        """Return how many live connections the user has, here at least."""
        own = len(self._held.get(user_id, ()))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return int(await self._count(keys=[_key(user_id)]))
        except (RedisError, OSError, TimeoutError):
            return own

    async def close(self) -> None:
        """Stop renewing; what is still held runs out."""
        if self._renewing is not None:
            await end_tasks([self._renewing])

    async def _granted(self, user_id: UserId, lease: str, most: int) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return bool(await self._take(keys=[_key(user_id)], args=[lease, LEASE_S, most]))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("sockets_counted_locally", error=type(error).__name__)
            return True  # this process has counted already

    async def _release(self, user_id: UserId, lease: str) -> None:
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._redis.zrem(_key(user_id), lease)

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            await self.renew()

    async def renew(self) -> None:
        """Prolong every lease of this process; one that Redis has lost is made again."""
        try:
            async with asyncio.timeout(RENEW_S), self._redis.pipeline(transaction=False) as pipe:
                for user_id, leases in self._held.items():
                    await self._renew(keys=[_key(user_id)], args=[LEASE_S, *leases], client=pipe)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("socket_leases_not_renewed", error=type(error).__name__)


def _key(user_id: UserId) -> str:
    return f"kuber:sockets:{user_id}"
