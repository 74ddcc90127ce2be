"""Closing a position, splits, and what is stored."""

from typing import Any

import pytest

from kuber.exchange.units import SECOND, from_price, to_price, to_quantity
from kuber.trading.management.commands import (
    Cancel,
    CloseAtMarket,
    MoveStop,
    Notice,
    PlaceGroup,
    Tell,
)
from kuber.trading.management.decide import decide, next_look, outstanding
from kuber.trading.management.facts import CloseAsked, Fact, Situation, Split
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.position import LegStatus, Position, Reason, Status
from kuber.trading.management.stored import restored, written
from kuber.trading.switch_table import Switch
from tests.fakes.orders import COIN
from tests.fakes.positions import Watch, a_plan, a_short, filled, told, waiting

ALL_LEGS = ("stop_1", "target_1", "stop_2", "target_2")


def protected(**terms: Any) -> Watch:
    watch = filled(a_plan(**terms))
    watch.look(0)
    watch.accept(0, *ALL_LEGS)
    return watch


def ends_of_all(watch: Watch) -> list[Fact]:
    return [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]


def closing() -> Watch:
    """Return a position that is asked to close at second 10 and has lost its orders at 11."""
    watch = protected()
    watch.look(10, CloseAsked(), last="151")
    watch.look(11, *ends_of_all(watch), last="151")
    return watch


@pytest.mark.parametrize("switch", list(Switch))
def test_m20_a_close_cancels_awaits_and_sells_under_every_switch(switch: Switch) -> None:
    watch = protected()
    cancels = watch.look(10, CloseAsked(), last="151", switch=switch)
    assert cancels == [Cancel(watch.ids("target_1")[0]), Cancel(watch.ids("target_2")[0])]
    assert watch.look(11, last="151", switch=switch) == []
    ends = ends_of_all(watch)
    watch.look(12, *ends[:3], last="151", switch=switch)
    assert watch.of(CloseAtMarket) == []
    watch.look(13, ends[3], last="151", switch=switch)
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("10")
    watch.look(14, told(sale.order.order_id, "filled", "10", "151"), switch=switch)
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.ASKED)
    assert watch.position.closed_at == 14 * SECOND


def test_m20_a_stop_that_fills_while_its_cancel_runs_leaves_less_to_sell() -> None:
    watch = protected()
    watch.look(10, CloseAsked(), last="151")
    filled_stop = told(watch.ids("stop_1")[0], "filled", "5", "148")
    rest = [told(watch.ids(name)[0], "cancelled") for name in ALL_LEGS[1:]]
    watch.look(11, filled_stop, *rest, last="148")
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("5")


def test_m22_a_refused_close_is_tried_again_as_a_new_attempt_with_growing_pauses() -> None:
    watch = closing()
    tries = []
    for tenth in range(110, 400):
        refused = [told(leg.order_id, "refused") for leg in watch.position.at_market]
        watch.look(tenth / 10, *refused, last="151")
        if watch.of(CloseAtMarket):
            tries.append(tenth / 10)
    assert tries == [11.5, 12.6, 14.7, 18.8, 26.9]
    assert len(set(watch.ids("close"))) == 6


def test_m22_a_close_that_fills_in_part_and_ends_goes_on_with_the_rest() -> None:
    watch = closing()
    watch.look(12, told(watch.ids("close")[0], "cancelled", "4", "151"), last="151")
    (sale,) = watch.of(CloseAtMarket)
    assert (sale.order.attempt, sale.order.quantity) == (2, to_quantity("6"))


def test_m20_a_close_in_a_shut_market_is_queued_and_said() -> None:
    watch = protected()
    watch.look(10, CloseAsked(), trading=False)
    watch.look(11, *ends_of_all(watch), trading=False)
    assert len(watch.of(CloseAtMarket)) == 1
    assert [one.notice for one in watch.of(Tell)] == [Notice.WAITS_FOR_MARKET]


