from decimal import ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.agents.analysis.plan import LevelContext, on_tick, price_levels
from kuber.agents.analysis.types import Levels, PlanRules
from kuber.agents.state import Action

CENT = Decimal("0.01")
RULES = PlanRules(stop_atr=2.0, target_1_r=2.0, target_2_r=3.5)
NOTHING_AROUND = Levels((), ())


def around(atr: float, levels: Levels = NOTHING_AROUND) -> LevelContext:
    return LevelContext(atr, levels)


def test_stop_and_targets_of_a_buy_are_atrs_and_multiples_of_the_risk_away() -> None:
    plan = price_levels(Action.BUY, Decimal("150.50"), around(1.25), RULES, CENT)
    assert plan is not None
    assert (plan.stop_loss, plan.target_1, plan.target_2) == (
        Decimal("148.00"),
        Decimal("155.50"),
        Decimal("159.25"),
    )
    assert plan.reward_1 == 2


def test_a_sell_is_the_mirror_of_a_buy() -> None:
    plan = price_levels(Action.SELL, Decimal("150.50"), around(1.25), RULES, CENT)
    assert plan is not None
    assert (plan.stop_loss, plan.target_1, plan.target_2) == (
        Decimal("153.00"),
        Decimal("145.50"),
        Decimal("141.75"),
    )


def test_a_stop_moves_behind_a_support_that_is_close_to_it() -> None:
    plan = price_levels(
        Action.BUY, Decimal("100.00"), around(1.0, Levels((97.8,), ())), RULES, CENT
    )
    assert plan is not None
    assert plan.stop_loss == Decimal("97.70")
    assert plan.notes == ("Stop set behind support 97.80.",)


def test_a_support_far_from_the_stop_is_left_alone() -> None:
    plan = price_levels(
        Action.BUY, Decimal("100.00"), around(1.0, Levels((99.0,), ())), RULES, CENT
    )
    assert plan is not None
    assert plan.stop_loss == Decimal("98.00")


def test_a_target_moves_before_a_resistance_that_is_slightly_nearer() -> None:
    plan = price_levels(
        Action.BUY, Decimal("100.00"), around(1.0, Levels((), (103.8,))), RULES, CENT
    )
    assert plan is not None
    assert plan.target_1 == Decimal("103.70")
    assert plan.target_2 == Decimal("107.00")


def test_levels_are_ignored_when_following_them_is_switched_off() -> None:
    rules = PlanRules(2.0, 2.0, 3.5, snap=False)
    levels = Levels((97.8,), (103.8,))
    plan = price_levels(Action.BUY, Decimal("100.00"), around(1.0, levels), rules, CENT)
    assert plan is not None
    assert (plan.stop_loss, plan.target_1) == (Decimal("98.00"), Decimal("104.00"))


def test_a_stop_that_would_be_below_zero_makes_no_plan() -> None:
    assert price_levels(Action.BUY, Decimal("1.00"), around(0.6), RULES, CENT) is None


def test_prices_that_fall_together_on_the_tick_make_no_plan() -> None:
    fine = PlanRules(stop_atr=0.5, target_1_r=0.5, target_2_r=1.0)
    assert price_levels(Action.BUY, Decimal("100.00"), around(0.001), fine, CENT) is None


@pytest.mark.parametrize(("price", "expected"), [(1.23456, "1.23"), (1.2399, "1.23")])
def test_rounding_to_the_tick_follows_the_given_mode(price: float, expected: str) -> None:
    assert on_tick(price, CENT, ROUND_FLOOR) == Decimal(expected)


@given(
    action=st.sampled_from([Action.BUY, Action.SELL]),
    cents=st.integers(100, 1_000_000),
    atr_share=st.floats(0.001, 0.2),
    gaps=st.lists(st.floats(0.001, 0.5), max_size=6),
    stop_atr=st.floats(0.5, 6),
    first=st.floats(0.5, 10),
    further=st.floats(0.1, 10),
)
def test_stop_and_targets_are_always_on_their_sides_and_on_the_tick(
    action: Action,
    cents: int,
    atr_share: float,
    gaps: list[float],
    stop_atr: float,
    first: float,
    further: float,
) -> None:
    entry = Decimal(cents) / 100
    price = float(entry)
    levels = Levels(
        tuple(sorted((price * (1 - gap) for gap in gaps), reverse=True)),
        tuple(sorted(price * (1 + gap) for gap in gaps)),
    )
    rules = PlanRules(stop_atr, first, first + further)
    plan = price_levels(action, entry, around(price * atr_share, levels), rules, CENT)
    if plan is None:
        return
    side = 1 if action is Action.BUY else -1
    prices = [side * value for value in (plan.stop_loss, entry, plan.target_1, plan.target_2)]
    assert prices == sorted(set(prices))
    assert min(plan.stop_loss, plan.target_1, plan.target_2) > 0
    assert all(value % CENT == 0 for value in (plan.stop_loss, plan.target_1, plan.target_2))
