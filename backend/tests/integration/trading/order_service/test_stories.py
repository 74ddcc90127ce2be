"""A position of 100 AAPL from 150.50, stop 148.00, targets 154.25 and 158.00: every way it may end,
with the profit computed by hand. The account is calm: no chance, no slippage, no commission."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.fixtures.trading_floor import Floor


async def enter(floor: Floor) -> None:
    """Buy 100 at 150.50, and have the stops accepted."""
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    found = await floor.position()
    assert (found["status"], found["quantity"], found["average_price"]) == ("open", 100, 150.5)
    assert found["protected_by"] == "venue"


async def ended(floor: Floor, reason: str, profit: str) -> dict[str, Any]:
    """Assert that the position is closed with a profit that the ledger has, too."""
    found = await floor.position()
    assert (found["status"], found["exit_reason"]) == ("closed", reason)
    assert Decimal(str(found["realised_pnl"])) == Decimal(profit)
    assert await floor.cash() == Decimal(100_000) + Decimal(profit)
    assert await floor.reserved() == 0
    assert found["unprotected_seconds"] == 0
    open_orders = "select leg from orders where status in ('intended','submitted','working')"
    assert await floor.rows(open_orders) == []
    assert await floor.rows("select * from orders where settlement_status = 'failed'") == []
    return found


async def test_m10_the_stop_closes_it(floor: Floor) -> None:
    """(148.00 - 150.50) * 100 = -250."""
    await enter(floor)
    await floor.quote("148.00")
    await floor.quote("148.00")
    await ended(floor, "stop", "-250")


async def test_the_first_target_then_break_even(floor: Floor) -> None:
    """(154.25 - 150.50) * 50 + 0 = 187.50."""
    await enter(floor)
    await floor.quote("154.25")
    found = await floor.position()
    assert (found["quantity"], found["stop"]) == (50, 150.5)
    assert [one["status"] for one in found["targets"]["items"]] == ["filled", "waiting"]
    await floor.quote("150.50")
    await floor.quote("150.50")
    await ended(floor, "break_even", "187.50")


async def test_both_targets(floor: Floor) -> None:
    """(154.25 - 150.50) * 50 + (158 - 150.50) * 50 = 562.50."""
    await enter(floor)
    await floor.quote("154.25")
    await floor.quote("158.00")
    await ended(floor, "target_2", "562.50")


async def test_m14_a_gap_below_the_stop_fills_at_the_first_price(floor: Floor) -> None:
    """(145.00 - 150.50) * 100 = -550: never at the stop's price."""
    await enter(floor)
    await floor.quote("145.00")
    await floor.quote("145.00")
    await ended(floor, "stop", "-550")


async def test_m14_missed_while_asleep(floor: Floor) -> None:
    """The service is away while the price falls to 147: it sells at the first fresh price, 147.10:
    (147.10 - 150.50) * 100 = -340, and says that nobody watched."""
    await enter(floor)
    await floor.service.watched()
    await floor.die()
    floor.clock.advance(timedelta(minutes=20))
    await floor.open()
    await floor.quote("147.10")
    await floor.quote("147.10")
    await ended(floor, "stop", "-340")
    told = await floor.rows(
        "select data ->> 'title' from notice_outbox where kind like 'position%'"
    )
    assert ("not watched for a while",) in told


async def test_closed_by_a_person(floor: Floor) -> None:
    """(151.00 - 150.50) * 100 = 50; its stops end before it is sold."""
    await enter(floor)
    found = await floor.position()
    floor.clock.advance(timedelta(milliseconds=1))
    await floor.ask("close_position", found["id"])
    await floor.quote("151.00")
    await floor.quote("151.00")
    await ended(floor, "asked", "50")


async def test_m22_an_order_out_of_hours_waits_for_the_open(floor: Floor) -> None:
    floor.clock.advance(timedelta(hours=10))  # 01:00 UTC
    await floor.intend()
    await floor.quote("150.50")
    ((status, waits),) = await floor.rows("select status, waits_for from orders")
    assert (status, waits) in (("working", "market_closed"), ("submitted", None))
    assert await floor.cash() < Decimal(100_000) or status == "submitted"


async def test_m18_a_price_that_moved_sends_nothing(floor: Floor) -> None:
    """Half an R is 1.25: 151.80 is further from 150.50 than that."""
    order_id = await floor.intend()
    await floor.rounds()
    await floor.quote("151.80")
    ((status, reason),) = await floor.rows("select status, reason from orders")
    assert (status, reason) == ("cancelled", "not sent: price moved"), order_id
    assert await floor.cash() == Decimal(100_000)


async def test_m24_what_is_traded_in_another_currency_is_refused(floor: Floor) -> None:
    await floor.intend("SAP.DE", stop="148.00")
    await floor.rounds()
    ((status, reason),) = await floor.rows("select status, reason from orders")
    assert status == "rejected"
    assert reason.startswith("foreign_currency")


async def test_m17_the_other_side_of_another_owner_is_refused(floor: Floor) -> None:
    await enter(floor)
    await floor.rows("update positions set owner = 'x', state = replace(state, 'by hand', 'x')")
    await floor.again()
    await floor.intend(side="sell", stop="153.00", targets=("148.00",))
    await floor.rounds()
    rows = await floor.rows("select status, reason from orders where leg = 'entry' and side='sell'")
    ((status, reason),) = rows
    assert status == "rejected"
    assert reason.startswith("opposite_position")


async def test_m20_a_halt_takes_back_what_is_not_filled(floor: Floor) -> None:
    await floor.intend(limit="150.00", stop="148.00", life="gtc")
    await floor.rounds()
    await floor.quote("150.60")
    assert await floor.reserved() > 0
    await floor.switch("halted")
    ((status,),) = await floor.rows("select status from orders")
    assert status == "cancelled"
    assert await floor.cash() == Decimal(100_000)
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    rows = await floor.rows("select status, reason from orders where type = 'market'")
    assert rows[0][0] == "rejected"
    assert rows[0][1].startswith("halted: Trading is halted for everybody")


async def test_m20_exits_pass_a_halt(floor: Floor) -> None:
    await enter(floor)
    await floor.switch("halted")
    await floor.quote("148.00")
    await floor.quote("148.00")
    await ended(floor, "stop", "-250")


async def test_money_that_is_not_there_is_not_spent(floor: Floor) -> None:
    await floor.intend(quantity="1000")
    await floor.rounds()
    await floor.quote("150.50")
    rows = await floor.rows("select status, reason from orders")
    assert [row[0] for row in rows] == ["rejected"]
    assert rows[0][1].startswith("insufficient_buying_power")
    found = await floor.position()
    assert (found["status"], found["exit_reason"]) == ("closed", "entry_refused")