def test_m20_a_cancel_that_is_stuck_for_ten_seconds_makes_the_stop_marketable() -> None:
    watch = protected()
    watch.look(10, CloseAsked(), last="151")
    assert next_look(watch.position) == 20 * SECOND
    watch.look(20, last="151")
    moves = watch.of(MoveStop)
    assert [(one.order_id, one.stop_price) for one in moves] == [
        (watch.ids(name)[0], to_price("151")) for name in ("stop_1", "stop_2")
    ]
    assert [one.notice for one in watch.of(Tell)] == [Notice.CLOSE_WAITS]
    olds = [told(one.order_id, "replaced") for one in moves]
    news = [told(one.new_id, "filled", "5", "150.90") for one in moves]
    targets = [told(watch.ids(name)[0], "cancelled") for name in ("target_1", "target_2")]
    watch.look(21, *olds, *news, *targets, last="151")
    assert watch.position.status is Status.CLOSED


def test_m20_a_stuck_entry_does_not_keep_what_is_held_from_being_sold() -> None:
    watch = waiting()
    watch.look(1, last="150.50")
    entry = watch.position.entry_id
    watch.look(2, told(entry, "working", "4", "150.50"), CloseAsked(), last="150.50")
    assert watch.commands == [Cancel(entry)]
    watch.look(12, last="150.50")
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("4")
    watch.look(13, told(sale.order.order_id, "filled", "4", "150.50"), last="150.50")
    assert watch.position.status is Status.CLOSING
    watch.look(14, told(entry, "cancelled", "6", "150.50"), last="150.50")
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("2")


def test_a_person_may_try_to_close_dust_and_it_is_dust_again_when_the_venue_refuses() -> None:
    watch = filled(a_plan("0.0003", spec=COIN))
    watch.look(0)
    watch.look(1, CloseAsked())
    for second in range(2, 200):
        watch.look(second, *(told(leg.order_id, "refused") for leg in watch.position.at_market))
    assert watch.position.status is Status.DUST
    assert len(watch.ids("close")) == 3


def test_m15_words_that_come_twice_late_or_after_the_end_change_nothing() -> None:
    watch = closing()
    done = told(watch.ids("close")[0], "filled", "10", "151")
    watch.look(12, done, told(watch.ids("close")[0], "working", "4", "151"))
    assert watch.position.status is Status.CLOSED
    before = watch.position
    assert watch.look(12, done, done, told("somebody", "filled", "3", "1")) == []
    assert watch.position == before


def test_m15_an_order_that_has_ended_stays_so_whatever_is_told_late() -> None:
    watch = protected()
    names = [watch.ids(name)[0] for name in ALL_LEGS]
    watch.look(10, *(told(name, "expired") for name in names))
    watch.look(11, *(told(name, "working") for name in names))
    assert watch.position.protected() == 0
    assert watch.position.bare == to_quantity("10")


def test_m15_the_version_grows_when_something_changed_and_only_then() -> None:
    watch = protected()
    version = watch.position.version
    watch.look(10, last="151")
    assert watch.position.version == version
    watch.look(11, CloseAsked(), last="151")
    assert watch.position.version == version + 1


def test_m12_a_fill_that_is_told_after_the_end_is_protected() -> None:
    watch = waiting()
    watch.look(1, last="150.50")
    entry = watch.position.entry_id
    watch.look(2, told(entry, "cancelled"))
    before = watch.position.status
    watch.look(3, told(entry, "cancelled", "2", "150.50"), last="150.50")
    assert (before, watch.position.status) == (Status.CLOSED, Status.OPEN)
    assert len(watch.of(PlaceGroup)) == 2


def test_m25_a_split_puts_plan_and_orders_on_the_new_basis() -> None:
    watch = protected()
    watch.look(100, Split(10, 1))
    assert watch.commands == []
    plan = watch.position.plan
    levels = [plan.stop, *plan.targets, watch.position.stop]
    assert [f"{from_price(one):f}" for one in levels] == ["14.8", "15.42", "15.8", "14.8"]
    assert watch.position.held == to_quantity("100")
    assert watch.position.protected() == to_quantity("100")
    watch.look(101, told(watch.ids("target_1")[0], "filled", "50", "15.42"), last="15.42")
    (move,) = watch.of(MoveStop)
    assert move.stop_price == to_price("15.05")


