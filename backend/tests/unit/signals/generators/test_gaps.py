"""Missing and enormous values: an indicator begins anew behind them, wherever it was started."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.signals.generators.expressions.compiler import compile_expression
from kuber.signals.generators.streaming import (
    FORGOTTEN_AFTER,
    NAN,
    Change,
    Crossing,
    Deviation,
    Ema,
    Highest,
    Lag,
    Lowest,
    Macd,
    Onset,
    Rsi,
    Sma,
    Wilder,
    exponential_settling,
    wilder_settling,
)
from tests.fakes.generator_bars import bars_at, random_walk

Update = Callable[[float], float]
PERIOD = 6


def part(indicator: Deviation | Macd, at: int) -> Update:
    return lambda value: indicator.update(value)[at]


MADE: dict[str, tuple[Callable[[], Update], int]] = {
    "sma": (lambda: Sma(PERIOD).update, PERIOD),
    "ema": (lambda: Ema(PERIOD).update, exponential_settling(PERIOD)),
    "wilder": (lambda: Wilder(PERIOD).update, wilder_settling(PERIOD)),
    "rsi": (lambda: Rsi(PERIOD).update, wilder_settling(PERIOD) + 1),
    "highest": (lambda: Highest(PERIOD).update, PERIOD),
    "lowest": (lambda: Lowest(PERIOD).update, PERIOD),
    "lag": (lambda: Lag(PERIOD).update, PERIOD + 1),
    "change": (lambda: Change(PERIOD).update, PERIOD + 1),
    "stddev": (lambda: part(Deviation(PERIOD), 1), PERIOD),
    "macd": (
        lambda: part(Macd(3, PERIOD, 4), 2),
        exponential_settling(PERIOD) + exponential_settling(4),
    ),
}
LIBRARY = {
    "sma": lambda one: talib.SMA(one, PERIOD),
    "ema": lambda one: talib.EMA(one, PERIOD),
    "rsi": lambda one: talib.RSI(one, PERIOD),
    "highest": lambda one: talib.MAX(one, PERIOD),
    "lowest": lambda one: talib.MIN(one, PERIOD),
    "stddev": lambda one: talib.STDDEV(one, PERIOD),
    "macd": lambda one: talib.MACD(one, 3, PERIOD, 4)[2],
}


def walk(seed: int, count: int, gaps: set[int]) -> list[float]:
    closes = [one.close for one in random_walk(seed, count)]
    return [NAN if at in gaps else close for at, close in enumerate(closes)]


@pytest.mark.parametrize("name", MADE)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    gaps=st.sets(st.integers(0, 259), max_size=12),
    cut=st.integers(0, 120),
)
def test_a_restart_at_any_bar_gives_the_same_values_with_gaps_too(
    name: str, seed: int, gaps: set[int], cut: int
) -> None:
    make, settling = MADE[name]
    values = walk(seed, 260, gaps)
    whole, restarted = make(), make()
    expected = [whole(one) for one in values][cut + settling :]
    found = [restarted(one) for one in values[cut:]][settling:]
    # What is left of the beginning is below 1e-9 of the size of the values, which is about 100.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", LIBRARY)
def test_behind_a_gap_an_indicator_equals_the_librarys_on_what_follows(name: str) -> None:
    values = walk(3, 120, {50})
    update = MADE[name][0]()
    found = [update(one) for one in values]
    expected = LIBRARY[name](np.array(values[51:]))
    np.testing.assert_allclose(found[51:], expected, rtol=1e-6, atol=1e-6)
    assert math.isnan(found[50])


@pytest.mark.parametrize("values", [(NAN, 1.0, 3.0), (1.0, NAN, 3.0), (3.0, 1.0, NAN)])
@pytest.mark.parametrize("kind", [Highest, Lowest])
def test_an_extreme_of_a_window_with_a_gap_is_not_known(
    kind: type[Highest | Lowest], values: tuple[float, ...]
) -> None:
    extreme = kind(3)
    assert all(math.isnan(extreme.update(one)) for one in values)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(-3, 3) | st.none(), max_size=30),
    st.integers(1, 5),
)
def test_an_extreme_is_that_of_the_whole_window(values: list[int | None], period: int) -> None:
    highest, lowest = Highest(period), Lowest(period)
    for at, value in enumerate(values):
        one = NAN if value is None else float(value)
        high, low = highest.update(one), lowest.update(one)
        window = values[max(0, at - period + 1) : at + 1]
        known = [float(one) for one in window if one is not None]
        if len(known) == period:
            assert (high, low) == (max(known), min(known))
        else:
            assert math.isnan(high)
            assert math.isnan(low)


@pytest.mark.parametrize("unknown", [1, FORGOTTEN_AFTER, FORGOTTEN_AFTER + 1])
def test_what_was_known_before_a_long_gap_is_forgotten(unknown: int) -> None:
    crossing, onset = Crossing(), Onset()
    lines = [9.0, *[NAN] * unknown, 11.0]
    held = [False, *[None] * unknown, True]
    remembered = unknown <= FORGOTTEN_AFTER
    assert [crossing.update(line, 10.0) for line in lines][-1] == remembered
    assert [onset.update(one) for one in held][-1] == remembered


@settings(max_examples=40, deadline=None)
@given(
    expression=st.sampled_from(
        [
            "crosses_above(ema(close / volume, 4), 1)",
            "rsi(5) < 50 and crosses_below(sma(close / volume, 3), highest(close / volume, 2) - 1)",
            "ema(rsi(4), 3) > 50 and previous(close / volume, 2) > 1",
        ]
    ),
    seed=st.integers(0, 10_000),
    gaps=st.sets(st.integers(0, 399), max_size=60),
    cut=st.integers(0, 150),
)
def test_a_restarted_expression_says_what_the_first_one_says(
    expression: str, seed: int, gaps: set[int], cut: int
) -> None:
    closes = [one.close for one in random_walk(seed, 400)]
    bars = bars_at(closes, [0.0 if at in gaps else 100.0 for at in range(400)])
    program = compile_expression(expression)
    whole, restarted = program.start(), program.start()
    expected = [whole.update(one) for one in bars][cut + program.settling :]
    assert [restarted.update(one) for one in bars[cut:]][program.settling :] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "stddev(close * 1e200, 5) > 0",
        "stddev(close * 1e306, 5) > 0",
        "sma(close * 1e306, 5) > 0",
        "ema(close * 1e306, 5) > 0",
        "change(close * 1e306, 2) > change(close / 1e306, 1)",
        "highest(close * 1e306, 2) - lowest(close * -1e306, 2) > 0",
        "macd() * 1e306 > bollinger_upper() * 1e306",
    ],
)
def test_what_grows_beyond_the_numbers_is_unknown_and_no_error(expression: str) -> None:
    evaluation = compile_expression(expression).start()
    assert {evaluation.update(one) for one in random_walk(1, 80)} <= {True, False, None}


def test_an_average_that_was_beyond_the_numbers_comes_back() -> None:
    average = Ema(3)
    found = [average.update(one) for one in (1, 1, 1, 1e308, -1.7e308, 1, 1, 1)]
    assert math.isnan(found[4])
    assert found[-1] == 1.0
