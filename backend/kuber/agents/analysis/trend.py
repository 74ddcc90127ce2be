"""Trend: are the averages in order, do they slope, and is there a trend at all?"""

from itertools import pairwise
from math import isclose, isfinite

import numpy as np

from kuber.agents.analysis.numbers import clip, known, last, over, rounded, show, sign
from kuber.agents.analysis.types import Evidence
from kuber.market import indicators
from kuber.market.types import Bars

SLOPE_BARS = 10
FULL_SLOPE_ATR = 2.0
"""Rise of the 50-bar average over SLOPE_BARS, in ATRs, that counts as a full slope."""
NO_TREND_ADX, FULL_TREND_ADX = 10.0, 30.0


def trend(bars: Bars, atr: float) -> Evidence:
    """Return the trend's evidence; needs 60 bars, uses the 200-bar average from 200 bars on.

    score = 100 x (0.6 alignment + 0.4 slope) x (0.4 + 0.6 strength), where alignment is the mean
    sign of close-SMA20, SMA20-SMA50 and SMA50-SMA200; slope is the SMA50's rise over 10 bars in
    ATRs, full at 2; strength is 0 at an ADX of 10 and 1 at 30 (Wilder, 1978). What has no value
    adds nothing.
    """
    close = bars.close
    averages = {period: indicators.sma(close, period) for period in (20, 50, 200)}
    ladder = [last(close), *(last(average) for average in averages.values())]
    there = [value for value in ladder if np.isfinite(value)]
    steps = [_side(faster, slower) for faster, slower in pairwise(there)]
    alignment = sum(steps) / len(steps)
    rise = over(last(averages[50]) - last(averages[50], SLOPE_BARS), atr)
    slope = known(clip(rise / FULL_SLOPE_ATR))
    adx = last(indicators.adx(bars.high, bars.low, close, 14).adx)
    strength = known(clip((adx - NO_TREND_ADX) / (FULL_TREND_ADX - NO_TREND_ADX), 0.0, 1.0))
    score = 100.0 * (0.6 * alignment + 0.4 * slope) * (0.4 + 0.6 * strength)
    return Evidence(
        "Trend",
        round(score, 2),
        _sentences(there, alignment, rise, adx),
        rounded(
            {
                **{f"sma_{period}": last(average) for period, average in averages.items()},
                "sma_50_slope_atr": rise,
                "adx_14": adx,
            }
        ),
    )


def _sentences(ladder: list[float], alignment: float, rise: float, adx: float) -> tuple[str, ...]:
    names = ("close", "SMA 20", "SMA 50", "SMA 200")
    figures = ", ".join(f"{name} {show(value)}" for name, value in zip(names, ladder, strict=False))
    order = {1.0: "all rising in order", -1.0: "all falling in order"}.get(alignment, "mixed")
    return (
        f"The averages are {order}: {figures}.",
        f"{_rise_in_words(rise)}; {_adx_in_words(adx)}.",
    )


def _side(faster: float, slower: float) -> float:
    """Return on which side of the slower one a line is; rounding is none."""
    return 0.0 if isclose(faster, slower, rel_tol=1e-9) else sign(faster - slower)


def _rise_in_words(rise: float) -> str:
    if not isfinite(rise):
        return "The move of SMA 50 cannot be measured in ATRs"
    return f"SMA 50 moved {rise:+.2f} ATR in {SLOPE_BARS} bars"


def _adx_in_words(adx: float) -> str:
    if not isfinite(adx):
        return "ADX has no value, nothing moved beyond the bar before"
    strength = "strong" if adx >= 25 else "weak" if adx < 15 else "moderate"
    return f"ADX {adx:.1f}: a {strength} trend"
