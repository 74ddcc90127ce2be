"""M20: a fresh signal starts nothing while a switch is on; one of the past may."""

import pytest

from kuber.kernel.clock import SystemClock
from kuber.signals.types import SkipReason
from tests.fakes.kafka import signal
from tests.integration.signals.test_skip_reasons import World, world

__all__ = ["world"]


@pytest.mark.parametrize("scope", ["user", "pipeline"])
async def test_m20_a_fresh_signal_is_skipped_with_the_switch(world: World, scope: str) -> None:
    pipeline_id = await world.waiting("AMD")
    await world.load()
    which = scope if scope == "user" else f"pipeline:{pipeline_id}"
    body = {"state": "paused", "reason": "test"}
    answer = await world.http.put(f"/kill-switches/{which}", json=body)
    assert answer.status_code == 200, answer.text
    now = SystemClock().now().timestamp()
    await world.send(signal("AMD", source="fresh", timestamp=now))
    await world.send(signal("AMD", source="of the past"))
    shown = {item["source"]: item["matches"][0] for item in await world.shown()}
    assert shown["fresh"]["reason"] == SkipReason.TRADING_STOPPED
    assert "set by you" in shown["fresh"]["detail"]
    assert shown["of the past"]["outcome"] == "started"
