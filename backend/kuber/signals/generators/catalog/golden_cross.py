"""Golden cross and death cross: the fast average passes the slow one."""

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
from kuber.signals.generators.streaming import Change, Crossing, Sma
from kuber.signals.types import SignalDirection

_SLOPE_BARS = 20
_VOLUME_BARS = 50


class GoldenCrossConfig(GeneratorConfig):
    """The two averages."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "SMA {fast} passes SMA {slow}"})

    fast: int = Field(
        50,
        ge=2,
        le=400,
        title="Fast average",
        description="Simple moving average over so many bars.",
        json_schema_extra={"x-unit": "bars"},
    )
    slow: int = Field(
        200,
        ge=3,
        le=500,
        title="Slow average",
        description="Longer than the fast one.",
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


class GoldenCross(SignalGenerator[GoldenCrossConfig]):
    """BULLISH when the fast average rises above the slow one, BEARISH when it falls below."""

    metadata = GeneratorMetadata(
        "golden_cross",
        "Golden cross",
        "The fast average passes the slow one: upwards is a golden cross, downwards a death cross.",
        "golden_cross",
    )
    Config = GoldenCrossConfig

    @property
    def warm_up(self) -> int:
        return self.config.slow + _VOLUME_BARS

    def detector(self, ticker: str) -> Detector:
        return _Averages(ticker, self.config)


class _Averages(Detector):
    def __init__(self, ticker: str, config: GoldenCrossConfig) -> None:
        super().__init__(ticker)
        self._fast, self._slow = Sma(config.fast), Sma(config.slow)
        self._volume = Sma(_VOLUME_BARS)
        self._slope = Change(_SLOPE_BARS)
        self._crossing = Crossing()

    def on_bar(self, bar: Bar) -> Emission | None:
        fast, slow = self._fast.update(bar.close), self._slow.update(bar.close)
        volume, slope = self._volume.update(bar.volume), self._slope.update(slow)
        crossed = self._crossing.update(fast, slow)
        if not crossed:
            return None
        parts = {
            "crossing": 50.0,
            "close_beyond_slow_average": 20.0 * ((bar.close - slow) * crossed > 0),
            "slow_average_moves_along": 15.0 * share(slope * crossed, 2.0),
            "volume_above_mean": 15.0 * share(bar.volume - volume, volume),
        }
        return self.emission(
            bar,
            SignalDirection.BULLISH if crossed > 0 else SignalDirection.BEARISH,
            parts,
            close=bar.close,
            fast_average=fast,
            slow_average=slow,
            slow_average_change_percent=slope,
            volume=bar.volume,
            volume_mean=volume,
        )
