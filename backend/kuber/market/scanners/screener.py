"""The screener: what the newest daily bars of an instrument say, and which instruments pass."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from kuber.market import indicators
from kuber.market.instruments import traits_of
from kuber.market.scanners.types import MAX_TICKERS, Op, ScannerFilter, ScannerRule, ScreenField
from kuber.market.types import Bars, FloatArray, Source, to_datetime

NAN = math.nan
HISTORY_BARS = 300
"""How many daily bars are looked at; RSI and ATR need a run-up before they settle."""

_COMPARE: Mapping[Op, Callable[[float, float], bool]] = {
    Op.ABOVE: operator.gt,
    Op.AT_LEAST: operator.ge,
    Op.BELOW: operator.lt,
    Op.AT_MOST: operator.le,
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An instrument as of the close of its newest daily bar.

    `numbers` has every numeric field, NaN where the history is too short or there is no answer: a
    part of a price that is not above 0, the RSI of one that never moved.
    """

    ticker: str
    as_of: datetime
    source: Source
    sector: str | None
    numbers: Mapping[ScreenField, float]

    @property
    def turnover(self) -> float:
        """Price times average volume; 0 when unknown."""
        product = self.numbers[ScreenField.PRICE] * self.numbers[ScreenField.AVERAGE_VOLUME_20]
        return 0.0 if math.isnan(product) else product


@dataclass(frozen=True, slots=True)
class Screening:
    """What a screener found: `passed` is cut at the limit, `matched` and `universe` are not."""

    universe: int
    matched: int
    passed: tuple[Snapshot, ...]

    @property
    def tickers(self) -> tuple[str, ...]:
        return tuple(one.ticker for one in self.passed)


def snapshot(bars: Bars) -> Snapshot:
    """Return what `bars` say at their end; they are daily, oldest first, at least one.

    Percentages are in per cent: 1.5 is 1.5 %. `atr_percent` is ATR(14) over the price.
    """
    close, volume = bars.close, bars.volume
    price = float(close[-1])
    sma_50, sma_200 = _last(indicators.sma(close, 50)), _last(indicators.sma(close, 200))
    atr = _last(indicators.atr(bars.high, bars.low, close, 14))
    return Snapshot(
        bars.symbol,
        to_datetime(bars.closed_at[-1]),
        bars.source,
        traits_of(bars.symbol).sector,
        {
            ScreenField.PRICE: price,
            ScreenField.CHANGE_PERCENT: _over(price, float(close[-2]) if len(bars) > 1 else NAN),
            ScreenField.VOLUME: float(volume[-1]),
            ScreenField.AVERAGE_VOLUME_20: _last(indicators.sma(volume, 20)),
            ScreenField.RSI_14: _last(indicators.rsi(close, 14)),
            ScreenField.SMA_50: sma_50,
            ScreenField.SMA_200: sma_200,
            ScreenField.ABOVE_SMA_50_PERCENT: _over(price, sma_50),
            ScreenField.ABOVE_SMA_200_PERCENT: _over(price, sma_200),
            ScreenField.ATR_PERCENT: _per_cent(atr, price),
        },
    )


def screen(universe: Iterable[Snapshot], wanted: ScannerFilter) -> Screening:
    """Return what passes every rule, by turnover, the largest first, then by ticker."""
    everything = list(universe)
    passed = [one for one in everything if all(passes(one, rule) for rule in wanted.all)]
    passed.sort(key=lambda one: (-one.turnover, one.ticker))
    return Screening(len(everything), len(passed), tuple(passed[: wanted.limit or MAX_TICKERS]))


def passes(one: Snapshot, rule: ScannerRule) -> bool:
    """Return whether an instrument meets a rule; what is unknown meets none."""
    if rule.field is ScreenField.SECTOR:
        assert isinstance(rule.value, tuple), "checked by the model"
        return one.sector in rule.value
    number = one.numbers[rule.field]
    if isinstance(rule.value, float):
        return _COMPARE[rule.op](number, rule.value)
    lower, upper = map(float, rule.value)
    return lower <= number <= upper


def _last(values: FloatArray) -> float:
    return float(values[-1])


def _over(price: float, base: float) -> float:
    """Return by how many per cent `price` lies above `base`."""
    return _per_cent(price - base, base)


def _per_cent(part: float, base: float) -> float:
    """Return how many per cent of `base` a part is; NaN unless there is a base above 0."""
    return part / base * 100 if base > 0 else NAN
