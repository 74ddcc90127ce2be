"""Redis: clients with short time-outs, so that its absence is noticed and never hangs a request."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimedOut

T = TypeVar("T")

CALL_WITHIN_S = 1.5
"""How long one call may take, its connection and every retry included."""
PAUSE_S = 2.0
"""How long a Redis that did not answer is left alone before it is asked again."""


class CircuitBreaker:
    """Bounds each call, and lets calls fail at once while Redis hangs.

    Whether it is back is found out by `ask`, beside the calls: nobody has to wait for that, and an
    answer that is slow to come on a busy machine counts as well.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[object]],
        within_s: float = CALL_WITHIN_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._ask = ask
        self._within_s = within_s
        self._pause_s = pause_s
        self._asking: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raise RedisTimedOut while Redis is left alone."""
        if self._asking is not None and not self._asking.done():
            raise RedisTimedOut("Redis did not answer a moment ago.")

    async def bound(self, call: Awaitable[T]) -> T:
        """Return what `call` gives; raises RedisTimedOut when it takes too long."""
        try:
            async with asyncio.timeout(self._within_s):
                return await call
        except (TimeoutError, RedisTimedOut) as error:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._until_back())
            raise RedisTimedOut(f"Redis did not answer within {self._within_s:g} s.") from error

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(self._pause_s)
            try:
                await self._ask()
            except (RedisError, OSError):
                continue
            return

    def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()


class BoundedRedis(Redis):
    """A client whose commands and pipelines are bounded; subscriptions wait by their nature."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.breaker = CircuitBreaker(self._ping)

    async def _ping(self) -> None:
        await super().execute_command("PING")  # type: ignore[no-untyped-call]

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close the client's connections."""
        self.breaker.close()
        await super().aclose(close_connection_pool)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command; raises RedisTimedOut."""
        self.breaker.check()
        return await self.breaker.bound(super().execute_command(*args, **options))  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Return a pipeline that is bounded as a whole."""
        made = _BoundedPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )
        made.breaker = self.breaker
        return made


class _BoundedPipeline(Pipeline):
    breaker: CircuitBreaker

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send every command of the pipeline; raises RedisTimedOut."""
        self.breaker.check()
        return await self.breaker.bound(super().execute(raise_on_error))


def connect_redis(url: str) -> Redis:
    """Return a client for `url` (`redis://:secret@host:port/db`); connects at first use."""
    return BoundedRedis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=1,
        socket_timeout=2,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=2),
        health_check_interval=15,
    )
