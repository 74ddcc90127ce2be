"""M25: splits keep costs and pay remainders in cash, dividends are paid and charged."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.ledger.errors import LedgerError
from kuber.ledger.facts import DividendPaid, SharesSplit
from kuber.ledger.lots import split
from kuber.ledger.types import FLAT, Lot, Position, PositionKey
from kuber.ledger.units import exactly, pro_rata
from tests.fakes.ledger_account import THOROUGH, Account, D, amounts

lots = st.lists(
    st.builds(Lot, st.one_of(st.integers(1, 50).map(D), amounts(9, 9)), st.one_of(amounts(4, 900))),
    min_size=1,
    max_size=6,
)


def shares(new: int, old: int, price: str, step: str = "1") -> SharesSplit:
    return SharesSplit("AAPL", new, old, D(step), D(price))


def test_m25_ten_for_one_keeps_every_lot_and_its_cost() -> None:
    account = Account(deposit="10000")
    account.buy("2", "1000.01")
    account.buy("3", "1100")
    before = account.balance("cash")
    account.post(shares(10, 1, "110"))
    assert account.lots() == [(D(20), D("2000.02")), (D(30), D(3300))]
    assert account.balance("holding:AAPL", "AAPL") == 50
    assert account.balance("cash") == before
    assert account.balance("realised_pnl") == 0


def test_m25_one_for_ten_pays_the_remainder_in_cash_and_books_its_profit() -> None:
    account = Account(deposit="10000")
    account.buy("13", "10")
    before = account.balance("cash")
    account.post(shares(1, 10, "120"))
    assert account.lots() == [(D(1), D(100))]
    assert account.balance("holding:AAPL", "AAPL") == 1
    assert account.balance("cash") == before + 36  # 0.3 of a new share
    assert account.balance("realised_pnl") == -6  # which cost 30
    assert account.balance("cost:AAPL") == 100


def test_m25_three_for_two_gives_the_half_share_in_cash() -> None:
    account = Account(deposit="10000")
    account.buy("5", "30")
    account.post(shares(3, 2, "20"))
    assert account.lots() == [(D(7), D(140))]
    assert account.balance("cash") == D(10000) - 150 + 10
    assert account.balance("realised_pnl") == 0


def test_m25_lots_hand_what_is_less_than_a_share_on_to_the_next() -> None:
    account = Account(deposit="10000")
    for price in ("10", "20", "30"):
        account.buy("5", price)
    account.post(shares(1, 10, "200"))
    # Of 1.5 new shares the first is the oldest ten; the half is the last five.
    assert account.lots() == [(D(1), D(150))]
    assert account.balance("realised_pnl") == -(100 - 150)


def test_m25_where_fractions_are_held_nothing_is_paid() -> None:
    account = Account(deposit="10000")
    account.buy("13", "10")
    account.post(shares(1, 10, "120", "0.000000001"))
    assert account.lots() == [(D("1.3"), D(130))]
    assert account.balance("cash") == D(10000) - 130


def test_m25_a_ratio_without_end_is_cut_off_at_the_step_and_paid() -> None:
    account = Account(deposit="10000")
    account.buy("10", "30")
    account.post(shares(1, 3, "90", "0.000000001"))
    assert account.lots()[0][0] == D("3.333333333")
    assert account.balance("cash") == D(10000) - 300  # 3e-8 USD are less than a cent
    assert account.balance("cost:AAPL") == account.lots()[0][1]


def test_m25_a_short_position_pays_for_its_remainder() -> None:
    account = Account(deposit="1000")
    account.sell("13", "10")
    account.post(shares(1, 10, "120"))
    assert account.lots() == [(D(-1), D(-100))]
    assert account.balance("cash") == D(1000) + 130 - 36
    assert account.balance("realised_pnl") == 6
    assert account.balance("holding:AAPL", "AAPL") == -1


def test_m25_a_position_smaller_than_a_share_becomes_cash() -> None:
    account = Account(deposit="1000")
    account.buy("4", "10")
    account.post(shares(1, 10, "150"))
    assert account.state.position(PositionKey("AAPL")) == FLAT
    assert account.balance("cash") == D(1000) - 40 + 60
    assert account.balance("realised_pnl") == -20


@given(lots, st.integers(1, 30), st.integers(1, 30), st.sampled_from(["1", "0.000000001", "0.5"]))
@THOROUGH
def test_m25_a_split_loses_neither_units_nor_cost(
    held: list[Lot], new: int, old: int, step: str
) -> None:
    before, price = Position(tuple(held)), D("12.5")
    with exactly():
        done = split(before, new, old, D(step), price)
        wanted = Fraction(before.quantity) * new / old
        found = Fraction(done.position.quantity)
        assert 0 <= wanted - found < Fraction(D(step))
        assert abs(Fraction(done.value) - (wanted - found) * Fraction(price)) <= Fraction(1, 10**18)
        assert done.position.cost == before.cost + done.cost
        assert done.cost <= 0
        assert all(lot.quantity % D(step) == 0 for lot in done.position.lots)
        # The cost up to the end of each lot is that of as many old units.
        until = D(0)
        for index, lot in enumerate(done.position.lots):
            until += lot.quantity
            cost = sum((one.cost for one in done.position.lots[: index + 1]), D(0))
            assert abs(Fraction(cost) - cost_up_to(held, Fraction(until) * old / new)) <= Fraction(
                len(held) + 1, 10**18
            )


def cost_up_to(held: list[Lot], quantity: Fraction) -> Fraction:
    cost = Fraction(0)
    for lot in held:
        part = min(quantity, Fraction(lot.quantity))
        cost += Fraction(lot.cost) * part / Fraction(lot.quantity)
        quantity -= part
    return cost


def test_m25_a_dividend_is_paid_to_holders() -> None:
    account = Account(deposit="1000")
    account.buy("7", "10")
    account.post(DividendPaid("AAPL", D("0.245")))
    assert account.balance("dividends") == D("-1.715")
    assert account.balance("cash") == D("930") + D("1.72")
    assert account.balance("rounding") == D("-0.005")


def test_m25_a_dividend_is_charged_to_shorts_even_into_debt() -> None:
    account = Account(deposit="10")
    account.sell("100", "1")
    account.buy("1", "110", symbol="MSFT")
    assert account.balance("cash") == 0
    account.post(DividendPaid("AAPL", D("0.25")))
    assert account.balance("dividends") == 25
    assert account.balance("cash") == 0
    assert account.balance("debt") == -25


@pytest.mark.parametrize(
    ("quantity", "part", "total", "cut"),
    [("10", "1", "3", "3.333333333333333333"), ("-10", "2", "3", "-6.666666666666666666")],
)
def test_m25_a_part_is_cut_off_towards_zero(quantity: str, part: str, total: str, cut: str) -> None:
    assert pro_rata(D(quantity), D(part), D(total)) == Decimal(cut)


def test_m25_a_split_without_a_number_for_its_price_is_refused() -> None:
    with pytest.raises(LedgerError, match="price"):
        shares(1, 10, "NaN")
