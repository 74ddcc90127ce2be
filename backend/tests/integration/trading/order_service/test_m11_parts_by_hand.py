"""M11, M12: a person closes a part of a position; the rest keeps stop and targets."""

from decimal import Decimal

from tests.fixtures.corporate_actions import MIDNIGHT, OPEN, agrees, at, exits, held
from tests.fixtures.trading_floor import Floor

D = Decimal


async def test_m11_a_part_is_sold_and_stop_and_targets_hold_the_rest(floor: Floor) -> None:
    await held(floor)
    position = (await floor.position())["id"]
    await floor.ask("close_position", position, quantity="30")
    await floor.quote("151.00")
    found = await floor.position()
    assert (found["status"], found["quantity"], found["realised_pnl"]) == ("open", 70, 0)
    assert [one["quantity"] for one in found["targets"]["items"]] == ["35", "35"]
    assert await exits(floor) == [
        ("stop_1", 35.0, 148.0),
        ("stop_2", 35.0, 148.0),
        ("target_1", 35.0, 154.25),
        ("target_2", 35.0, 158.0),
    ]
    assert found["unprotected"] == 0
    await agrees(floor)
    await floor.quote("154.30")
    await floor.quote("150.40")
    done = await floor.position()
    assert (done["status"], done["exit_reason"]) == ("closed", "break_even")
    await agrees(floor)


async def test_m11_more_than_is_held_closes_it_and_turns_nothing_round(floor: Floor) -> None:
    await held(floor)
    position = (await floor.position())["id"]
    await floor.ask("close_position", position, quantity="60")
    await floor.ask("close_position", position, quantity="60")
    await floor.quote("151.00")
    await floor.quote("151.00")
    done = await floor.position()
    assert (done["status"], done["quantity"], done["exit_reason"]) == ("closed", 0, "asked")
    await agrees(floor)


async def test_m22_a_part_asked_in_a_closed_market_is_sold_at_the_open(floor: Floor) -> None:
    await held(floor)
    position = (await floor.position())["id"]
    await at(floor, MIDNIGHT)
    await floor.ask("close_position", position, quantity="40")
    assert (await floor.position())["quantity"] == 100
    await floor.again()
    await at(floor, OPEN)
    await floor.quote("151.00")
    assert (await floor.position())["quantity"] == 60
    await agrees(floor)


async def test_m11_of_a_position_that_is_not_open_no_part_is_closed(floor: Floor) -> None:
    await floor.intend(limit="149.00", price="149.00", stop="147.00")
    await floor.rounds()
    await floor.quote("150.50")
    position = (await floor.position())["id"]
    asked = await floor.ask("close_position", position, quantity="30")
    ((outcome,),) = await floor.rows("select outcome from order_requests where id = %s", (asked,))
    assert outcome == "Only of a position that is open a part can be closed."
