"""Technical indicators over float arrays, most of them computed by TA-Lib.

Every input has shape (n,), float64, oldest first; every output has the same shape. It is NaN before
the indicator has enough history, and wherever its formula has no answer: no indicator says an
extreme, or zero, of a price that stood still. A value depends on its own bar and earlier ones only.
Periods are in bars; "first value" is the index of the first bar that has one. Smoothed indicators
(EMA, RSI, ATR, ADX, MACD) start from the first bar they are given, so their early values depend on
where the array begins; the difference fades with each bar.

The conventions are listed for people in docs/reference/indicators.md.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kuber.market.bare_talib import talib
from kuber.market.types import FloatArray

_TINY = 1e-14
"""TA-Lib takes a smaller sum of gains and losses for zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Macd:
    """`line`, its `signal` average and their difference `histogram`."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """An upper, middle and lower line around the price."""

    upper: FloatArray
    middle: FloatArray
    lower: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Directional:
    """ADX with the two directional lines it comes from, each in [0, 100]."""

    adx: FloatArray
    plus: FloatArray
    minus: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Stochastic:
    """`k` and its average `d`, each in [0, 100]."""

    k: FloatArray
    d: FloatArray


def sma(values: FloatArray, period: int) -> FloatArray:
    """Return the simple moving average: the mean of the last `period` values.

    First value: period - 1. It always has an answer.
    """
    return _array(talib.SMA(_plain(values), timeperiod=_at_least(period, 2)))


def ema(values: FloatArray, period: int) -> FloatArray:
    """Return the exponential moving average: old + 2 / (period + 1) * (new - old).

    Begins with the mean of the first `period` values. First value: period - 1. It always has an
    answer.
    """
    return _array(talib.EMA(_plain(values), timeperiod=_at_least(period, 2)))


def rsi(close: FloatArray, period: int = 14) -> FloatArray:
    """Return the relative strength index in [0, 100]: 100 * gain / (gain + loss).

    Gain and loss are those of each bar, smoothed by Wilder's rule, old + (new - old) / period, from
    their means over the first `period` moves (Wilder, New Concepts in Technical Trading Systems,
    1978). First value: period. No answer while the price has not moved at all: 0 / 0.
    """
    price = _plain(close)
    index = _array(talib.RSI(price, timeperiod=_at_least(period, 2)))
    # The true range of bars without height is the size of each move, smoothed alike.
    moves = _array(talib.ATR(price, price, price, timeperiod=period))
    index[moves < _TINY] = np.nan
    return index


def macd(close: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Return EMA(fast) - EMA(slow), its EMA(signal), and the difference (Appel, 1979).

    Both averages begin on the same bar, slow - 1: the fast one with the mean of the `fast` values
    up to it. First value of all three lines: slow + signal - 2. It always has an answer.
    """
    parts = talib.MACD(
        _plain(close),
        fastperiod=_at_least(fast, 2),
        slowperiod=_at_least(slow, 2),
        signalperiod=_at_least(signal, 1),
    )
    return Macd(*map(_array, parts))


