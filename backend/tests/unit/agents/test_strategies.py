from decimal import Decimal

import numpy as np
import pytest

from kuber.agents.analysis.decide import propose
from kuber.agents.analysis.examine import examine
from kuber.agents.analysis.strategies.base import Strategy, View
from kuber.agents.analysis.strategies.breakout import Breakout
from kuber.agents.analysis.strategies.composite import Composite
from kuber.agents.analysis.strategies.golden_cross import GoldenCross, bars_since_cross
from kuber.agents.analysis.strategies.rsi_reversion import RsiReversion
from kuber.agents.analysis.strategies.trend_following import TrendFollowing
from kuber.agents.analysis.types import PlanRules, Setup
from kuber.agents.state import Action
from kuber.agents.testing import make_bars
from kuber.market.types import FloatArray, Timeframe
from tests.fakes.agents import falling, rising, walk

RULES = PlanRules(2.0, 2.0, 3.5)
ALL = (GoldenCross(), RsiReversion(), Breakout(), TrendFollowing(), Composite())


def view(closes: FloatArray) -> View:
    return View(examine(make_bars("ACME", closes)))


def turned_up(after: int) -> FloatArray:
    """A long fall, then `after` bars of a rise."""
    return np.concatenate(
        (np.linspace(150, 100, 300), np.linspace(100.6, 100 + 0.6 * after, after))
    )


def first_cross() -> int:
    """Return how many rising bars it takes for SMA 50 to cross SMA 200."""
    for after in range(20, 200):
        if GoldenCross().evaluate(view(turned_up(after))).action is Action.BUY:
            return after
    raise AssertionError("the averages cross at some time")


def test_golden_cross_buys_on_the_bar_of_the_cross_and_not_before() -> None:
    crossing = first_cross()
    setup = GoldenCross().evaluate(view(turned_up(crossing)))
    assert setup.indicators["bars_since_cross"] == 0
    assert GoldenCross().evaluate(view(turned_up(crossing - 1))).action is Action.HOLD


def test_golden_cross_holds_once_the_cross_is_too_long_ago() -> None:
    old = GoldenCross(within=5).evaluate(view(turned_up(first_cross() + 5)))
    assert old.action is Action.HOLD
    assert "a cross within the last 5 bars is needed" in old.reasons[0]
    assert "above the slow one for 6 bars;" in old.reasons[0]


def test_golden_cross_reasons_carry_the_figures_that_decided() -> None:
    setup = GoldenCross().evaluate(view(turned_up(first_cross())))
    assert f"SMA 50 is {setup.indicators['sma_50']:,.2f}" in setup.reasons[0]


def test_a_close_below_the_averages_blocks_a_golden_cross() -> None:
    closes = turned_up(first_cross() + 1)
    closes[-1] = 95.0
    setup = GoldenCross().evaluate(view(closes))
    assert setup.action is Action.HOLD
    assert "trend filter" in setup.reasons[-1]
    assert GoldenCross(trend_filter=False).evaluate(view(closes)).action is Action.BUY


def test_bars_since_cross_counts_from_the_newest_bar() -> None:
    assert bars_since_cross(np.array([np.nan, -1.0, -1.0, 1.0])) == 0
    assert bars_since_cross(np.array([-1.0, 1.0, 0.0, 2.0])) == 2
    assert bars_since_cross(np.array([1.0, 2.0])) is None


def dipped() -> FloatArray:
    """A rise, a sharp dip that stays above the 200-bar average, and a turn."""
    rise = np.linspace(100, 300, 380)
    return np.concatenate((rise, [290, 280, 270, 262, 256, 252, 258]))


def test_rsi_reversion_buys_the_turn_after_a_dip_in_a_rising_market() -> None:
    setup = RsiReversion().evaluate(view(dipped()))
    assert setup.action is Action.BUY
    assert "turning up out of oversold" in setup.reasons[0]


def test_rsi_reversion_waits_while_the_dip_goes_on() -> None:
    assert RsiReversion().evaluate(view(dipped()[:-1])).action is Action.HOLD


