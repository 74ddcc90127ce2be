"""Stops and targets of what is held."""

from dataclasses import replace

import pytest

from kuber.exchange.units import SECOND, from_price, from_quantity, to_price, to_quantity
from kuber.trading.management.commands import (
    Cancel,
    CloseAtMarket,
    MoveStop,
    Notice,
    PlaceGroup,
    PlaceStop,
    Tell,
)
from kuber.trading.management.decide import next_look
from kuber.trading.management.facts import Frozen, Outside
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import Reason, Status
from tests.fakes.orders import COIN
from tests.fakes.positions import Watch, a_plan, a_short, filled, seen, told, waiting


def groups(watch: Watch) -> list[tuple[str, str, str]]:
    """Return quantity, stop and target of each group that was placed."""
    found = []
    for one in watch.of(PlaceGroup):
        assert one.stop.quantity == one.target.quantity
        found.append(
            (
                f"{from_quantity(one.stop.quantity):f}",
                f"{from_price(one.stop.stop_price):f}",
                f"{from_price(one.target.limit_price):f}",
            )
        )
    return found


def stops(watch: Watch) -> list[str]:
    return [f"{from_quantity(one.stop.quantity):f}" for one in watch.of(PlaceStop)]


def protected(**terms: object) -> Watch:
    """Return ten shares from second 0 whose two parts the venue has taken."""
    watch = filled(a_plan(**terms))  # type: ignore[arg-type]
    watch.look(0)
    names = [leg.name for leg in watch.position.legs if leg.live]
    watch.accept(0, *names)
    return watch


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1", [("1", "148", "154.25")]),
        ("2", [("1", "148", "154.25"), ("1", "148", "158")]),
        ("3", [("2", "148", "154.25"), ("1", "148", "158")]),
        ("10", [("5", "148", "154.25"), ("5", "148", "158")]),
    ],
)
def test_m13_each_half_has_a_stop_and_a_target(
    quantity: str, expected: list[tuple[str, str, str]]
) -> None:
    watch = filled(a_plan(quantity))
    watch.look(0)
    assert groups(watch) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("0.5", ["0.25", "0.25"]),
        ("0.0003", []),  # less than the minimum of 0.001
        ("0.0015", ["0.0015"]),  # a half would be too small
        ("0.0021", ["0.0011", "0.001"]),
    ],
)
def test_m13_fractions_are_halved_by_the_quantity_step(quantity: str, expected: list[str]) -> None:
    watch = filled(a_plan(quantity, spec=COIN))
    watch.look(0)
    assert [one[0] for one in groups(watch)] == expected


@pytest.mark.parametrize(
    ("quantity", "first"),
    [("0.5", "0.25"), ("0.0021", "0.0011"), ("0.0019", "0.0019"), ("0.00205", "0.001")],
)
def test_m13_the_first_half_is_all_when_either_could_not_be_sold(quantity: str, first: str) -> None:
    assert a_plan(spec=COIN).first_part(to_quantity(quantity)) == to_quantity(first)


def test_m12_after_a_calm_minute_pauses_begin_anew() -> None:
    watch = filled(a_plan(targets=()))
    watch.look(0)
    watch.look(0, told(watch.ids("stop_1")[0], "refused"))
    watch.look(0.5)
    watch.accept(0.5, "stop_1")
    watch.look(60.6, told(watch.ids("stop_1")[1], "expired"))
    assert stops(watch) == ["10"]


def test_m12_orders_refused_together_count_as_one_failure() -> None:
    watch = filled()
    watch.look(0)
    watch.look(0, *(told(leg.order_id, "refused") for leg in watch.position.exits))
    watch.look(0.5)
    assert len(watch.of(PlaceGroup)) == 2


def test_m13_one_target_closes_all_and_without_targets_a_stop_stands_alone() -> None:
    watch = filled(a_plan(targets=("154.25",)))
    watch.look(0)
    assert groups(watch) == [("10", "148", "154.25")]
    watch = filled(a_plan(targets=()))
    watch.look(0)
    assert stops(watch) == ["10"]


