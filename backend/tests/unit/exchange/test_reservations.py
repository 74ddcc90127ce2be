"""Money set aside for orders, and the margin of shorts."""

from dataclasses import replace

import pytest

from kuber.exchange.behaviour import IDEAL
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.reservations import (
    Held,
    Margin,
    collared,
    held_after_short,
    margin,
    reservation,
    shortfall,
)
from kuber.exchange.units import from_amount, to_amount, to_price, to_quantity
from tests.fakes.orders import closing, order

TAKING = replace(IDEAL, fees=FeeSchedule(per_share=to_price("0.01"), minimum=to_amount("2")))


@pytest.mark.parametrize(
    ("price", "with_collar"), [("40", "41.6"), ("49.99", "51.9896"), ("50", "51.25")]
)
def test_a_market_buy_is_valued_four_or_two_and_a_half_percent_above(
    price: str, with_collar: str
) -> None:
    assert collared(to_price(price)) == to_price(with_collar)


@pytest.mark.parametrize(
    ("terms", "amount"),
    [
        ({"limit_price": "100"}, "1000"),
        ({}, "1025"),
        ({"stop_price": "120"}, "1230"),
        ({"stop_price": "120", "limit_price": "121"}, "1210"),
        ({"limit_price": "100", "behaviour": TAKING}, "1002"),
    ],
)
def test_a_buy_reserves_its_price_and_its_whole_fee(terms: dict[str, object], amount: str) -> None:
    reserved = reservation(order("o", "buy", "10", **terms), to_price("100"))
    assert str(from_amount(reserved)) == amount


@pytest.mark.parametrize(("limit", "amount"), [(None, "515"), ("90", "515"), ("110", "566.5")])
def test_m23_a_short_reserves_half_of_1_03_times_its_worth(limit: str | None, amount: str) -> None:
    terms = {} if limit is None else {"limit_price": limit}
    reserved = reservation(order("o", "sell", "10", **terms), to_price("100"))
    assert str(from_amount(reserved)) == amount


def test_what_closes_reserves_its_fee_alone() -> None:
    assert reservation(closing("o", "sell", "10"), to_price("100")) == 0
    paid = reservation(closing("o", "sell", "10", behaviour=TAKING), to_price("100"))
    assert paid == to_amount("2")


def test_m23_a_short_that_was_filled_keeps_150_percent() -> None:
    assert held_after_short(to_price("100"), to_quantity("10")) == to_amount("1500")


def short(price: str, quantity: str = "-10", key: str = "S") -> Held:
    return Held(key, to_quantity(quantity), to_price(price))


@pytest.mark.parametrize(("price", "call"), [("115.38", None), ("115.39", "S"), ("200", "S")])
def test_m23_a_short_is_called_below_130_percent(price: str, call: str | None) -> None:
    assert margin(to_amount("1500"), [short(price)]).call == call


def test_m23_longs_count_as_cover_and_the_largest_short_is_closed_first() -> None:
    cash = to_amount("100")
    shorts = [short("10", key="small"), short("20", key="large"), short("20", key="like it")]
    assert margin(cash, shorts).call == "large"
    long = Held("L", to_quantity("10"), to_price("100"))
    assert margin(cash, [*shorts, long]) == Margin(2_200_000, None)


def test_an_account_without_shorts_has_no_ratio() -> None:
    assert margin(0, [Held("L", 1, 1)]) == Margin(None, None)


def test_m23_a_gap_leaves_a_debt_that_is_told_in_full() -> None:
    assert shortfall(to_amount("-12.5")) == to_amount("12.5")
    assert shortfall(to_amount("3")) == 0
