"""Price levels at which the market turned before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kuber.market.types import FloatArray


@dataclass(frozen=True, slots=True)
class Level:
    """A cluster of swing points: `price` is their mean, `touches` how many there are.

    `last_touch` is the index of the newest bar that turned there.
    """

    price: float
    touches: int
    last_touch: int


@dataclass(frozen=True, slots=True)
class Levels:
    """Supports (nearest first, below the price) and resistances (nearest first, above it)."""

    supports: tuple[Level, ...]
    resistances: tuple[Level, ...]


def swing_highs(high: FloatArray, strength: int = 3) -> NDArray[np.int64]:
    """Return the indices of bars whose high tops the `strength` bars on each side.

    high: shape (n,), oldest first. Of equal highs the first counts. The newest `strength` bars are
    never swings: what confirms one lies after it, and no bar after the array's end is known.
    """
    return _peaks(high, strength)


def swing_lows(low: FloatArray, strength: int = 3) -> NDArray[np.int64]:
    """Return the indices of bars whose low undercuts the `strength` bars on each side."""
    return _peaks(-low, strength)


def levels(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    tolerance: float,
    *,
    strength: int = 3,
    lookback: int = 250,
) -> Levels:
    """Return support and resistance around the last close.

    high, low, close: shape (n,), oldest first. `tolerance`, in price units, is how far apart two
    swing points of one level may be: half an ATR is usual. Highs and lows count alike, since a
    broken resistance becomes support. Only the newest `lookback` bars are looked at.
    Raises ValueError unless `tolerance` > 0.
    """
    if not tolerance > 0:
        raise ValueError("the tolerance must be above 0: give a fraction of the ATR")
    start = max(0, len(close) - lookback)
    tops, bottoms = swing_highs(high[start:], strength), swing_lows(low[start:], strength)
    indices = np.concatenate((tops, bottoms)) + start
    prices = np.concatenate((high[start:][tops], low[start:][bottoms]))
    found = _clusters(prices, indices, tolerance)
    if not found:
        return Levels((), ())
    last = float(close[-1])
    below = sorted((one for one in found if one.price < last), key=lambda one: -one.price)
    above = sorted((one for one in found if one.price > last), key=lambda one: one.price)
    return Levels(tuple(below), tuple(above))


def _peaks(values: FloatArray, strength: int) -> NDArray[np.int64]:
    if strength < 1:
        raise ValueError("a swing needs at least 1 bar on each side")
    if len(values) < 2 * strength + 1:
        return np.empty(0, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * strength + 1)
    middle = windows[:, strength]
    before = windows[:, :strength].max(axis=1)
    after = windows[:, strength + 1 :].max(axis=1)
    return np.flatnonzero((middle > before) & (middle >= after)) + strength


def _clusters(prices: FloatArray, indices: NDArray[np.int64], tolerance: float) -> list[Level]:
    """Group swing points, lowest first; a group spans at most `tolerance`."""
    order = np.lexsort((indices, prices))
    found: list[Level] = []
    start = 0
    for at in range(1, len(order) + 1):
        if at < len(order) and prices[order[at]] - prices[order[start]] <= tolerance:
            continue
        members = order[start:at]
        if len(members):
            mean = float(prices[members].mean())
            found.append(Level(mean, len(members), int(indices[members].max())))
        start = at
    return found
