"""What each built-in generator finds, and that where it began does not matter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import talib

from kuber.signals.generators.base import Bar, Emission, bars_of
from kuber.signals.types import SignalDirection
from tests.fakes.bars import sample
from tests.fakes.generator_bars import bar, bars_at, columns, emitted, made, random_walk

BULLISH, BEARISH = SignalDirection.BULLISH, SignalDirection.BEARISH

RULE = "crosses_above(sma(close, 20), sma(close, 50)) and rsi(14) < 70 and volume > sma(volume, 20)"

SETTINGS: dict[str, dict[str, Any]] = {
    "golden_cross": {"fast": 10, "slow": 40},
    "rsi": {"period": 7},
    "macd_crossover": {},
    "bollinger_breakout": {},
    "volume_spike": {"factor": 1.5},
    "ma_momentum": {"threshold": 0.5},
    "volatility_breakout": {},
    "price_level": {"levels": [95, 100, 105, 120]},
    "mock": {"every": 3},
    "expression": {"expression": "close > sma(close, 20) and rsi(10) < 65"},
}


def told(found: Sequence[Emission]) -> list[tuple[object, ...]]:
    return [(one.closed_at, one.direction, one.confidence) for one in found]


@pytest.mark.parametrize("kind", SETTINGS)
def test_where_the_past_begins_does_not_change_what_is_found(kind: str) -> None:
    generator = made(kind, **SETTINGS[kind])
    for seed in range(3):
        walk = random_walk(seed, generator.warm_up + 400)
        for cut in (generator.warm_up, generator.warm_up + 173):
            expected = [
                one for one in emitted(generator, walk) if one.closed_at >= walk[cut].closed_at
            ]
            rebuilt = emitted(generator, walk[cut - generator.warm_up :])
            assert told(expected) == told(
                [one for one in rebuilt if one.closed_at >= walk[cut].closed_at]
            )


@pytest.mark.parametrize("kind", SETTINGS)
def test_confidence_is_the_sum_of_the_parts_in_the_metadata(kind: str) -> None:
    generator = made(kind, **SETTINGS[kind])
    found = emitted(generator, random_walk(11, generator.warm_up + 500))
    assert found, "the walk has something for everyone"
    for one in found:
        parts = one.metadata["parts"]
        assert isinstance(parts, dict)
        points = sum(part for part in parts.values() if isinstance(part, float))
        assert one.confidence == pytest.approx(min(100, points), abs=0.03)
        assert 0 <= one.confidence <= 100


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "GOOG"])
def test_a_golden_cross_comes_on_the_days_on_which_the_librarys_averages_cross(symbol: str) -> None:
    bars = bars_of(sample(symbol).bars)
    close = columns(bars)[2]
    above = talib.SMA(close, 50) > talib.SMA(close, 200)
    days = 1 + np.flatnonzero(above[200:] != above[199:-1]) + 199
    expected = [(bars[day].closed_at, BULLISH if above[day] else BEARISH) for day in days]
    found = emitted(made("golden_cross"), bars)
    assert [(one.closed_at, one.direction) for one in found] == expected
    assert len(expected) >= 5


def test_an_rsi_that_comes_back_from_oversold_is_bullish_and_from_overbought_bearish() -> None:
    falls = [100 - 2 * at for at in range(20)]
    rises = [62 + 3 * at for at in range(25)]
    falls_again = [134 - 4 * at for at in range(10)]
    found = emitted(made("rsi"), bars_at([*falls, *rises, *falls_again]))
    assert [one.direction for one in found] == [BULLISH, BEARISH]
    assert found[0].metadata["extreme"] == 0.0


def test_a_macd_crossover_comes_on_the_librarys_days() -> None:
    bars = bars_of(sample("MSFT").bars)
    line, signal, _ = talib.MACD(columns(bars)[2])
    above = (line > signal)[33:]
    days = 34 + np.flatnonzero(above[1:] != above[:-1])
    found = emitted(made("macd_crossover"), bars)
    assert [one.closed_at for one in found] == [bars[day].closed_at for day in days]


def test_leaving_the_bands_is_told_once_until_the_price_has_been_back() -> None:
    quiet = [100 + (at % 2) for at in range(40)]
    found = emitted(made("bollinger_breakout"), bars_at([*quiet, 106, 109, 112, *quiet, 95]))
    assert [one.direction for one in found] == [BULLISH, BEARISH]


def test_a_spike_of_volume_takes_the_direction_of_the_close() -> None:
    volumes = [1000.0] * 30 + [5000.0, 5000.0, 1000.0, 9000.0, 1000.0, 9000.0]
    closes = [100.0] * 30 + [101.0, 102.0, 102.0, 90.0, 90.0, 90.0]
    found = emitted(made("volume_spike"), bars_at(closes, volumes))
    assert [one.direction for one in found] == [BULLISH, BEARISH, SignalDirection.NEUTRAL]
    assert found[0].metadata["ratio"] == 5.0


def test_several_levels_passed_at_once_are_one_signal_for_the_furthest() -> None:
    found = emitted(made("price_level", levels=[100, 110, 120]), bars_at([95, 125, 126, 99]))
    assert [(one.direction, one.metadata["level"]) for one in found] == [
        (BULLISH, 120.0),
        (BEARISH, 100.0),
    ]
    assert found[0].metadata["levels_passed"] == 3


def test_a_volatility_breakout_is_measured_by_the_bars_before() -> None:
    steady = [100 + 0.2 * (at % 2) for at in range(40)]
    found = emitted(made("volatility_breakout"), bars_at([*steady, 104, 104.1, 98]))
    assert [one.direction for one in found] == [BULLISH, BEARISH]
    atr = found[0].metadata["atr"]
    assert isinstance(atr, float)
    assert atr < 1.2


def test_momentum_of_the_average_is_told_when_it_begins() -> None:
    flat = [100.0] * 80
    found = emitted(made("ma_momentum"), bars_at([*flat, *(100 + 2 * at for at in range(30))]))
    assert [one.direction for one in found] == [BULLISH]


def without_height(*closes: float) -> list[Bar]:
    return [replace(bar, high=bar.close, low=bar.close) for bar in bars_at(list(closes))]


def test_a_move_out_of_a_price_that_never_moved_is_measured_by_nothing() -> None:
    closes = without_height(*[100.0] * 80, 101.0, 102.0)
    assert emitted(made("ma_momentum"), closes) == []


def test_a_bar_without_height_has_no_close_near_its_extreme() -> None:
    steady = [100 + 0.2 * (at % 2) for at in range(40)]
    [found] = emitted(made("volatility_breakout"), without_height(*steady, 104))
    parts = found.metadata["parts"]
    assert isinstance(parts, dict)
    assert parts["close_near_extreme"] == 0.0


def test_mock_signals_are_marked_and_the_same_for_the_same_seed() -> None:
    walk = random_walk(1, 200)
    first, second = emitted(made("mock", seed=7), walk), emitted(made("mock", seed=7), walk)
    assert told(first) == told(second) != told(emitted(made("mock", seed=8), walk))
    assert all(one.metadata["mock"] is True for one in first)
    assert 20 <= len(first) <= 60


def test_an_expression_fires_when_it_becomes_true_and_says_what_it_saw() -> None:
    generator = made("expression", expression="close > 10", direction="BEARISH", confidence=42)
    found = emitted(generator, bars_at([9, 11, 12, 9, 13]))
    assert [one.metadata["close"] for one in found] == [11.0, 13.0]
    assert {(one.direction, one.confidence) for one in found} == {(BEARISH, 42.0)}


def test_the_rule_of_the_brief_holds_where_the_library_says_so() -> None:
    bars = bars_of(sample("AAPL").bars)
    _, _, close, volume = columns(bars)
    fast, slow = talib.SMA(close, 20), talib.SMA(close, 50)
    crossed = np.r_[False, (fast[1:] > slow[1:]) & (fast[:-1] < slow[:-1])]
    holds = crossed & (talib.RSI(close, 14) < 70) & (volume > talib.SMA(volume, 20))
    found = emitted(made("expression", expression=RULE), bars)
    assert [one.closed_at for one in found] == [bars[at].closed_at for at in np.flatnonzero(holds)]
    assert found


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_price_that_never_moves_raises_nothing_and_is_no_event(kind: str) -> None:
    still = [Bar(bar(at, 100).closed_at, 100, 100, 100, 100, 0) for at in range(600)]
    if kind != "mock":
        assert emitted(made(kind, **SETTINGS[kind]), still) == []
