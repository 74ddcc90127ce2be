"""Levels come from confirmed turns of the price."""

import numpy as np
import pytest

from kuber.market.support_resistance import levels, swing_highs, swing_lows
from tests.fakes.bars import sample


def test_a_swing_needs_lower_bars_on_both_sides() -> None:
    high = np.array([1.0, 2.0, 5.0, 3.0, 2.0, 4.0, 6.0])
    assert swing_highs(high, 2).tolist() == [2]
    assert swing_lows(-high, 2).tolist() == [2]


def test_the_newest_bars_are_never_swings() -> None:
    high = sample("AAPL").bars.high
    for cut in (50, 333, 1000):
        part = swing_highs(high[:cut], 3)
        whole = swing_highs(high, 3)
        assert part.tolist() == whole[whole < cut - 3].tolist()


def test_near_turns_make_one_level_and_the_nearest_comes_first() -> None:
    path = np.array([10, 12, 15, 12, 10, 12, 15.2, 12, 10.1, 11, 20, 11, 12, 13, 12.5, 13.0])
    found = levels(path + 0.01, path - 0.01, path, 0.5, strength=1)
    assert [one.touches for one in found.resistances] == [1, 2, 1]
    assert [one.price for one in found.resistances] == pytest.approx([13.01, 15.11, 20.01])
    assert found.supports[0].price == pytest.approx(12.49)
    assert found.supports[-1].touches == 2
    assert [one.price for one in found.supports] == sorted(
        (one.price for one in found.supports), reverse=True
    )


def test_too_few_bars_have_no_level() -> None:
    path = np.array([1.0, 2.0])
    assert levels(path, path, path, 0.1).supports == ()


def test_the_tolerance_must_be_positive() -> None:
    path = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="above 0"):
        levels(path, path, path, float("nan"))
