"""Indicators that take one value at a time; each equals its counterpart in TA-Lib.

`update` takes the next value and returns the indicator there, NaN while it has too little history.
Leading NaN inputs are skipped, so an indicator of an indicator starts where the inner one does.
Means over a window are summed afresh from the window: no rounding error builds up, and a value
depends on the bars of its window alone. Sources of the formulas: `kuber.market.indicators`.
"""

import math
from collections import deque

NAN = math.nan
_TINY = 1e-14
"""TA-Lib takes a smaller sum of gains and losses for zero."""
_EQUAL = 1e-9
"""Two lines that differ by less than this part of their size are the same line."""


def exponential_settling(period: int) -> int:
    """Return after how many bars an EMA has forgotten all but 1e-9 of where it began."""
    return math.ceil(10.4 * (period + 1))


def wilder_settling(period: int) -> int:
    """Return after how many bars Wilder's smoothing has forgotten all but 1e-9 of its start."""
    return math.ceil(20.8 * period)


class Window:
    """The last `size` values; NaN values before the first number are skipped."""

    def __init__(self, size: int) -> None:
        assert size >= 1, "a window holds at least one value"
        self.values: deque[float] = deque(maxlen=size)
        self._size = size

    def push(self, value: float) -> bool:
        """Take in a value; return whether the window is full of numbers."""
        if math.isnan(value) and not self.values:
            return False
        self.values.append(value)
        return len(self.values) == self._size


class Sma:
    """Simple moving average: the mean of the last `period` values."""

    def __init__(self, period: int) -> None:
        self._window = Window(period)
        self._period = period

    def update(self, value: float) -> float:
        if not self._window.push(value):
            return NAN
        return math.fsum(self._window.values) / self._period


class Ema:
    """Exponential moving average, weight 2 / (period + 1), from the mean of `period` values."""

    def __init__(self, period: int) -> None:
        self._seed = Sma(period)
        self._weight = 2.0 / (period + 1)
        self._value = NAN

    def update(self, value: float) -> float:
        if math.isnan(self._value):
            self._value = self._seed.update(value)
        else:
            self._value += self._weight * (value - self._value)
        return self._value


class Wilder:
    """Wilder's smoothing: (old * (period - 1) + new) / period, from the mean of `period` values."""

    def __init__(self, period: int) -> None:
        self._seed = Sma(period)
        self._period = period
        self._value = NAN

    def update(self, value: float) -> float:
        if math.isnan(self._value):
            self._value = self._seed.update(value)
        else:
            self._value = (self._value * (self._period - 1) + value) / self._period
        return self._value


class Rsi:
    """Relative strength index in [0, 100] with Wilder's smoothing; 0 when nothing ever moved."""

    def __init__(self, period: int) -> None:
        self._gains, self._losses = Wilder(period), Wilder(period)
        self._before = NAN

    def update(self, value: float) -> float:
        change, self._before = value - self._before, value
        if math.isnan(change):
            return NAN
        gain, loss = self._gains.update(max(change, 0.0)), self._losses.update(max(-change, 0.0))
        total = gain + loss
        if math.isnan(total):
            return NAN
        return 100.0 * gain / total if total >= _TINY else 0.0


class Macd:
    """EMA(fast) - EMA(slow), its EMA(signal), and their difference.

    Both averages start on the same bar, and all three lines with the signal, as in TA-Lib.
    """

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        self._fast, self._slow, self._signal = Ema(fast), Ema(slow), Ema(signal)
        self._skipped = slow - fast

    def update(self, value: float) -> tuple[float, float, float]:
        """Return line, signal and histogram."""
        slow, fast = self._slow.update(value), NAN
        if self._skipped > 0:
            self._skipped -= not math.isnan(value)
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
        mean = math.fsum(self._window.values) / self._period
        squares = math.fsum((one - mean) ** 2 for one in self._window.values)
        return mean, math.sqrt(squares / self._period)


class Highest:
    """The greatest of the last `period` values."""

    def __init__(self, period: int) -> None:
        self._window = Window(period)

    def update(self, value: float) -> float:
        return max(self._window.values) if self._window.push(value) else NAN


class Lowest:
    """The least of the last `period` values."""

    def __init__(self, period: int) -> None:
        self._window = Window(period)

    def update(self, value: float) -> float:
        return min(self._window.values) if self._window.push(value) else NAN


class Lag:
    """The value of `bars` bars ago."""

    def __init__(self, bars: int) -> None:
        self._window = Window(bars + 1)

    def update(self, value: float) -> float:
        return self._window.values[0] if self._window.push(value) else NAN


class Change:
    """Rate of change over `bars` bars in per cent; 0 when the old value is 0, as in TA-Lib."""

    def __init__(self, bars: int) -> None:
        self._lag = Lag(bars)

    def update(self, value: float) -> float:
        before = self._lag.update(value)
        return (value / before - 1.0) * 100.0 if before != 0 else 0.0


class Crossing:
    """Says when one line passes another.

    What counts is the side on which the line was last: touching the other line and turning back is
    no crossing, and lying on it does not make two of one. Rounding is no crossing either: a
    difference below 1e-9 of the other line's size counts as none.
    """

    def __init__(self) -> None:
        self.side = 0
        """1 above, -1 below, 0 while the line has been on neither side."""

    def update(self, line: float, other: float) -> int:
        """Return 1 where `line` comes to lie above `other`, -1 where below, else 0."""
        difference = line - other
        if math.isnan(difference) or abs(difference) <= _EQUAL * abs(other):
            return 0
        side = 1 if difference > 0 else -1
        crossed = side if self.side == -side else 0
        self.side = side
        return crossed


class Onset:
    """Says when a condition begins to hold; unknown (None) leaves everything as it was."""

    def __init__(self) -> None:
        self._held: bool | None = None

    def update(self, holds: bool | None) -> bool:
        """Return True where the condition was known not to hold and now does."""
        if holds is None:
            return False
        begins = holds and self._held is False
        self._held = holds
        return begins
