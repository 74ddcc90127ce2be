"""How often one user may have lists looked up out of turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.scanners.errors import RefreshAway, TooManyRefreshes

REFRESHES_PER_MINUTE = 10
_WINDOW_MS = 60_000
_LONGEST_MS = 60_000
"""When one who died under way leaves the place free: longer than any look-up takes."""
_PATIENCE_S = 1.5

# One step, so that a crash leaves no counter without an end. KEYS: place, count. ARGV: token,
# longest time of one in ms, limit, window in ms.
_TAKE = """
local left = redis.call('PTTL', KEYS[1])
if left > 0 then return {'under_way', 1000} end
local count = redis.call('INCR', KEYS[2])
if count == 1 then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
if count > tonumber(ARGV[3]) then return {'too_many', redis.call('PTTL', KEYS[2])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'taken', 0}
"""
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class RefreshLimits:
    """One look-up at a time and `REFRESHES_PER_MINUTE` for each user, over all processes.

    Each may be a request of ours to a server that the user chose.
    """

    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(_TAKE)
        self._give_back = redis.register_script(_GIVE_BACK)

    @asynccontextmanager
    async def one(self, user_id: UserId) -> AsyncIterator[None]:
        """Hold the user's place; raises TooManyRefreshes, or RefreshAway without Redis."""
        place, count = f"kuber:scanner:refresh:{user_id}", f"kuber:scanner:refreshes:{user_id}"
        token = uuid4().hex
        args: list[str | int] = [token, _LONGEST_MS, REFRESHES_PER_MINUTE, _WINDOW_MS]
        async with _reachable():
            verdict, wait_ms = await self._take(keys=[place, count], args=args)
        if verdict != "taken":
            raise _refused(str(verdict), int(wait_ms))
        try:
            yield
        finally:
            with suppress(RefreshAway):  # the place becomes free by itself
                async with _reachable():
                    await self._give_back(keys=[place], args=[token])


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            yield
    except (RedisError, OSError, TimeoutError) as error:
        detail = "Redis does not answer, so Kuber cannot count look-ups right now."
        raise RefreshAway(
            detail,
            [Problem(detail, "Try again in a few seconds; the schedule goes on without it.")],
            retry_after_s=5,
        ) from error


def _refused(verdict: str, wait_ms: int) -> TooManyRefreshes:
    wait_s = max(1, -(-wait_ms // 1000))
    detail = (
        "One of your scanners is being looked up."
        if verdict == "under_way"
        else f"Scanners may be looked up {REFRESHES_PER_MINUTE} times a minute."
    )
    remedy = f"Try again in {wait_s} s, or leave it to the schedule."
    return TooManyRefreshes(detail, [Problem(detail, remedy)], retry_after_s=wait_s)
