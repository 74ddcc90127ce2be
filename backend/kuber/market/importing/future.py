"""Bars that cannot be yet: times that a file writes otherwise than they are read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from kuber.market.importing.closing import Bounds
from kuber.market.importing.faults import Faults
from kuber.market.types import Timeframe, to_datetime, to_datetime64

AHEAD = timedelta(days=1)
"""How far a time may be ahead: the file's day may begin before ours, by its zone."""


def check_not_ahead(
    bounds: Bounds,
    lines: Sequence[int],
    timeframe: Timeframe,
    now: datetime,
    symbol: str,
    field: str,
    faults: Faults,
) -> None:
    """Note bars that are not over a day from now; of days and longer ones, those that begin later.

    So the day, week or month that is under way is taken, as sources give it.
    """
    latest = to_datetime64(now + AHEAD)
    times = bounds.closed if timeframe.intraday else bounds.opened.astype("datetime64[D]")
    for at in np.flatnonzero(times > latest).tolist():
        faults.add(
            "future_bar",
            f"This bar of {symbol} is read to open at {_shown(to_datetime(bounds.opened[at]))}, "
            f"and it is {_shown(now)} now.",
            "Leave out what has not happened yet. If it has, check how the times are written: the "
            "order of day and month, the unit of numbers since 1970 (10 digits are seconds, 13 are "
            "milliseconds), the time zone.",
            lines[at],
            field,
        )


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