def test_m25_stops_that_a_venue_leaves_on_the_old_basis_are_cancelled_and_armed_again() -> None:
    watch = protected()
    watch.look(100, Split(10, 1, orders_follow=False), trading=False)
    assert len(watch.of(Cancel)) == 2
    stop = to_price("14.80")
    placed = [(one.stop.quantity, one.stop.stop_price) for one in watch.of(PlaceGroup)]
    assert placed == [(to_quantity("45"), stop)] * 2  # what the old orders do not hold
    ends = [told(watch.ids(name)[0], "cancelled") for name in ALL_LEGS]
    watch.look(101, *ends, trading=False)
    placed = [(one.stop.quantity, one.stop.stop_price) for one in watch.of(PlaceGroup)]
    assert placed == [(to_quantity("5"), stop)] * 2


@pytest.mark.parametrize(
    ("plan", "stop", "targets"),
    [
        (a_plan(stop="148.05"), "14.81", ["15.42", "15.8"]),
        (a_short(stop="153.05"), "15.3", ["14.68", "14.3"]),
    ],
)
def test_m25_levels_after_a_split_come_earlier_rather_than_later(
    plan: ExitPlan, stop: str, targets: list[str]
) -> None:
    watch = filled(plan)
    watch.look(0, Split(10, 1))
    after = watch.position
    assert [f"{from_price(one):f}" for one in (after.plan.stop, after.stop)] == [stop, stop]
    assert [f"{from_price(one):f}" for one in after.plan.targets] == targets


def test_m25_parts_that_are_no_longer_whole_after_a_split_are_placed_again() -> None:
    watch = protected()
    watch.look(100, Split(1, 4))
    assert len(watch.of(Cancel)) == 2
    watch.look(101, *ends_of_all(watch))
    assert [one.stop.quantity for one in watch.of(PlaceGroup)] == [to_quantity("1")] * 2


def test_m20_what_is_free_is_sold_when_the_rest_is_stuck() -> None:
    watch = protected()
    watch.look(10, CloseAsked(), last="151")
    ends = [told(watch.ids(name)[0], "cancelled") for name in ("stop_1", "target_1")]
    assert watch.look(11, *ends, last="151") == []
    watch.look(20, last="151")
    assert [one.order.quantity for one in watch.of(CloseAtMarket)] == [to_quantity("5")]


def test_m25_the_fraction_of_a_reverse_split_is_paid_in_cash() -> None:
    watch = protected()
    watch.look(100, Split(1, 4, cash=5))
    assert watch.position.held == to_quantity("2")
    assert (watch.position.in_cash, watch.position.in_cash_value) == (to_quantity("0.5"), 5)


def a_busy_position() -> Position:
    watch = protected()
    watch.look(10, told(watch.ids("target_1")[0], "filled", "5", "154.25"), last="154")
    return watch.position


def test_m15_a_stored_position_comes_back_as_it_was() -> None:
    position = a_busy_position()
    assert restored(written(position)) == position
    assert isinstance(restored(written(position)).legs[0].status, LegStatus)
    with pytest.raises(ValueError, match="another format"):
        restored("[]")


def test_m15_after_a_crash_the_same_commands_are_given_under_the_same_ids() -> None:
    watch = filled()
    placed = watch.look(0)
    assert list(outstanding(watch.position)) == placed
    watch.accept(0, *ALL_LEGS)
    assert outstanding(watch.position) == ()
    moved = watch.look(10, told(watch.ids("target_1")[0], "filled", "5", "154.25"), last="154")
    assert list(outstanding(watch.position)) == moved
    asked = watch.look(11, CloseAsked(), last="154")
    assert set(asked) <= set(outstanding(watch.position))


def test_m02_ids_follow_from_position_leg_and_attempt() -> None:
    first, second = filled(), filled()
    first.look(0)
    second.look(5, last="151")
    assert first.ids("stop_1") == second.ids("stop_1")
    every = [leg.order_id for leg in first.position.legs]
    assert len(set(every)) == len(every)
    assert first.ids("stop_1") == [first.position.order_id("stop_1", 1)]


def test_m15_a_clock_that_was_set_back_does_not_go_back_for_a_position() -> None:
    watch = protected()
    watch.look(100)
    after = decide(watch.position, (), Situation(now=50 * SECOND)).position
    assert after.looked_at == 100 * SECOND
    assert after.bare_area >= 0
