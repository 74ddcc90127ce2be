"""Indicators for a chart: a value for each bar, and a hole where the formula has no answer."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import orjson
from pydantic import BaseModel

from kuber.kernel.errors import Problem
from kuber.market.errors import MarketError
from kuber.market.indicators import bollinger, ema, rsi, sma
from kuber.market.types import Bars, FloatArray, Source, Timeframe, to_datetime

MIN_PERIOD, MAX_PERIOD = 2, 500
MAX_WIDTH = 10.0
_WIDTH = 2.0
_DIGITS = 8


class IndicatorName(StrEnum):
    """What a chart can draw besides prices."""

    SMA = "sma"
    EMA = "ema"
    BOLLINGER = "bollinger"
    RSI = "rsi"


class Pane(StrEnum):
    """Where it is drawn: over the prices, or below them on a scale of its own."""

    PRICE = "price"
    OWN = "own"


class IndicatorRefused(MarketError):
    """An indicator was asked for with a setting that it does not have."""

    code = "bad_indicator"
    title = "The indicator cannot be computed"


class IndicatorPoint(BaseModel):
    """The values at one bar, in the order of `lines`; null where there is no answer."""

    time: datetime
    values: list[float | None]


class IndicatorOut(BaseModel):
    """An indicator over bars, oldest first."""

    items: list[IndicatorPoint]
    next_cursor: str | None = None
    symbol: str
    timeframe: Timeframe
    source: Source
    simulated: bool
    name: IndicatorName
    period: int
    width: float | None
    lines: list[str]
    pane: Pane


Compute = Callable[[FloatArray, int, float], tuple[FloatArray, ...]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One indicator; it starts `fade` periods early, after which its beginning no longer shows."""

    lines: tuple[str, ...]
    period: int
    pane: Pane
    fade: int
    compute: Compute


def _bands(close: FloatArray, period: int, width: float) -> tuple[FloatArray, ...]:
    channel = bollinger(close, period, width)
    return channel.upper, channel.middle, channel.lower


_KINDS = {
    IndicatorName.SMA: _Kind(("sma",), 50, Pane.PRICE, 1, lambda c, p, _: (sma(c, p),)),
    IndicatorName.EMA: _Kind(("ema",), 20, Pane.PRICE, 10, lambda c, p, _: (ema(c, p),)),
    IndicatorName.BOLLINGER: _Kind(("upper", "middle", "lower"), 20, Pane.PRICE, 1, _bands),
    IndicatorName.RSI: _Kind(("rsi",), 14, Pane.OWN, 20, lambda c, p, _: (rsi(c, p),)),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An indicator with its settings, checked."""

    name: IndicatorName
    period: int
    width: float | None

    @property
    def early(self) -> int:
        """How many bars before the first one shown it is computed from."""
        return _KINDS[self.name].fade * self.period


def asked(name: IndicatorName, period: int | None, width: float | None) -> Asked:
    """Return the indicator with the settings that were left out; raises IndicatorRefused."""
    banded = name is IndicatorName.BOLLINGER
    if width is not None and not banded:
        raise _refused("width", f"{name.value} has no width.", "Leave width out.")
    if width is not None and not (math.isfinite(width) and 0 < width <= MAX_WIDTH):
        message = f"A width of {width} standard deviations cannot be used."
        raise _refused("width", message, f"Use one above 0, to {MAX_WIDTH:g}.")
    chosen = (width if width is not None else _WIDTH) if banded else None
    return Asked(name, period if period is not None else _KINDS[name].period, chosen)


def values_of(bars: Bars, what: Asked) -> tuple[FloatArray, ...]:
    """Return each line of an indicator, NaN where it has no answer; shape (n,) each."""
    width = what.width if what.width is not None else _WIDTH
    return _KINDS[what.name].compute(bars.close, what.period, width)


def encode_indicator(bars: Bars, what: Asked, limit: int) -> bytes:
    """Return the values at the newest `limit` of the bars as the JSON of IndicatorOut."""
    kind = _KINDS[what.name]
    lines = [np.round(line[-limit:], _DIGITS).tolist() for line in values_of(bars, what)]
    out = {
        "items": [
            {"time": at, "values": values}  # NaN becomes null
            for at, *values in zip(map(to_datetime, bars.opened_at[-limit:]), *lines, strict=True)
        ],
        "next_cursor": None,
        "symbol": bars.symbol,
        "timeframe": bars.timeframe,
        "source": bars.source,
        "simulated": bars.simulated,
        "name": what.name,
        "period": what.period,
        "width": what.width,
        "lines": kind.lines,
        "pane": kind.pane,
    }
    return orjson.dumps(out, option=orjson.OPT_UTC_Z)


def _refused(field: str, message: str, remedy: str) -> IndicatorRefused:
    return IndicatorRefused(message, [Problem(message, remedy, field=field)])
