"""Indicators against plain formulas written out with NumPy."""

from collections.abc import Callable

import numpy as np
import pytest

from kuber.market import indicators
from kuber.market.types import FloatArray
from tests.fakes.bars import sample

BARS = sample("AAPL").bars.window(200, 500)
HIGH, LOW, CLOSE, VOLUME = BARS.high, BARS.low, BARS.close, BARS.volume


def rolling(values: FloatArray, period: int, fold: Callable[[FloatArray], float]) -> FloatArray:
    result = np.full(len(values), np.nan)
    for at in range(period - 1, len(values)):
        result[at] = fold(values[at - period + 1 : at + 1])
    return result


def smoothed(values: FloatArray, period: int, weight: float, first: int) -> FloatArray:
    """Exponential smoothing that starts from the mean of `period` values from `first` on."""
    result = np.full(len(values), np.nan)
    start = first + period - 1
    result[start] = values[first : start + 1].mean()
    for at in range(start + 1, len(values)):
        result[at] = result[at - 1] + weight * (values[at] - result[at - 1])
    return result


def ranges() -> FloatArray:
    previous = np.concatenate(([np.nan], CLOSE[:-1]))
    return np.maximum(HIGH, previous) - np.minimum(LOW, previous)


def equal(got: FloatArray, expected: FloatArray) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_sma_is_the_rolling_mean() -> None:
    equal(indicators.sma(CLOSE, 20), rolling(CLOSE, 20, np.mean))


def test_ema_starts_from_the_mean_and_weighs_two_over_period_plus_one() -> None:
    equal(indicators.ema(CLOSE, 10), smoothed(CLOSE, 10, 2 / 11, 0))


def test_rsi_is_wilders() -> None:
    moves = np.concatenate(([np.nan], np.diff(CLOSE)))
    gains = smoothed(np.maximum(moves, 0), 14, 1 / 14, 1)
    losses = smoothed(np.maximum(-moves, 0), 14, 1 / 14, 1)
    equal(indicators.rsi(CLOSE), 100 - 100 / (1 + gains / losses))


def test_macd_is_the_difference_of_two_averages() -> None:
    # Both averages start on bar 25: the fast one from the mean of the 12 bars up to it.
    fast = smoothed(CLOSE, 12, 2 / 13, 14)
    line = fast - smoothed(CLOSE, 26, 2 / 27, 0)
    signal = smoothed(line, 9, 2 / 10, 25)
    found = indicators.macd(CLOSE)
    equal(found.signal, signal)
    equal(found.line[33:], line[33:])
    equal(found.histogram, line - signal)
    assert np.isnan(found.line[:33]).all()


def test_the_average_true_range_is_wilders() -> None:
    equal(indicators.atr(HIGH, LOW, CLOSE), smoothed(ranges(), 14, 1 / 14, 1))


def test_bollinger_lines_are_population_deviations_from_the_mean() -> None:
    found = indicators.bollinger(CLOSE, 20, 2.5)
    spread = rolling(CLOSE, 20, np.std)
    np.testing.assert_allclose(found.upper, rolling(CLOSE, 20, np.mean) + 2.5 * spread, rtol=1e-7)
    np.testing.assert_allclose(found.lower, rolling(CLOSE, 20, np.mean) - 2.5 * spread, rtol=1e-7)


def wilder_sum(values: FloatArray, period: int) -> FloatArray:
    """Wilder's running sum: it starts from period - 1 values and forgets 1/period a bar."""
    result = np.full(len(values), np.nan)
    total = values[1:period].sum()
    for at in range(period, len(values)):
        total = total - total / period + values[at]
        result[at] = total
    return result


def test_adx_is_wilders() -> None:
    up, down = np.diff(HIGH, prepend=np.nan), -np.diff(LOW, prepend=np.nan)
    plus = 100 * wilder_sum(np.where((up > down) & (up > 0), up, 0.0), 14)
    minus = 100 * wilder_sum(np.where((down > up) & (down > 0), down, 0.0), 14)
    total = wilder_sum(ranges(), 14)
    plus, minus = plus / total, minus / total
    strength = 100 * np.abs(plus - minus) / (plus + minus)
    found = indicators.adx(HIGH, LOW, CLOSE)
    equal(found.plus, plus)
    equal(found.minus, minus)
    equal(found.adx, smoothed(strength, 14, 1 / 14, 14))


def test_stochastic_is_the_place_in_the_range() -> None:
    low, high = rolling(LOW, 14, np.min), rolling(HIGH, 14, np.max)
    k = rolling(100 * (CLOSE - low) / (high - low), 3, np.mean)
    found = indicators.stochastic(HIGH, LOW, CLOSE)
    equal(found.d, rolling(k, 3, np.mean))
    equal(found.k[17:], k[17:])


def test_roc_and_realised_volatility_follow_their_formulas() -> None:
    equal(indicators.roc(CLOSE, 10)[10:], 100 * (CLOSE[10:] / CLOSE[:-10] - 1))
    returns = np.log(CLOSE[1:] / CLOSE[:-1])
    expected = rolling(returns, 20, lambda part: float(np.std(part, ddof=1))) * np.sqrt(252)
    equal(indicators.realised_volatility(CLOSE, 20, 252)[1:], expected)


COMPUTE: dict[str, Callable[[int], list[FloatArray]]] = {
    "sma": lambda n: [indicators.sma(CLOSE[:n], 20)],
    "ema": lambda n: [indicators.ema(CLOSE[:n], 20)],
    "rsi": lambda n: [indicators.rsi(CLOSE[:n])],
    "macd": lambda n: [indicators.macd(CLOSE[:n]).histogram],
    "atr": lambda n: [indicators.atr(HIGH[:n], LOW[:n], CLOSE[:n])],
    "bollinger": lambda n: [indicators.bollinger(CLOSE[:n]).upper],
    "adx": lambda n: [indicators.adx(HIGH[:n], LOW[:n], CLOSE[:n]).adx],
    "stochastic": lambda n: [indicators.stochastic(HIGH[:n], LOW[:n], CLOSE[:n]).d],
    "roc": lambda n: [indicators.roc(CLOSE[:n])],
    "volatility": lambda n: [indicators.realised_volatility(CLOSE[:n], 20, 252)],
}


@pytest.mark.parametrize("name", COMPUTE)
def test_a_value_does_not_depend_on_later_bars(name: str) -> None:
    (whole,) = COMPUTE[name](300)
    for cut in (60, 123, 250):
        (part,) = COMPUTE[name](cut)
        assert part.tobytes() == whole[:cut].tobytes()


@pytest.mark.parametrize("name", COMPUTE)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_bars_give_no_number(name: str, count: int) -> None:
    (found,) = COMPUTE[name](count)
    assert found.shape == (count,)
    assert np.isnan(found).all()


def test_a_period_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        indicators.sma(CLOSE, 1)


def test_read_only_views_are_accepted() -> None:
    view = CLOSE[10:200]
    view.setflags(write=False)
    assert np.isfinite(indicators.rsi(view)[-1])
