"""M22: a service that was away while the market opened or closed goes by the hours of now."""

from datetime import timedelta

from tests.fixtures.corporate_actions import BEFORE_MIDNIGHT, OPEN, at, held
from tests.fixtures.trading_floor import Floor


async def away_until(floor: Floor, moment: object) -> None:
    await floor.die()
    floor.clock.advance(moment - floor.clock.now())  # type: ignore[operator]
    await floor.open()


async def test_m22_a_stop_works_at_the_open_although_the_service_died_in_the_night(
    floor: Floor,
) -> None:
    await held(floor)
    await at(floor, BEFORE_MIDNIGHT)
    position = (await floor.position())["id"]
    await floor.ask("close_position", position, quantity="40")  # the book of the night is stored
    await away_until(floor, OPEN)
    await floor.quote("147.50")
    await floor.quote("147.50")
    assert (await floor.position())["exit_reason"] == "stop"


async def test_m22_a_stop_waits_for_the_open_although_the_service_died_in_the_session(
    floor: Floor,
) -> None:
    await held(floor)
    await away_until(floor, BEFORE_MIDNIGHT)
    await floor.quote("147.50")
    assert (await floor.position())["status"] == "open"
    await at(floor, OPEN + timedelta(minutes=1))
    await floor.quote("147.40")
    await floor.quote("147.40")
    assert (await floor.position())["exit_reason"] == "stop"
