"""Each indicator that takes one value at a time equals its counterpart in TA-Lib."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.types import FloatArray
from kuber.signals.generators.base import Bar, bars_of
from kuber.signals.generators.streaming import (
    Atr,
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
)
from tests.fakes.bars import sample
from tests.fakes.generator_bars import columns, random_walk

Stream = Callable[[list[Bar]], list[float]]
Batch = Callable[[list[Bar]], FloatArray]


def of_closes(indicator: Callable[[float], float]) -> Callable[[list[Bar]], list[float]]:
    return lambda bars: [indicator(one.close) for one in bars]


def pair(period: int, kind: str) -> tuple[Stream, Batch]:
    """Return the two ways of computing an indicator of `period` bars."""
    fast, slow, signal = period + 2, 2 * period + 5, period + 1
    atr, deviation = Atr(period), Deviation(period)
    macds = [Macd(fast, slow, signal) for _ in range(3)]

    def batch(function: Callable[..., FloatArray], **options: int) -> Batch:
        return lambda bars: function(columns(bars)[2], **options)

    def macd(part: int) -> tuple[Stream, Batch]:
        stream = of_closes(lambda close: macds[part].update(close)[part])
        return stream, lambda bars: talib.MACD(columns(bars)[2], fast, slow, signal)[part]

    plain = {
        "sma": (Sma(period).update, talib.SMA),
        "ema": (Ema(period).update, talib.EMA),
        "rsi": (Rsi(period).update, talib.RSI),
        "highest": (Highest(period).update, talib.MAX),
        "lowest": (Lowest(period).update, talib.MIN),
        "change": (Change(period).update, talib.ROC),
        "stddev": (lambda close: deviation.update(close)[1], talib.STDDEV),
    }
    if kind in plain:
        stream, function = plain[kind]
        return of_closes(stream), batch(function, timeperiod=period)
    if kind == "atr":
        return (
            lambda bars: [atr.update(one.high, one.low, one.close) for one in bars],
            lambda bars: talib.ATR(*columns(bars)[:3], timeperiod=period),
        )
    return macd(("macd", "macd_signal", "macd_histogram").index(kind))


KINDS = (
    *("sma", "ema", "rsi", "highest", "lowest", "change", "stddev", "atr"),
    *("macd", "macd_signal", "macd_histogram"),
)


def assert_equal(kind: str, period: int, bars: list[Bar]) -> None:
    stream, batch = pair(period, kind)
    close = columns(bars)[2]
    # TA-Lib takes a deviation from sums of squares: of nearly equal prices little is left.
    scale = float(np.max(close))
    np.testing.assert_allclose(
        stream(bars), batch(bars), rtol=1e-6, atol=scale * (1e-6 if kind == "stddev" else 1e-9)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("symbol", ["AAPL", "EURUSD"])
def test_on_real_history_each_indicator_equals_the_librarys(kind: str, symbol: str) -> None:
    assert_equal(kind, 14, bars_of(sample(symbol).bars)[:1500])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), period=st.integers(2, 40), count=st.integers(1, 200))
def test_on_random_walks_each_indicator_equals_the_librarys(
    kind: str, seed: int, period: int, count: int
) -> None:
    assert_equal(kind, period, random_walk(seed, count))


@pytest.mark.parametrize("kind", ["sma", "ema", "macd", "atr"])
def test_a_price_that_never_moves_is_handled_as_the_library_does(kind: str) -> None:
    assert_equal(kind, 5, flat(60))


def test_a_price_that_never_moves_has_no_rsi() -> None:
    rsi = Rsi(5)
    assert all(np.isnan(rsi.update(one.close)) for one in flat(60))


@pytest.mark.parametrize("price", [1e-8, 0.1, 64_000.1])
def test_a_price_that_never_moves_deviates_by_nothing_at_all(price: float) -> None:
    deviation = Deviation(20)
    assert [deviation.update(price) for _ in range(30)][19:] == [(price, 0.0)] * 11


@pytest.mark.parametrize("old", [0.0, -37.63])
def test_a_change_from_a_value_that_is_not_above_zero_has_no_value(old: float) -> None:
    change = Change(2)
    assert [math.isnan(change.update(value)) for value in (old, 1.0, 2.0, 3.0)] == [
        True,
        True,
        True,
        False,
    ]


def flat(count: int) -> list[Bar]:
    return [Bar(one.closed_at, 10.0, 10.0, 10.0, 10.0, 0.0) for one in random_walk(1, count)]


def test_an_average_of_an_average_starts_where_the_inner_one_does() -> None:
    close = columns(random_walk(3, 80))[2]
    inner, outer = Sma(10), Ema(5)
    streamed = [outer.update(inner.update(float(one))) for one in close]
    library = talib.EMA(talib.SMA(close, 10)[9:], 5)
    np.testing.assert_allclose(streamed[9:], library, rtol=1e-9)
    assert np.isnan(streamed[:9]).all()


def test_the_value_of_some_bars_ago_is_remembered() -> None:
    lag = Lag(2)
    assert [lag.update(value) for value in (1.0, 2.0, 3.0, 4.0)][2:] == [1.0, 2.0]


def crossings(*lines: float) -> list[int]:
    crossing = Crossing()
    return [crossing.update(line, 10.0) for line in lines]


def test_a_crossing_is_reported_once_and_not_while_it_lasts() -> None:
    assert crossings(9, 11, 12, 13, 9, 8, 11) == [0, 1, 0, 0, -1, 0, 1]


def test_touching_the_other_line_and_turning_back_is_no_crossing() -> None:
    assert crossings(11, 10, 11, 10, 10, 12) == [0] * 6


def test_passing_through_a_touch_is_one_crossing() -> None:
    assert crossings(9, 10, 10, 11) == [0, 0, 0, 1]


def test_the_first_side_is_no_crossing_and_rounding_is_none_either() -> None:
    assert crossings(11, 10 - 1e-12, 11) == [0, 0, 0]


def test_a_condition_begins_only_where_it_was_known_not_to_hold() -> None:
    onset = Onset()
    told = [onset.update(held) for held in (None, True, False, None, True, True, None, True)]
    assert told == [False, False, False, False, True, False, False, False]


def test_windows_do_not_drift_with_the_length_of_history() -> None:
    walk = [one.close for one in random_walk(5, 3000)]
    long, short = Sma(50), Sma(50)
    last_of_long = [long.update(value) for value in walk][-1]
    last_of_short = [short.update(value) for value in walk[-50:]][-1]
    assert last_of_long == last_of_short
