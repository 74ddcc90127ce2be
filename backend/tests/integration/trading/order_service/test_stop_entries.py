"""Entries that wait for a price on the far side of the market (M18)."""

from decimal import Decimal

from tests.fixtures.trading_floor import Floor


async def test_m18_a_stop_entry_waits_however_far_its_price_is(floor: Floor) -> None:
    await floor.intend(price="150", woken_at="150", stop="148", targets=())
    await floor.rounds()
    for price in ("146", "147", "149"):
        await floor.quote(price)
    assert (await floor.position())["status"] == "opening"
    assert [row[2] for row in await floor.orders()] == ["working"]
    await floor.quote("150")
    await floor.quote("150")
    found = await floor.position()
    assert (found["status"], found["average_price"], found["stop"]) == ("open", 150, 148)


async def test_m18_a_stop_entry_is_not_sent_after_a_jump_past_it(floor: Floor) -> None:
    await floor.intend(price="150", woken_at="150", stop="148", targets=())
    await floor.rounds()
    await floor.quote("151.01")
    assert [row[2] for row in await floor.orders()] == ["cancelled"]


async def test_m18_a_stop_limit_entry_fills_at_its_limit_or_better(floor: Floor) -> None:
    await floor.intend(price="150.20", woken_at="150", limit="150.20", stop="148", targets=())
    await floor.rounds()
    for price in ("149", "150.10", "150.10"):
        await floor.quote(price)
    found = await floor.position()
    assert (found["status"], Decimal(str(found["average_price"]))) == ("open", Decimal("150.1"))