def test_m12_the_stop_comes_before_the_target() -> None:
    watch = filled()
    watch.look(0)
    assert [leg.name for leg in watch.position.exits] == [
        "stop_1",
        "target_1",
        "stop_2",
        "target_2",
    ]


def test_m12_where_the_venue_holds_stops_alone_they_rest_for_all_and_targets_do_not() -> None:
    watch = filled(a_plan(protection=Protection.STOP))
    watch.look(0)
    assert stops(watch) == ["5", "5"]
    watch = filled(a_plan(protection=Protection.MONITOR))
    assert watch.look(0) == []


def test_m13_after_target_1_the_stop_moves_to_the_entry_and_not_before() -> None:
    watch = protected()
    first = watch.ids("target_1")[0]
    watch.look(10, told(first, "working", "4", "154.25"), last="154.25")
    assert watch.of(MoveStop) == []
    watch.look(11, told(first, "filled", "5", "154.25"), last="154.25")
    (move,) = watch.of(MoveStop)
    assert (move.order_id, move.stop_price) == (watch.ids("stop_2")[0], to_price("150.50"))
    assert move.new_id == watch.ids("stop_2")[1]
    assert watch.position.protected() == to_quantity("5")  # the old stop stands until then


@pytest.mark.parametrize(
    ("plan", "price", "expected"),
    [
        (a_plan(), "150.503", "150.51"),
        (a_plan(), "150.50", "150.5"),
        (a_plan(), "147.90", "148"),  # it was filled below the stop: never loosened
        (a_short(), "150.507", "150.5"),
        (a_short(), "153.20", "153"),
    ],
)
def test_m13_break_even_lies_on_the_tick_on_the_side_of_profit(
    plan: object, price: str, expected: str
) -> None:
    watch = filled(plan, price)  # type: ignore[arg-type]
    watch.look(0)
    watch.accept(0, "stop_1", "target_1", "stop_2", "target_2")
    watch.look(1, told(watch.ids("target_1")[0], "filled", "5", "150"))
    assert f"{from_price(watch.position.stop):f}" == expected


def test_m13_break_even_weighs_each_fill_of_the_entry_by_its_quantity() -> None:
    """(3 x 150.50 + 7 x 150.60) / 10 = 150.57."""
    watch = filled()
    entry = watch.position.entry
    assert entry is not None
    value = to_quantity("3") * to_price("150.50") + to_quantity("7") * to_price("150.60")
    watch.position = watch.position.with_leg(replace(entry, value=value))
    watch.look(0)
    watch.accept(0, "stop_1", "target_1", "stop_2", "target_2")
    watch.look(1, told(watch.ids("target_1")[0], "filled", "5", "154.25"))
    assert watch.position.stop == to_price("150.57")


def test_m13_a_target_that_ends_in_part_moves_the_stop_too_and_is_placed_again() -> None:
    watch = protected()
    names = ("stop_1", "target_1")
    watch.look(
        10,
        told(watch.ids("target_1")[0], "expired", "2", "154.25"),
        told(watch.ids("stop_1")[0], "cancelled"),
        last="153",
    )
    assert watch.position.stop == to_price("150.50")
    assert [one.stop_price for one in watch.of(MoveStop)] == [to_price("150.50")]
    assert groups(watch) == [("3", "150.5", "154.25")]
    assert all(len(watch.ids(name)) == 2 for name in names)


def test_m13_a_price_beyond_break_even_closes_at_the_market() -> None:
    watch = protected()
    watch.look(10, told(watch.ids("target_1")[0], "filled", "5", "154.25"), last="150.40")
    assert (watch.position.status, watch.position.reason) == (Status.CLOSING, Reason.BREAK_EVEN)
    assert watch.of(MoveStop) == []


