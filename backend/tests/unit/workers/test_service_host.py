"""Services side by side: what one does wrong, the others do not feel, and what people are told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from psycopg import OperationalError, ProgrammingError
from psycopg_pool import PoolTimeout
from structlog.testing import capture_logs

from kuber.infra.db import JsonObject, RawPool
from kuber.infra.heartbeats import Progress
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import FixedClock
from kuber.workers.periodic import PeriodicService
from kuber.workers.service import LongRunning, ServiceHost
from tests.fixtures.waiting import until_async


class FakePool:
    """Keeps the newest beat of each service, as PostgreSQL would."""

    def __init__(self) -> None:
        self.beats: dict[str, JsonObject] = {}
        self.written = 0
        self.away = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["FakePool"]:
        if self.away:
            raise OperationalError("the server is away")
        yield self

    async def execute(self, _statement: str, values: object = None) -> "FakePool":
        if isinstance(values, dict):
            self.beats[str(values["service"])] = values
            self.written += 1
        return self

    async def fetchall(self) -> list[object]:
        return []

    def state(self, service: str) -> object:
        return self.beats.get(service, {}).get("state")

    def detail(self, service: str) -> JsonObject:
        return cast(JsonObject, json.loads(str(self.beats[service]["detail"])))


class Time:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


class Service:
    """A service whose every step a test decides."""

    def __init__(self, name: str, now_s: Time) -> None:
        self.name = name
        self.progress = Progress(30, now_s)
        self.works: Callable[[], Awaitable[None]] = asyncio.Event().wait  # type: ignore[assignment]
        self.starts = 0
        self.closed = 0
        self.figures: Callable[[], JsonObject] = lambda: {"handled": 7}

    async def initialize(self) -> None:
        self.starts += 1

    async def run(self) -> None:
        await self.works()

    async def cleanup(self) -> None:
        self.closed += 1

    def status(self) -> JsonObject:
        return self.figures()


@pytest.fixture
def now_s() -> Time:
    return Time()


@pytest.fixture
def pool() -> FakePool:
    return FakePool()


@asynccontextmanager
async def hosted(
    pool: FakePool, clock: FixedClock, *services: LongRunning
) -> AsyncIterator[asyncio.Task[None]]:
    """Run services with quick beats; the block begins once each has started."""
    ready = asyncio.Event()
    host = ServiceHost(
        services, cast(RawPool, pool), clock, beat_every_s=0.002, backoff=Backoff(0.002, 30)
    )
    running = asyncio.create_task(host.run(ready.set))
    await until_async(ready.is_set, "the start of every service")
    await beaten(pool)
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def beaten(pool: FakePool) -> None:
    """Return once every beat tells of what was done before the call."""
    written = pool.written
    await until_async(
        lambda: pool.written >= written + 2 * max(1, len(pool.beats)), "two beats of each"
    )


async def fails() -> None:
    raise ValueError("broken")


async def ends() -> None:
    """End as no service may."""


@pytest.mark.parametrize(
    ("error", "is_told_where"),
    [
        (OperationalError("no room"), False),
        (OSError(28, "No space left on device"), False),
        (ExceptionGroup("", [OSError(28, "no room"), PoolTimeout("none free")]), False),
        (ProgrammingError("no such column"), True),
        (ExceptionGroup("", [OSError(28, "no room"), ValueError("broken")]), True),
    ],
    ids=["database", "disk", "several", "a statement that is wrong", "one of several"],
)
async def test_only_a_fault_of_kuber_is_told_with_its_place(
    pool: FakePool, clock: FixedClock, now_s: Time, error: Exception, is_told_where: bool
) -> None:
    async def breaks() -> None:
        raise error

    bad = Service("bad", now_s)
    bad.works = breaks
    with capture_logs() as lines:
        async with hosted(pool, clock, bad):
            await until_async(lambda: bad.starts >= 2, "another start")
    told = next(line for line in lines if line["event"] == "service_failed")
    assert told.get("exc_info", False) is is_told_where
    words = [str(one) for one in getattr(error, "exceptions", [error])]
    assert all(word in told["reason"] for word in words)


async def test_a_service_that_fails_is_started_again_and_the_others_do_not_notice(
    pool: FakePool, clock: FixedClock, now_s: Time
) -> None:
    bad, good = Service("bad", now_s), Service("good", now_s)
    bad.works = fails
    async with hosted(pool, clock, bad, good):
        await until_async(lambda: bad.starts >= 3, "another start")
        await beaten(pool)
        assert (pool.state("bad"), pool.state("good")) == ("failing", "running")
        assert pool.detail("bad") == {"handled": 7, "error": "ValueError: broken"}
        assert pool.detail("good") == {"handled": 7}
        assert (good.starts, good.closed) == (1, 0)
        assert bad.closed >= 2
    assert {pool.state("bad"), pool.state("good")} == {"stopped"}
    assert good.closed == 1


async def test_a_service_that_was_started_again_runs_only_once_it_has_done_something(
    pool: FakePool, clock: FixedClock, now_s: Time
) -> None:
    service = Service("one", now_s)
    service.works = fails
    async with hosted(pool, clock, service):
        service.works = asyncio.Event().wait  # type: ignore[assignment]
        starts = service.starts
        await until_async(lambda: service.starts > starts, "another start")
        await beaten(pool)
        assert pool.state("one") == "failing"
        service.progress.made()
        await beaten(pool)
        assert pool.state("one") == "running"
        assert "error" not in pool.detail("one")


async def test_a_service_that_ends_by_itself_is_failing_and_started_again(
    pool: FakePool, clock: FixedClock, now_s: Time
) -> None:
    service = Service("one", now_s)
    service.works = ends
    async with hosted(pool, clock, service):
        await until_async(lambda: service.starts >= 2, "another start")
        await beaten(pool)
        assert pool.state("one") == "failing"


@pytest.mark.parametrize("answer", [fails, "no JSON"])
async def test_a_status_that_cannot_be_told_ends_nothing(
    pool: FakePool, clock: FixedClock, now_s: Time, answer: object
) -> None:
    def figures() -> JsonObject:
        if answer is fails:
            raise RuntimeError("no figures")
        return {"seen": object()}

    mute, good = Service("mute", now_s), Service("good", now_s)
    mute.figures = figures
    async with hosted(pool, clock, mute, good) as running:
        assert (pool.state("mute"), pool.state("good")) == ("running", "running")
        assert str(pool.detail("mute")["error"]).startswith("no status: ")
        assert not running.done()
        assert (mute.starts, good.starts) == (1, 1)


async def test_work_that_hangs_is_not_called_running(
    pool: FakePool, clock: FixedClock, now_s: Time
) -> None:
    hung = Service("hung", now_s)
    async with hosted(pool, clock, hung):
        assert pool.state("hung") == "running"
        now_s.s += 31
        await beaten(pool)
        assert pool.state("hung") == "failing"
        assert (clock.now() - pool.beats["hung"]["progress_at"]).total_seconds() == 31
        hung.progress.made()
        await beaten(pool)
        assert pool.state("hung") == "running"


async def test_a_service_says_what_it_waits_for(
    pool: FakePool, clock: FixedClock, now_s: Time
) -> None:
    service = Service("dispatcher", now_s)
    async with hosted(pool, clock, service):
        service.progress.wait_for("Kafka")
        now_s.s += 4
        await beaten(pool)
        assert pool.state("dispatcher") == "running"
        now_s.s += 31
        await beaten(pool)
        assert pool.state("dispatcher") == "waiting"
        assert pool.beats["dispatcher"]["waiting_for"] == "Kafka"
        service.progress.made()
        await beaten(pool)
        assert pool.state("dispatcher") == "running"
        assert pool.beats["dispatcher"]["waiting_for"] is None


async def test_beats_that_cannot_be_written_end_nothing(
    pool: FakePool, clock: FixedClock, now_s: Time
) -> None:
    service = Service("one", now_s)
    async with hosted(pool, clock, service) as running:
        pool.away = True
        await asyncio.sleep(0.01)
        assert not running.done()
        pool.away = False
        await beaten(pool)
        assert service.starts == 1


async def test_each_round_of_a_periodic_service_is_progress(
    pool: FakePool, clock: FixedClock
) -> None:
    async def work() -> int:
        return 2

    service = PeriodicService("scheduler", work, 0.001)
    async with hosted(pool, clock, service):
        await until_async(lambda: service.progress.rounds >= 3, "three rounds")
        assert pool.state("scheduler") == "running"
    assert service.status() == {
        "rounds": service.progress.rounds,
        "done": 2 * service.progress.rounds,
    }
