"""Price level: the close passes a price that somebody cares about."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
    share,
)
from kuber.signals.generators.streaming import Atr, Crossing, wilder_settling
from kuber.signals.types import SignalDirection

_ATR = 14
_SETTLED = 200

Price = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


class PriceLevelConfig(GeneratorConfig):
    """The prices to watch."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "close passes {levels}"})

    levels: tuple[Price, ...] = Field(
        min_length=1,
        max_length=20,
        title="Levels",
        description="Prices in the instrument's currency, as they are traded at today.",
        json_schema_extra={"x-widget": "chips"},
    )

    @field_validator("levels")
    @classmethod
    def _sorted(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted(set(value)))


class PriceLevel(SignalGenerator[PriceLevelConfig]):
    """BULLISH when the close passes a level upwards, BEARISH downwards."""

    metadata = GeneratorMetadata(
        "price_level",
        "Price level",
        "The close passes a price that you name.",
        "price_level",
    )
    Config = PriceLevelConfig

    @property
    def warm_up(self) -> int:
        return wilder_settling(_ATR) + _SETTLED

    def detector(self, ticker: str) -> Detector:
        return _Passing(ticker, self.config)


class _Passing(Detector):
    """Several levels passed on one bar are one emission: the one furthest along the move."""

    def __init__(self, ticker: str, config: PriceLevelConfig) -> None:
        super().__init__(ticker)
        self._levels = [(level, Crossing()) for level in config.levels]
        self._atr = Atr(_ATR)

    def on_bar(self, bar: Bar) -> Emission | None:
        atr = self._atr.update(bar.high, bar.low, bar.close)
        passed = [
            (level, crossed)
            for level, crossing in self._levels
            if (crossed := crossing.update(bar.close, level))
        ]
        if not passed:
            return None
        upwards = passed[0][1] > 0
        level = passed[-1][0] if upwards else passed[0][0]
        parts = {
            "passed": 60.0,
            "how_far_beyond": 40.0 * share(abs(bar.close - level), atr),
        }
        return self.emission(
            bar,
            SignalDirection.BULLISH if upwards else SignalDirection.BEARISH,
            parts,
            close=bar.close,
            level=level,
            levels_passed=len(passed),
            atr=atr,
        )
