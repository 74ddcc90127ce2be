"""M24: lots are relieved first in, first out; what they cost is never lost or made up."""

from collections import deque
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kuber.ledger.facts import Executed
from kuber.ledger.lots import trade
from kuber.ledger.types import FLAT, Lot, Position, PositionKey
from kuber.ledger.units import exactly, product
from tests.fakes.ledger_account import THOROUGH, Account, D, amounts

whole_trades = st.lists(st.tuples(st.integers(-30, 30).filter(bool), amounts(4, 300)), max_size=14)
quantities = st.tuples(amounts(9, 30), st.sampled_from([1, -1])).map(lambda two: two[0] * two[1])
fractional_trades = st.lists(st.tuples(quantities, amounts(9, 300)), max_size=14)


def oracle(trades: list[tuple[int, Decimal]]) -> tuple[Fraction, list[Fraction]]:
    """Return the profit, and the price of each open unit, unit by unit."""
    units: deque[Fraction] = deque()
    sign, profit = 0, Fraction(0)
    for quantity, price in trades:
        for _ in range(abs(quantity)):
            side = 1 if quantity > 0 else -1
            if units and sign != side:
                profit += sign * (Fraction(price) - units.popleft())
            else:
                units.append(Fraction(price))
                sign = side
    return profit, list(units)


@given(whole_trades)
@THOROUGH
def test_m24_profit_and_lots_are_those_of_matching_unit_by_unit(
    trades: list[tuple[int, Decimal]],
) -> None:
    account = Account()
    for quantity, price in trades:
        account.post(Executed("AAPL", D(quantity), price))
    profit, units = oracle(trades)
    assert -account.balance("realised_pnl") == profit
    found = [
        abs(Fraction(cost) / Fraction(quantity))
        for quantity, cost in account.lots()
        for _ in range(int(abs(quantity)))
    ]
    assert found == units


@given(fractional_trades)
@THOROUGH
def test_m24_nothing_of_a_cost_is_lost_however_fine_the_pieces(
    trades: list[tuple[Decimal, Decimal]],
) -> None:
    position, paid, realised = FLAT, D(0), D(0)
    with exactly():
        for quantity, price in trades:
            value = product(abs(quantity), price)
            before = position
            done = trade(position, quantity, value)
            position = done.position
            paid += value.copy_sign(quantity)
            realised += done.realised
            assert position.cost == before.cost + done.cost
            assert position.cost - realised == paid
            assert position.quantity == before.quantity + quantity
            assert len({lot.quantity > 0 for lot in position.lots}) <= 1
            assert all(
                lot.cost == 0 or (lot.cost > 0) == (lot.quantity > 0) for lot in position.lots
            )
    if not position.quantity:
        assert position == FLAT


def test_m24_the_oldest_lot_goes_first() -> None:
    account = Account(deposit="10000")
    account.buy("10", "100")
    account.buy("10", "110")
    account.sell("15", "120")
    assert account.lots() == [(D(5), D(550))]
    assert account.balance("realised_pnl") == -(10 * 20 + 5 * 10)


def test_m24_a_lot_in_thirds_is_relieved_cut_off_and_its_last_piece_takes_the_rest() -> None:
    position = Position((Lot(D(3), D("10.000000000000000001")),))
    with exactly():
        first = trade(position, D(-1), D(4))
        second = trade(first.position, D(-1), D(4))
        third = trade(second.position, D(-1), D(4))
    assert first.cost == D("-3.333333333333333333")
    assert second.cost == D("-3.333333333333333334")
    assert third.cost == D("-3.333333333333333334")
    assert third.position == FLAT


def test_m24_a_short_sale_is_a_lot_of_what_it_brought() -> None:
    account = Account(deposit="1000")
    account.sell("10", "100", "1")
    assert account.lots() == [(D(-10), D(-1000))]
    account.buy("4", "90", "1")
    assert account.lots() == [(D(-6), D(-600))]
    assert account.balance("realised_pnl") == -40
    assert account.balance("fees") == 2
    assert account.balance("cash") == D(1000) + 1000 - 360 - 2


def test_m24_an_execution_beyond_flat_closes_and_opens() -> None:
    account = Account(deposit="1000")
    account.buy("3", "100")
    account.sell("5", "120")
    assert account.lots() == [(D(-2), D(-240))]
    assert account.balance("realised_pnl") == -60


def test_m24_positions_in_one_symbol_keep_their_lots_apart() -> None:
    account, other = Account(deposit="10000"), UUID(int=5)
    account.buy("10", "100")
    account.post(Executed("AAPL", D(10), D(200), position_id=other))
    account.post(Executed("AAPL", D(-10), D(150), position_id=other))
    assert account.balance("realised_pnl") == 500
    assert account.lots() == [(D(10), D(1000))]
    assert account.state.position(PositionKey("AAPL", other)) == FLAT
    assert account.balance("holding:AAPL", "AAPL") == 10


def test_m24_what_cost_nothing_is_sold_for_all_profit() -> None:
    account = Account()
    account.buy("10", "0")
    account.sell("10", "3")
    assert account.balance("realised_pnl") == -30
