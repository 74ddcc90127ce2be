"""Puts the four kinds of evidence about one series of bars together."""

from dataclasses import dataclass, field
from functools import lru_cache

from kuber.agents.analysis.location import find_levels, location
from kuber.agents.analysis.momentum import momentum
from kuber.agents.analysis.trend import trend
from kuber.agents.analysis.types import Examination
from kuber.agents.analysis.volatility import volatility
from kuber.market.types import Bars

MIN_BARS = 61
"""Closed bars that an examination needs: the 50-bar average and its slope over 10 bars."""
HISTORY_BARS = 400
"""Closed bars that agents read: enough for a 200-bar average and its recent past."""


EXAMINATIONS_KEPT = 256
"""About 10 MB in a process: each holds views of its bars and a copy of their bytes."""


def examine(bars: Bars) -> Examination:
    """Return the examination of `bars`, of which there must be at least MIN_BARS.

    Equal bars give the kept examination: the steps of a run, and all runs that one signal starts,
    look at the same few series.
    """
    assert len(bars) >= MIN_BARS, "the caller checks the length of the history"
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.closed_at)
    content = (bars.symbol, bars.timeframe, bars.source, *(one.tobytes() for one in columns))
    return _examine(_Series(content, bars))


@dataclass(frozen=True, slots=True)
class _Series:
    """Bars that compare by what they hold."""

    content: tuple[object, ...]
    bars: Bars = field(compare=False)


@lru_cache(maxsize=EXAMINATIONS_KEPT)
def _examine(series: _Series) -> Examination:
    bars = series.bars
    price = float(bars.close[-1])
    moves = volatility(bars)
    levels = find_levels(bars, moves.atr)
    return Examination(
        bars=bars,
        price=price,
        trend=trend(bars, moves.atr),
        momentum=momentum(bars, moves.atr),
        location=location(price, levels, moves.atr),
        volatility=moves,
        levels=levels,
    )


def too_short(bars: Bars, needed: int) -> str | None:
    """Return the sentence that says so when `bars` are fewer than `needed`."""
    if len(bars) >= needed:
        return None
    names = {"1d": "daily", "1w": "weekly", "1mo": "monthly"}
    kind = names.get(bars.timeframe.value, bars.timeframe.value)
    return f"needs {needed} closed {kind} bars, {len(bars)} are available"
