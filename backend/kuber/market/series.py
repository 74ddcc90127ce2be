"""One stored series: raw bars as traded, and the view of them at an instant."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Generic, TypeVar

import numpy as np

from kuber.market.adjustment import (
    KnownSplit,
    Split,
    find_splits,
    price_factors,
    with_known,
)
from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.resampling import Mask, resample_whole, select
from kuber.market.types import Bars, FloatArray, Source, TimeArray, Timeframe, to_datetime64


@dataclass(frozen=True, slots=True, eq=False)
class RawBars:
    """Bars as traded; `adj_close` has shape (n,), NaN where the file gave none.

    `known` are the splits that are kept with their series, in these bars or not.
    """

    bars: Bars
    adj_close: FloatArray | None
    known: tuple[KnownSplit, ...] = ()

    def window(self, start: int, stop: int) -> "RawBars":
        """Return the bars from `start` up to but without `stop` (views, no copy)."""
        adjusted = None if self.adj_close is None else self.adj_close[start:stop]
        return RawBars(self.bars.window(start, stop), adjusted, self.known)

    def only(self, chosen: Mask) -> "RawBars":
        """Return the bars that are marked in `chosen`, shape (n,)."""
        adjusted = None if self.adj_close is None else self.adj_close[chosen]
        return RawBars(select(self.bars, chosen), adjusted, self.known)

    def splits(self) -> tuple[Split, ...]:
        """Return the splits that are known or that the adjusted close tells of."""
        return with_known(self.told_by_adjusted_close(), self.known, self.bars.opened_at)

    def told_by_adjusted_close(self) -> tuple[Split, ...]:
        """Return the splits that the adjusted close tells of."""
        if self.adj_close is None:
            return ()
        return find_splits(self.bars.open, self.bars.close, self.adj_close)


@dataclass(frozen=True, slots=True, eq=False)
class RawSeries:
    """Bars as traded, oldest first, with their splits."""

    bars: Bars
    splits: tuple[Split, ...]
    calendar: TradingCalendar

    @classmethod
    def of(cls, raw: RawBars, calendar_code: str) -> "RawSeries":
        """Return the series of raw bars with its splits found."""
        return cls(raw.bars, raw.splits(), calendar_for(calendar_code))

    def splits_by(self, as_of: datetime) -> int:
        """Return how many splits had taken effect: the first bar after them closed by `as_of`."""
        at = to_datetime64(as_of)
        return sum(bool(self.bars.closed_at[split.index] <= at) for split in self.splits)

    def frame(self, timeframe: Timeframe, split_count: int) -> Bars:
        """Return all bars of `timeframe`, adjusted for the first `split_count` splits.

        What lies after a later split is on another basis: cut with `closed_by`.
        """
        adjusted = adjust(self.bars, self.splits[:split_count])
        return resample_whole(adjusted, timeframe, self.calendar)


def adjust(bars: Bars, splits: tuple[Split, ...], after: Fraction = Fraction(1)) -> Bars:
    """Return `bars` on the basis after `splits` (among them) and after `after` (behind them)."""
    if not splits and after == 1:
        return bars
    factors = price_factors(len(bars), splits, after)
    return Bars(
        bars.symbol,
        bars.timeframe,
        bars.source,
        bars.opened_at,
        bars.closed_at,
        bars.open * factors,
        bars.high * factors,
        bars.low * factors,
        bars.close * factors,
        bars.volume / factors,
        bars.version,
    )


Value = TypeVar("Value")


class SizedCache(Generic[Value]):
    """The most recently used values, up to a number of bytes; for one thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self.size_bytes = 0

    def get(self, key: Hashable) -> Value | None:
        """Return what was put under `key`, None when it is gone."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value, size_bytes: int) -> None:
        """Keep `value`; the least recently used ones go when the limit is passed."""
        self.size_bytes += size_bytes - self._values.pop(key, (None, 0))[1]
        self._values[key] = value, size_bytes
        while self.size_bytes > self._limit_bytes and len(self._values) > 1:
            _, (_, gone_bytes) = self._values.popitem(last=False)
            self.size_bytes -= gone_bytes


class FrameCache(SizedCache[Bars]):
    """Recently used bars. They are shared, so writing to their arrays is refused."""

    def keep(self, key: Hashable, frame: Bars) -> None:
        """Keep `frame` and make its arrays read-only."""
        for array in (frame.open, frame.high, frame.low, frame.close, frame.volume):
            array.setflags(write=False)
        self.put(key, frame, size_bytes(frame))


def size_bytes(bars: Bars) -> int:
    """Return the bytes that the arrays of `bars` take."""
    return 7 * 8 * len(bars)


def join_raw(older: RawBars, newer: RawBars) -> RawBars:
    """Return consecutive bars as traded, of one series, as one."""
    bars = join([older.bars, newer.bars])
    if older.adj_close is None and newer.adj_close is None:
        return RawBars(bars, None, older.known)
    parts = [
        np.full(len(one.bars), np.nan) if one.adj_close is None else one.adj_close
        for one in (older, newer)
    ]
    return RawBars(bars, np.concatenate(parts), older.known)


def no_bars(symbol: str, timeframe: Timeframe, source: Source) -> Bars:
    """Return bars of shape (0,)."""
    times: TimeArray = np.empty(0, dtype="datetime64[us]")
    none: FloatArray = np.empty(0)
    return Bars(symbol, timeframe, source, times, times, none, none, none, none, none)


def join(parts: list[Bars]) -> Bars:
    """Return consecutive bars of one instrument and timeframe, oldest part first, as one."""
    if len(parts) == 1:
        return parts[0]
    return Bars(
        parts[0].symbol,
        parts[0].timeframe,
        parts[0].source,
        np.concatenate([part.opened_at for part in parts]),
        np.concatenate([part.closed_at for part in parts]),
        np.concatenate([part.open for part in parts]),
        np.concatenate([part.high for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.close for part in parts]),
        np.concatenate([part.volume for part in parts]),
        parts[0].version,
    )
