"""Volume spike: far more is traded than usual."""

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
from kuber.signals.generators.streaming import NAN, Onset, Sma
from kuber.signals.types import SignalDirection


class VolumeSpikeConfig(GeneratorConfig):
    """What counts as a spike."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{factor} x the mean of {period}"})

    period: int = Field(
        20,
        ge=2,
        le=500,
        title="Bars before",
        description="How many bars make the mean; the bar itself is not among them.",
        json_schema_extra={"x-unit": "bars"},
    )
    factor: float = Field(
        2.0, ge=1.1, le=50, title="Factor", description="Times the mean from which it is a spike."
    )


class VolumeSpike(SignalGenerator[VolumeSpikeConfig]):
    """Fires on the first bar of a spike, in the direction in which the close moved."""

    metadata = GeneratorMetadata(
        "volume_spike",
        "Volume spike",
        "Far more is traded than usual; the direction is that of the close.",
        "volume_spike",
    )
    Config = VolumeSpikeConfig

    @property
    def warm_up(self) -> int:
        return self.config.period + 2

    def detector(self, ticker: str) -> Detector:
        return _Volume(ticker, self.config)


class _Volume(Detector):
    def __init__(self, ticker: str, config: VolumeSpikeConfig) -> None:
        super().__init__(ticker)
        self._factor = config.factor
        self._mean = Sma(config.period)
        self._usual = NAN
        self._close = NAN
        self._onset = Onset()

    def on_bar(self, bar: Bar) -> Emission | None:
        usual, self._usual = self._usual, self._mean.update(bar.volume)
        before, self._close = self._close, bar.close
        ratio = bar.volume / usual if usual > 0 else NAN
        if not self._onset.update(ratio >= self._factor if usual > 0 else None):
            return None
        parts = {
            "spike": 50.0,
            "how_far_beyond": 50.0 * share(ratio - self._factor, self._factor),
        }
        return self.emission(
            bar,
            _direction(bar.close - before),
            parts,
            close=bar.close,
            close_before=before,
            volume=bar.volume,
            volume_mean=usual,
            ratio=ratio,
        )


def _direction(change: float) -> SignalDirection:
    if change == 0:
        return SignalDirection.NEUTRAL
    return SignalDirection.BULLISH if change > 0 else SignalDirection.BEARISH
