"""Whether the times of a file would fit a market's hours in another zone than the one they are read
in: what a newcomer is advised whose broker writes the time of its server."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

import numpy as np
import polars as pl

from kuber.market.calendars import TradingCalendar
from kuber.market.errors import BeyondCalendar
from kuber.market.importing.said import zone_of
from kuber.market.importing.zone_columns import placed_in, shown_in
from kuber.market.types import TimeArray, Timeframe

USUAL = (
    "UTC",
    "Europe/Athens",
    "America/New_York+07:00",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
)
"""Zones in which files are written; MetaTrader's servers mostly have that of Athens, EET, or are
seven hours ahead of New York."""
_BIN_MINUTES = 5
"""Markets open and close at multiples of it, so that one time stands for all within it."""


class BinsOfTimes:
    """When bars open, kept to five minutes: 4 bytes for each five minutes that hold a bar."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []

    def add(self, opened: TimeArray) -> None:
        """Take the openings of a block, shape (n,), in UTC."""
        bins = opened.astype("datetime64[m]").astype(np.int64) // _BIN_MINUTES
        self._parts.append(np.unique(bins).astype(np.int32))

    def all(self) -> TimeArray:
        """Return the beginning of each bin, oldest first, in UTC."""
        if not self._parts:
            return np.array([], dtype="datetime64[us]")
        bins = np.unique(np.concatenate(self._parts)).astype(np.int64)
        found: TimeArray = (bins * _BIN_MINUTES).astype("datetime64[m]").astype("datetime64[us]")
        return found


class _Fit(NamedTuple):
    zone: str
    missing: int


def fitting_zones(
    opened: TimeArray,
    bars: int,
    read_in: tzinfo,
    calendar: TradingCalendar,
    timeframe: Timeframe,
) -> tuple[str, ...]:
    """Return the usual zones in which no bar would open while the market is closed; of these the
    ones with the fewest gaps, which are none, or fewer than in the zone the times are read in.

    opened: as `BinsOfTimes.all` gives them; `bars`: how many there are.
    """
    if not len(opened) or not timeframe.intraday:
        return ()
    inside = int(np.count_nonzero(calendar.trades_at(opened)))
    now_missing = expected_bars(calendar, opened[0], opened[-1], timeframe) - min(bars, inside)
    written = shown_in(read_in, pl.Series(opened))
    fits: list[_Fit] = []
    for name in USUAL:
        instants = _instants(written, zone_of(name))
        if instants is None:
            continue
        try:
            trades = bool(calendar.trades_at(instants).all())
            last = instants[-1] + np.timedelta64(timeframe.span)
            missing = max(0, expected_bars(calendar, instants[0], last, timeframe) - bars)
        except BeyondCalendar:
            continue
        if trades and (missing == 0 or missing < now_missing):
            fits.append(_Fit(name, missing))
    fewest = min((one.missing for one in fits), default=0)
    return tuple(one.zone for one in fits if one.missing == fewest)


def expected_bars(
    calendar: TradingCalendar, first: np.datetime64, last: np.datetime64, timeframe: Timeframe
) -> int:
    """Return how many intraday bars there would be from `first` to `last` without a gap."""
    hours = calendar.hours(first, last)
    opens, closes = np.maximum(hours.opens, first), np.minimum(hours.closes, last)
    spans = (closes - opens)[closes > opens]
    return int(np.ceil(spans / np.timedelta64(timeframe.span)).sum())


def as_advice(zones: Sequence[str]) -> str:
    """Return the sentence that names the zones, empty where there is none."""
    if not zones:
        return ""
    named = zones[0] if len(zones) == 1 else f"{', '.join(zones[:-1])} or {zones[-1]}"
    return f" With {named} every bar lies within its market's hours."


def _instants(written: pl.Series, zone: tzinfo) -> TimeArray | None:
    """Return the instants at which clocks in the zone show this; None where one shows it twice or
    never: a file of such times is refused."""
    placed = placed_in(zone, written)
    return None if placed is None else placed.to_numpy().astype("datetime64[us]")
