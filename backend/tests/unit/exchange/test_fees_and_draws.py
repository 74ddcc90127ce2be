"""Fees over a whole order, and chance that can be repeated."""

from hypothesis import given
from hypothesis import strategies as st

from kuber.exchange.draws import drawn, happens, part_of
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.units import MILLION, to_amount, to_price, to_quantity

SHARES = to_quantity("100")
PRICE = to_price("10")


def test_a_fee_counts_shares_and_a_share_of_the_value() -> None:
    schedule = FeeSchedule(per_share=to_price("0.005"), percent=1_000)
    assert schedule.total(SHARES, SHARES * PRICE) == to_amount("1.5")


def test_a_begun_contract_counts_whole() -> None:
    schedule = FeeSchedule(per_contract=to_price("0.65"))
    assert schedule.total(to_quantity("1.1"), 0) == to_amount("1.3")
    assert schedule.total(to_quantity("2"), 0) == to_amount("1.3")


def test_minimum_and_maximum_hold_for_the_order_and_not_for_each_fill() -> None:
    schedule = FeeSchedule(
        per_share=to_price("0.005"), minimum=to_amount("1"), maximum=to_amount("2")
    )
    one = to_quantity("1")
    assert schedule.total(one, 0) == to_amount("1")
    assert schedule.total(200 * one, 0) == to_amount("1")
    assert schedule.total(300 * one, 0) == to_amount("1.5")
    assert schedule.total(1_000 * one, 0) == to_amount("2")
    assert schedule.total(0, 0) == 0


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 10**15))
def test_a_fee_never_falls_as_more_is_filled(first: int, more: int, price: int) -> None:
    schedule = FeeSchedule(7, 333, 11, minimum=10**15, maximum=10**22)
    total = first + more
    assert schedule.total(first, first * price) <= schedule.total(total, total * price)


@given(st.integers(0, 2**63), st.text(max_size=20), st.integers(0, 50))
def test_the_same_key_always_draws_the_same_number(seed: int, key: str, count: int) -> None:
    number = drawn(seed, key, "partial", count)
    assert number == drawn(seed, key, "partial", count)
    assert 0 <= number < MILLION


def test_draws_do_not_change_between_versions() -> None:
    assert drawn(7, "AAPL/entry/1", "partial", 0) == 284_485


def test_draws_of_different_keys_kinds_and_fills_differ() -> None:
    numbers = {
        drawn(seed, key, kind, count)
        for seed in range(3)
        for key in ("a", "b")
        for kind in ("partial", "part")
        for count in range(3)
    }
    assert len(numbers) == 36


def test_a_rate_is_met_in_the_long_run() -> None:
    hits = sum(happens(1, f"order {number}", "rejection", 0, 50_000) for number in range(10_000))
    assert 430 < hits < 570
    assert not happens(1, "x", "rejection", 0, 0)
    assert happens(1, "x", "rejection", 0, MILLION)


@given(st.integers(1, 500), st.integers(0, 30), st.integers(0, 100))
def test_a_part_is_in_lots_and_leaves_nothing_too_small(lots: int, least: int, seed: int) -> None:
    lot = to_quantity("1")
    part = part_of(seed, "k", 0, lots * lot, lot, least * lot)
    left = lots * lot - part
    assert part > 0
    assert part % lot == 0
    assert left == 0 or left >= max(least, 1) * lot
