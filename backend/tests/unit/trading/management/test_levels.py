"""Which prices a host has to look at."""

import pytest

from kuber.exchange.units import to_price
from kuber.trading.management.facts import CloseAsked
from kuber.trading.management.levels import Levels, levels
from kuber.trading.management.plan import Protection
from tests.fakes.positions import Watch, a_plan, a_short, filled, seen, told, waiting

STOP, FIRST, SECOND = to_price("148"), to_price("154.25"), to_price("158")


def protected(protection: Protection) -> Watch:
    watch = filled(a_plan(protection=protection))
    watch.look(0)
    watch.accept(0, *(leg.name for leg in watch.position.exits))
    return watch


@pytest.mark.parametrize(
    ("protection", "expected"),
    [
        (Protection.OCO, Levels()),
        (Protection.STOP, Levels(None, FIRST)),
        (Protection.MONITOR, Levels(STOP, FIRST)),
    ],
)
def test_m12_the_monitor_waits_for_what_the_venue_does_not_hold(
    protection: Protection, expected: Levels
) -> None:
    assert levels(protected(protection).position) == expected


def test_m12_after_target_1_the_monitor_waits_for_break_even_and_target_2() -> None:
    watch = protected(Protection.MONITOR)
    watch.look(1, last="154.25")
    watch.look(2, told(watch.ids("trim")[0], "filled", "5", "154.25"), last="154.25")
    assert levels(watch.position) == Levels(to_price("150.50"), SECOND)


def test_m12_every_price_matters_while_something_is_to_be_done() -> None:
    unsent, bare, closing = waiting(), filled(), protected(Protection.OCO)
    bare.look(0)
    closing.look(1, CloseAsked())
    assert [levels(one.position) for one in (unsent, bare, closing)] == [None, None, None]


@pytest.mark.parametrize(
    ("price", "touched"), [("148.00", True), ("148.01", False), ("154.24", False), ("154.25", True)]
)
def test_m12_levels_are_touched_at_their_price(price: str, touched: bool) -> None:
    position = protected(Protection.MONITOR).position
    assert Levels(STOP, FIRST).touched(position, seen(1, price)) is touched


def test_m12_levels_of_a_short_are_touched_from_the_other_side() -> None:
    position = filled(a_short(protection=Protection.MONITOR)).position
    waits = Levels(to_price("153"), to_price("146.75"))
    prices = ("153", "152.99", "146.76", "146.75")
    touched = [waits.touched(position, seen(1, price)) for price in prices]
    assert touched == [True, False, False, True]
