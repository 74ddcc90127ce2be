"""Limits on guessing: how often one place may try to sign in or to sign up."""

import hashlib
import hmac
import math
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast
from uuid import UUID

import structlog
from cachetools import TTLCache
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.identity.emails import normalise
from kuber.identity.errors import InvalidAccount, RateLimited
from kuber.infra.rate_limits import MinuteWindows, Use
from kuber.kernel.clock import Clock

_log = structlog.get_logger(__name__)

_WINDOW = timedelta(minutes=1)
_ACCOUNTS_PER_PLACE = 5
_MOST_LOCAL_WINDOWS = 10_000
_PAUSE = timedelta(seconds=5)
_PREFIX = "kuber:throttle"

# How many there were since the last answer, for the first in a window; 0 for all others.
_FAILED = """
local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if not redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], 0, 'PX', ARGV[2])
return count
"""
_REMEMBERED = timedelta(days=1)


@dataclass(slots=True)
class _Window:
    """How often a window has been used, and when it ends."""

    ends_at: datetime
    count: int = 0


class _LocalWindows:
    """Fixed windows in this process, for while Redis is away; the least used go first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: TTLCache[str, _Window] = TTLCache(
            _MOST_LOCAL_WINDOWS, _WINDOW.total_seconds(), lambda: clock.now().timestamp()
        )

    def use(self, key: str, limit: int) -> Use:
        now, window = self._clock.now(), self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now + _WINDOW)
        window.count += 1
        if window.count <= limit:
            return Use(window.count, None)
        left_s = (window.ends_at - now).total_seconds()
        return Use(window.count, max(1, math.ceil(left_s)))


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
        self._windows = MinuteWindows(redis, _PREFIX)
        self._local = _LocalWindows(clock)
        self._redis_away_until = clock.now()

    async def log_in(self, email: str, ip: str) -> None:
        """Count one attempt to sign in; raises RateLimited when there were too many.

        All spellings of an address that name one account count together. What is no address names
        no account, and is counted apart from those that do.
        """
        place = place_of(ip)
        await self._take(f"login:{place}", self._per_minute * _ACCOUNTS_PER_PLACE)
        await self._take(f"login:{place}:{_account(email)}", self._per_minute)

    async def failed(self, account_id: UUID) -> int:
        """Count one failed log-in; return how many there were since the last answer that was not 0.

        It is not 0 for the first in a minute, so that whoever goes on guessing fills no record.
        """
        name = f"{_PREFIX}:{self._digest(f'failed:{account_id}')}"
        if self._clock.now() >= self._redis_away_until:
            try:
                times = [int(one.total_seconds() * 1000) for one in (_WINDOW, _REMEMBERED)]
                answer = self._redis.eval(_FAILED, 2, name, f"{name}:told", *times)
                return await cast("Awaitable[int]", answer)
            except RedisError as error:
                self._redis_away_until = self._clock.now() + _PAUSE
                _log.warning("throttle_counts_locally", error=type(error).__name__)
        return 1 if self._local.use(name, 1).count == 1 else 0

    async def register(self, ip: str) -> None:
        """Count one attempt to sign up; raises RateLimited when there were too many."""
        await self._take(f"register:{place_of(ip)}", self._per_minute * _ACCOUNTS_PER_PLACE)

    async def _take(self, name: str, limit: int) -> None:
        use = await self._use(self._digest(name), limit)
        if use.wait_s is not None:
            raise RateLimited(
                f"Too many attempts. Try again in {use.wait_s} seconds.", retry_after_s=use.wait_s
            )

    def _digest(self, name: str) -> str:
        return hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()

    async def _use(self, key: str, limit: int) -> Use:
        if self._clock.now() >= self._redis_away_until:
            try:
                return await self._windows.use(key, limit)
            except RedisError as error:
                # A Redis that hangs is left alone for a while, or each attempt would wait for it.
                self._redis_away_until = self._clock.now() + _PAUSE
                _log.warning("throttle_counts_locally", error=type(error).__name__)
        return self._local.use(key, limit)


def _account(email: str) -> str:
    try:
        return f"account:{normalise(email)}"
    except InvalidAccount:
        return f"no address:{email.strip().lower()}"


def place_of(ip: str) -> str:
    """Return what counts as one place: an address, or the network that one IPv6 line is given."""
    try:
        address = ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network(f"{address}/64", strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
