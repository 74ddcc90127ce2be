"""Entry 150.50, stop 148.00, targets 154.25 and 158.00 on AAPL, ten shares: every branch.

R is 2.50 a share, 25.00 for ten. Profits are reckoned by hand beside each row.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from kuber.exchange.behaviour import IDEAL, Behaviour
from kuber.exchange.book import Book
from kuber.exchange.events import Adjust, Bar, Halt, In, Resume
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.units import SECOND, from_amount, from_price, to_price, to_quantity
from kuber.kernel.orders import TimeInForce
from kuber.trading.management.outcome import Entry, Outcome
from kuber.trading.management.plan import ExitPlan, Protection
from kuber.trading.management.playing import Player, play
from kuber.trading.management.position import Reason
from tests.fakes.orders import bar, quote, sized
from tests.fakes.positions import a_plan, a_short, filled, waiting

ALL, BOTH = tuple(Protection), (Protection.OCO, Protection.STOP)


def outcome(
    *prices: In,
    plan: ExitPlan | None = None,
    paid: str = "150.50",
    behaviour: Behaviour = IDEAL,
) -> Outcome:
    plan = plan or a_plan()
    return play(plan, Entry(plan.quantity, to_price(paid), 0), prices, behaviour)


def sold(result: Outcome) -> list[tuple[str, str]]:
    return [(one.leg, f"{from_price(one.price):f}") for one in result.fills]


BARS = [
    pytest.param(
        # 10 x (148.00 - 150.50) = -25.00
        [bar(60, "150.50 151.00 147.00 147.50")],
        Reason.STOP,
        "-25",
        "-1",
        120,
        id="stop",
    ),
    pytest.param(
        # 5 x 3.75 = 18.75, and 5 x (150.50 - 150.50) = 0
        [bar(60, "150.50 155.00 150.00 154.00"), bar(120, "154.00 154.00 149.00 149.50")],
        Reason.BREAK_EVEN,
        "18.75",
        "0.75",
        180,
        id="target 1 then break-even",
    ),
    pytest.param(
        # 5 x 3.75 + 5 x 7.50 = 18.75 + 37.50
        [bar(60, "150.50 155.00 150.00 154.00"), bar(120, "154.00 159.00 153.00 158.50")],
        Reason.TARGET_2,
        "56.25",
        "2.25",
        180,
        id="both targets",
    ),
    pytest.param(
        # the open is beyond both: 5 x 8.50 + 5 x 8.50
        [bar(60, "159.00 159.50 158.50 159.00")],
        Reason.TARGET_2,
        "85",
        "3.4",
        60,
        id="gap beyond both targets",
    ),
    pytest.param(
        # 10 x (146.00 - 150.50) = -45.00: the open, not the stop
        [bar(60, "146.00 147.00 145.00 146.50")],
        Reason.STOP,
        "-45",
        "-1.8",
        60,
        id="gap below the stop",
    ),
    pytest.param(
        # which came first is not known, so the stop: 10 x -2.50
        [bar(60, "150.50 159.00 147.00 158.00")],
        Reason.STOP,
        "-25",
        "-1",
        120,
        id="both legs in one bar",
    ),
    pytest.param(
        # target 1: 18.75; the next bar gaps below break-even: 5 x (149.00 - 150.50) = -7.50
        [bar(60, "150.50 155.00 150.00 154.00"), bar(120, "149.00 149.50 148.50 149.00")],
        Reason.BREAK_EVEN,
        "11.25",
        "0.45",
        120,
        id="gap below break-even",
    ),
    pytest.param(
        # target 1: 18.75; the bar closed at 150.00, already beyond 150.50: out at the next open,
        # 5 x (150.20 - 150.50) = -1.50
        [bar(60, "152.00 155.00 149.80 150.00"), bar(120, "150.20 158.00 150.00 157.00")],
        Reason.BREAK_EVEN,
        "17.25",
        "0.69",
        120,
        id="already below break-even when it should be set",
    ),
]


@pytest.mark.parametrize(("prices", "reason", "profit", "r", "ended_s"), BARS)
def test_m13_every_branch_over_bars_ends_with_the_profit_reckoned_by_hand(
    prices: list[Bar], reason: Reason, profit: str, r: str, ended_s: int
) -> None:
    result = outcome(*prices)
    assert result.reason is reason
    assert from_amount(result.profit) == Decimal(profit)
    assert result.r == Decimal(r)
    assert result.ended_at == ended_s * SECOND


def test_m13_a_bar_that_reaches_both_legs_is_counted_as_in_doubt() -> None:
    assert outcome(bar(60, "150.50 159.00 147.00 158.00")).ambiguities == 1
    assert outcome(bar(60, "150.50 151.00 147.00 147.50")).ambiguities == 0


@pytest.mark.parametrize("protection", ALL)
def test_m13_quotes_lead_to_the_same_whoever_holds_stop_and_targets(
    protection: Protection,
) -> None:
    plan = a_plan(protection=protection)
    stop = outcome(quote(1, "150"), quote(2, "148"), plan=plan)
    assert (stop.reason, from_amount(stop.profit)) == (Reason.STOP, Decimal(-25))
    even = outcome(quote(1, "154.25"), quote(2, "152"), quote(3, "150.50"), plan=plan)
    assert (even.reason, from_amount(even.profit)) == (Reason.BREAK_EVEN, Decimal("18.75"))
    both = outcome(quote(1, "154.25"), quote(2, "158"), plan=plan)
    assert (both.reason, from_amount(both.profit)) == (Reason.TARGET_2, Decimal("56.25"))


@pytest.mark.parametrize("protection", ALL)
def test_m14_a_stop_missed_while_asleep_fills_at_the_first_fresh_quote(
    protection: Protection,
) -> None:
    """10 x (143.20 - 150.50) = -73.00, and not the stop's -25.00."""
    result = outcome(quote(1, "150"), quote(20_000, "143.20"), plan=a_plan(protection=protection))
    assert from_amount(result.profit) == Decimal(-73)
    assert result.ended_at == 20_000 * SECOND


