"""How often one user may have lists looked up out of turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.infra.rate_limits import MinuteWindows
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.scanners.errors import RefreshAway, TooManyRefreshes

REFRESHES_PER_MINUTE = 10
_LONGEST_S = 60
"""When one who died under way leaves the place free: longer than any look-up takes."""
_PATIENCE_S = 1.5


class RefreshLimits:
    """One look-up at a time and `REFRESHES_PER_MINUTE` for each user, over all processes.

    Each may be a request of ours to a server that the user chose.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._windows = MinuteWindows(redis, "kuber:scanner:refreshes")

    @asynccontextmanager
    async def one(self, user_id: UserId) -> AsyncIterator[None]:
        """Hold the user's place; raises TooManyRefreshes, or RefreshAway without Redis."""
        place = self._redis.lock(f"kuber:scanner:refresh:{user_id}", _LONGEST_S, thread_local=False)
        async with _reachable():
            if not await place.acquire(blocking=False):
                raise _refused("One of your scanners is being looked up.", 1)
        try:
            async with _reachable():
                use = await self._windows.use(str(user_id), REFRESHES_PER_MINUTE)
            if use.wait_s is not None:
                raise _refused(
                    f"Scanners may be looked up {REFRESHES_PER_MINUTE} times a minute.", use.wait_s
                )
            yield
        finally:
            # The place becomes free by itself, and may be somebody else's by now.
            with suppress(RefreshAway):
                async with _reachable():
                    await place.release()


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


def _refused(detail: str, wait_s: int) -> TooManyRefreshes:
    remedy = f"Try again in {wait_s} s, or leave it to the schedule."
    return TooManyRefreshes(detail, [Problem(detail, remedy)], retry_after_s=wait_s)
