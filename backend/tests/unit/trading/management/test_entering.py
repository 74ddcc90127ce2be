"""The entry: when it is sent, and when no more of it is wanted."""

from typing import Any

import pytest

from kuber.exchange.units import SECOND, to_price, to_quantity
from kuber.kernel.orders import OrderType
from kuber.trading.errors import RefusedOrder
from kuber.trading.management.commands import Cancel, Notice, PlaceEntry, PlaceGroup, Tell
from kuber.trading.management.decide import next_look
from kuber.trading.management.facts import CloseAsked, EntryUnwanted
from kuber.trading.management.position import Reason, Status
from kuber.trading.switch_table import Switch
from tests.fakes.positions import Watch, a_plan, a_short, seen, told, waiting


def notices(watch: Watch) -> list[Notice]:
    return [one.notice for one in watch.of(Tell)]


def entering(**terms: Any) -> Watch:
    """Return a position whose entry works at the venue since second 1."""
    watch = waiting(a_plan(**terms))
    watch.look(1, last="150.50")
    watch.look(1, told(watch.position.entry_id, "working"))
    return watch


# R is 2.50, half of it 1.25.
@pytest.mark.parametrize(
    ("price", "goes"),
    [
        ("150.50", True),
        ("151.75", True),
        ("151.76", False),
        ("149.25", True),
        ("149.24", False),
        ("148.00", False),
        ("140.00", False),
    ],
)
def test_m18_an_entry_is_not_sent_once_the_price_has_moved(price: str, goes: bool) -> None:
    watch = waiting()
    watch.look(1, last=price)
    assert bool(watch.of(PlaceEntry)) is goes
    assert notices(watch) == ([] if goes else [Notice.ENTRY_NOT_SENT])
    assert watch.position.status is (Status.OPENING if goes else Status.CLOSED)
    assert watch.position.reason is (None if goes else Reason.PRICE_MOVED)


@pytest.mark.parametrize(("price", "goes"), [("149.25", True), ("149.24", False), ("153", False)])
def test_m18_a_short_entry_is_checked_the_other_way_round(price: str, goes: bool) -> None:
    watch = waiting(a_short())
    watch.look(1, last=price)
    assert bool(watch.of(PlaceEntry)) is goes


def test_m18_the_price_that_counts_is_the_one_that_would_be_paid() -> None:
    watch = waiting()
    watch.look(1, price=seen(1, "150.50", "150.40", "151.80"))
    assert watch.position.reason is Reason.PRICE_MOVED


@pytest.mark.parametrize(("price", "goes"), [("156", True), ("149.25", True), ("149.24", False)])
def test_m18_a_limit_entry_waits_for_its_price_from_the_side_of_profit(
    price: str, goes: bool
) -> None:
    watch = waiting(a_plan(entry_type=OrderType.LIMIT))
    watch.look(1, last=price)
    orders = [one.limit_price for one in watch.of(PlaceEntry)]
    assert orders == ([to_price("150.50")] if goes else [])


def test_m18_an_entry_waits_for_a_fresh_price_until_its_life_ends() -> None:
    watch = waiting(a_plan(entry_ends_at=300 * SECOND))
    assert watch.look(100) == []
    assert watch.look(100, price=seen(39, "150.50")) == []
    assert next_look(watch.position) == 300 * SECOND
    watch.look(300, last="150.50")
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.ENTRY_OVER)


def test_m18_a_working_entry_is_cancelled_at_the_end_of_its_life() -> None:
    watch = entering(entry_ends_at=300 * SECOND)
    assert watch.look(299) == []
    assert watch.look(300) == [Cancel(watch.position.entry_id)]
    watch.look(301, told(watch.position.entry_id, "cancelled"))
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.ENTRY_OVER)


def test_m09_an_entry_is_not_sent_when_its_symbol_cannot_be_followed() -> None:
    watch = waiting()
    watch.look(1, last="150.50", followed=False)
    assert notices(watch) == [Notice.ENTRY_NOT_SENT]
    assert watch.position.reason is Reason.NOT_FOLLOWED


def test_m09_a_symbol_is_followed_first_while_anything_is_held_or_works() -> None:
    watch = waiting()
    followed = [watch.position.must_be_followed]
    watch.look(1, last="150.50")
    followed.append(watch.position.must_be_followed)
    watch.look(2, told(watch.position.entry_id, "refused"))
    followed.append(watch.position.must_be_followed)
    assert followed == [False, True, False]


