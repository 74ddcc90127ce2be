"""Mock: made-up signals, for trying out pipelines."""

import hashlib

from pydantic import ConfigDict, Field

from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.types import SignalDirection

_LEAST = 50.0


class MockConfig(GeneratorConfig):
    """How often, and which ones."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "one in {every} bars, seed {seed}"})

    every: int = Field(
        5,
        ge=1,
        le=1000,
        title="One in",
        description="A signal on one bar in so many, on average.",
        json_schema_extra={"x-unit": "bars"},
    )
    seed: int = Field(
        1, ge=0, le=2**31 - 1, title="Seed", description="Equal seeds give equal signals."
    )


class Mock(SignalGenerator[MockConfig]):
    """Draws direction and confidence from the seed, the ticker and the bar's time."""

    metadata = GeneratorMetadata(
        "mock",
        "Mock (made up)",
        "Made-up signals that mean nothing, to try out a pipeline.",
        "mock",
    )
    Config = MockConfig

    @property
    def warm_up(self) -> int:
        return 0

    def detector(self, ticker: str) -> Detector:
        return _Draws(ticker, self.config)


class _Draws(Detector):
    def __init__(self, ticker: str, config: MockConfig) -> None:
        super().__init__(ticker)
        self._every, self._seed = config.every, config.seed

    def on_bar(self, bar: Bar) -> Emission | None:
        drawn = hashlib.sha256(
            f"{self._seed}/{self.ticker}/{bar.closed_at.isoformat()}".encode()
        ).digest()
        whether, where, how_sure = (
            int.from_bytes(drawn[at : at + 8], "big") / 2**64 for at in (0, 8, 16)
        )
        if whether * self._every >= 1:
            return None
        return self.emission(
            bar,
            SignalDirection.BULLISH if where < 0.5 else SignalDirection.BEARISH,
            {"drawn": _LEAST + (100.0 - _LEAST) * how_sure},
            mock=True,
            seed=self._seed,
            close=bar.close,
        )
