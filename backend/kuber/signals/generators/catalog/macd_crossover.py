"""MACD crossover: the MACD line passes its signal line."""

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
from kuber.signals.generators.streaming import (
    Atr,
    Crossing,
    Macd,
    exponential_settling,
    wilder_settling,
)
from kuber.signals.types import SignalDirection

_ATR = 14


class MacdConfig(GeneratorConfig):
    """The three averages."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "MACD {fast}, {slow}, {signal}"})

    fast: int = Field(12, ge=2, le=200, title="Fast average", json_schema_extra={"x-unit": "bars"})
    slow: int = Field(26, ge=3, le=250, title="Slow average", json_schema_extra={"x-unit": "bars"})
    signal: int = Field(
        9,
        ge=2,
        le=100,
        title="Signal line",
        description="Average of the MACD line.",
        json_schema_extra={"x-unit": "bars"},
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise SettingFault(
                "slow",
                f"the slow average ({self.slow}) is not longer than the fast one ({self.fast})",
                "Choose more bars for the slow average, or fewer for the fast one.",
            )
        return self


class MacdCrossover(SignalGenerator[MacdConfig]):
    """BULLISH when the MACD line rises above its signal line, BEARISH when it falls below."""

    metadata = GeneratorMetadata(
        "macd_crossover",
        "MACD crossover",
        "The MACD line passes its signal line.",
        "macd_crossover",
    )
    Config = MacdConfig

    @property
    def warm_up(self) -> int:
        averages = exponential_settling(self.config.slow) + exponential_settling(self.config.signal)
        return max(averages, wilder_settling(_ATR))

    def detector(self, ticker: str) -> Detector:
        return _Lines(ticker, self.config)


class _Lines(Detector):
    def __init__(self, ticker: str, config: MacdConfig) -> None:
        super().__init__(ticker)
        self._macd = Macd(config.fast, config.slow, config.signal)
        self._atr = Atr(_ATR)
        self._crossing = Crossing()

    def on_bar(self, bar: Bar) -> Emission | None:
        line, signal, histogram = self._macd.update(bar.close)
        atr = self._atr.update(bar.high, bar.low, bar.close)
        crossed = self._crossing.update(line, signal)
        if not crossed:
            return None
        parts = {
            "crossing": 50.0,
            "from_the_far_side_of_zero": 25.0 * (line * crossed < 0),
            "decisive": 25.0 * share(abs(histogram), 0.1 * atr),
        }
        return self.emission(
            bar,
            SignalDirection.BULLISH if crossed > 0 else SignalDirection.BEARISH,
            parts,
            close=bar.close,
            macd=line,
            signal_line=signal,
            histogram=histogram,
            atr=atr,
        )