@pytest.mark.parametrize("switch", [Switch.PAUSED, Switch.REDUCE_ONLY, Switch.HALTED])
def test_m20_no_entry_is_sent_unless_all_runs(switch: Switch) -> None:
    watch = waiting()
    watch.look(1, last="150.50", switch=switch)
    assert watch.of(PlaceEntry) == []
    assert watch.position.reason is Reason.ENTRY_UNWANTED


@pytest.mark.parametrize(
    ("switch", "goes_on"),
    [(Switch.PAUSED, True), (Switch.REDUCE_ONLY, False), (Switch.HALTED, False)],
)
def test_m20_a_working_entry_goes_on_only_in_a_pause(switch: Switch, goes_on: bool) -> None:
    watch = entering()
    watch.look(2, switch=switch)
    assert bool(watch.of(Cancel)) is not goes_on


@pytest.mark.parametrize("switch", list(Switch))
def test_m20_stops_are_placed_under_every_switch(switch: Switch) -> None:
    watch = entering()
    watch.look(2, told(watch.position.entry_id, "filled", "10", "150.50"), switch=switch)
    assert len(watch.of(PlaceGroup)) == 2


def test_m14_entries_wait_after_a_sleep_and_go_when_the_account_is_reconciled() -> None:
    watch = waiting()
    assert watch.look(1, last="150.50", entries_wait=True) == []
    watch.look(2, last="150.50")
    assert len(watch.of(PlaceEntry)) == 1


def test_m10_a_deactivated_pipeline_takes_back_only_what_is_not_filled() -> None:
    unsent, working = waiting(), entering()
    unsent.look(1, EntryUnwanted())
    assert unsent.position.reason is Reason.ENTRY_UNWANTED
    entry = working.position.entry_id
    assert working.look(2, EntryUnwanted()) == [Cancel(entry)]
    working.look(3, told(entry, "cancelled", "4", "150.50"))
    assert working.position.status is Status.OPEN
    quantities = [one.stop.quantity for one in working.of(PlaceGroup)]
    assert quantities == [to_quantity("2"), to_quantity("2")]
    assert working.look(4, EntryUnwanted()) == []


def test_m12_two_seconds_after_a_partial_fill_the_rest_is_cancelled_then_stops_are_placed() -> None:
    watch = entering()
    entry = watch.position.entry_id
    assert watch.look(5, told(entry, "working", "3", "150.50")) == []
    assert next_look(watch.position) == 7 * SECOND
    assert watch.look(6.9, told(entry, "working", "4", "150.50")) == []
    watch.look(7)
    assert watch.of(Cancel) == [Cancel(entry)]
    assert notices(watch) == [Notice.PARTIAL_ENTRY]
    assert watch.look(8) == []  # its end is awaited
    watch.look(8.5, told(entry, "cancelled", "5", "150.50"))
    quantities = [one.stop.quantity for one in watch.of(PlaceGroup)]
    assert quantities == [to_quantity("3"), to_quantity("2")]


def test_m12_the_end_of_an_entry_that_nobody_tells_is_asked_for_again() -> None:
    watch = entering(entry_ends_at=300 * SECOND)
    watch.look(300)
    assert watch.look(309) == []
    assert watch.look(310) == [Cancel(watch.position.entry_id)]


def test_m20_a_close_before_the_entry_is_sent_means_that_it_never_is() -> None:
    watch = waiting()
    assert watch.look(1, CloseAsked(), last="150.50") == []
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.ASKED)


def test_a_refused_entry_leaves_no_position() -> None:
    watch = waiting()
    watch.look(1, last="150.50")
    watch.look(2, told(watch.position.entry_id, "refused"))
    assert watch.position.reason is Reason.ENTRY_REFUSED


@pytest.mark.parametrize(
    "terms",
    [
        {"quantity": "0"},
        {"stop": "150.50"},
        {"stop": "151.00"},
        {"stop": "148.001"},
        {"targets": ("150.00",)},
        {"targets": ("158.00", "154.25")},
        {"targets": ("152.00", "153.00", "154.00")},
        {"entry_type": OrderType.TRAILING_STOP},
    ],
)
def test_m10_a_plan_whose_numbers_do_not_go_together_is_refused(terms: dict[str, object]) -> None:
    with pytest.raises(RefusedOrder):
        a_plan(**terms)  # type: ignore[arg-type]
