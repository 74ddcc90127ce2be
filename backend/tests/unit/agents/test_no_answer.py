"""Where a figure has no answer the rule engine says so; it never decides by an extreme instead."""

import math
from decimal import Decimal

import numpy as np
import pytest

from kuber.agents.analysis.bias import combine, read_timeframe
from kuber.agents.analysis.decide import propose
from kuber.agents.analysis.examine import examine
from kuber.agents.analysis.numbers import clip, known, over, percentile_of_last
from kuber.agents.analysis.strategies.base import Strategy, View, surroundings
from kuber.agents.analysis.strategies.breakout import Breakout
from kuber.agents.analysis.strategies.composite import Composite
from kuber.agents.analysis.strategies.golden_cross import GoldenCross
from kuber.agents.analysis.strategies.rsi_reversion import RsiReversion
from kuber.agents.analysis.strategies.trend_following import TrendFollowing
from kuber.agents.analysis.types import PlanRules
from kuber.agents.state import Action, Direction
from kuber.agents.testing import make_bars
from kuber.market.types import Bars, FloatArray, Timeframe
from tests.fakes.agents import walk


def bars(closes: FloatArray, spread: float = 0.0) -> Bars:
    return make_bars("ACME", closes, spread=spread)


STILL = bars(np.full(300, 0.1))
STOPPED = bars(np.concatenate((walk(200), np.full(100, 73.1))))
"""A price that moved once and has stood still since."""


@pytest.mark.parametrize("series", [STILL, STOPPED], ids=["never moved", "stopped"])
def test_a_price_that_stands_still_is_no_evidence_of_a_neutral_market(series: Bars) -> None:
    reading = read_timeframe(series, 20)
    assert (reading.direction, reading.examination) == (Direction.NEUTRAL, None)
    assert reading.note == "the price has not moved for 14 bars"
    combined = combine({Timeframe.D1: reading}, 20, equal_weights=False)
    assert (combined.direction, combined.confidence) == (Direction.NEUTRAL, 0.0)


def test_one_timeframe_that_stands_still_takes_from_the_confidence() -> None:
    moving = read_timeframe(bars(walk(300, drift=0.01), 0.01), 20)
    still = read_timeframe(STILL, 20)
    alone = combine({Timeframe.D1: moving}, 20, equal_weights=True)
    both = combine({Timeframe.D1: moving, Timeframe.H4: still}, 20, equal_weights=True)
    assert both.confidence == pytest.approx(alone.confidence / 2, abs=0.1)


def test_a_market_that_never_moved_says_of_each_figure_that_it_has_none() -> None:
    seen = examine(STILL)
    assert [item.score for item in seen.evidence] == [0.0, 0.0, 0.0]
    told = " ".join([*seen.trend.sentences, *seen.momentum.sentences, *seen.volatility.sentences])
    for words in ("ADX has no value", "RSI 14 has no value", "cannot be compared"):
        assert words in told
    assert "nan" not in told
    assert not {"adx_14", "rsi_14", "sma_50_slope_atr"} & {
        name for item in seen.evidence for name in item.figures
    }
    assert math.isnan(seen.volatility.realised_percentile)
    assert seen.volatility.calm is None


STRATEGIES: list[Strategy] = [
    Breakout(),
    Composite(),
    GoldenCross(),
    RsiReversion(),
    TrendFollowing(min_trend=0),
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda one: type(one).__name__)
def test_no_strategy_finds_anything_in_a_price_that_never_moved(strategy: Strategy) -> None:
    setup = strategy.evaluate(View(examine(STILL)))
    assert setup.action is Action.HOLD
    assert "nan" not in " ".join(setup.reasons)
    assert all(map(math.isfinite, setup.indicators.values()))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda one: type(one).__name__)
def test_no_strategy_trades_a_price_that_has_stopped_moving(strategy: Strategy) -> None:
    rules, tick = PlanRules(2.0, 2.0, 3.5), Decimal("0.01")
    proposal = propose(strategy, View(examine(STOPPED)), Decimal("73.1"), rules, tick)
    assert (proposal.action, proposal.confidence) == (Action.HOLD, 0.0)
    assert "has not moved for 14 bars" in proposal.reasoning


def test_the_first_move_of_a_price_that_stood_still_breaks_out_of_nothing() -> None:
    closes = np.concatenate((np.full(299, 50.0), [51.0]))
    setup = Breakout(volume_filter=False).evaluate(View(examine(bars(closes))))
    assert setup.action is Action.HOLD
    assert "cannot be compared" in setup.reasons[-1]


@pytest.mark.parametrize("price", [91.5, 95.7, 99.9, 103.4])
def test_averages_that_meet_stay_on_the_side_from_which_they_came(price: float) -> None:
    # Up for a while, then still: rounding alone parts the averages at the end, downwards.
    rise = np.linspace(90, price, 80) * 0.5 + price * 0.5 - 5
    closes = np.concatenate((rise, np.full(420, price)))
    setup = GoldenCross(within=500, trend_filter=False).evaluate(View(examine(bars(closes))))
    assert "below" not in setup.reasons[0]


@pytest.mark.parametrize("odd", [0.0, -37.63])
def test_prices_that_are_not_above_zero_are_told_and_break_nothing(odd: float) -> None:
    closes = walk(300, drift=0.0)
    closes[[-11, -1]] = odd
    seen = examine(bars(closes, 0.01))
    told = " ".join([*seen.momentum.sentences, *seen.volatility.sentences])
    assert "the price was not above 0" in told
    assert "which is not above 0" in told
    assert "nan" not in told
    assert all(-100 <= item.score <= 100 for item in seen.evidence)
    for item in seen.evidence:
        assert all(map(math.isfinite, item.figures.values()))


def test_what_is_not_known_is_not_held_at_a_bound() -> None:
    assert math.isnan(clip(math.nan))
    assert (known(math.nan), known(0.7)) == (0.0, 0.7)
    assert (over(1, 4), clip(over(9, 4))) == (0.25, 1.0)
    assert math.isnan(over(1, 0))
    assert math.isnan(over(1, -1))


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [2.0, 2.0, 2.0], [1.0, 2.0, np.nan], [0.1, 0.1 + 1e-17, 0.1]],
    ids=["none", "one", "equal", "newest unknown", "rounding"],
)
def test_without_a_comparison_there_is_no_rank(values: list[float]) -> None:
    assert math.isnan(percentile_of_last(np.array(values or [np.nan]), 120))


def test_a_rank_is_the_share_of_those_below() -> None:
    assert percentile_of_last(np.array([1.0, 5.0, 2.0, np.nan, 3.0]), 120) == 66.67


def test_calm_that_is_not_known_is_no_factor_of_a_confidence() -> None:
    names = {factor.name for factor in surroundings(View(examine(STILL)), Action.BUY)}
    assert names == {"Room to the next level"}
