"""What holds for a position whatever its venue, its market and its host do."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.trading.management.position import Status
from tests.fakes.managed_courses import Host, Life

NIGHTLY = os.environ.get("KUBER_TEST_NIGHTLY") == "1"
often = settings(max_examples=10_000 if NIGHTLY else 500, deadline=None)
LIVES = st.binary(min_size=20, max_size=70)


def is_over_once(host: Host) -> None:
    position = host.position
    assert position.status in (Status.CLOSED, Status.DUST)
    assert host.ends == (position.status is Status.CLOSED)
    assert host.book.working() == ()
    assert host.holding() == position.held
    if position.status is Status.DUST:
        assert not position.plan.sellable(position.held)
    else:
        assert position.held == 0


@often
@given(LIVES)
def test_m12_a_position_is_never_oversold_nor_long_bare_and_ends_flat_once(data: bytes) -> None:
    host = Life(data, shaky=False).run()
    is_over_once(host)
    assert host.area == host.position.bare_area


@often
@given(LIVES)
def test_m15_a_host_that_hears_late_or_dies_loses_nothing_and_does_nothing_twice(
    data: bytes,
) -> None:
    is_over_once(Life(data, shaky=True).run())
