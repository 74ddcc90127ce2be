"""M25: splits and dividends reach live positions once each, before the session of the ex-date."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from kuber.exchange.events import Quote
from kuber.exchange.units import to_instant, to_price
from kuber.ledger.errors import LedgerError
from kuber.trading.order_service.corporate.carrying import carry_out
from kuber.trading.order_service.corporate.looking import due_at
from kuber.trading.order_service.round import Round
from kuber.trading.switch_table import Switch
from tests.fixtures.corporate_actions import (
    BEFORE_MIDNIGHT,
    MIDNIGHT,
    OPEN,
    agrees,
    at,
    exits,
    held,
    told,
)
from tests.fixtures.trading_floor import Floor

D = Decimal


async def test_m25_a_split_puts_position_orders_and_lots_on_the_new_basis_before_the_open(
    floor: Floor,
) -> None:
    await held(floor)
    cash = await floor.cash()
    await told(floor, "split", ratio=(2, 1))
    await at(floor, BEFORE_MIDNIGHT)
    assert (await floor.position())["quantity"] == 100
    await at(floor, MIDNIGHT)
    position = await floor.position()
    assert (position["quantity"], position["stop"]) == (200, 74)
    assert [one["price"] for one in position["targets"]["items"]] == ["77.12", "79"]
    assert await exits(floor) == [
        ("stop_1", 100.0, 74.0),
        ("stop_2", 100.0, 74.0),
        ("target_1", 100.0, 77.12),
        ("target_2", 100.0, 79.0),
    ]
    assert await floor.cash() == cash
    await agrees(floor)
    await at(floor, OPEN)
    await floor.quote("75.30")
    assert (await floor.position())["status"] == "open"
    await floor.quote("77.20")
    await floor.quote("79.10")
    done = await floor.position()
    assert (done["status"], done["exit_reason"]) == ("closed", "target_2")
    # 200 at 75.25, half sold at 77.12 and half at 79.00, or better.
    assert D(str(done["realised_pnl"])) >= 100 * (D("77.12") - D("75.25")) + 100 * D("3.75")
    assert await floor.cash() == 100_000 + D(str(done["realised_pnl"]))
    await agrees(floor)


async def test_m25_a_reverse_split_pays_the_fraction_in_cash(floor: Floor) -> None:
    await held(floor, quantity="105")
    cash = await floor.cash()
    await told(floor, "split", ratio=(1, 10))
    await at(floor, MIDNIGHT)
    position = await floor.position()
    assert (position["quantity"], position["stop"]) == (10, 1480)
    assert await floor.cash() == cash + D("0.5") * 1505
    assert sum(one[1] for one in await exits(floor) if one[0].startswith("stop")) == 10
    await agrees(floor)
    ((paid, note),) = await floor.rows("select cash, outcome from position_actions")
    assert (paid, note) == (D("752.5"), "applied")


async def test_m25_a_reverse_split_of_less_than_a_share_ends_the_position(floor: Floor) -> None:
    await held(floor, quantity="5")
    await told(floor, "split", ratio=(1, 10))
    await at(floor, MIDNIGHT)
    position = await floor.position()
    assert (position["status"], position["exit_reason"]) == ("closed", "split")
    assert await exits(floor) == []
    assert await floor.cash() == 100_000
    await agrees(floor)


async def test_m25_a_short_is_split_and_charged_its_dividend(floor: Floor) -> None:
    await held(floor, side="sell", quantity="15")
    money = await floor.cash() + await floor.reserved()
    await told(floor, "dividend", amount="0.25")
    await told(floor, "split", ratio=(3, 2))
    await at(floor, MIDNIGHT)
    position = await floor.position()
    assert (position["side"], position["quantity"], position["stop"]) == ("sell", 22, 102)
    # 15 shares of 0.25 are charged, half a share is bought back at two thirds of 150.50.
    charged = D(15) * D("0.25") + D("0.5") * D("150.50") * 2 / 3
    now = await floor.cash() + await floor.reserved()
    assert now == (money - charged).quantize(D("0.01"))
    assert sum(one[1] for one in await exits(floor) if one[0].startswith("stop")) == 22
    paid = await floor.rows("select kind, round(cash, 2) from position_actions order by kind")
    assert paid == [("dividend", D("-3.75")), ("split", D("-50.17"))]
    await agrees(floor)
    await at(floor, OPEN)
    await floor.quote("101.00", "100.99", "101.01")
    await floor.quote("102.50", "102.49", "102.51")
    assert (await floor.position())["exit_reason"] == "stop"
    await agrees(floor)


async def test_m25_a_price_of_before_the_split_decides_nothing_after_it(floor: Floor) -> None:
    await held(floor, side="sell")
    await at(floor, BEFORE_MIDNIGHT)
    await told(floor, "split", ratio=(2, 1))
    await floor.quote("150.00")
    for _ in range(10):  # watched all the time
        await at(floor, floor.clock.now() + timedelta(seconds=4))
    position = await floor.position()
    assert (position["status"], position["quantity"], position["stop"]) == ("open", 200, 76.5)


async def test_m25_what_the_ledger_refuses_is_not_done_at_all(floor: Floor) -> None:
    await held(floor)
    await told(floor, "dividend", amount="0.24")
    floor.clock.advance(MIDNIGHT - floor.clock.now())
    async with floor.pool.connection() as connection:
        (due,) = await due_at(connection, floor.clock.now())
        foreign = replace(due, holding=due.holding._replace(currency="EUR"))
        with pytest.raises(LedgerError):
            async with connection.transaction():
                await carry_out(connection, [foreign], tracked_in(floor), floor.clock.now())
    assert await floor.rows("select 1 from position_actions") == []


def tracked_in(floor: Floor) -> dict[str, Round]:
    """Return a round of what the service holds."""
    hosted = floor.service._hosted["AAPL"]
    return {"AAPL": Round(hosted, floor.clock.now(), lambda _: Switch.RUNNING)}


async def test_m25_a_dividend_is_paid_for_what_was_held_when_the_ex_date_began(
    floor: Floor,
) -> None:
    await held(floor)
    cash = await floor.cash()
    await told(floor, "dividend", amount="0.24", currency="USD")
    await at(floor, MIDNIGHT)
    assert await floor.cash() == cash + 24
    await at(floor, OPEN)
    await floor.quote("150.60")
    await floor.again()
    await at(floor, OPEN + timedelta(minutes=2))
    assert await floor.cash() == cash + 24
    position = await floor.position()
    assert (position["stop"], position["quantity"]) == (148, 100)
    lines = await floor.rows(
        "select kind, amount::float from ledger_transfers where kind in ('dividend', 'split')"
    )
    assert lines == [("dividend", 24.0)]
    await agrees(floor)


@pytest.mark.parametrize("statement", range(1, 9))
async def test_m25_a_process_that_dies_in_the_round_has_done_nothing_and_the_next_does_it_once(
    floor: Floor, statement: int
) -> None:
    await held(floor)
    cash = await floor.cash()
    await told(floor, "split", ratio=(2, 1))
    await told(floor, "dividend", amount="1")
    floor.clock.advance(MIDNIGHT - floor.clock.now())
    await _dies_at(floor, statement)
    assert (await floor.position())["quantity"] == 100
    assert await floor.rows("select 1 from position_actions") == []
    await floor.open()
    await floor.rounds()
    await floor.again()
    await floor.rounds()
    assert (await floor.position())["quantity"] == 200
    assert await floor.cash() == cash + 100
    await agrees(floor)


async def _dies_at(floor: Floor, number: int) -> None:
    """Let the process lose its connection before the `number`-th write of its round."""
    real, count = floor.connection.execute, 0

    async def execute(query: Any, *args: Any, **more: Any) -> Any:
        nonlocal count
        text = query if isinstance(query, str) else bytes(query).decode()
        if "insert" in text or "update" in text:
            count += 1
            if count == number:
                await floor.connection.close()
        return await real(query, *args, **more)

    floor.connection.execute = execute  # type: ignore[method-assign]
    with pytest.raises(Exception, match="closed"):
        await floor.rounds()


async def test_m25_another_users_file_moves_nothing_and_the_platforms_word_holds_for_all(
    floor: Floor,
) -> None:
    other = UUID(int=78)
    await floor.rows(
        "insert into users (id, email, password_hash, role, tier, created_at)"
        " values (%s, 'bob@example.com', '-', 'user', 'FREE', now())",
        (other,),
    )
    await held(floor)
    await told(floor, "split", ratio=(2, 1), user=other)
    await at(floor, MIDNIGHT)
    assert (await floor.position())["quantity"] == 100
    await told(floor, "split", ratio=(2, 1), user=None)
    await told(floor, "split", ratio=(5, 1))
    await at(floor, MIDNIGHT + timedelta(minutes=1))
    assert (await floor.position())["quantity"] == 200


async def test_m25_an_entry_that_rests_over_a_split_is_placed_again_on_the_new_basis(
    floor: Floor,
) -> None:
    waiting = await floor.intend(limit="149.01", price="149.01", stop="147.00", life="gtc")
    await floor.rounds()
    await floor.quote("150.50")
    await told(floor, "split", ratio=(2, 1))
    await at(floor, MIDNIGHT)
    ((status,),) = await floor.rows("select status from orders where id = %s", (waiting,))
    assert status == "cancelled"
    floor.service.wake()
    await floor.rounds()
    before = Quote(to_instant(BEFORE_MIDNIGHT), to_price("150.50"))
    floor.service.take("AAPL", before)  # the newest price that the feed has stored
    await floor.rounds()
    await at(floor, OPEN)
    await floor.quote("75.25")
    assert await floor.rows("select status, exit_reason, stop from positions order by status") == [
        ("closed", "split", D(147)),
        ("opening", None, D("73.5")),
    ]
    (order,) = await floor.rows(
        "select quantity, limit_price, status, time_in_force from orders where status = 'working'"
    )
    assert order == (200, D("74.5"), "working", "gtc")
    await floor.quote("74.40")
    await floor.quote("74.40")
    assert await floor.rows("select status, quantity from positions where status <> 'closed'") == [
        ("open", 200)
    ]
    await agrees(floor)


async def test_m25_a_days_entry_has_ended_before_the_split(floor: Floor) -> None:
    waiting = await floor.intend(limit="149.00", price="149.00", stop="147.00")
    await floor.rounds()
    await floor.quote("150.50")
    await told(floor, "split", ratio=(2, 1))
    await at(floor, MIDNIGHT)
    rows = await floor.rows("select id, status from orders")
    assert rows == [(waiting, "cancelled")]
    assert await floor.reserved() == 0
    await agrees(floor)


async def test_m25_what_was_opened_on_the_new_basis_is_left_alone(floor: Floor) -> None:
    await told(floor, "split", ratio=(2, 1), day=date(2026, 11, 30))
    await told(floor, "dividend", amount="1", day=date(2026, 11, 30))
    await held(floor)
    await at(floor, MIDNIGHT)
    assert (await floor.position())["quantity"] == 100
    assert await floor.rows("select 1 from position_actions") == []
