"""Momentum: is the market speeding up, and in which direction?"""

from math import isfinite

import numpy as np

from kuber.agents.analysis.numbers import clip, last, rounded
from kuber.agents.analysis.types import Evidence
from kuber.market import indicators
from kuber.market.types import Bars

ROC_BARS = 10
FULL_MACD_ATR = 0.25
"""MACD histogram, in ATRs, that counts as full momentum."""


def momentum(bars: Bars, atr: float) -> Evidence:
    """Return the momentum's evidence; needs 60 bars.

    score = 100 x (0.4 rsi + 0.3 macd + 0.3 roc), each within [-1, 1]: (RSI 14 - 50) / 25; the
    MACD 12-26-9 histogram in ATRs, full at 0.25; the 10-bar return in standard deviations of
    such returns (from 20 one-bar returns), full at 2. What has no value adds nothing.
    """
    close = bars.close
    rsi = last(indicators.rsi(close, 14))
    known = isfinite(rsi)
    histogram = last(indicators.macd(close).histogram)
    macd_atr = histogram / atr if atr > 0 else 0.0
    roc = last(close) / last(close, ROC_BARS) - 1.0
    deviation = float(np.std(np.diff(np.log(close[-21:])))) * np.sqrt(ROC_BARS)
    roc_deviations = float(np.log1p(roc) / deviation) if deviation > 0 else 0.0
    score = 100.0 * (
        (0.4 * clip((rsi - 50.0) / 25.0) if known else 0.0)
        + 0.3 * clip(macd_atr / FULL_MACD_ATR)
        + 0.3 * clip(roc_deviations / 2.0)
    )
    return Evidence(
        "Momentum",
        round(score, 2),
        (
            f"{_rsi_in_words(rsi)}; the MACD histogram is {macd_atr:+.2f} ATR.",
            f"{ROC_BARS} bars moved {roc:+.2%}, {roc_deviations:+.1f} standard deviations.",
        ),
        rounded(
            ({"rsi_14": rsi} if known else {})
            | {"macd_histogram": histogram, "roc_10_percent": 100.0 * roc}
        ),
    )


def _rsi_in_words(rsi: float) -> str:
    if not isfinite(rsi):
        return "RSI 14 has no value, the price stood still"
    extreme = " (overbought)" if rsi >= 70 else " (oversold)" if rsi <= 30 else ""
    return f"RSI 14 is {rsi:.1f}{extreme}"
