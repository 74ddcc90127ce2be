"""Generators: following a series bar by bar, beside asking TA-Lib anew on each bar.

The peer is what a generator that polls would do: on each bar it takes the bars that the indicator
needs and computes both averages, with TA-Lib, over arrays that are there already. Both sides must
find the same crossings. Prints figures and ratios; exits 0 whatever they are.
"""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import talib
from pydantic import JsonValue

from kuber.signals.generators.base import Bar, SignalGenerator
from kuber.signals.generators.registry import GeneratorRegistry

BARS = 20_000
ROUNDS = 5
SETTINGS: dict[str, dict[str, JsonValue]] = {
    "golden_cross": {},
    "rsi": {},
    "macd_crossover": {},
    "bollinger_breakout": {},
    "expression": {
        "expression": "crosses_above(sma(close, 20), sma(close, 50)) and rsi(14) < 70"
        " and volume > 1.5 * sma(volume, 20)"
    },
}


def walk() -> list[Bar]:
    """Return a seeded random walk of one-minute bars."""
    rng = np.random.default_rng(7)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.001, BARS)))
    volumes = rng.integers(100, 10_000, BARS)
    first = datetime(2026, 1, 5, 14, 31, tzinfo=UTC)
    return [
        Bar(first + timedelta(minutes=at), close, close * 1.001, close * 0.999, close, volume)
        for at, (close, volume) in enumerate(
            zip(closes.tolist(), volumes.astype(float).tolist(), strict=True)
        )
    ]


def follow(generator: SignalGenerator[Any], bars: list[Bar]) -> int:
    """Return how many signals a detector finds on `bars`."""
    detector = generator.detector("TEST")
    return sum(detector.on_bar(bar) is not None for bar in bars)


def ask_anew(bars: list[Bar]) -> int:
    """Return how many golden and death crosses polling TA-Lib on each bar finds."""
    close = np.array([bar.close for bar in bars])
    found, above = 0, None
    for end in range(200, len(close) + 1):
        window = close[end - 200 : end]
        now = talib.SMA(window, 50)[-1] > talib.SMA(window, 200)[-1]
        found += above is not None and now != above
        above = now
    return found


def best_s(work: Callable[[], object]) -> float:
    """Return the shortest of several rounds, in seconds."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Print bars per second of each kind, and the golden cross beside its peer."""
    bars, registry = walk(), GeneratorRegistry.discover()
    golden = registry.make("golden_cross", {})
    assert follow(golden, bars) == ask_anew(bars), "both sides find the same crossings"
    peer_s = best_s(lambda: ask_anew(bars))
    for kind, config in SETTINGS.items():
        generator = registry.make(kind, config)
        took_s = best_s(partial(follow, generator, bars))
        print(f"{kind:20} {BARS / took_s:>10,.0f} bars/s {took_s / BARS * 1e6:6.1f} us per bar")
        if kind == "golden_cross":
            print(f"{'  TA-Lib on each bar':20} {BARS / peer_s:>10,.0f} bars/s")
            print(f"  ratio to the peer: {took_s / peer_s:.2f} (1 is as fast)")


if __name__ == "__main__":
    main()
