"""RSI: the price was carried too far one way and turns back."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from kuber.agents.base import SettingFault
from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
    share,
)
from kuber.signals.generators.streaming import Crossing, Rsi, wilder_settling
from kuber.signals.types import SignalDirection

_LONGEST_STAY = 100
_DEEP = 15.0


class RsiConfig(GeneratorConfig):
    """The index and its two levels."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "RSI {period}: {low} and {high}"})

    period: int = Field(
        14, ge=2, le=250, title="Period", description="Bars.", json_schema_extra={"x-unit": "bars"}
    )
    low: float = Field(
        30, ge=1, le=99, title="Oversold", description="BULLISH when the RSI comes back above it."
    )
    high: float = Field(
        70, ge=1, le=99, title="Overbought", description="BEARISH when the RSI falls back below it."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise SettingFault(
                "high",
                f"the upper level ({self.high:g}) is not above the lower one ({self.low:g})",
                "Choose a higher upper level.",
            )
        return self


class RsiReversal(SignalGenerator[RsiConfig]):
    """BULLISH when the RSI leaves oversold upwards, BEARISH when it leaves overbought downwards."""

    metadata = GeneratorMetadata(
        "rsi",
        "RSI reversal",
        "The relative strength index comes back from oversold or overbought.",
        "rsi",
    )
    Config = RsiConfig

    @property
    def warm_up(self) -> int:
        return wilder_settling(self.config.period) + _LONGEST_STAY

    def detector(self, ticker: str) -> Detector:
        return _Levels(ticker, self.config)


class _Levels(Detector):
    def __init__(self, ticker: str, config: RsiConfig) -> None:
        super().__init__(ticker)
        self._low, self._high = config.low, config.high
        self._rsi = Rsi(config.period)
        self._above_low, self._above_high = Crossing(), Crossing()
        self._least, self._greatest = 100.0, 0.0

    def on_bar(self, bar: Bar) -> Emission | None:
        rsi = self._rsi.update(bar.close)
        up = self._above_low.update(rsi, self._low) > 0
        down = self._above_high.update(rsi, self._high) < 0
        emission = None
        if up:
            emission = self._turned(bar, SignalDirection.BULLISH, rsi, self._low, self._least)
        elif down:
            emission = self._turned(bar, SignalDirection.BEARISH, rsi, self._high, self._greatest)
        self._least = min(self._least, rsi) if self._above_low.side < 0 else 100.0
        self._greatest = max(self._greatest, rsi) if self._above_high.side > 0 else 0.0
        return emission

    def _turned(
        self, bar: Bar, direction: SignalDirection, rsi: float, level: float, extreme: float
    ) -> Emission:
        parts = {
            "turned_back": 50.0,
            "how_far_beyond": 35.0 * share(abs(extreme - level), _DEEP),
            "how_far_back": 15.0 * share(abs(rsi - level), _DEEP),
        }
        return self.emission(
            bar, direction, parts, close=bar.close, rsi=rsi, level=level, extreme=extreme
        )
