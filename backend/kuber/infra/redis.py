"""Redis: clients with short time-outs, so that its absence is noticed and never hangs a request."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff


def connect_redis(url: str) -> Redis:
    """Return a client for `url` (`redis://:secret@host:port/db`); connects at first use."""
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=2,
        socket_timeout=5,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=2),
        health_check_interval=15,
    )