def test_rsi_reversion_does_not_buy_below_the_long_average() -> None:
    fall = np.concatenate((np.linspace(300, 100, 380), [101.0]))
    blocked = RsiReversion().evaluate(view(fall))
    assert blocked.action is Action.HOLD
    assert "against the trend" in blocked.reasons[-1]
    assert RsiReversion(trend_filter=False).evaluate(view(fall)).action is Action.BUY


def quiet_then(last: float) -> FloatArray:
    wide = 100 + 8 * np.sin(np.arange(280) / 5)
    quiet = 100 + 0.5 * np.sin(np.arange(60) / 3)
    return np.concatenate((wide, quiet, [last]))


def evaluate_breakout(closes: FloatArray, volume: float = 2.0, **settings: float) -> Setup:
    bars = make_bars("ACME", closes, spread=0.001)
    bars.volume[-1] *= volume
    return Breakout(**settings).evaluate(View(examine(bars)))  # type: ignore[arg-type]


def test_a_close_above_a_quiet_range_on_volume_is_a_breakout() -> None:
    setup = evaluate_breakout(quiet_then(101.0))
    assert setup.action is Action.BUY
    assert "above the 20-bar range" in setup.reasons[0]


def test_a_close_below_a_quiet_range_is_a_breakout_downwards() -> None:
    assert evaluate_breakout(200 - quiet_then(101.0)).action is Action.SELL


def test_a_close_inside_the_range_is_none() -> None:
    setup = evaluate_breakout(quiet_then(100.0))
    assert setup.action is Action.HOLD
    assert "nothing broke out" in setup.reasons[0]


def test_a_breakout_without_volume_is_not_trusted() -> None:
    setup = evaluate_breakout(quiet_then(101.0), volume=0.5)
    assert setup.action is Action.HOLD
    assert "volume" in setup.reasons[-1]


def test_a_breakout_bar_that_is_too_long_is_spent() -> None:
    setup = evaluate_breakout(quiet_then(125.0))
    assert setup.action is Action.HOLD
    assert "the move is spent" in setup.reasons[-1]


def test_trend_following_needs_the_longer_timeframe_to_agree() -> None:
    seen = examine(rising())
    strategy = TrendFollowing(max_stretch_atr=10)
    agree = strategy.evaluate(View(seen, examine(rising(timeframe=Timeframe.W1))))
    differ = strategy.evaluate(View(seen, examine(falling(timeframe=Timeframe.W1))))
    assert agree.action is Action.BUY
    assert differ.action is Action.HOLD


def test_trend_following_does_not_chase_a_price_far_beyond_its_average() -> None:
    setup = TrendFollowing(max_stretch_atr=0.01).evaluate(View(examine(rising())))
    assert setup.action is Action.HOLD
    assert "too late to join" in setup.reasons[0]


def test_composite_shows_every_vote() -> None:
    setup = Composite().evaluate(View(examine(rising())))
    for name, _ in Composite().members:
        assert name in setup.reasons[0]


def test_composite_holds_in_a_market_without_direction() -> None:
    flat = 100 + np.sin(np.arange(400) * 1.7)
    assert Composite(min_vote=60).evaluate(view(flat)).action is Action.HOLD


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: type(strategy).__name__)
@pytest.mark.parametrize("seed", range(6))
def test_every_plan_has_prices_on_their_sides_and_a_confidence(
    strategy: Strategy, seed: int
) -> None:
    closes = walk(drift=0.002 * (seed - 2), seed=seed)
    seen = examine(make_bars("ACME", closes))
    entry = Decimal(f"{seen.price:.2f}")
    proposal = propose(strategy, View(seen), entry, RULES, Decimal("0.01"))
    assert 0 <= proposal.confidence <= 100
    assert proposal.setup.reasons
    if proposal.levels is None:
        assert proposal.action is Action.HOLD
    else:
        side = 1 if proposal.action is Action.BUY else -1
        assert (
            side * (proposal.levels.target_1 - entry)
            > 0
            > side * (proposal.levels.stop_loss - entry)
        )


def test_a_market_that_never_moves_is_never_traded() -> None:
    seen = examine(make_bars("ACME", np.full(300, 50.0), spread=0.0))
    proposal = propose(TrendFollowing(), View(seen), Decimal(50), RULES, Decimal("0.01"))
    assert proposal.action is Action.HOLD
    assert "has not moved" in proposal.reasoning
