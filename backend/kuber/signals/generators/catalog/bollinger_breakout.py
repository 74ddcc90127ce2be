"""Bollinger breakout: the close leaves the bands."""

from pydantic import ConfigDict, Field

from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
    share,
)
from kuber.signals.generators.streaming import Crossing, Deviation, Sma
from kuber.signals.types import SignalDirection

_SETTLED = 100


class BollingerConfig(GeneratorConfig):
    """The bands."""

    model_config = ConfigDict(
        json_schema_extra={"x-summary": "close leaves {width} deviations of {period} bars"}
    )

    period: int = Field(
        20,
        ge=2,
        le=250,
        title="Period",
        description="Bars of the middle line.",
        json_schema_extra={"x-unit": "bars"},
    )
    width: float = Field(
        2.0,
        ge=0.5,
        le=5,
        title="Width",
        description="Standard deviations between the middle line and each band.",
    )


class BollingerBreakout(SignalGenerator[BollingerConfig]):
    """BULLISH when the close leaves the upper band upwards, BEARISH the lower one downwards."""

    metadata = GeneratorMetadata(
        "bollinger_breakout",
        "Bollinger breakout",
        "The close leaves the Bollinger bands.",
        "bollinger_breakout",
    )
    Config = BollingerConfig

    @property
    def warm_up(self) -> int:
        return self.config.period + _SETTLED

    def detector(self, ticker: str) -> Detector:
        return _Bands(ticker, self.config)


class _Bands(Detector):
    def __init__(self, ticker: str, config: BollingerConfig) -> None:
        super().__init__(ticker)
        self._width = config.width
        self._bands = Deviation(config.period)
        self._volume = Sma(config.period)
        self._above_upper, self._above_lower = Crossing(), Crossing()

    def on_bar(self, bar: Bar) -> Emission | None:
        middle, deviation = self._bands.update(bar.close)
        volume = self._volume.update(bar.volume)
        upper, lower = middle + self._width * deviation, middle - self._width * deviation
        left_up = self._above_upper.update(bar.close, upper) > 0
        left_down = self._above_lower.update(bar.close, lower) < 0
        if not (left_up or left_down):
            return None
        band = upper if left_up else lower
        parts = {
            "breakout": 50.0,
            "how_far_beyond": 30.0 * share(abs(bar.close - band), deviation),
            "volume_above_mean": 20.0 * share(bar.volume - volume, volume),
        }
        return self.emission(
            bar,
            SignalDirection.BULLISH if left_up else SignalDirection.BEARISH,
            parts,
            close=bar.close,
            middle=middle,
            upper=upper,
            lower=lower,
            deviation=deviation,
            volume=bar.volume,
            volume_mean=volume,
        )
