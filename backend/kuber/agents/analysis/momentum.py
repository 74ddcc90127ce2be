"""Momentum: is the market speeding up, and in which direction?"""

from math import isfinite, log, nan, sqrt

import numpy as np

from kuber.agents.analysis.numbers import clip, known, last, over, rounded
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
    histogram = last(indicators.macd(close).histogram)
    macd_atr = over(histogram, atr)
    roc = last(indicators.roc(close, ROC_BARS)) / 100.0
    roc_deviations = _in_deviations(bars, roc)
    score = 100.0 * (
        0.4 * known(clip((rsi - 50.0) / 25.0))
        + 0.3 * known(clip(macd_atr / FULL_MACD_ATR))
        + 0.3 * known(clip(roc_deviations / 2.0))
    )
    return Evidence(
        "Momentum",
        round(score, 2),
        (
            f"{_rsi_in_words(rsi)}; {_macd_in_words(macd_atr)}.",
            _roc_in_words(roc, roc_deviations),
        ),
        rounded({"rsi_14": rsi, "macd_histogram": histogram, "roc_10_percent": 100.0 * roc}),
    )


def _in_deviations(bars: Bars, roc: float) -> float:
    """Return the return over ROC_BARS in standard deviations of such returns."""
    close = bars.close[-21:]
    if not (close > 0).all():
        return nan
    returns = np.diff(np.log(close))
    return over(log(1.0 + roc), float(np.std(returns)) * sqrt(ROC_BARS))


def _macd_in_words(macd_atr: float) -> str:
    if not isfinite(macd_atr):
        return "the MACD histogram cannot be measured in ATRs"
    return f"the MACD histogram is {macd_atr:+.2f} ATR"


def _roc_in_words(roc: float, deviations: float) -> str:
    if not isfinite(roc):
        return f"The move of {ROC_BARS} bars has no value, the price was not above 0."
    told = f"{ROC_BARS} bars moved {roc:+.2%}"
    if not isfinite(deviations):
        return f"{told}."
    return f"{told}, {deviations:+.1f} standard deviations."


def _rsi_in_words(rsi: float) -> str:
    if not isfinite(rsi):
        return "RSI 14 has no value, the price stood still"
    extreme = " (overbought)" if rsi >= 70 else " (oversold)" if rsi <= 30 else ""
    return f"RSI 14 is {rsi:.1f}{extreme}"
