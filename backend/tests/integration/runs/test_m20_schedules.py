"""M20: a schedule starts nothing while a switch is on, says why, and goes on by itself."""

from datetime import timedelta

import pytest

from kuber.infra.db import Database
from kuber.trading.order_types import SwitchState
from kuber.trading.switches.schemas import SwitchBody
from kuber.trading.switches.service import Scope, SwitchService
from tests.integration.runs.test_scheduler import World, pool, walk, world

__all__ = ["pool", "world"]


async def switch(world: World, database: Database, scope: Scope, state: str) -> None:
    service = SwitchService(world.clock, lambda: SwitchState.OFF)
    body = SwitchBody(state=SwitchState(state), reason="test")
    async with database.transaction() as session:
        await service.set(session, scope, body, world.user)


@pytest.mark.parametrize(
    ("scope", "state", "starts"),
    [
        ("platform", "paused", False),
        ("user", "halted", False),
        ("pipeline", "paused", False),
        ("other", "paused", True),
        ("user", "reduce_only", True),
    ],
)
async def test_m20_a_schedule_waits_for_its_switches(
    world: World, scope: str, state: str, starts: bool
) -> None:
    head = await world.periodic(market_hours_only=False)
    scopes = {
        "platform": Scope(),
        "user": Scope(world.user),
        "pipeline": Scope(world.user, head.id),
        "other": Scope(world.user, world.user),
    }
    await switch(world, world.database, scopes[scope], state)
    await walk(world, world.clock.now() + timedelta(minutes=6))
    assert bool(await world.runs()) is starts
    skip = (await world.pipeline(head.id)).last_skip
    if not starts:
        assert skip is not None
        assert skip.reason == "trading_stopped"
        assert "set by you" in skip.detail
    await world.finish_runs()
    before = len(await world.runs())
    await switch(world, world.database, scopes[scope], "off")
    await walk(world, world.clock.now() + timedelta(minutes=6))
    assert len(await world.runs()) > before