@pytest.mark.parametrize("protection", ALL)
def test_m12_a_halt_fills_nothing_and_the_first_quote_after_it_does(
    protection: Protection,
) -> None:
    """10 x (145.00 - 150.50) = -55.00."""
    at = SECOND
    player = Player(Book(), filled(a_plan(protection=protection)).position)
    player.load()
    player.act(0)
    events: tuple[In, ...] = (quote(1, "150"), Halt(2 * at), quote(3, "147"), Resume(60 * at))
    for event in events:
        player.apply(event)
        assert player.position.held == to_quantity("10")
    player.apply(quote(61, "145"))
    result = player.outcome()
    assert (result.reason, from_amount(result.profit)) == (Reason.STOP, Decimal(-55))


@pytest.mark.parametrize("protection", ALL)
def test_m11_a_short_is_the_mirror_of_a_long(protection: Protection) -> None:
    """Target 1 buys five back at 146.75: 18.75; the rest at break-even: 0."""
    plan = a_short(protection=protection)
    result = outcome(quote(1, "146.75"), quote(2, "148"), quote(3, "150.50"), plan=plan)
    assert (result.reason, from_amount(result.profit)) == (Reason.BREAK_EVEN, Decimal("18.75"))
    stopped = outcome(bar(60, "154 155 152 154"), plan=plan)  # 10 x (150.50 - 154.00)
    if protection is not Protection.MONITOR:
        assert from_amount(stopped.profit) == Decimal(-35)


def test_m13_the_profit_counts_the_fees_of_entry_and_exits() -> None:
    """-25.00, less ten times 0.01 for the stops and the entry's 0.10."""
    behaviour = replace(IDEAL, fees=FeeSchedule(per_share=to_price("0.01")))
    plan = a_plan()
    entry = Entry(plan.quantity, to_price("150.50"), 0, fee=10**20)
    result = play(plan, entry, [quote(1, "148")], behaviour)
    assert from_amount(result.profit) == Decimal("-25.20")


@pytest.mark.parametrize(
    ("quantity", "first", "second"), [("1", "1", None), ("2", "1", "1"), ("3", "2", "1")]
)
def test_m13_target_1_closes_the_larger_half(quantity: str, first: str, second: str | None) -> None:
    result = outcome(quote(1, "154.25"), quote(2, "158"), plan=a_plan(quantity))
    quantities = [one.quantity for one in result.fills]
    assert quantities == [to_quantity(one) for one in (first, second) if one]
    assert result.reason is (Reason.TARGET_2 if second else Reason.TARGET_1)


def test_a_course_that_ends_before_the_position_does_leaves_it_open() -> None:
    """Target 1 alone: 5 x 3.75; what is still held does not count."""
    result = outcome(quote(1, "154.25"))
    assert (result.reason, result.ended_at) == (None, None)
    assert from_amount(result.profit) == Decimal("18.75")
    assert sold(result) == [("target_1", "154.25")]


def test_the_same_course_gives_the_same_outcome() -> None:
    prices = [bar(60, "150.50 155.00 150.00 154.00"), bar(120, "154.00 154.00 149.00 149.50")]
    assert outcome(*prices) == outcome(*prices)


def test_m25_a_split_on_the_way_changes_quantities_and_prices_and_no_profit() -> None:
    """4:1, ten shares become forty: 20 x (38.56 - 37.625) + 20 x (39.50 - 37.625) = 56.20."""
    prices = (quote(1, "152"), Adjust(2 * SECOND, 4, 1), quote(3, "38.56"), quote(4, "39.50"))
    result = outcome(*prices)
    assert (result.reason, from_amount(result.profit)) == (Reason.TARGET_2, Decimal("56.20"))


def test_m25_what_a_reverse_split_leaves_over_is_paid_at_the_last_price() -> None:
    """1:4 of ten is two and a half: 0.5 x 608.00 = 304.00 in cash; 2 x 617.00 at target 1 and 2.

    304.00 + 617.00 + 632.00 - 1505.00 = 48.00.
    """
    prices = (quote(1, "152"), Adjust(2 * SECOND, 1, 4), quote(3, "617"), quote(4, "632"))
    assert from_amount(outcome(*prices).profit) == Decimal("48.00")


def test_m12_orders_that_end_with_the_day_are_armed_again() -> None:
    day = 100 * SECOND
    plan = a_plan(protection=Protection.STOP, exits_in_force=TimeInForce.DAY)
    player = Player(Book(), filled(plan).position, ends_at=lambda _life, at: (at // day + 1) * day)
    player.load()
    player.act(0)
    for event in (quote(1, "150"), quote(99, "150"), quote(100, "150"), quote(101, "148")):
        player.apply(event)
    assert player.outcome().reason is Reason.STOP
    assert [leg.status.value for leg in player.position.exits] == 2 * ["expired"] + 2 * ["filled"]
    assert player.position.bare_area == 0


def test_m12_time_passes_between_prices() -> None:
    """Four of ten fill at second 1; at second 3 the rest is cancelled and the four protected."""
    player = Player(Book(), waiting(a_plan()).position)
    player.act(0)
    player.apply(sized(1, "150.50", "4"))
    player.apply(quote(60, "151"))
    assert player.position.held == to_quantity("4")
    assert player.position.bare_area == to_quantity("4") * 2 * SECOND
