"""What an expression can call, and the fields of a bar that it can name."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kuber.signals.generators.streaming import (
    FORGOTTEN_AFTER,
    NAN,
    Atr,
    Change,
    Crossing,
    Deviation,
    Ema,
    Highest,
    Lag,
    Lowest,
    Macd,
    Rsi,
    Sma,
    exponential_settling,
    wilder_settling,
)

FIELDS = ("open", "high", "low", "close", "volume")
MAX_PERIOD = 500
MAX_FUNCTIONS = 20
MAX_WIDTH = 10.0
MAX_READ = 3000
"""How many values all functions together may go through on one bar, or keep for later ones."""
MAX_COST = 12_000_000
"""How many values may be gone through while a series is read up to its first bar that counts."""
STEP_COST = 40
"""What any step costs on one bar beside, in values gone through (about 20 ns each)."""

Update = Callable[..., float]
"""Takes the values of a function's inputs on the next bar, gives its value there."""


class Kind(StrEnum):
    """What an expression can be."""

    NUMBER = "a number"
    CONDITION = "a condition"


@dataclass(frozen=True, slots=True)
class Period:
    """A parameter that must be written as a whole number of bars."""

    name: str
    least: int
    default: int | None = None


@dataclass(frozen=True, slots=True)
class Width:
    """A parameter that must be written as a plain number."""

    name: str
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A parameter that takes any number, such as close or another function."""

    name: str


Parameter = Period | Width | Series


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language. `inputs` are fields that it reads besides its arguments.

    `make` takes the written numbers and returns what computes it bar by bar; `settling` takes the
    same and returns after how many bars the value no longer depends on where it began; `reads`
    takes them and returns how many values it goes through on one bar, or keeps for later ones.
    """

    name: str
    parameters: tuple[Parameter, ...]
    make: Callable[..., Update]
    settling: Callable[..., int]
    meaning: str
    inputs: tuple[str, ...] = ()
    result: Kind = Kind.NUMBER
    reads: Callable[..., int] = lambda *_: 0

    @property
    def usage(self) -> str:
        """Return how it is written, such as `sma(value, bars)`."""
        names = [
            one.name if isinstance(one, Series) or one.default is None
            else f"{one.name}={one.default:g}"
            for one in self.parameters
        ]  # fmt: skip
        return f"{self.name}({', '.join(names)})"


def _macd(part: int) -> Callable[[int, int, int], Update]:
    def make(fast: int, slow: int, signal: int) -> Update:
        macd = Macd(fast, slow, signal)
        return lambda close: macd.update(close)[part]

    return make


def _band(side: int) -> Callable[[int, float], Update]:
    def make(period: int, width: float) -> Update:
        bands = Deviation(period)

        def update(close: float) -> float:
            middle, deviation = bands.update(close)
            return middle + side * width * deviation

        return update

    return make


def _crosses(side: int) -> Callable[[], Update]:
    def make() -> Update:
        crossing = Crossing()

        def update(line: float, other: float) -> float:
            crossed = crossing.update(line, other) == side
            return NAN if math.isnan(line) or math.isnan(other) else float(crossed)

        return update

    return make


def _pair(choose: Callable[[float, float], float]) -> Callable[[], Update]:
    def update(a: float, b: float) -> float:
        return NAN if math.isnan(a) or math.isnan(b) else choose(a, b)

    return lambda: update


def _stddev(period: int) -> Update:
    deviation = Deviation(period)
    return lambda value: deviation.update(value)[1]


def _macd_settling(_fast: int, slow: int, signal: int) -> int:
    return exponential_settling(slow) + exponential_settling(signal)


def _window(period: int, *_: float) -> int:
    return period


def _twice(period: int, *_: float) -> int:
    """Once for the mean and once for the deviations from it."""
    return 2 * period


_VALUE, _BARS = Series("value"), Period("bars", 2)
_MACD = (Period("fast", 2, 12), Period("slow", 3, 26), Period("signal", 2, 9))
_BANDS: tuple[Parameter, ...] = (Period("bars", 2, 20), Width("width", 2.0))
_SIDES = 2 + FORGOTTEN_AFTER
"""A crossing needs the last bar before on which both values were known."""

_ALL = (
    Function(
        "sma",
        (_VALUE, _BARS),
        lambda n: Sma(n).update,
        _window,
        "simple moving average",
        reads=_window,
    ),
    Function(
        "ema",
        (_VALUE, _BARS),
        lambda n: Ema(n).update,
        exponential_settling,
        "exponential moving average",
    ),
    Function(
        "rsi",
        (Period("bars", 2, 14),),
        lambda n: Rsi(n).update,
        wilder_settling,
        "relative strength index of the close, 0 to 100",
        ("close",),
    ),
    Function("macd", _MACD, _macd(0), _macd_settling, "MACD line of the close", ("close",)),
    Function("macd_signal", _MACD, _macd(1), _macd_settling, "its signal line", ("close",)),
    Function("macd_histogram", _MACD, _macd(2), _macd_settling, "their difference", ("close",)),
    Function(
        "bollinger_upper",
        _BANDS,
        _band(1),
        _window,
        "upper Bollinger band",
        ("close",),
        reads=_twice,
    ),
    Function(
        "bollinger_lower",
        _BANDS,
        _band(-1),
        _window,
        "lower Bollinger band",
        ("close",),
        reads=_twice,
    ),
    Function(
        "atr",
        (Period("bars", 1, 14),),
        lambda n: Atr(n).update,
        wilder_settling,
        "average true range, in price units",
        ("high", "low", "close"),
    ),
    Function(
        "stddev",
        (_VALUE, _BARS),
        _stddev,
        _window,
        "standard deviation (population)",
        reads=_twice,
    ),
    Function(
        "highest",
        (_VALUE, _BARS),
        lambda n: Highest(n).update,
        _window,
        "greatest value",
        reads=_window,
    ),
    Function(
        "lowest",
        (_VALUE, _BARS),
        lambda n: Lowest(n).update,
        _window,
        "least value",
        reads=_window,
    ),
    Function(
        "change",
        (_VALUE, Period("bars", 1)),
        lambda n: Change(n).update,
        lambda n: n + 1,
        "change over so many bars, in per cent",
        reads=_window,
    ),
    Function(
        "previous",
        (_VALUE, Period("bars", 1, 1)),
        lambda n: Lag(n).update,
        lambda n: n + 1,
        "the value of so many bars ago",
        reads=_window,
    ),
    Function("abs", (_VALUE,), lambda: abs, lambda: 0, "size without the sign"),
    Function("min", (Series("a"), Series("b")), _pair(min), lambda: 0, "the smaller of two values"),
    Function("max", (Series("a"), Series("b")), _pair(max), lambda: 0, "the greater of two values"),
    Function(
        "crosses_above",
        (Series("a"), Series("b")),
        _crosses(1),
        lambda: _SIDES,
        "true on the bar on which a comes to lie above b",
        result=Kind.CONDITION,
    ),
    Function(
        "crosses_below",
        (Series("a"), Series("b")),
        _crosses(-1),
        lambda: _SIDES,
        "true on the bar on which a comes to lie below b",
        result=Kind.CONDITION,
    ),
)

FUNCTIONS: Mapping[str, Function] = {function.name: function for function in _ALL}
"""Every function by its name."""
