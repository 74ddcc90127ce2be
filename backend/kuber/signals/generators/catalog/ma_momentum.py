"""Moving-average momentum: the average itself begins to run."""

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
from kuber.signals.generators.streaming import (
    NAN,
    Atr,
    Crossing,
    Ema,
    Lag,
    exponential_settling,
    wilder_settling,
)
from kuber.signals.types import SignalDirection

_ATR = 14
_SETTLED = 100


class MaMomentumConfig(GeneratorConfig):
    """The average and how fast it has to run."""

    model_config = ConfigDict(
        json_schema_extra={"x-summary": "EMA {period} moves {threshold} ATR in {bars} bars"}
    )

    period: int = Field(
        20,
        ge=2,
        le=250,
        title="Average",
        description="Bars of the exponential average.",
        json_schema_extra={"x-unit": "bars"},
    )
    bars: int = Field(
        5,
        ge=1,
        le=100,
        title="Over",
        description="Bars over which its move is measured.",
        json_schema_extra={"x-unit": "bars"},
    )
    threshold: float = Field(
        1.0,
        ge=0.1,
        le=20,
        title="Threshold",
        description="The move from which it counts, in average true ranges of 14 bars.",
        json_schema_extra={"x-unit": "ATR"},
    )


class MaMomentum(SignalGenerator[MaMomentumConfig]):
    """BULLISH when the average's move passes the threshold upwards, BEARISH downwards."""

    metadata = GeneratorMetadata(
        "ma_momentum",
        "Moving-average momentum",
        "The moving average starts to move fast, measured in average true ranges.",
        "ma_momentum",
    )
    Config = MaMomentumConfig

    @property
    def warm_up(self) -> int:
        settled = max(exponential_settling(self.config.period), wilder_settling(_ATR))
        return settled + self.config.bars + _SETTLED

    def detector(self, ticker: str) -> Detector:
        return _Momentum(ticker, self.config)


class _Momentum(Detector):
    def __init__(self, ticker: str, config: MaMomentumConfig) -> None:
        super().__init__(ticker)
        self._threshold = config.threshold
        self._average, self._lag, self._atr = Ema(config.period), Lag(config.bars), Atr(_ATR)
        self._above, self._below = Crossing(), Crossing()

    def on_bar(self, bar: Bar) -> Emission | None:
        average = self._average.update(bar.close)
        before = self._lag.update(average)
        atr = self._atr.update(bar.high, bar.low, bar.close)
        move = (average - before) / atr if atr > 0 else NAN
        up = self._above.update(move, self._threshold) > 0
        down = self._below.update(move, -self._threshold) < 0
        if not (up or down):
            return None
        parts = {
            "momentum": 50.0,
            "how_far_beyond": 30.0 * share(abs(move) - self._threshold, self._threshold),
            "close_leads_average": 20.0 * ((bar.close - average) * (1 if up else -1) > 0),
        }
        return self.emission(
            bar,
            SignalDirection.BULLISH if up else SignalDirection.BEARISH,
            parts,
            close=bar.close,
            average=average,
            average_before=before,
            atr=atr,
            move_in_atr=move,
        )
