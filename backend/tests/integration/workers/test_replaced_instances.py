"""A lost instance of a service is forgotten once another one has taken its place, not before."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from kuber.infra.db import JsonObject, RawPool, raw_pool
from kuber.infra.heartbeats import Progress
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import SystemClock
from kuber.workers.service import ServiceHost
from tests.fixtures.waiting import until_async

HOST = socket.gethostname()


class Service:
    """Works, or fails at once."""

    name = "dispatcher"

    def __init__(self, *, works: bool) -> None:
        self.progress = Progress()
        self._works = works

    async def initialize(self) -> None:
        if not self._works:
            raise RuntimeError("a fault of ours")

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def cleanup(self) -> None: ...

    def status(self) -> JsonObject:
        return {}


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[RawPool]:
    opened = raw_pool(postgres_url, size=2, application_name="test")
    await opened.open()
    yield opened
    await opened.close()


async def left(pool: RawPool, service: str, instance: str, *, age_s: float) -> None:
    """Leave the last beat of an instance that runs no more."""
    now = datetime.now(UTC)
    async with pool.connection() as connection:
        await connection.execute(
            "insert into service_beats (service, instance, state, detail, started_at, beat_at,"
            " progress_at) values (%s, %s, 'running', '{}', %s, %s, %s)",
            (service, instance, now, now - timedelta(seconds=age_s), now),
        )


async def ended() -> int:
    """Return the id of a process that has ended."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    return process.pid


async def instances(pool: RawPool) -> set[tuple[str, str]]:
    async with pool.connection() as connection:
        cursor = await connection.execute("select service, instance from service_beats")
        return {(row[0], row[1]) for row in await cursor.fetchall()}


async def runs_until_rounds(pool: RawPool, service: Service, rounds: int) -> None:
    """Run a host of `service` until it has beaten so often."""
    host = ServiceHost(
        [service], pool, SystemClock(), beat_every_s=0.01, backoff=Backoff(0.01, 0.01)
    )
    seen: set[datetime] = set()
    running = asyncio.create_task(host.run(lambda: None))

    async def beaten() -> bool:
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "select beat_at from service_beats where instance = %s", (f"{HOST}:{os.getpid()}",)
            )
            seen.update(row[0] for row in await cursor.fetchall())
        return len(seen) >= rounds

    await until_async(beaten, f"{rounds} beats")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_running_service_replaces_what_was_lost_of_it_on_its_machine(
    pool: RawPool,
) -> None:
    gone = await ended()
    forgotten = {("dispatcher", f"{HOST}:{gone}"), ("dispatcher", f"{HOST}:1")}
    kept = {
        ("dispatcher", f"{HOST}:{os.getppid()}"),  # it is there and silent
        ("dispatcher", f"elsewhere:{gone}"),
        ("scheduler", f"{HOST}:{gone}"),  # nobody has taken its place
    }
    for service, instance in kept | forgotten:
        began_before = instance == f"{HOST}:1"  # its number is another process's by now
        await left(pool, service, instance, age_s=10**9 if began_before else 15)
    await left(pool, "feed", f"{HOST}:{gone}", age_s=1)
    await runs_until_rounds(pool, Service(works=True), 4)
    own = ("dispatcher", f"{HOST}:{os.getpid()}")
    assert await instances(pool) == kept | {own, ("feed", f"{HOST}:{gone}")}


async def test_a_service_that_does_not_work_hides_no_loss(pool: RawPool) -> None:
    gone = await ended()
    lost = ("dispatcher", f"{HOST}:{gone}")
    await left(pool, *lost, age_s=15)
    await runs_until_rounds(pool, Service(works=False), 4)
    assert lost in await instances(pool)
