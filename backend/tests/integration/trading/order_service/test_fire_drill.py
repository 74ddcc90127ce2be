"""The fire drill does what the red button does, on a copy: nothing is written. M20, M21."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from kuber.market.feed.types import FeedSource, Quote
from kuber.trading.order_service.drill import FireDrill
from kuber.trading.order_service.terms_of import TermsOfSymbols
from kuber.trading.switches.schemas import DrillReport
from tests.fixtures.trading_floor import USER, Floor

SATURDAY = datetime.fromisoformat("2026-12-05T15:00:00+00:00")
WRITTEN = """
    select (select count(*) from orders), (select count(*) from fills),
           (select sum(version) from positions), (select sum(version) from venue_books),
           (select count(*) from audit_entries), (select count(*) from order_requests)
"""


async def drill(floor: Floor, price: str | None = "151.00") -> DrillReport:
    """Run the drill at the newest price of AAPL and MSFT; none with None."""

    async def quotes(symbols: Collection[str]) -> Sequence[Quote]:
        if price is None:
            return []
        at = floor.clock.now()
        last, source = Decimal(price), FeedSource.SIMULATED
        return [Quote(one, last, None, None, None, source, at) for one in symbols]

    await floor.service.watched()
    before = await floor.rows(WRITTEN)
    report = await FireDrill(floor.pool, floor.clock, TermsOfSymbols(floor.pool), quotes).run(
        USER, "simulation"
    )
    assert await floor.rows(WRITTEN) == before, "a drill writes nothing"
    return report


async def hold_and_wait(floor: Floor) -> None:
    """Hold 100 AAPL, and have an entry of MSFT that works."""
    await floor.intend()
    await floor.intend(symbol="MSFT", limit="150.00", price="150.00")
    await floor.rounds()
    for _ in range(2):
        await floor.quote("150.50")
        await floor.quote("150.50", symbol="MSFT")


async def test_m21_a_drill_says_what_would_be_cancelled_and_closed(floor: Floor) -> None:
    await hold_and_wait(floor)
    found = await drill(floor)
    assert [(one.symbol, one.quantity) for one in found.would_cancel] == [("MSFT", Decimal(100))]
    (close,) = found.would_close
    assert (close.symbol, close.quantity, close.price) == ("AAPL", Decimal(100), Decimal(151))
    assert (close.proceeds, close.currency) == (Decimal(15100), "USD")
    assert found.problems == []
    assert found.took_ms > 0


async def test_m21_the_drill_says_what_the_button_then_does(floor: Floor) -> None:
    await hold_and_wait(floor)
    (said,) = (await drill(floor)).would_close
    await floor.switch("halted")
    await floor.ask("close_position", said.position_id)
    await floor.quote(str(said.price))
    (row,) = await floor.rows(
        "select price from fills f join orders o on o.id = f.order_id where o.leg = 'close'"
    )
    assert row[0] == said.price
    assert await floor.rows("select distinct status from positions") == [("closed",)]


async def test_m20_a_closed_market_and_a_missing_price_are_problems(floor: Floor) -> None:
    await hold_and_wait(floor)
    found = await drill(floor, None)
    assert found.would_close[0].price is None
    assert any("There is no price of AAPL" in one for one in found.problems)
    floor.clock.advance(SATURDAY - floor.clock.now())
    found = await drill(floor)
    assert found.would_close[0].proceeds is None
    assert "queued for the open: New York Stock Exchange opens Mon" in found.would_close[0].text
