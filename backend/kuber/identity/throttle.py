"""Limits on guessing: how often one place may try to sign in or to sign up."""

import hashlib
import hmac
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.identity.errors import RateLimited
from kuber.kernel.clock import Clock

_log = structlog.get_logger(__name__)

_WINDOW = timedelta(minutes=1)
_ACCOUNTS_PER_PLACE = 5
_MOST_LOCAL_WINDOWS = 10_000
_PAUSE = timedelta(seconds=5)

# Counting and setting the end of the window is one step: a crash between the two would otherwise
# leave a counter that never runs out.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""


@dataclass(frozen=True, slots=True)
class _Use:
    """How often a window has been used, and how long it lasts still."""

    count: int
    left_s: float


@dataclass(slots=True)
class _LocalWindows:
    """Fixed windows in this process, for while Redis is away; bounded, oldest dropped first."""

    clock: Clock
    windows: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def use(self, key: str) -> _Use:
        now = self.clock.now()
        count, ends_at = self.windows.pop(key, (0, now))
        if ends_at <= now:
            count, ends_at = 0, now + _WINDOW
        self.windows[key] = (count + 1, ends_at)
        if len(self.windows) > _MOST_LOCAL_WINDOWS:
            del self.windows[next(iter(self.windows))]
        return _Use(count + 1, (ends_at - now).total_seconds())


class Throttle:
    """Fixed one-minute windows in Redis, shared by all processes of the API.

    `per_minute` attempts for one account from one place, five times as many for one place over
    all accounts. While Redis is away each process counts for itself, so that signing in is neither
    unlimited nor impossible. Keys are keyed hashes: no address is stored in the clear.
    """

    def __init__(self, redis: Redis, clock: Clock, *, per_minute: int, secret: str) -> None:
        self._redis = redis
        self._per_minute = per_minute
        self._secret = secret.encode()
        self._clock = clock
        self._local = _LocalWindows(clock)
        self._redis_away_until = clock.now()

    async def log_in(self, email: str, ip: str) -> None:
        """Count one attempt to sign in; raises RateLimited when there were too many."""
        place = _place(ip)
        await self._take(f"login:{place}", self._per_minute * _ACCOUNTS_PER_PLACE)
        await self._take(f"login:{place}:{email.strip().lower()}", self._per_minute)

    async def register(self, ip: str) -> None:
        """Count one attempt to sign up; raises RateLimited when there were too many."""
        await self._take(f"register:{_place(ip)}", self._per_minute * _ACCOUNTS_PER_PLACE)

    async def _take(self, name: str, limit: int) -> None:
        key = "kuber:throttle:" + hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()
        use = await self._use(key)
        if use.count > limit:
            wait_s = max(1, round(use.left_s + 0.5))
            raise RateLimited(
                f"Too many attempts. Try again in {wait_s} seconds.", retry_after_s=wait_s
            )

    async def _use(self, key: str) -> _Use:
        if self._clock.now() < self._redis_away_until:
            return self._local.use(key)
        try:
            return await self._count(key)
        except RedisError as error:
            # A Redis that hangs is left alone for a while, or each attempt would wait for it.
            self._redis_away_until = self._clock.now() + _PAUSE
            _log.warning("throttle_counts_locally", error=type(error).__name__)
            return self._local.use(key)

    async def _count(self, key: str) -> _Use:
        window_ms = int(_WINDOW.total_seconds() * 1000)
        answer = self._redis.eval(_COUNT, 1, key, window_ms)
        count, left_ms = await cast("Awaitable[list[int]]", answer)
        return _Use(count, left_ms / 1000)


def _place(ip: str) -> str:
    """Return what counts as one place: an address, or the network that one IPv6 line is given."""
    try:
        address = ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network(f"{address}/64", strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
