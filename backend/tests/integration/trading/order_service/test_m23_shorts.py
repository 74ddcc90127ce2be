"""Shorts keep 150 % of their value, are closed below 130 %, and may end in debt."""

from decimal import Decimal

from tests.fixtures.trading_floor import Floor


async def _short(floor: Floor, quantity: str = "100") -> None:
    await floor.intend(
        side="sell", quantity=quantity, price="100.00", stop="104.00", targets=("92.00",)
    )
    await floor.rounds()
    await floor.quote("100.00")
    await floor.quote("100.00")
    assert (await floor.position())["status"] == "open"


async def test_a_short_keeps_its_margin_until_it_is_bought_back(floor: Floor) -> None:
    """Sold for 10,000: cash 110,000, of which 15,000 are kept; back at 92: 800 won."""
    await _short(floor)
    assert (await floor.cash(), await floor.reserved()) == (Decimal(95_000), Decimal(15_000))
    await floor.quote("92.00")
    await floor.quote("92.00")
    assert (await floor.position())["exit_reason"] == "target_1"
    assert (await floor.cash(), await floor.reserved()) == (Decimal(100_800), Decimal(0))


async def test_a_gap_beyond_the_cash_is_a_debt(floor: Floor) -> None:
    """1,900 sold at 100 are bought back at 160: 114,000 lost of 100,000."""
    await _short(floor, "1900")
    await floor.quote("160.00")
    await floor.quote("160.00")
    found = await floor.position()
    assert (found["status"], found["realised_pnl"]) == ("closed", -114_000)
    balances = await floor.balances()
    assert balances[("debt", "USD")] == -14_000
    assert (await floor.cash(), await floor.reserved()) == (Decimal(0), Decimal(0))
    await floor.intend()
    await floor.rounds()
    await floor.quote("150.50")
    rows = await floor.rows("select reason from orders where leg = 'entry' and side = 'buy'")
    assert rows[0][0].startswith("insufficient_buying_power")


async def test_a_short_that_is_not_covered_is_closed(floor: Floor) -> None:
    """1,900 at 100 keep 285,000 of 290,000. At 123 they are covered by 290,000 / 233,700 = 124 %,
    and the stop is further away."""
    await floor.intend(side="sell", quantity="1900", price="100.00", stop="140", targets=("60.00",))
    await floor.rounds()
    await floor.quote("100.00")
    await floor.quote("100.00")
    await floor.quote("110.00")
    assert (await floor.position())["status"] == "open"
    await floor.quote("123.00")
    await floor.quote("123.00")
    await floor.quote("123.00")
    found = await floor.position()
    assert (found["status"], found["exit_reason"]) == ("closed", "margin_call")
