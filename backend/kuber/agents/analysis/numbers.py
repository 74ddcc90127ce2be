"""Small pure helpers for scores. NaN stands for what is not known, and stays it."""

import math

import numpy as np

from kuber.market.types import Bars, FloatArray

STILL_BARS = 14
"""Bars without any movement after which a market is taken to stand still: those of an ATR."""
_EQUAL = 1e-9
"""Values that differ by less than this part of their size are the same."""


def clip(value: float, low: float = -1.0, high: float = 1.0) -> float:
    """Return `value` held between `low` and `high`; what is not known stays so."""
    return value if math.isnan(value) else max(low, min(high, value))


def known(value: float) -> float:
    """Return `value`, 0 where it is not known: it then adds nothing to a sum."""
    return value if math.isfinite(value) else 0.0


def over(part: float, whole: float) -> float:
    """Return `part / whole`, NaN unless `whole` is above 0."""
    return part / whole if whole > 0 else math.nan


def sign(value: float) -> float:
    """Return -1, 0 or 1."""
    return float(value > 0) - float(value < 0)


def percentile_of_last(values: FloatArray, window: int) -> float:
    """Return the share (0 to 100) of the last `window` finite values below the newest one.

    NaN where there is nothing to compare: the newest value is not known, or no other one differs.
    """
    tail = values[-window:]
    tail = tail[np.isfinite(tail)]
    if tail.size < 2 or tail[-1] != values[-1] or np.ptp(tail) <= _EQUAL * np.abs(tail).max():
        return math.nan
    return round(100.0 * float(np.count_nonzero(tail[:-1] < tail[-1])) / (tail.size - 1), 2)


def stands_still(bars: Bars) -> bool:
    """Return whether the price has been one and the same for STILL_BARS bars."""
    return bool(np.ptp((bars.high[-STILL_BARS:], bars.low[-STILL_BARS:])) == 0)


def last(values: FloatArray, back: int = 0) -> float:
    """Return the value `back` bars before the newest one."""
    return float(values[-1 - back])


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """Return the figures to six significant digits, the precision at which they are shown."""
    return {name: float(f"{value:.6g}") for name, value in figures.items() if np.isfinite(value)}


def show_score(score: float) -> str:
    """Return a score with its sign, to the point; none for what rounds to zero."""
    text = f"{score:+.0f}"
    return "0" if text in ("+0", "-0") else text


def show(price: float) -> str:
    """Return a price as people read it: cents from 20 upwards, else five decimals."""
    return f"{price:,.2f}" if abs(price) >= 20 else f"{price:.5f}"
