"""Technical indicators over float arrays, computed by TA-Lib.

Every input has shape (n,), float64, oldest first; every output has the same shape with NaN for
the bars before the indicator has enough history ("warm-up"). A value depends on its own bar and
earlier ones only. Inputs shorter than the warm-up give all NaN. Periods are in bars.
Smoothed indicators (EMA, RSI, ATR, ADX, MACD) start from the first bar they are given, so their
early values depend on where the array begins; the difference fades with each bar.
"""

from dataclasses import dataclass

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

    Warm-up: period - 1.
    """
    return _array(talib.SMA(_plain(values), timeperiod=_at_least(period, 2)))


def ema(values: FloatArray, period: int) -> FloatArray:
    """Return the exponential moving average with weight 2 / (period + 1).

    It starts from the mean of the first `period` values. Warm-up: period - 1.
    """
    return _array(talib.EMA(_plain(values), timeperiod=_at_least(period, 2)))


def rsi(close: FloatArray, period: int = 14) -> FloatArray:
    """Return the relative strength index in [0, 100], with Wilder's smoothing.

    100 - 100 / (1 + average gain / average loss) (Wilder, New Concepts in Technical Trading
    Systems, 1978). NaN while the price does not move: neither gains nor losses tell anything.
    Warm-up: period.
    """
    price = _plain(close)
    index = _array(talib.RSI(price, timeperiod=_at_least(period, 2)))
    # The true range of bars without height is the size of each move, smoothed alike.
    moves = _array(talib.ATR(price, price, price, timeperiod=period))
    index[moves < _TINY] = np.nan
    return index


def macd(close: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Return EMA(fast) - EMA(slow), its EMA(signal), and the difference (Appel, 1979).

    Both averages start on the same bar. Warm-up: slow + signal - 2, for all three lines.
    """
    parts = talib.MACD(
        _plain(close),
        fastperiod=_at_least(fast, 2),
        slowperiod=_at_least(slow, 2),
        signalperiod=_at_least(signal, 1),
    )
    return Macd(*map(_array, parts))


def atr(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Return the average true range in price units, with Wilder's smoothing (Wilder, 1978).

    Warm-up: period.
    """
    return _array(
        talib.ATR(_plain(high), _plain(low), _plain(close), timeperiod=_at_least(period, 1))
    )


def bollinger(close: FloatArray, period: int = 20, width: float = 2.0) -> Channel:
    """Return SMA(period) and `width` population standard deviations on either side.

    (Bollinger on Bollinger Bands, 2001.) Warm-up: period - 1.
    """
    parts = talib.BBANDS(
        _plain(close), timeperiod=_at_least(period, 2), nbdevup=width, nbdevdn=width
    )
    return Channel(*map(_array, parts))


def adx(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> Directional:
    """Return the average directional index and its +DI and -DI lines (Wilder, 1978).

    Warm-up: 2 * period - 1 for `adx`, period for `plus` and `minus`.
    """
    prices = _plain(high), _plain(low), _plain(close)
    _at_least(period, 2)
    return Directional(
        _array(talib.ADX(*prices, timeperiod=period)),
        _array(talib.PLUS_DI(*prices, timeperiod=period)),
        _array(talib.MINUS_DI(*prices, timeperiod=period)),
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
    k. NaN wherever a range of zero had a part in it. Warm-up: period + smooth_k + smooth_d - 3.
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
    """Return the rate of change over `period` bars in per cent. Warm-up: period."""
    return _array(talib.ROC(_plain(values), timeperiod=_at_least(period, 1)))


def realised_volatility(close: FloatArray, period: int, bars_a_year: float) -> FloatArray:
    """Return the annualised standard deviation of log returns, as a fraction (0.2 is 20 %).

    Sample standard deviation (n - 1) of the last `period` returns times sqrt(bars_a_year): 252
    for daily bars of an exchange. Prices > 0. Warm-up: period.
    """
    _at_least(period, 2)
    result = np.full(len(close), np.nan)
    if len(close) > period:
        returns = np.diff(np.log(close))
        windows = np.lib.stride_tricks.sliding_window_view(returns, period)
        result[period:] = windows.std(axis=1, ddof=1) * np.sqrt(bars_a_year)
    return result


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
