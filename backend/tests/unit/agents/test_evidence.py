import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.agents.analysis.bias import combine, read_timeframe
from kuber.agents.analysis.examine import MIN_BARS, examine
from kuber.agents.state import Direction
from kuber.agents.testing import make_bars
from kuber.market.types import Timeframe
from tests.fakes.agents import falling, rising, walk


def test_a_rising_market_is_bullish_and_a_falling_one_bearish() -> None:
    up, down = examine(rising()), examine(falling())
    assert up.trend.score > 40
    assert down.trend.score < -40


def test_a_falling_market_is_the_mirror_of_a_rising_one() -> None:
    closes = walk(drift=0.003)
    up = examine(make_bars("ACME", closes, spread=0.0))
    down = examine(make_bars("ACME", 10_000 / closes, spread=0.0))
    assert up.trend.figures["sma_50_slope_atr"] > 0 > down.trend.figures["sma_50_slope_atr"]
    assert up.momentum.score == pytest.approx(-down.momentum.score, abs=12)


def test_a_market_that_never_moves_has_no_direction() -> None:
    reading = read_timeframe(make_bars("ACME", np.full(300, 50.0), spread=0.0), 20)
    assert reading.direction is Direction.NEUTRAL


def test_too_few_bars_give_no_opinion_and_say_how_many_are_needed() -> None:
    reading = read_timeframe(make_bars("ACME", walk(43)), 20)
    assert reading.direction is Direction.NEUTRAL
    assert reading.note == f"needs {MIN_BARS} closed daily bars, 43 are available"


def test_a_timeframe_without_enough_bars_lowers_the_confidence() -> None:
    daily = read_timeframe(rising(), 20)
    short = read_timeframe(make_bars("ACME", walk(20), Timeframe.W1), 20)
    alone = combine({Timeframe.D1: daily}, 20, equal_weights=False)
    together = combine({Timeframe.D1: daily, Timeframe.W1: short}, 20, equal_weights=False)
    assert together.direction is alone.direction
    assert together.confidence < alone.confidence


def test_no_usable_timeframe_at_all_is_neutral_without_confidence() -> None:
    short = read_timeframe(make_bars("ACME", walk(20)), 20)
    combined = combine({Timeframe.D1: short}, 20, equal_weights=True)
    assert (combined.direction, combined.confidence) == (Direction.NEUTRAL, 0.0)


def test_longer_timeframes_outvote_shorter_ones_unless_weights_are_equal() -> None:
    readings = {
        Timeframe.H1: read_timeframe(falling(timeframe=Timeframe.H1), 20),
        Timeframe.D1: read_timeframe(rising(), 20),
    }
    weighted = combine(readings, 5, equal_weights=False)
    equal = combine(readings, 5, equal_weights=True)
    assert weighted.score > equal.score
    assert weighted.direction is Direction.BULLISH


@settings(max_examples=30, deadline=None)
@given(
    drift=st.floats(-0.03, 0.03),
    swing=st.floats(0.0001, 0.1),
    seed=st.integers(0, 1000),
    count=st.integers(MIN_BARS, 300),
)
def test_scores_and_confidence_stay_within_their_bounds(
    drift: float, swing: float, seed: int, count: int
) -> None:
    bars = make_bars("ACME", walk(count, drift=drift, swing=swing, seed=seed), Timeframe.H1)
    reading = read_timeframe(bars, 20)
    combined = combine({Timeframe.H1: reading}, 20, equal_weights=True)
    assert reading.examination is not None
    assert all(-100 <= item.score <= 100 for item in reading.examination.evidence)
    assert -100 <= combined.score <= 100
    assert 0 <= combined.confidence <= 100


def test_equal_bars_are_examined_once_and_a_changed_bar_again() -> None:
    closes = walk(drift=0.001)
    first = examine(make_bars("ACME", closes))
    assert examine(make_bars("ACME", closes.copy())) is first
    assert examine(make_bars("OTHER", closes)) is not first
    closes[-1] += 1.0
    assert examine(make_bars("ACME", closes)).price == pytest.approx(first.price + 1.0)