def test_m13_a_refused_move_leaves_the_old_stop_and_is_tried_again() -> None:
    watch = protected()
    watch.look(10, told(watch.ids("target_1")[0], "filled", "5", "154.25"), last="154")
    watch.look(11, told(watch.ids("stop_2")[1], "refused"), last="154")
    assert watch.of(MoveStop) == []
    assert watch.position.protected() == to_quantity("5")
    assert next_look(watch.position) == 11 * SECOND + SECOND // 2
    watch.look(11.5, last="154")
    (move,) = watch.of(MoveStop)
    assert move.new_id == watch.ids("stop_2")[2]


def test_m13_followed_ids_a_fill_of_the_replaced_stop_counts() -> None:
    watch = protected()
    watch.look(10, told(watch.ids("target_1")[0], "filled", "5", "154.25"), last="154")
    old, new = watch.ids("stop_2")
    watch.look(11, told(old, "replaced"), told(new, "working"), last="154")
    others = [told(watch.ids(name)[0], "cancelled") for name in ("stop_1", "target_2")]
    watch.look(12, told(new, "filled", "5", "150.50"), *others)
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.BREAK_EVEN)


def test_m12_a_refused_stop_is_placed_again_with_growing_pauses() -> None:
    watch = filled(a_plan(targets=("154.25",)))
    watch.look(0)
    tries = []
    for tenth in range(100):
        names = [leg for leg in watch.position.legs if leg.live]
        watch.look(tenth / 10, *(told(leg.order_id, "refused") for leg in names))
        if watch.of(PlaceGroup):
            tries.append(tenth / 10)
    assert tries == [0.5, 1.6, 3.7, 7.8]
    assert len(set(watch.ids("stop_1"))) == 5


def test_m12_ten_seconds_without_an_accepted_stop_close_the_position_and_tell() -> None:
    watch = filled()
    watch.look(0, last="150.50")
    watch.look(9.9, last="150.50")
    assert watch.position.status is Status.OPEN
    watch.look(10, last="150.50")
    assert (watch.position.status, watch.position.reason) == (Status.CLOSING, Reason.UNPROTECTED)
    assert [one.notice for one in watch.of(Tell)] == [Notice.CLOSED_UNPROTECTED]


def test_m12_the_ten_seconds_run_while_the_market_trades() -> None:
    watch = filled()
    watch.look(0, trading=False)
    watch.look(50_000, trading=False)
    watch.look(50_005)
    watch.look(50_014)
    assert watch.position.status is Status.OPEN
    watch.look(50_015)
    assert watch.position.reason is Reason.UNPROTECTED


def test_m12_unprotected_quantity_times_seconds_is_measured() -> None:
    """Ten for 2 s, five for 3 s, nothing from then on."""
    watch = filled()
    watch.look(0)
    watch.accept(2, "stop_1", "target_1")
    watch.accept(5, "stop_2", "target_2")
    watch.look(60)
    assert watch.position.bare_area == to_quantity("35") * SECOND


def test_m12_a_stop_that_the_venue_ended_is_placed_again() -> None:
    watch = protected(targets=("154.25",))
    ends = [told(watch.ids(name)[0], "expired") for name in ("stop_1", "target_1")]
    watch.look(100, *ends)
    assert watch.position.bare == to_quantity("10")
    assert groups(watch) == [("10", "148", "154.25")]


def test_m12_a_fill_after_the_cancel_enlarges_the_protection_first() -> None:
    watch = waiting()
    watch.look(1, last="150.50")
    entry = watch.position.entry_id
    watch.look(2, told(entry, "cancelled", "4", "150.50"))
    watch.accept(2, "stop_1", "target_1", "stop_2", "target_2")
    watch.look(3, told(entry, "cancelled", "10", "150.50"))
    assert groups(watch) == [("3", "148", "154.25"), ("3", "148", "158")]
    assert watch.of(Cancel) == []


def test_m12_a_bare_position_beyond_its_stop_is_closed_at_once() -> None:
    watch = filled()
    watch.look(0, last="147.90")
    assert (watch.position.status, watch.position.reason) == (Status.CLOSING, Reason.STOP)
    assert len(watch.of(CloseAtMarket)) == 1


