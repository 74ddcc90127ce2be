"""Bars for detectors, and feeding them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from kuber.market.types import FloatArray
from kuber.signals.generators.base import Bar, Emission, SignalGenerator
from kuber.signals.generators.registry import GeneratorRegistry

FIRST_CLOSE = datetime(2020, 1, 1, 21, tzinfo=UTC)
REGISTRY = GeneratorRegistry.discover()


def made(kind: str, **config: Any) -> SignalGenerator[Any]:
    """Return a built-in generator with these settings."""
    return REGISTRY.make(kind, config)


def bar(at: int, close: float, *, volume: float = 1000.0, reach: float = 0.5) -> Bar:
    """Return the bar of day `at` that closes where it says, `reach` below its high."""
    closed_at = FIRST_CLOSE + timedelta(days=at)
    return Bar(closed_at, close, close + reach, close - reach, close, volume)


def bars_at(closes: Sequence[float], volumes: Sequence[float] | None = None) -> list[Bar]:
    """Return one bar a day that closes at `closes`."""
    given = volumes or [1000.0] * len(closes)
    return [
        bar(at, close, volume=volume)
        for at, (close, volume) in enumerate(zip(closes, given, strict=True))
    ]


def random_walk(seed: int, count: int) -> list[Bar]:
    """Return bars of a seeded random walk around 100."""
    rng = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.02, count)))
    reaches = closes * rng.uniform(0.001, 0.02, count)
    volumes = rng.integers(100, 10_000, count)
    return [
        bar(at, float(close), volume=float(volume), reach=float(reach))
        for at, (close, reach, volume) in enumerate(zip(closes, reaches, volumes, strict=True))
    ]


def columns(bars: Sequence[Bar]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return high, low, close and volume as arrays."""
    return (
        np.array([one.high for one in bars]),
        np.array([one.low for one in bars]),
        np.array([one.close for one in bars]),
        np.array([one.volume for one in bars]),
    )


def emitted(generator: SignalGenerator[Any], bars: Sequence[Bar]) -> list[Emission]:
    """Return what a fresh detector of `generator` finds on `bars`."""
    detector = generator.detector("AAPL")
    return [found for one in bars if (found := detector.on_bar(one)) is not None]
