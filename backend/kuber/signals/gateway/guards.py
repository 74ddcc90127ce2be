"""What Redis remembers for the gateway: how often somebody sends, and which nonces were used.

Without Redis nothing is let through: a repeated delivery could not be told from a new one.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.signals.gateway.errors import (
    GatewayBusy,
    NonceReplayed,
    ReplayGuardAway,
    TooManyDeliveries,
    one_problem,
)
from kuber.signals.gateway.types import WINDOW_S, Source, SourceId

_log = structlog.get_logger(__name__)

_RATE_WINDOW_MS = 60_000
_NONCE_S = 2 * WINDOW_S + 60
"""A delivery may be signed `WINDOW_S` ahead of us and is believed until `WINDOW_S` after that."""
_PATIENCE_S = 1.5

# Counting and setting the end of a window is one step: a crash between the two would otherwise
# leave a counter that never runs out.
_COUNT = """
local answer = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
  answer[2 * i - 1] = count
  answer[2 * i] = redis.call('PTTL', key)
end
return answer
"""


class RateLimits:
    """Fixed one-minute windows for each source and for each user over all their sources."""

    def __init__(self, redis: Redis, per_user: int) -> None:
        self._count = redis.register_script(_COUNT)
        self._per_user = per_user

    async def take(self, source: Source) -> None:
        """Count one delivery; raises TooManyDeliveries, or ReplayGuardAway without Redis."""
        keys = [f"kuber:webhook:rate:{source.id}", f"kuber:webhook:rate:user:{source.user_id}"]
        async with _reachable():
            counted = await self._count(keys=keys, args=[_RATE_WINDOW_MS])
        of_source, source_left_ms, of_user, user_left_ms = (int(number) for number in counted)
        if of_source > source.rate_per_minute:
            first = of_source == source.rate_per_minute + 1
            raise _too_many("This source", source.rate_per_minute, source_left_ms, first)
        if of_user > self._per_user:
            first = of_user == self._per_user + 1
            raise _too_many("Its owner, over all sources,", self._per_user, user_left_ms, first)


class Nonces:
    """Which nonces were used lately, per source."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def claim(self, source_id: SourceId, nonce: str) -> None:
        """Use up a nonce; raises NonceReplayed when it is, ReplayGuardAway without Redis."""
        async with _reachable():
            fresh = await self._redis.set(_nonce_key(source_id, nonce), 1, nx=True, ex=_NONCE_S)
        if not fresh:
            raise NonceReplayed(
                "The nonce of this delivery was used before.",
                one_problem(
                    "The nonce is used up.",
                    "Draw a new nonce for each request and sign again. With the same "
                    "Idempotency-Key or X-Correlation-Id the signal still counts once.",
                    "X-Nonce",
                ),
            )

    async def release(self, source_id: SourceId, nonce: str) -> None:
        """Give a nonce back after a failure of ours, so that the same request may be repeated."""
        try:
            async with _reachable():
                await self._redis.delete(_nonce_key(source_id, nonce))
        except ReplayGuardAway:
            return


class InFlight:
    """How many deliveries one process works on at a time; the next one is told to come back."""

    def __init__(self, most: int) -> None:
        self._left = most

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place while the block runs; raises GatewayBusy when there is none."""
        if self._left <= 0:
            raise GatewayBusy(
                "Too many deliveries arrive at once.",
                one_problem("The gateway is busy.", "Send the delivery again in a second."),
                retry_after_s=1,
            )
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            yield
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("webhook_guard_away", error=type(error).__name__)
        raise ReplayGuardAway(
            "Redis does not answer, so a repeated delivery could not be told from a new one.",
            one_problem("Nothing was accepted.", "Send the delivery again in a few seconds."),
        ) from error


def _nonce_key(source_id: SourceId, nonce: str) -> str:
    short = hashlib.blake2b(nonce.encode(), digest_size=16).hexdigest()
    return f"kuber:webhook:nonce:{source_id}:{short}"


def _too_many(who: str, limit: int, left_ms: int, first: bool) -> TooManyDeliveries:
    wait_s = max(1, -(-left_ms // 1000))
    error = TooManyDeliveries(
        f"{who} may send {limit} deliveries a minute.",
        one_problem("The limit is reached.", f"Send the delivery again in {wait_s} seconds."),
        retry_after_s=wait_s,
    )
    error.first_of_window = first
    return error
