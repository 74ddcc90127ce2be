"""The built-in indicators of charts; their formulas are those of `kuber.market.indicators`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from kuber.market.chart_indicators.indicator import (
    Indicator,
    IndicatorMetadata,
    IndicatorSettings,
    Pane,
)
from kuber.market.indicators import bollinger, ema, rsi, sma
from kuber.market.types import Bars, FloatArray

MIN_PERIOD, MAX_PERIOD = 2, 500
MAX_WIDTH = 10.0


def _period(default: int) -> Any:
    return Field(
        default,
        ge=MIN_PERIOD,
        le=MAX_PERIOD,
        title="Period",
        json_schema_extra={"x-unit": "bars"},
    )


class SimpleAverageSettings(IndicatorSettings):
    """Over how many bars."""

    period: int = _period(50)


class SimpleAverage(Indicator[SimpleAverageSettings]):
    """SMA of the close."""

    metadata = IndicatorMetadata(
        name="sma",
        title="SMA",
        description="Simple moving average: the mean of the last closes.",
        pane=Pane.PRICE,
        lines={"sma": "SMA"},
        presets=({"period": 20}, {"period": 50}, {"period": 200}),
    )
    Settings = SimpleAverageSettings

    def compute(self, bars: Bars, settings: SimpleAverageSettings) -> Mapping[str, FloatArray]:
        return {"sma": sma(bars.close, settings.period)}

    def warm_up(self, settings: SimpleAverageSettings) -> int:
        return settings.period


class ExponentialAverageSettings(IndicatorSettings):
    """Over how many bars."""

    period: int = _period(20)


class ExponentialAverage(Indicator[ExponentialAverageSettings]):
    """EMA of the close."""

    metadata = IndicatorMetadata(
        name="ema",
        title="EMA",
        description="Exponential moving average: newer closes count for more.",
        pane=Pane.PRICE,
        lines={"ema": "EMA"},
        presets=({"period": 20}, {"period": 50}),
    )
    Settings = ExponentialAverageSettings

    def compute(self, bars: Bars, settings: ExponentialAverageSettings) -> Mapping[str, FloatArray]:
        return {"ema": ema(bars.close, settings.period)}

    def warm_up(self, settings: ExponentialAverageSettings) -> int:
        return 10 * settings.period


class BollingerSettings(IndicatorSettings):
    """Over how many bars, and how wide."""

    period: int = _period(20)
    width: float = Field(
        2.0,
        gt=0,
        le=MAX_WIDTH,
        allow_inf_nan=False,
        title="Width",
        description="In standard deviations of the population.",
    )


class BollingerBands(Indicator[BollingerSettings]):
    """SMA of the close with a band of deviations on either side."""

    metadata = IndicatorMetadata(
        name="bollinger",
        title="Bollinger",
        description="Bollinger bands: the mean of the last closes, and deviations around it.",
        pane=Pane.PRICE,
        lines={"upper": "Upper band", "middle": "Mean", "lower": "Lower band"},
    )
    Settings = BollingerSettings

    def compute(self, bars: Bars, settings: BollingerSettings) -> Mapping[str, FloatArray]:
        channel = bollinger(bars.close, settings.period, settings.width)
        return {"upper": channel.upper, "middle": channel.middle, "lower": channel.lower}

    def warm_up(self, settings: BollingerSettings) -> int:
        return settings.period


class RelativeStrengthSettings(IndicatorSettings):
    """Over how many bars."""

    period: int = _period(14)


class RelativeStrength(Indicator[RelativeStrengthSettings]):
    """RSI of the close."""

    metadata = IndicatorMetadata(
        name="rsi",
        title="RSI",
        description="Relative strength index: the share of gains in the last moves, 0 to 100.",
        pane=Pane.OWN,
        lines={"rsi": "RSI"},
        scale=(0, 100),
        levels=(30, 70),
    )
    Settings = RelativeStrengthSettings

    def compute(self, bars: Bars, settings: RelativeStrengthSettings) -> Mapping[str, FloatArray]:
        return {"rsi": rsi(bars.close, settings.period)}

    def warm_up(self, settings: RelativeStrengthSettings) -> int:
        return 20 * settings.period
