"""M11, M12: a part that a person closes is sold first, and stops and targets hold the rest."""

import pytest

from kuber.exchange.units import to_price, to_quantity
from kuber.trading.management.commands import Cancel, CloseAtMarket, PlaceGroup
from kuber.trading.management.facts import CloseAsked, ReduceAsked, Split
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import Reason, Status
from kuber.trading.management.stored import restored, written
from tests.fakes.positions import Watch, a_plan, a_short, filled, told

ALL_LEGS = ("stop_1", "target_1", "stop_2", "target_2")


def part(quantity: str) -> ReduceAsked:
    return ReduceAsked(to_quantity(quantity))


def protected(watch: Watch) -> Watch:
    watch.look(0)
    watch.accept(0, *ALL_LEGS)
    return watch


def live_orders(watch: Watch) -> list[tuple[str, int]]:
    return [(leg.name, leg.quantity) for leg in watch.position.legs if leg.live]


@pytest.mark.parametrize("plan", [a_plan(), a_short()])
def test_m11_a_part_is_sold_once_its_orders_have_ended_and_the_rest_is_halved_anew(
    plan: object,
) -> None:
    watch = protected(filled(plan))  # type: ignore[arg-type]
    watch.look(10, part("3"), last="151")
    assert len(watch.of(Cancel)) == 2
    assert watch.of(CloseAtMarket) == []
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(11, *ends, last="151")
    (sale,) = watch.of(CloseAtMarket)
    assert (sale.order.leg, sale.order.quantity) == ("reduce", to_quantity("3"))
    placed = [(one.target.leg, one.stop.quantity) for one in watch.of(PlaceGroup)]
    assert placed == [("target_1", to_quantity("4")), ("target_2", to_quantity("3"))]
    watch.look(12, told(sale.order.order_id, "filled", "3", "151"), last="151")
    assert (watch.position.status, watch.position.held) == (Status.OPEN, to_quantity("7"))
    assert watch.commands == []
    assert restored(written(watch.position)) == watch.position


def test_m11_two_parts_add_up_and_never_to_more_than_is_held() -> None:
    watch = protected(filled(a_plan()))
    watch.look(10, part("3"), part("4"), last="151")
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(11, *ends, last="151")
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("7")
    watch.look(12, part("3"), last="151")
    assert (watch.position.status, watch.position.reason) == (Status.CLOSING, Reason.ASKED)


def test_m12_what_is_left_is_protected_in_the_look_in_which_the_part_is_sold() -> None:
    watch = protected(filled(a_plan()))
    watch.look(10, part("3"), last="151")
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(11, *ends, last="151")
    accepted = [told(leg.order_id, "working") for leg in watch.position.exits if leg.live]
    watch.look(11, *accepted, last="151")
    assert watch.position.protected() == to_quantity("10")
    assert watch.position.bare == 0


def test_m12_a_stop_that_fills_meanwhile_leaves_less_to_sell() -> None:
    watch = protected(filled(a_plan()))
    watch.look(10, part("7"), last="151")
    stop = told(watch.ids("stop_1")[0], "filled", "5", "148")
    rest = [told(watch.ids(name)[0], "cancelled") for name in ALL_LEGS[1:]]
    watch.look(11, stop, *rest, last="151")
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("5")
    watch.look(12, told(sale.order.order_id, "filled", "5", "151"), last="151")
    assert (watch.position.status, watch.position.reason) == (Status.CLOSED, Reason.ASKED)


def test_m22_a_part_that_the_venue_refuses_is_tried_again() -> None:
    watch = protected(filled(a_plan()))
    watch.look(10, part("3"), last="151")
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(11, *ends, last="151")
    (sale,) = watch.of(CloseAtMarket)
    watch.look(11.1, told(sale.order.order_id, "refused"), last="151")
    assert watch.of(CloseAtMarket) == []
    watch.look(13, last="151")
    (again,) = watch.of(CloseAtMarket)
    assert (again.order.attempt, again.order.quantity) == (2, to_quantity("3"))


def test_m20_a_close_takes_back_a_part_that_waits() -> None:
    watch = protected(filled(a_plan()))
    watch.look(10, part("3"), last="151")
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(11, *ends, last="151")
    (sale,) = watch.of(CloseAtMarket)
    watch.look(12, CloseAsked(), last="151")
    assert sale.order.order_id in [one.order_id for one in watch.of(Cancel)]
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(13, *ends, last="151")
    (all_of_it,) = watch.of(CloseAtMarket)
    assert all_of_it.order.quantity == to_quantity("10")


def test_m11_where_the_monitor_protects_a_part_is_sold_at_once() -> None:
    watch = filled(a_plan(protection=Protection.MONITOR))
    watch.look(0)
    watch.look(10, part("4"), last="151")
    (sale,) = watch.of(CloseAtMarket)
    watch.look(11, told(sale.order.order_id, "filled", "4", "151"), last="151")
    watch.look(12, last="154.25")
    (trim,) = watch.of(CloseAtMarket)
    assert (trim.order.leg, trim.order.quantity) == ("trim", to_quantity("3"))


def test_m25_a_part_that_waits_is_split_with_the_rest() -> None:
    watch = protected(filled(a_plan()))
    watch.look(10, part("3"), last="151", trading=False)
    ends = [told(leg.order_id, "cancelled") for leg in watch.position.exits if leg.live]
    watch.look(11, *ends, Split(2, 1), last="75.5", trading=False)
    (sale,) = watch.of(CloseAtMarket)
    assert sale.order.quantity == to_quantity("6")
    placed = [(one.stop.quantity, one.stop.stop_price) for one in watch.of(PlaceGroup)]
    assert placed == [(to_quantity("7"), to_price("74"))] * 2
