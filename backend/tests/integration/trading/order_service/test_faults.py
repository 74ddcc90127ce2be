"""What went wrong once, or nearly: each with its story."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kuber.exchange.events import MarketPhase
from kuber.trading.errors import BookLost
from tests.fixtures.trading_floor import Floor


async def test_a_close_before_the_entry_was_sent_ends_its_order(floor: Floor) -> None:
    """The entry waits for a first price; then nobody wants the position any more."""
    await floor.intend()
    await floor.rounds()
    await floor.ask("close_position", (await floor.position())["id"])
    assert (await floor.position())["status"] == "closed"
    assert await floor.orders() == [("entry", "buy", "cancelled", 0)]


async def test_what_is_left_of_a_stop_that_moved_is_known(floor: Floor) -> None:
    await floor.intend()
    await floor.rounds()
    for price in ("150.50", "150.50", "154.25"):
        await floor.quote(price)
    moved = "select remaining from orders where replaces is not null"
    assert await floor.rows(moved) == [(Decimal(50),)]


async def test_m09_an_entry_without_a_first_price_is_given_up_after_half_a_minute(
    floor: Floor,
) -> None:
    await floor.intend()
    await floor.rounds()
    assert 0 < floor.service.due_in_s(60) <= 30
    for _ in range(6):  # so that prices are looked at all the while
        assert await floor.orders() == [("entry", "buy", "submitted", 0)]
        floor.clock.advance(timedelta(seconds=5))
        await floor.rounds()
    assert await floor.orders() == [("entry", "buy", "cancelled", 0)]
    assert await floor.rows("select reason from orders") == [("not sent: not followed",)]


async def test_an_instrument_that_cannot_be_written_holds_up_no_other(floor: Floor) -> None:
    held = "select symbol, quantity::int from positions order by symbol"
    for symbol in ("AAPL", "MSFT"):
        await floor.intend(symbol)
        await floor.rounds()
        for _ in range(2):
            await floor.quote("150.50", symbol=symbol)
    await floor.rows(
        "create function refuse() returns trigger language plpgsql as $$"
        " begin raise exception 'not this one'; end $$"
    )
    await floor.rows(
        "create trigger refuse before update on positions for each row"
        " when (new.symbol = 'AAPL') execute function refuse()"
    )
    await floor.quote("154.25")
    await floor.quote("154.25", symbol="MSFT")
    assert await floor.rows(held) == [("AAPL", 100), ("MSFT", 50)]
    await floor.rows("drop trigger refuse on positions")
    floor.clock.advance(timedelta(seconds=31))
    await floor.quote("154.25")
    await floor.quote("154.25")
    assert await floor.rows(held) == [("AAPL", 50), ("MSFT", 50)]


async def test_m20_a_switch_acts_although_the_round_that_read_it_was_lost(floor: Floor) -> None:
    await floor.intend(limit="150.00")
    await floor.rounds()
    await floor.quote("150.50")
    assert await floor.orders() == [("entry", "buy", "working", 0)]
    await floor.rows("update venue_books set version = version + 1")
    with pytest.raises(BookLost):
        await floor.switch("halted")
    await floor.rounds()
    assert await floor.orders() == [("entry", "buy", "cancelled", 0)]


async def test_m22_the_hours_of_a_market_pass_without_any_price(floor: Floor) -> None:
    await floor.intend(limit="150.00", life="gtc")
    await floor.rounds()
    await floor.quote("150.50")
    closes_in = timedelta(hours=6)
    floor.clock.advance(closes_in)
    floor.service._watched_at = floor.clock.now()  # somebody looked until now
    await floor.rounds()
    assert floor.service._hosted["AAPL"].phase is not MarketPhase.OPEN
