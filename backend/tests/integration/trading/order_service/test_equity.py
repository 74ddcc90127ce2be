"""Points of the equity, and what is told of fills and closed positions."""

from datetime import timedelta
from decimal import Decimal

from tests.fixtures.trading_floor import Floor


async def test_equity_is_written_each_minute_and_when_a_position_is_closed(floor: Floor) -> None:
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    await floor.quote("150.50")
    await floor.rows(
        "insert into market_quotes (symbol, price, source, quoted_at, received_at)"
        " values ('AAPL', 151.50, 'simulated', now(), now())"
    )
    floor.clock.advance(timedelta(seconds=61))
    await floor.quote("151.50")
    points = await floor.rows(
        "select equity, cash, holdings, open_risk from account_equity order by at"
    )
    assert points[-1] == (100_100, 84_950, 15_150, 250)
    written = len(points)
    await floor.quote("151.60")
    assert await floor.rows("select count(*) from account_equity") == [(written,)]
    await floor.quote("154.25")
    await floor.quote("158.00")
    points = await floor.rows("select equity, cash, holdings from account_equity order by at")
    assert points[-1] == (Decimal("100562.5"), Decimal("100562.5"), 0)
    told = await floor.rows(
        "select payload ->> 'pnl', payload ->> 'account_id' from outbox"
        " where topic = 'executions.reconcile'"
    )
    assert told == [("562.5", str(floor.account))]
    fills = await floor.rows(
        "select payload ->> 'fill_status', payload ->> 'execution_venue', payload ->> 'fill_id'"
        " from outbox where topic = 'executions.fill' order by id"
    )
    assert {(status, venue) for status, venue, _ in fills} == {("filled", "simulation")}
    assert len({id_ for _, _, id_ in fills}) == len(fills) == 3
