"""Indicators that take one value at a time; each equals its counterpart over arrays.

`update` takes the next value and returns the indicator there, NaN while it has too little history,
and where its formula has no answer.
A value that is no finite number is a gap: the indicator is NaN there and begins anew behind it, as
if the series began there. So no value ever depends on which bar was fed first, and an indicator of
an indicator starts where the inner one does. What grows beyond the floats is a gap as well.
Means over a window are summed afresh from the window: no rounding error builds up, and a value
depends on the bars of its window alone. Sources of the formulas: `kuber.market.indicators`.
"""

import math
from abc import ABC, abstractmethod
from collections import deque

NAN = math.nan
_TINY = 1e-14
"""TA-Lib takes a smaller sum of gains and losses for zero."""
_EQUAL = 1e-9
"""Two lines that differ by less than this part of their size are the same line."""
FORGOTTEN_AFTER = 20
"""Bars in a row without a value after which what was known before them no longer counts."""


def exponential_settling(period: int) -> int:
    """Return after how many bars an EMA has forgotten all but 1e-9 of where it began."""
    return math.ceil(10.4 * (period + 1))


def wilder_settling(period: int) -> int:
    """Return after how many bars Wilder's smoothing has forgotten all but 1e-9 of its start."""
    return math.ceil(20.8 * period)


class Window:
    """The last `size` values; a value that is no finite number empties it."""

    def __init__(self, size: int) -> None:
        assert size >= 1, "a window holds at least one value"
        self.values: deque[float] = deque(maxlen=size)
        self._size = size

    def push(self, value: float) -> bool:
        """Take in a value; return whether the window is full of numbers."""
        if not math.isfinite(value):
            self.values.clear()
            return False
        self.values.append(value)
        return len(self.values) == self._size

    def mean(self) -> float:
        """Return the mean of the values, NaN when their sum is beyond the floats."""
        try:
            return math.fsum(self.values) / len(self.values)
        except OverflowError:
            return NAN


class Sma:
    """Simple moving average: the mean of the last `period` values."""

    def __init__(self, period: int) -> None:
        self._window = Window(period)

    def update(self, value: float) -> float:
        return self._window.mean() if self._window.push(value) else NAN


class _Smoothed(ABC):
    """Begins with the mean of `period` values, then follows each new one a little."""

    def __init__(self, period: int) -> None:
        self._period = period
        self._seen = 0
        self._value = 0.0
        """The sum of the first values, and the smoothed one from the last of them on."""

    def update(self, value: float) -> float:
        if self._seen == self._period:
            self._value = self._next(self._value, value)
        else:
            self._seen += 1
            self._value += value
            if self._seen == self._period:
                self._value /= self._period
        if not math.isfinite(self._value):
            self._seen, self._value = 0, 0.0
        return self._value if self._seen == self._period else NAN

    @abstractmethod
    def _next(self, old: float, new: float) -> float: ...


class Ema(_Smoothed):
    """Exponential moving average, weight 2 / (period + 1), from the mean of `period` values."""

    def _next(self, old: float, new: float) -> float:
        return old + 2.0 / (self._period + 1) * (new - old)


class Wilder(_Smoothed):
    """Wilder's smoothing: (old * (period - 1) + new) / period, from the mean of `period` values."""

    def _next(self, old: float, new: float) -> float:
        return (old * (self._period - 1) + new) / self._period


class Rsi:
    """Relative strength index in [0, 100] with Wilder's smoothing; none while nothing moves."""

    def __init__(self, period: int) -> None:
        self._gains, self._losses = Wilder(period), Wilder(period)
        self._before = NAN

    def update(self, value: float) -> float:
        change, self._before = value - self._before, value
        gain = self._gains.update(change if not change < 0 else 0.0)
        loss = self._losses.update(-change if not change > 0 else 0.0)
        total = gain + loss
        if not math.isfinite(total):
            return NAN
        return 100.0 * (gain / total) if total >= _TINY else NAN


class Macd:
    """EMA(fast) - EMA(slow), its EMA(signal), and their difference.

    Both averages start on the same bar, and all three lines with the signal, as in TA-Lib.
    """

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        self._fast, self._slow, self._signal = Ema(fast), Ema(slow), Ema(signal)
        self._lead = self._skipped = slow - fast

    def update(self, value: float) -> tuple[float, float, float]:
        """Return line, signal and histogram."""
        slow, fast = self._slow.update(value), NAN
        if not math.isfinite(value):
            self._skipped = self._lead
            self._fast.update(value)
        elif self._skipped > 0:
            self._skipped -= 1
        else:
            fast = self._fast.update(value)
        line = fast - slow
        signal = self._signal.update(line)
        return (line if not math.isnan(signal) else NAN), signal, line - signal


