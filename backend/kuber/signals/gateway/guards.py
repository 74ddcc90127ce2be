"""What Redis remembers for the gateway: how often somebody sends, and what was sent lately.

Without Redis nothing is let through: a repeated delivery could not be told from a new one.

Only a delivery that is proven to be the source's own counts against the source and its owner.
Whatever else comes is counted by where it comes from: nobody uses up what the owner may send.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kuber.infra.rate_limits import MinuteWindows, Use
from kuber.signals.gateway.errors import (
    GatewayBusy,
    NonceReplayed,
    ReplayGuardAway,
    TooManyDeliveries,
    one_problem,
)
from kuber.signals.gateway.types import WINDOW_S, Proof, Source, SourceId

_log = structlog.get_logger(__name__)

UNVERIFIED_PER_MINUTE = 240
"""Deliveries of one network to one source, or to no source at all, that are not believed."""
UNVERIFIED_RECORDED_PER_MINUTE = 600
"""How many of those are put on record for one source, from wherever they come."""
ALERT_WINDOW_S = 55
"""How long the same alert is the same one. TradingView repeats it for about half a minute when
there was no answer; an alert of the next one-minute bar is another one."""

_RATE_WINDOW_MS = 60_000
_NONCE_S = 2 * WINDOW_S + 60
"""A delivery may be signed `WINDOW_S` ahead of us and is believed until `WINDOW_S` after that."""
_PATIENCE_S = 1.5

# One round trip for everything. What was sent before is not charged again; what the source may not
# send any more is not charged to its owner. KEYS: source, owner and, when there is something to
# remember, that. ARGV: window in ms, both limits, then for how long to remember and what.
_ADMIT = """
local known = KEYS[3] and redis.call('GET', KEYS[3])
if known and ARGV[5] == '' then return {'used', 0, 0} end
for i, who in ipairs({'source', 'owner'}) do
  local count = redis.call('INCR', KEYS[i])
  if count == 1 then redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
  if count > tonumber(ARGV[i + 1]) then return {who, count, redis.call('PTTL', KEYS[i])} end
end
if known then return {known, 0, 0} end
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[4]) end
return {ARGV[5], 0, 0}
"""


class _Memory(NamedTuple):
    """What to remember of a delivery: `value` is the name it goes by, empty if it has to be new."""

    key: str
    kept_s: int
    value: str


class Admission:
    """Fixed one-minute windows for each source and each user, and what was sent lately."""

    def __init__(self, redis: Redis, per_user: int) -> None:
        self._redis = redis
        self._admit = redis.register_script(_ADMIT)
        self._windows = MinuteWindows(redis, "kuber:webhook")
        self._per_user = per_user

    async def admit(self, source: Source, proof: Proof) -> str:
        """Count a proven delivery and return the name that it goes by: of an alert that was sent
        a moment ago the one that it had then.

        Raises NonceReplayed, TooManyDeliveries, or ReplayGuardAway without Redis.
        """
        memory = _memory(source.id, proof)
        keys = [f"kuber:webhook:rate:{source.id}", f"kuber:webhook:rate:user:{source.user_id}"]
        keys += [memory.key] if memory else []
        kept_s, value = (memory.kept_s, memory.value) if memory else (0, "")
        limits = [_RATE_WINDOW_MS, source.rate_per_minute, self._per_user]
        async with _reachable():
            verdict, count, left_ms = await self._admit(keys=keys, args=[*limits, kept_s, value])
        match str(verdict):
            case "used":
                raise replayed()
            case "source":
                raise _too_many("This source", source.rate_per_minute, count, _seconds(left_ms))
            case "owner":
                who = "Its owner, over all sources,"
                raise _too_many(who, self._per_user, count, _seconds(left_ms))
            case name:
                return name or proof.external_id

    async def release(self, source_id: SourceId, nonce: str) -> None:
        """Give a nonce back after a failure of ours, so that the same request may be repeated."""
        try:
            async with _reachable():
                await self._redis.delete(_nonce_key(source_id, nonce))
        except ReplayGuardAway:
            return

    async def count_unverified(self, source_id: SourceId, network: str) -> bool:
        """Count a delivery that is not believed; say whether there is room to put it on record.

        Raises TooManyDeliveries when its network sends too many, ReplayGuardAway.
        """
        async with _reachable():
            of_network, of_all = await asyncio.gather(
                self._windows.use(f"unverified:{source_id}:{network}", UNVERIFIED_PER_MINUTE),
                self._windows.use(f"unverified:{source_id}", UNVERIFIED_RECORDED_PER_MINUTE),
            )
        _require_room(of_network)
        return of_all.wait_s is None

    async def count_lost(self, network: str) -> None:
        """Count a delivery to no source; raises TooManyDeliveries, ReplayGuardAway."""
        async with _reachable():
            use = await self._windows.use(f"lost:{network}", UNVERIFIED_PER_MINUTE)
        _require_room(use)


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


def replayed() -> NonceReplayed:
    """Return the refusal of a nonce that was used before."""
    return NonceReplayed(
        "The nonce of this delivery was used before.",
        one_problem(
            "The nonce is used up.",
            "Draw a new nonce for each request and sign again. With the same "
            "Idempotency-Key or X-Correlation-Id the signal still counts once.",
            "X-Nonce",
        ),
    )


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


def _memory(source_id: SourceId, proof: Proof) -> _Memory | None:
    if proof.nonce is not None:
        return _Memory(_nonce_key(source_id, proof.nonce), _NONCE_S, "")
    if proof.alert is not None:
        key = f"kuber:webhook:alert:{source_id}:{proof.alert}"
        return _Memory(key, ALERT_WINDOW_S, proof.external_id)
    return None


def _nonce_key(source_id: SourceId, nonce: str) -> str:
    short = hashlib.blake2b(nonce.encode(), digest_size=16).hexdigest()
    return f"kuber:webhook:nonce:{source_id}:{short}"


def _require_room(use: Use) -> None:
    if use.wait_s is not None:
        raise _too_many("Strangers of one network", UNVERIFIED_PER_MINUTE, use.count, use.wait_s)


def _too_many(who: str, limit: int, count: int, wait_s: int) -> TooManyDeliveries:
    error = TooManyDeliveries(
        f"{who} may send {limit} deliveries a minute.",
        one_problem("The limit is reached.", f"Send the delivery again in {wait_s} seconds."),
        retry_after_s=wait_s,
    )
    error.first_of_window = count == limit + 1
    return error


def _seconds(left_ms: int) -> int:
    return max(1, -(-left_ms // 1000))
