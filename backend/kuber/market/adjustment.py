"""Split adjustment that never looks ahead.

A file's adjusted close carries splits and dividends together: the factor `adj_close / close` steps
up by the split's ratio (and by a dividend's one or two per cent) on the day it takes effect. A
step counts as a split when all three hold, judged from the bar and the one before it alone:

1. the factor moves by 15 % or more (ordinary and most special dividends move it by less),
2. the move is within 2.5 % of a whole ratio that companies use (2:1, 1:10, ...), or within 0.75 %
   of another one (3:2, 5:4, ...), the rest being a dividend on the same day or the rounding of
   `adj_close`, or within 0.3 % of any whole ratio up to 1:1000. The ratios below 2 stand close
   together, and there special dividends are as large,
3. the traded price jumps the other way: open over previous close, times the ratio, is nearer to 1
   than without it and within a factor of 1.6.

A split counts from the close of the first bar that trades on the new basis. So prices `as_of` an
instant depend only on bars that had closed by then: deleting later history changes no bit.

Splits that files tell of are kept with a version of a series, by the bar from which on they are in
force (see `actions`). Where an adjusted close tells of a split at the same bar, it counts once.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kuber.market.types import FloatArray, TimeArray

SMALLEST_STEP = float(np.log(1.15))
"""Splits from this one on move a price by more than days do; all of them are logarithms."""
RATIO_TOLERANCE = float(np.log(1.025))
CLOSE_TOLERANCE = float(np.log(1.0075))
"""For ratios that are not whole."""
PRICE_TOLERANCE = float(np.log(1.6))
_WHOLE_TOLERANCE = np.log(1.003)
_LARGEST_STEP = np.log(1000.5)

_FORWARD = (
    *(Fraction(n) for n in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100)),
    *(Fraction(p, q) for p, q in ((3, 2), (4, 3), (5, 2), (5, 3), (5, 4), (6, 5), (7, 2))),
)
_RATIOS = tuple(
    sorted(
        {*_FORWARD, *(1 / ratio for ratio in _FORWARD)},
        key=lambda ratio: (ratio.numerator + ratio.denominator, ratio),
    )
)


@dataclass(frozen=True, slots=True)
class Split:
    """`ratio` new shares for one old, in force from the bar at `index` on."""

    index: int
    ratio: Fraction


@dataclass(frozen=True, slots=True)
class KnownSplit:
    """A split that is kept with a series: in force from the bar that opens at `opened_at` on."""

    opened_at: np.datetime64
    ratio: Fraction


def find_splits(open_: FloatArray, close: FloatArray, adj_close: FloatArray) -> tuple[Split, ...]:
    """Return the splits that an adjusted close tells of, oldest first.

    All arrays have shape (n,), oldest first, prices > 0; NaN in `adj_close` means not given.
    """
    if close.shape[0] < 2:
        return ()
    steps = np.diff(np.log(adj_close / close))
    gaps = np.log(open_[1:] / close[:-1])
    candidates = np.flatnonzero(np.abs(steps) >= SMALLEST_STEP)
    found = ((int(at) + 1, _ratio_near(float(steps[at]), float(gaps[at]))) for at in candidates)
    return tuple(Split(index, ratio) for index, ratio in found if ratio is not None)


def with_known(
    found: tuple[Split, ...], known: tuple[KnownSplit, ...], opened_at: TimeArray
) -> tuple[Split, ...]:
    """Return the splits that were found and those that are known, each once, oldest first.

    At one bar the known one counts, whose ratio is exact. One that no bar stands before is left
    out: there is nothing to adjust for it.
    """
    if not known:
        return found
    places = np.searchsorted(opened_at, np.array([one.opened_at for one in known]))
    by_index = {split.index: split for split in found}
    for one, place in zip(known, places.tolist(), strict=True):
        if 0 < place < len(opened_at) and opened_at[place] == one.opened_at:
            by_index[place] = Split(place, one.ratio)
    return tuple(by_index[index] for index in sorted(by_index))


def _ratio_near(step: float, gap: float) -> Fraction | None:
    ratio = next(
        (one for one in _RATIOS if abs(step - _log(one)) <= _tolerance(one)), _whole_ratio(step)
    )
    if ratio is None:
        return None
    left = abs(gap + _log(ratio))
    return ratio if left < abs(gap) and left <= PRICE_TOLERANCE else None


def _tolerance(ratio: Fraction) -> float:
    return RATIO_TOLERANCE if 1 in (ratio.numerator, ratio.denominator) else CLOSE_TOLERANCE


def _whole_ratio(step: float) -> Fraction | None:
    """Return n:1 or 1:n when the step is one but for the rounding of the adjusted close."""
    if abs(step) > _LARGEST_STEP:
        return None
    whole = Fraction(round(float(np.exp(abs(step)))))
    ratio = whole if step > 0 else 1 / whole
    return ratio if abs(step - _log(ratio)) <= _WHOLE_TOLERANCE else None


def _log(ratio: Fraction) -> float:
    return float(np.log(float(ratio)))


def price_factors(
    count: int, splits: tuple[Split, ...], after: Fraction = Fraction(1)
) -> FloatArray:
    """Return what to multiply each of `count` raw prices with, shape (count,).

    Bars from the last of `splits` on are multiplied with `after`, what came of the splits after
    all these bars. Volumes are divided by the same factors.
    """
    factors = np.ones(count)
    stop, share = count, after
    for split in reversed(splits):
        factors[split.index : stop] = float(share)
        stop, share = split.index, share / split.ratio
    factors[:stop] = float(share)
    return factors
