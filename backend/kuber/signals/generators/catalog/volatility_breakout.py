"""Volatility breakout: one bar moves far more than bars have been moving."""

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
from kuber.signals.generators.streaming import NAN, Atr, Onset, wilder_settling
from kuber.signals.types import SignalDirection


class VolatilityBreakoutConfig(GeneratorConfig):
    """What counts as a breakout."""

    model_config = ConfigDict(
        json_schema_extra={"x-summary": "close moves {factor} x ATR {period}"}
    )

    period: int = Field(
        14,
        ge=2,
        le=250,
        title="Period",
        description="Bars of the average true range.",
        json_schema_extra={"x-unit": "bars"},
    )
    factor: float = Field(
        1.5,
        ge=0.5,
        le=20,
        title="Factor",
        description="The move from close to close, in average true ranges of the bars before.",
        json_schema_extra={"x-unit": "ATR"},
    )


class VolatilityBreakout(SignalGenerator[VolatilityBreakoutConfig]):
    """BULLISH on the first bar that rises so far, BEARISH on the first that falls so far."""

    metadata = GeneratorMetadata(
        "volatility_breakout",
        "Volatility breakout",
        "The close moves much further than the average true range of the bars before.",
        "volatility_breakout",
    )
    Config = VolatilityBreakoutConfig

    @property
    def warm_up(self) -> int:
        return wilder_settling(self.config.period) + 2

    def detector(self, ticker: str) -> Detector:
        return _Moves(ticker, self.config)


class _Moves(Detector):
    def __init__(self, ticker: str, config: VolatilityBreakoutConfig) -> None:
        super().__init__(ticker)
        self._factor = config.factor
        self._mean = Atr(config.period)
        self._atr = NAN
        self._close = NAN
        self._rise, self._fall = Onset(), Onset()

    def on_bar(self, bar: Bar) -> Emission | None:
        atr, self._atr = self._atr, self._mean.update(bar.high, bar.low, bar.close)
        before, self._close = self._close, bar.close
        move = (bar.close - before) / atr if atr > 0 else NAN
        rises = self._rise.update(move >= self._factor if atr > 0 else None)
        falls = self._fall.update(move <= -self._factor if atr > 0 else None)
        if not (rises or falls):
            return None
        from_far_end = bar.close - bar.low if rises else bar.high - bar.close
        parts = {
            "breakout": 50.0,
            "how_far_beyond": 30.0 * share(abs(move) - self._factor, self._factor),
            "close_near_extreme": 20.0 * share(from_far_end, bar.high - bar.low),
        }
        return self.emission(
            bar,
            SignalDirection.BULLISH if rises else SignalDirection.BEARISH,
            parts,
            close=bar.close,
            close_before=before,
            atr=atr,
            move_in_atr=move,
        )
