"""Steps of a price from one bar to the next that no split explains: a split that nobody told of, or
another unit, as pence and pounds in files of London's shares."""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from kuber.market.importing.notes import Notes
from kuber.market.types import Bars, to_datetime

_LARGE = 1.9
"""Of the close before, the least that a price rises to or falls from: 2:1 with a day's movement."""
_MOST = 50
_LATER = timedelta(days=5)
"""From the day of a split to the first bar behind it."""


class Jumps:
    """The large steps of one symbol, from close to open."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._found: dict[date, float] = {}
        """The open as a multiple of the close before it, by the day of the bar in UTC."""

    def look(self, bars: Bars) -> None:
        """Look at bars that follow each other, oldest first."""
        steps = bars.open[1:] / bars.close[:-1]
        for at in np.flatnonzero((steps >= _LARGE) | (steps <= 1 / _LARGE)).tolist():
            if len(self._found) < _MOST:
                self._found[to_datetime(bars.opened_at[at + 1]).date()] = float(steps[at])

    def tell(self, splits: Iterable[date], notes: Notes) -> None:
        """Note the largest step on a day without a split; `splits` are the days of these."""
        known = list(splits)
        left = {
            day: step
            for day, step in self._found.items()
            if not any(split <= day <= split + _LATER for split in known)
        }
        if not left:
            return
        day = max(left, key=lambda one: abs(np.log(left[one])))
        step = left[day]
        moves = f"rises {step:.4g}-fold" if step > 1 else f"falls to 1/{1 / step:.4g}"
        others = f", and jumps on {len(left) - 1} other days" if len(left) > 1 else ""
        notes.add(
            "price_jump",
            f"{self._symbol}: the price {moves} from one bar to the next on {day}{others}. After a"
            " split, import a file of splits; where the unit changes, such as pence and pounds,"
            " put the file right first.",
        )
