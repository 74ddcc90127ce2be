"""A worker process is heard of, with the runs that it holds, until it stops."""

from datetime import UTC, datetime

import pytest

from kuber.infra.db import raw_pool
from kuber.kernel.clock import FixedClock
from kuber.workers.heartbeat import WorkerHeartbeat
from tests.fixtures.waiting import until_async

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
ROW = "select service, instance, state, detail, beat_at from service_beats"


async def test_a_worker_process_leaves_a_heartbeat(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.workers.heartbeat.BEAT_EVERY_S", 0.01)
    async with raw_pool(postgres_url, size=2, application_name="test") as pool:
        runs, clock = [3], FixedClock(NOW)

        async def row() -> tuple[object, ...] | None:
            async with pool.connection() as connection:
                return await (await connection.execute(ROW)).fetchone()

        async def tells(count: int) -> bool:
            found = await row()
            return found is not None and found[2:4] == ("running", {"runs": count})

        async with WorkerHeartbeat(pool, clock, "there:7", lambda: runs[0]):
            await until_async(lambda: tells(3), "the first heartbeat")
            runs[0] = 1
            await until_async(lambda: tells(1), "the next one")
        assert await row() == ("worker", "there:7", "stopped", {"runs": 1}, NOW)