def test_m12_what_is_too_small_to_sell_is_dust_and_not_called_protected() -> None:
    watch = filled(a_plan("0.0003", spec=COIN))
    watch.look(0)
    assert watch.position.status is Status.DUST
    assert watch.position.protected() == 0
    assert [one.notice for one in watch.of(Tell)] == [Notice.DUST]
    assert watch.look(1) == []


def test_m12_the_monitor_sells_half_at_target_1_and_shrinks_the_stop_first() -> None:
    watch = protected(protection=Protection.STOP)
    first, second = watch.ids("stop_1") + watch.ids("stop_2")
    assert watch.look(10, last="154.25") == [Cancel(first)]
    watch.look(11, told(first, "cancelled"), last="154.20")
    (sale,) = watch.of(CloseAtMarket)
    assert (sale.order.leg, sale.order.quantity) == ("trim", to_quantity("5"))
    watch.look(12, told(sale.order.order_id, "filled", "5", "154.10"), last="154.20")
    (move,) = watch.of(MoveStop)
    assert (move.order_id, move.stop_price) == (second, to_price("150.50"))


def test_m14_a_price_that_is_too_old_decides_nothing() -> None:
    watch = protected(protection=Protection.MONITOR)
    assert watch.look(100, price=seen(39, "140")) == []
    watch.look(100, price=seen(40, "140"))
    assert watch.position.reason is Reason.STOP


def test_m14_what_was_not_watched_is_told_once_and_measured() -> None:
    watch = protected(protection=Protection.MONITOR)
    since = 100 * SECOND
    watch.look(500, last="150", unwatched_since=since)
    (tell,) = watch.of(Tell)
    assert (tell.notice, tell.since, tell.at) == (Notice.NOT_WATCHED, since, 500 * SECOND)
    assert watch.position.bare_area == to_quantity("10") * 400 * SECOND
    assert watch.look(500, last="150", unwatched_since=since) == []


def test_m16_a_position_closed_by_hand_loses_its_stops_before_anything_else() -> None:
    watch = protected()
    commands = watch.look(10, Outside(to_quantity("10")), last="140")
    assert commands == [Cancel(watch.ids("target_2")[0]), Cancel(watch.ids("target_1")[0])]
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits]
    watch.look(11, *ends)
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.BY_HAND)


def test_m16_a_position_reduced_by_hand_is_protected_for_the_rest() -> None:
    watch = protected()
    watch.look(10, Outside(to_quantity("7")), last="150")
    assert len(watch.of(Cancel)) == 2
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits]
    watch.look(11, *ends, last="150")
    assert [one[0] for one in groups(watch)] == ["2", "1"]


def test_m10_a_frozen_position_is_left_alone_and_told() -> None:
    watch = protected()
    watch.look(10, Frozen(), last="140")
    assert [type(one) for one in watch.commands] == [Tell]
    ends = [told(leg.order_id, "expired") for leg in watch.position.exits]
    assert watch.look(11, *ends, last="130") == []
    assert watch.look(60, last="151") == []
    assert watch.position.status is Status.FROZEN


def test_m11_exits_that_the_venue_filled_twice_freeze_the_position_and_end_the_rest() -> None:
    watch = protected()
    watch.look(
        10,
        told(watch.ids("stop_1")[0], "filled", "5", "148"),
        told(watch.ids("target_1")[0], "filled", "5", "154.25"),
        told(watch.ids("stop_2")[0], "working", "1", "148"),
    )
    assert watch.position.held < 0
    assert watch.position.status is Status.FROZEN
    assert [one.notice for one in watch.of(Tell)] == [Notice.OVERSOLD]
    assert watch.of(Cancel) == [Cancel(watch.ids("target_2")[0])]


def test_m12_the_other_order_of_a_part_that_is_sold_is_cancelled_if_nobody_tells_its_end() -> None:
    watch = protected()
    watch.look(10, told(watch.ids("target_1")[0], "filled", "5", "154.25"), last="154")
    watch.look(11, told(watch.ids("stop_2")[1], "working"), last="154")
    watch.look(12, last="154")
    assert watch.commands == [Cancel(watch.ids("stop_1")[0])]
