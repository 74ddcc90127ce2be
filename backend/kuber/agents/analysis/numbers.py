"""Small pure helpers for scores."""

import numpy as np

from kuber.market.types import FloatArray


def clip(value: float, low: float = -1.0, high: float = 1.0) -> float:
    """Return `value` held between `low` and `high`."""
    return max(low, min(high, value))


def sign(value: float) -> float:
    """Return -1, 0 or 1."""
    return float(value > 0) - float(value < 0)


def percentile_of_last(values: FloatArray, window: int) -> float:
    """Return the share (0 to 100) of the last `window` finite values below the newest one.

    Returns 50 when fewer than two finite values are there: no comparison, no opinion.
    """
    tail = values[-window:]
    tail = tail[np.isfinite(tail)]
    if tail.size < 2:
        return 50.0
    return round(100.0 * float(np.count_nonzero(tail[:-1] < tail[-1])) / (tail.size - 1), 2)


def last(values: FloatArray, back: int = 0) -> float:
    """Return the value `back` bars before the newest one."""
    return float(values[-1 - back])


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """Return the figures to six significant digits, the precision at which they are shown."""
    return {name: float(f"{value:.6g}") for name, value in figures.items() if np.isfinite(value)}


def show(price: float) -> str:
    """Return a price as people read it: cents from 20 upwards, else five decimals."""
    return f"{price:,.2f}" if abs(price) >= 20 else f"{price:.5f}"
