"""A scratch run's trade over the bars that followed: entry 150.65 for a plan at 150.50, stop
148.00, targets 154.25 and 158.00, ten shares of AAPL. Fees are 0.005 a share each way, a stop slips
by 0.1 %; profits are reckoned by hand beside each row."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kuber.exchange.behaviour import Behaviour
from kuber.exchange.events import Adjust, In
from kuber.exchange.units import from_amount, from_price, from_quantity, to_instant
from kuber.market.later import Course
from kuber.market.types import Timeframe, to_datetime
from kuber.runs.what_next import following as module
from kuber.runs.what_next.following import Following, bar_at, entry_of, plan_of
from kuber.runs.what_next.story import story_of
from kuber.trading.errors import RefusedOrder
from kuber.trading.management.playing import play
from kuber.trading.management.position import Reason
from kuber.trading.orders import JournalOrder
from kuber.trading.scratch import ESTIMATED
from tests.fakes.followed_trades import AS_OF, STEPS, an_entry, course, days


def followed(*courses: Course, order: JournalOrder | None = None) -> Following:
    following = Following(order or an_entry(), STEPS)
    for one in courses:
        following.go_on(one)
    return following


def story(following: Following) -> str:
    return " ".join(story_of(following, Timeframe.D1, "USD"))


QUIET = "151 152 150 151"

BRANCHES = [
    pytest.param(
        # 10 x (147.85 - 150.65) = -28.00, fees 0.10; R is 25.00
        [QUIET, "150 151 147 147.50"],
        Reason.STOP,
        "-28.10",
        "-1.124",
        "The stop was reached on 13 March 2013: all sold at 147.85."
        " Loss 28.10 USD after commissions, -1.12 R.",
        id="stop",
    ),
    pytest.param(
        # 5 x 3.60 = 18.00; 5 x (150.50 - 150.65) = -0.75, for 150.65 slips to 150.50; fees 0.10
        ["151 155 150.90 154", QUIET, "152 152 149 149.50"],
        Reason.BREAK_EVEN,
        "17.15",
        "0.686",
        "Target 1 was reached on 12 March 2013: half sold at 154.25, stop moved to break-even."
        " The stop at break-even was reached on 13 March 2013: the rest sold at 150.50."
        " Profit 17.15 USD after commissions, 0.69 R.",
        id="target 1 then break-even",
    ),
    pytest.param(
        # 5 x 3.60 + 5 x 7.35 = 54.75, fees 0.10
        ["151 155 150.90 154", "154 159 153 158.50"],
        Reason.TARGET_2,
        "54.65",
        "2.186",
        "Target 1 was reached on 12 March 2013: half sold at 154.25, stop moved to break-even."
        " Target 2 was reached on 13 March 2013: the rest sold at 158.00."
        " Profit 54.65 USD after commissions, 2.19 R.",
        id="both targets",
    ),
    pytest.param(
        # the open, 146.00, slips to 145.85: 10 x -4.80, fees 0.10
        ["146 147 145 146.50"],
        Reason.STOP,
        "-48.10",
        "-1.924",
        "The stop was reached on 12 March 2013: all sold at 145.85."
        " Loss 48.10 USD after commissions, -1.92 R.",
        id="gap below the stop",
    ),
    pytest.param(
        # 5 x 3.60 = 18.00, fees 0.05 and 0.025
        ["151 155 150.90 154", "154 155 153 154"],
        None,
        "17.925",
        "0.717",
        "Target 1 was reached on 12 March 2013: half sold at 154.25, stop moved to break-even."
        " Still open at the end of the data on 13 March 2013: 5 held, last price 154.00."
        " Closed so far: profit 17.92 USD after commissions, 0.72 R.",
        id="still open",
    ),
    pytest.param(
        [QUIET],
        None,
        "-0.05",
        "-0.002",
        "Still open at the end of the data on 12 March 2013: 10 held, last price 151.00.",
        id="nothing happened",
    ),
]


@pytest.mark.parametrize(("rows", "reason", "profit", "r", "words"), BRANCHES)
def test_every_branch_ends_with_the_profit_reckoned_by_hand(
    rows: list[str], reason: Reason | None, profit: str, r: str, words: str
) -> None:
    following = followed(days(*rows))
    outcome = following.outcome
    assert outcome.reason is reason
    assert from_amount(outcome.profit) == Decimal(profit)
    assert outcome.r == Decimal(r)
    assert story(following) == words


def test_a_short_is_the_mirror_of_a_long() -> None:
    short = an_entry(side="sell", prices="150.50 153.00 146.75 143.00", paid="150.35")
    following = followed(days("150 150.10 146 147", "147 148 142 143"), order=short)
    # 5 x 3.60 + 5 x 7.35 = 54.75, fees 0.10
    assert from_amount(following.outcome.profit) == Decimal("54.65")
    assert "half bought back at 146.75, stop moved to break-even." in story(following)


def test_an_odd_quantity_says_how_many_were_sold() -> None:
    following = followed(days("151 155 150.90 154"), order=an_entry("7"))
    assert "4 of 7 sold at 154.25" in story(following)


def test_one_share_goes_at_target_1_and_leaves_no_stop_to_move() -> None:
    following = followed(days("151 155 150.90 154"), order=an_entry("1"))
    assert story(following).startswith(
        "Target 1 was reached on 12 March 2013: all sold at 154.25. Profit"
    )


def test_what_is_in_doubt_within_a_bar_is_said() -> None:
    following = followed(days("151 155 147 154"))
    assert following.outcome.reason is Reason.STOP
    assert "Stop and target may both have been reached within one bar: the stop counts." in story(
        following
    )


def test_without_a_bar_there_is_nothing_to_tell() -> None:
    following = followed(days())
    assert (following.bars, following.last_at) == (0, None)
    assert story(following) == "No data after: no bar followed in these prices."


def test_m25_a_split_on_the_way_changes_quantities_and_prices_and_no_profit() -> None:
    # 2 for 1 before the second day: 20 shares, targets 77.125 and 79.00, the first on 77.12
    split = days(QUIET, "76 77.60 75.50 77", "77 79.50 76.90 79", splits={1: Fraction(2)})
    following = followed(split)
    fills = [
        (one.leg, from_quantity(one.quantity), from_price(one.price))
        for one in following.outcome.fills
    ]
    assert fills == [
        ("target_1", Decimal(10), Decimal("77.12")),
        ("target_2", Decimal(10), Decimal(79)),
    ]
    # 10 x (77.12 - 75.325) + 10 x (79 - 75.325) = 54.70; fees 0.05 + 20 x 0.005
    assert from_amount(following.outcome.profit) == Decimal("54.55")
    assert story(following).startswith(
        "A split of 2:1 took effect on 13 March 2013. Target 1 was reached on 13 March 2013:"
        " half sold at 77.12, stop moved to break-even."
    )


def test_a_split_before_the_first_bar_counts_and_one_after_the_end_does_not() -> None:
    first = followed(days("76 76.50 75.50 76", splits={0: Fraction(2)}))
    assert from_quantity(first.outcome.position.held) == 20
    over = followed(days("150 151 147 147.50", "73 74 72 73", splits={1: Fraction(2)}))
    assert (over.splits, over.bars) == ([], 1)


def test_bars_in_several_parts_are_as_good_as_in_one() -> None:
    rows = np.array([[151.0, 152, 150, 151]] * 5 + [[151, 155, 150.9, 154]])
    whole = course(rows)
    parts = [Course(whole.bars.window(start, start + 2), (), more=True) for start in (0, 2, 4)]
    assert followed(*parts).outcome == followed(whole).outcome
    assert followed(*parts).bars == 6


def test_exits_that_lie_beside_the_tick_come_earlier() -> None:
    plan = plan_of(an_entry(prices="150.50 148.003 154.256 158.009"), STEPS)
    levels = [from_price(price) for price in (plan.stop, *plan.targets)]
    assert levels == [Decimal("148.01"), Decimal("154.25"), Decimal(158)]


def test_a_plan_whose_prices_meet_on_the_tick_is_refused() -> None:
    with pytest.raises(RefusedOrder):
        Following(an_entry(prices="150.50 148 150.504 158"), STEPS)


REFUSING = replace(ESTIMATED, rejection_rate=600_000)
"""Refuses exits, so that the manager has work to do while no order changes."""


@settings(max_examples=100, deadline=None)
@example(seed=10, sells=True, split=None, behaviour=ESTIMATED)
@example(seed=8331, sells=False, split=None, behaviour=ESTIMATED)
@example(seed=74, sells=False, split=Fraction(1, 2), behaviour=ESTIMATED)
@example(seed=4, sells=True, split=Fraction(1, 2), behaviour=REFUSING)
@example(seed=11, sells=False, split=Fraction(1, 2), behaviour=REFUSING)
@given(
    seed=st.integers(0, 10**6),
    sells=st.booleans(),
    split=st.sampled_from([None, Fraction(2), Fraction(1, 2), Fraction(3, 2)]),
    behaviour=st.sampled_from([ESTIMATED, REFUSING]),
)
def test_passing_over_bars_that_touch_nothing_changes_nothing(
    seed: int, sells: bool, split: Fraction | None, behaviour: Behaviour
) -> None:
    order = an_entry()
    if sells:
        order = an_entry(side="sell", prices="150.50 153.00 146.75 143.00", paid="150.35")
    chance = np.random.default_rng(seed)
    closes = 150.5 + np.cumsum(chance.normal(0, 0.9, 40))
    opens = np.concatenate([[150.5], closes[:-1]]) + chance.normal(0, 0.5, 40)
    ends = np.stack([opens, closes])
    highs, lows = ends.max(0) + chance.random(40), ends.min(0) - chance.random(40)
    prices = np.round(np.stack([opens, highs, lows, closes], axis=1), 2)
    at = int(chance.integers(0, 40))
    if split is not None:
        prices[at:] = np.round(prices[at:] / float(split), 2)
    later = course(prices, {at: split} if split else None)
    events: list[In] = []
    for place in range(40):
        if split is not None and place == at:
            opened = to_instant(to_datetime(later.bars.opened_at[place]))
            events.append(Adjust(opened, split.numerator, split.denominator))
        events.append(bar_at(later.bars, place))
    expected = play(plan_of(order, STEPS), entry_of(order), events, behaviour)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "ESTIMATED", behaviour)
        found = followed(later, order=order).outcome
    assert (found.fills, found.profit, found.reason) == (
        expected.fills,
        expected.profit,
        expected.reason,
    )
    assert (found.ended_at, found.ambiguities) == (expected.ended_at, expected.ambiguities)


def test_the_entry_is_that_of_the_order() -> None:
    entry = entry_of(an_entry())
    assert entry.at == to_instant(AS_OF)
    assert (from_price(entry.price), from_amount(entry.fee)) == (
        Decimal("150.65"),
        Decimal("0.05"),
    )
