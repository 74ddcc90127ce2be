"""The service that calls for sweeps: each second at most one call, whatever becomes of Redis."""

import asyncio

import pytest
from celery.exceptions import CeleryError
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from kuber.workers.celery_app import SWEEP, SWEEP_EVERY_S, Waker
from kuber.workers.sweep import SweepService
from tests.fixtures.waiting import until_async


class FakeCelery:
    """Notes what is sent; fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float]] = []
        self.fails: Exception | None = None

    def send_task(self, task: str, *, retry: bool, expires: float) -> None:
        assert not retry
        if self.fails is not None:
            raise self.fails
        self.sent.append((task, expires))


class FakeRedis:
    """Keeps keys until a test lets time pass."""

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        self.away = False

    async def set(self, key: str, value: int, *, nx: bool, px: int) -> bool | None:
        if self.away:
            raise RedisError("away")
        assert nx
        assert px < SWEEP_EVERY_S * 1000, "the next call, a second later, must find it gone"
        return None if key in self.keys else bool(self.keys.update({key: px}) or True)


async def test_a_call_expires_soon_and_is_sent_once_whoever_sends() -> None:
    celery, redis = FakeCelery(), FakeRedis()
    wakers = [Waker(celery, redis) for _ in range(3)]  # type: ignore[arg-type]
    assert [await waker.call_sweep() for waker in wakers] == [True, True, True]
    assert celery.sent == [(SWEEP, 2.0)]
    redis.keys.clear()
    assert await wakers[1].call_sweep()
    assert celery.sent == [(SWEEP, 2.0)] * 2


@pytest.mark.parametrize("error", [RedisError("a"), CeleryError("b"), OSError("c"), TimeoutError()])
async def test_a_broker_that_is_away_is_no_fault(error: Exception) -> None:
    celery, redis = FakeCelery(), FakeRedis()
    waker = Waker(celery, redis)  # type: ignore[arg-type]
    celery.fails = error
    assert not await waker.call_sweep()
    redis.away = True
    assert not await waker.call_sweep()


async def test_without_redis_the_service_waits_tells_once_and_goes_on() -> None:
    gets_through: list[bool] = []
    calls = []

    async def call() -> bool:
        calls.append(bool(gets_through))
        return bool(gets_through)

    sweep = SweepService(call, every_s=0.001)
    with capture_logs() as logs:
        running = asyncio.create_task(sweep.run())
        await until_async(lambda: len(calls) > 3, "calls that do not get through")
        assert (sweep.progress.waiting_for, sweep.progress.rounds) == ("Redis", 0)
        gets_through.append(True)
        await until_async(lambda: sweep.progress.rounds > 3, "calls that do")
        assert sweep.progress.waiting_for is None
        running.cancel()
    assert [one["event"] for one in logs] == ["sweep_not_called_for"]
    assert sweep.status() == {"rounds": sweep.progress.rounds}
