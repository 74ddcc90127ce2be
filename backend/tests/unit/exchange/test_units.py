"""Numbers at the edge of the exchange."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.exchange.errors import BadNumber
from kuber.exchange.units import (
    ceil_to,
    floor_to,
    from_amount,
    from_instant,
    from_price,
    from_quantity,
    half_up_to,
    to_amount,
    to_instant,
    to_part,
    to_price,
    to_quantity,
)


@given(st.decimals(-(10**15), 10**15, places=12, allow_nan=False))
def test_a_price_comes_back_as_it_was(value: Decimal) -> None:
    assert from_price(to_price(value)) == value


@given(st.decimals(-(10**9), 10**9, places=9, allow_nan=False))
def test_a_quantity_comes_back_as_it_was(value: Decimal) -> None:
    assert from_quantity(to_quantity(value)) == value


def test_price_times_quantity_is_an_exact_amount() -> None:
    product = to_price("0.000000000001") * to_quantity("0.000000001")
    assert product == to_amount("0.000000000000000000001") == 1
    assert from_amount(to_price("150.25") * to_quantity("3")) == Decimal("450.75")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN", "ten", "", "1e18"])
def test_what_is_no_usable_number_is_refused_with_the_fields_name(value: str) -> None:
    with pytest.raises(BadNumber) as caught:
        to_price(value, "limit_price")
    assert caught.value.problems[0].field == "limit_price"
    assert "limit_price" in caught.value.detail


@pytest.mark.parametrize(
    ("read", "fits", "too_fine"),
    [
        (to_price, "1e-12", "1e-13"),
        (to_quantity, "0.000000001", "0.0000000001"),
        (to_amount, "1e-21", "1e-22"),
        (to_part, "0.000001", "0.0000001"),
    ],
)
def test_more_places_than_there_are_are_refused_rather_than_rounded(
    read: object, fits: str, too_fine: str
) -> None:
    assert callable(read)
    assert read(fits) == 1
    with pytest.raises(BadNumber):
        read(too_fine)


def test_zeros_behind_the_last_place_do_no_harm() -> None:
    assert to_price("1.50000000000000000000") == to_price("1.5")
    assert str(from_price(to_price("100"))) == "100"
    assert to_price("1e17") == 10**29


def test_times_are_whole_microseconds() -> None:
    moment = datetime(2026, 12, 1, 14, 30, 0, 123456, tzinfo=UTC)
    assert from_instant(to_instant(moment)) == moment


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_steps_round_down_up_and_to_the_nearer(value: int, step: int) -> None:
    low, high, near = floor_to(value, step), ceil_to(value, step), half_up_to(value, step)
    assert low <= value <= high
    assert high - low in (0, step)
    assert near == (high if 2 * (value - low) >= step and high > low else low)
