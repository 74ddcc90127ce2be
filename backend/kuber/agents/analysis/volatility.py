"""Volatility: how far does the market move, and is that much for this market?"""

from math import isfinite, nan

import numpy as np

from kuber.agents.analysis.numbers import last, over, percentile_of_last
from kuber.agents.analysis.types import Volatility
from kuber.market import indicators
from kuber.market.types import Bars, FloatArray

COMPARED_BARS = 120


def volatility(bars: Bars) -> Volatility:
    """Return the measures of movement of the newest bar, NaN where one has no answer; needs 60
    bars."""
    close = bars.close
    atr = last(indicators.atr(bars.high, bars.low, close, 14))
    width = band_widths(close)
    realised = indicators.realised_volatility(close, 20, 1.0)
    width_percentile = percentile_of_last(width, COMPARED_BARS)
    realised_percentile = percentile_of_last(realised, COMPARED_BARS)
    atr_percent = 100.0 * over(atr, last(close))
    return Volatility(
        atr=atr,
        atr_percent=atr_percent,
        bollinger_width=last(width),
        width_percentile=width_percentile,
        realised_percentile=realised_percentile,
        sentences=(_atr_in_words(atr_percent), _compared(realised_percentile)),
    )


def band_widths(close: FloatArray) -> FloatArray:
    """Return the width of the 20-bar, two-deviation band as a fraction of its middle, NaN where
    that is not above 0."""
    bands = indicators.bollinger(close, 20, 2.0)
    widths: FloatArray = np.full(len(close), nan)
    np.divide(bands.upper - bands.lower, bands.middle, widths, where=bands.middle > 0)
    return widths


def _atr_in_words(percent: float) -> str:
    if not isfinite(percent):
        return "ATR 14 is no share of the price, which is not above 0."
    return f"ATR 14 is {percent:.2f} % of the price."


def _compared(percentile: float) -> str:
    if not isfinite(percentile):
        return f"Realised volatility cannot be compared with that of {COMPARED_BARS} bars."
    regime = "nervous" if percentile > 90 else "quiet" if percentile < 25 else "normal"
    return (
        f"Realised volatility is higher than in {percentile:.0f} % of {COMPARED_BARS} bars:"
        f" a {regime} market."
    )