def atr(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Return the average true range in price units, by Wilder's rule (Wilder, 1978).

    The true range is max(high, previous close) - min(low, previous close); the first bar has none.
    Begins with the mean of the first `period` ranges, then old + (new - old) / period. First value:
    period. It always has an answer, which is 0 for a price that has not moved at all.
    """
    return _array(
        talib.ATR(_plain(high), _plain(low), _plain(close), timeperiod=_at_least(period, 1))
    )


def bollinger(close: FloatArray, period: int = 20, width: float = 2.0) -> Channel:
    """Return SMA(period) and `width` standard deviations on either side.

    The deviation is that of the population, with n and not n - 1 (Bollinger on Bollinger Bands,
    2001). First value: period - 1. It always has an answer: where the price stood still, all three
    lines are the price, exactly.
    """
    middle = sma(close, period)
    spread = width * _deviations(_plain(close), period)
    return Channel(middle + spread, middle, middle - spread)


def adx(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> Directional:
    """Return the average directional index and its +DI and -DI lines, in [0, 100] (Wilder, 1978).

    +DI and -DI are 100 times the directional moves over the true ranges, each a running sum of
    `period` that begins with the first period - 1 of them and loses 1 / period of itself a bar. ADX
    is 100 * |+DI - -DI| / (+DI + -DI), by Wilder's rule from the mean of its first `period` values.
    First value: period for `plus` and `minus`, 2 * period - 1 for `adx`. No answer: `plus` and
    `minus` where nothing moved, `adx` where nothing moved beyond the bar before; `adx` begins anew
    behind such a bar.
    """
    prices = _plain(high), _plain(low), _plain(close)
    _at_least(period, 2)
    plus = _array(talib.PLUS_DI(*prices, timeperiod=period))
    minus = _array(talib.MINUS_DI(*prices, timeperiod=period))
    still = (plus == 0) & (minus == 0)
    plus[still & (_array(talib.ATR(*prices, timeperiod=period)) < _TINY)] = np.nan
    minus[np.isnan(plus)] = np.nan
    total = plus + minus
    moves = np.divide(
        100.0 * np.abs(plus - minus), total, np.full(len(total), np.nan), where=~still
    )
    return Directional(
        _begun_anew(_array(talib.ADX(*prices, timeperiod=period)), moves, period), plus, minus
    )


def stochastic(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    period: int = 14,
    smooth_k: int = 3,
    smooth_d: int = 3,
) -> Stochastic:
    """Return the slow stochastic: where the close lies in the range of `period` bars (Lane).

    k is the SMA(smooth_k) of 100 * (close - lowest) / (highest - lowest), d the SMA(smooth_d) of
    k. First value of both: period + smooth_k + smooth_d - 3. No answer wherever a range of zero has
    a part in it.
    """
    highs, lows = _plain(high), _plain(low)
    parts = talib.STOCH(
        highs,
        lows,
        _plain(close),
        fastk_period=_at_least(period, 1),
        slowk_period=_at_least(smooth_k, 1),
        slowd_period=_at_least(smooth_d, 1),
    )
    k, d = map(_array, parts)
    for bar in np.flatnonzero(_range(highs, lows, period) == 0):
        k[bar : bar + smooth_k] = np.nan
        d[bar : bar + smooth_k + smooth_d - 1] = np.nan
    return Stochastic(k, d)


def roc(values: FloatArray, period: int = 10) -> FloatArray:
    """Return the rate of change over `period` bars in per cent: 100 * (new / old - 1).

    First value: period. No answer unless the old value is above 0.
    """
    _at_least(period, 1)
    result = np.full(len(values), np.nan)
    old, new = values[:-period], values[period:]
    result[period:] = 100.0 * (np.divide(new, old, np.full(len(old), np.nan), where=old > 0) - 1.0)
    return result


def realised_volatility(close: FloatArray, period: int, bars_a_year: float) -> FloatArray:
    """Return the annualised standard deviation of log returns, as a fraction (0.2 is 20 %).

    Sample standard deviation (n - 1) of the last `period` returns times sqrt(bars_a_year): 252
    for daily bars of an exchange. First value: period. No answer where a price among them is not
    above 0; 0 where the price stood still.
    """
    _at_least(period, 2)
    result = np.full(len(close), np.nan)
    if len(close) > period:
        logarithms = np.log(close, np.full(len(close), np.nan), where=close > 0)
        windows = np.lib.stride_tricks.sliding_window_view(np.diff(logarithms), period)
        result[period:] = windows.std(axis=1, ddof=1) * np.sqrt(bars_a_year)
    return result


def _deviations(values: FloatArray, period: int) -> FloatArray:
    """Return the population standard deviation of the last `period` values, 0 where all are equal.

    TA-Lib takes a variance below 1e-14 for zero, which that of a coin at a millionth is.
    """
    result = np.full(len(values), np.nan)
    if len(values) >= period:
        windows = np.lib.stride_tricks.sliding_window_view(values, period)
        equal = windows.max(axis=1) == windows.min(axis=1)
        result[period - 1 :] = np.where(equal, 0.0, windows.std(axis=1))
    return result


def _begun_anew(smoothed: FloatArray, values: FloatArray, period: int) -> FloatArray:
    """Return `smoothed`, which follows `values` from `period` on by Wilder's rule, with each value
    that is missing as a gap behind which the smoothing begins anew."""
    gaps = np.flatnonzero(np.isnan(values[period:])) + period
    if gaps.size:
        smoothed[gaps[0] :] = np.nan
    for gap, end in pairwise([*gaps.tolist(), len(values)]):
        begin = gap + period
        if begin < end:
            smoothed[begin] = values[gap + 1 : begin + 1].mean()
            for at in range(begin + 1, end):
                smoothed[at] = smoothed[at - 1] + (values[at] - smoothed[at - 1]) / period
    return smoothed


def _range(high: FloatArray, low: FloatArray, period: int) -> FloatArray:
    """Return highest high minus lowest low of `period` bars, NaN before there are so many."""
    if period == 1:
        return high - low
    return _array(talib.MAX(high, timeperiod=period)) - _array(talib.MIN(low, timeperiod=period))


def _plain(values: FloatArray) -> FloatArray:
    """Return what TA-Lib reads: contiguous float64, not empty arrays of another kind."""
    return np.ascontiguousarray(values, dtype=np.float64)


def _array(values: object) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _at_least(period: int, least: int) -> int:
    if period < least:
        raise ValueError(f"a period of {period} bars is too short: use {least} or more")
    return period