class TrueRange:
    """max(high, previous close) - min(low, previous close); NaN on the first bar."""

    def __init__(self) -> None:
        self._close = NAN

    def update(self, high: float, low: float, close: float) -> float:
        before, self._close = self._close, close
        return NAN if math.isnan(before) else max(high, before) - min(low, before)


class Atr:
    """Average true range in price units, with Wilder's smoothing."""

    def __init__(self, period: int) -> None:
        self._range, self._mean = TrueRange(), Wilder(period)

    def update(self, high: float, low: float, close: float) -> float:
        return self._mean.update(self._range.update(high, low, close))


class Deviation:
    """Population standard deviation of the last `period` values, with their mean."""

    def __init__(self, period: int) -> None:
        self._window = Window(period)
        self._period = period

    def update(self, value: float) -> tuple[float, float]:
        """Return mean and standard deviation."""
        if not self._window.push(value):
            return NAN, NAN
        if self._window.values.count(value) == self._period:
            return value, 0.0  # without the rounding that would look like a small movement
        mean = self._window.mean()
        # The distance from the mean is the root of the summed squares, without their overflow.
        distance = math.dist(tuple(self._window.values), (mean,) * self._period)
        return mean, distance / math.sqrt(self._period)


class _Extreme:
    """The greatest of `sign` times the last `period` values, in constant time per value.

    Kept are the values that are still to be the greatest one day: each is greater than those
    after it (the monotonic wedge, Lemire 2006).
    """

    def __init__(self, period: int, sign: int) -> None:
        self._period, self._sign = period, sign
        self._wedge: deque[tuple[int, float]] = deque()
        self._count = 0

    def update(self, value: float) -> float:
        if not math.isfinite(value):
            self._wedge.clear()
            self._count = 0
            return NAN
        signed = self._sign * value
        while self._wedge and self._wedge[-1][1] <= signed:
            self._wedge.pop()
        self._wedge.append((self._count, signed))
        self._count += 1
        if self._wedge[0][0] < self._count - self._period:
            self._wedge.popleft()
        return self._sign * self._wedge[0][1] if self._count >= self._period else NAN


class Highest(_Extreme):
    """The greatest of the last `period` values; NaN while one of them is missing."""

    def __init__(self, period: int) -> None:
        super().__init__(period, 1)


class Lowest(_Extreme):
    """The least of the last `period` values; NaN while one of them is missing."""

    def __init__(self, period: int) -> None:
        super().__init__(period, -1)


class Lag:
    """The value of `bars` bars ago, whatever was between."""

    def __init__(self, bars: int) -> None:
        self._values: deque[float] = deque(maxlen=bars + 1)

    def update(self, value: float) -> float:
        self._values.append(value)
        return self._values[0] if len(self._values) == self._values.maxlen else NAN


class Change:
    """Rate of change over `bars` bars in per cent; NaN unless the old value is above 0."""

    def __init__(self, bars: int) -> None:
        self._lag = Lag(bars)

    def update(self, value: float) -> float:
        before = self._lag.update(value)
        return (value / before - 1.0) * 100.0 if before > 0 else NAN


class Crossing:
    """Says when one line passes another.

    What counts is the side on which the line was last: touching the other line and turning back is
    no crossing, and lying on it does not make two of one. Rounding is no crossing either: a
    difference below 1e-9 of the other line's size counts as none. After more than 20 bars on which
    one of the lines is not known, the side before them is forgotten.
    """

    def __init__(self) -> None:
        self.side = 0
        """1 above, -1 below, 0 while the line has been on neither side."""
        self._unknown = 0

    def update(self, line: float, other: float) -> int:
        """Return 1 where `line` comes to lie above `other`, -1 where below, else 0."""
        difference = line - other
        if math.isnan(difference):
            self._unknown += 1
            if self._unknown > FORGOTTEN_AFTER:
                self.side = 0
            return 0
        self._unknown = 0
        if abs(difference) <= _EQUAL * abs(other):
            return 0
        side = 1 if difference > 0 else -1
        crossed = side if self.side == -side else 0
        self.side = side
        return crossed


class Onset:
    """Says when a condition begins to hold.

    Unknown (None) leaves everything as it was; after more than 20 bars of it, what was known
    before them is forgotten.
    """

    def __init__(self) -> None:
        self._held: bool | None = None
        self._unknown = 0

    def update(self, holds: bool | None) -> bool:
        """Return True where the condition was known not to hold and now does."""
        if holds is None:
            self._unknown += 1
            if self._unknown > FORGOTTEN_AFTER:
                self._held = None
            return False
        self._unknown = 0
        begins = holds and self._held is False
        self._held = holds
        return begins
