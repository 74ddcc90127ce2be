"""What holds the event loop is measured and named."""

import asyncio
import hashlib
import time

from structlog.testing import capture_logs

from kuber.infra.loop_watch import LOOP_LAG_SECONDS, LoopWatch
from tests.fakes.loop_meter import LoopMeter, cpu_of


def hold_by_sleeping(seconds: float) -> None:
    time.sleep(seconds)


def hold_by_hashing() -> None:
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 200_000)


async def test_the_line_that_holds_the_loop_is_logged() -> None:
    with capture_logs() as logs:
        async with LoopWatch(held_s=0.05, log_every_s=0):
            hold_by_sleeping(0.4)
    held = [log for log in logs if log["event"] == "event_loop_held"]
    where = [log["where"][0] for log in held]
    assert any(place.endswith(":hold_by_sleeping") for place in where), held
    assert all(log["held_ms"] >= 50 for log in held)


async def test_holds_that_follow_each_other_are_counted_instead_of_logged() -> None:
    with capture_logs() as logs:
        async with LoopMeter(held_s=0.05, log_every_s=0) as watch:
            hold_by_sleeping(0.3)
            await watch.settled()
            hold_by_sleeping(0.3)
        several = len([log for log in logs if log["event"] == "event_loop_held"])
    with capture_logs() as logs:
        async with LoopMeter(held_s=0.05, log_every_s=600) as watch:
            hold_by_sleeping(0.3)
            await watch.settled()
            hold_by_sleeping(0.3)
        one = len([log for log in logs if log["event"] == "event_loop_held"])
    assert several >= 2
    assert one == 1


async def test_the_lag_counts_from_when_the_loop_should_have_come() -> None:
    before = LOOP_LAG_SECONDS._sum.get()
    async with LoopMeter() as watch:
        await watch.settled()
        hold_by_sleeping(0.3)
        await watch.settled()
        assert watch.lag_max_s >= 0.3 - 0.02
        assert LOOP_LAG_SECONDS._sum.get() - before >= 0.3 - 0.02
        watch.reset()
        assert watch.lag_max_s == 0


async def test_processor_time_is_that_of_the_loops_thread_alone() -> None:
    async with LoopMeter(tick_s=0.001) as watch:
        before_s = time.thread_time()
        await watch.settled()
        watch.reset()
        await asyncio.to_thread(hold_by_hashing)
        await watch.settled()
        assert watch.cpu_max_s <= time.thread_time() - before_s, "all that this thread took"
        hashing_s = cpu_of(hold_by_hashing)
        await watch.settled()
        assert hashing_s <= watch.cpu_max_s <= time.thread_time() - before_s
