"""Show 4: entry 150.50, stop 148.00, targets 154.25 and 158.00 on AAPL; every branch by hand."""

from decimal import Decimal

from tests.fixtures.trading_floor import Floor


async def test_both_targets(floor: Floor) -> None:
    """(154.25 - 150.50) * 50 + (158 - 150.50) * 50 = 562.50."""
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    assert (await floor.position())["status"] == "open"
    await floor.quote("154.25")
    found = await floor.position()
    assert (found["quantity"], found["stop"]) == (50, 150.5)
    await floor.quote("158.00")
    found = await floor.position()
    assert (found["status"], found["exit_reason"]) == ("closed", "target_2")
    assert Decimal(str(found["realised_pnl"])) == Decimal("562.5")
    assert await floor.cash() == Decimal("100562.5")
    assert await floor.reserved() == 0
