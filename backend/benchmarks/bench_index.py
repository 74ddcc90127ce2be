"""The dispatcher's index: a million subscriptions built and asked, beside a plain dict of lists.

Asked is what the dispatcher asks: everybody who subscribes to a signal's type and ticker, with the
threshold of each, by pipeline. The floor answers it from a dict of lists. Prints figures and
ratios; exits 0 whatever they are. Each side is built in a process of its own, so that its memory
is its own.
"""

import gc
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from uuid import UUID

import psutil

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.index import Subscriber, SubscriptionIndex
from kuber.signals.matching import candidates
from kuber.signals.types import Signal, SignalDirection, TickerSignal

TICKERS = 5_000
PIPELINES = 20_000
PER_PIPELINE = 50
SUBSCRIPTIONS = PIPELINES * PER_PIPELINE
MATCHES = 2_000
TARGET_BUILD_S, TARGET_MB, TARGET_RATIO = 10, 600, 3

Match = Callable[[TickerSignal], int]


def subscribers() -> Iterable[Subscriber]:
    """Yield pipelines of 50 tickers each; every scanner serves ten of them."""
    dice = random.Random(7)  # noqa: S311
    names = [f"T{number:04d}" for number in range(TICKERS)]
    scanners = [tuple(dice.sample(names, PER_PIPELINE)) for _ in range(PIPELINES // 10)]
    for number in range(PIPELINES):
        yield Subscriber(
            PipelineId(UUID(int=number)),
            UserId(UUID(int=number % 1000)),
            Tier.PRO,
            {"golden_cross": float(dice.randrange(100))},
            scanners[number % len(scanners)],
        )


def build_index() -> Match:
    """Build Kuber's index; asking returns how many candidates there are."""
    index, signal = SubscriptionIndex(subscribers()), a_signal()
    return lambda item: len(candidates(index, signal, item))


def a_signal() -> Signal:
    """Return a signal for everybody; its tickers are asked for one by one."""
    at = datetime(2026, 1, 5, 15, tzinfo=UTC)
    return Signal(UUID(int=1), "one", None, "bench", "golden_cross", at, (), {}, {}, "c")


def build_floor() -> Match:
    """Build a dict of plain lists of thresholds and subscribers."""
    found: dict[str, list[tuple[float, Subscriber]]] = {}
    for one in subscribers():
        for ticker in one.tickers:
            found.setdefault(ticker, []).append((one.thresholds["golden_cross"], one))

    def match(item: TickerSignal) -> int:
        asked = [
            (one.pipeline_id.int, threshold, item.confidence, one)
            for threshold, one in found[item.ticker]
            if one.user_id is not None
        ]
        asked.sort(key=lambda entry: entry[0])
        return len(asked)

    return match


def measure(build: Callable[[], Match], answer: Connection) -> None:
    """Send seconds to build, MB it took, microseconds of an answer, and how many were found."""
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    match = build()
    built_s = time.perf_counter() - began
    gc.collect()
    taken_mb = (process.memory_info().rss - before) / 1e6
    dice = random.Random(11)  # noqa: S311
    asked = [
        TickerSignal(
            ticker=f"T{dice.randrange(TICKERS):04d}",
            signal=SignalDirection.BULLISH,
            confidence=dice.random() * 100,
        )
        for _ in range(MATCHES)
    ]
    rounds, matched = [], 0
    for _ in range(5):
        began = time.perf_counter()
        matched = sum(match(item) for item in asked)
        rounds.append((time.perf_counter() - began) / MATCHES * 1e6)
    answer.send((built_s, taken_mb, statistics.median(rounds), matched))


def main() -> None:
    """Measure both and print."""
    index, floor = _in_own_process(build_index), _in_own_process(build_floor)
    assert index[3] == floor[3], "both must find the same pipelines"
    print(f"subscriptions                         {SUBSCRIPTIONS:>9,} over {TICKERS:,} tickers")
    print(f"built in                              {index[0]:8.2f} s   target {TARGET_BUILD_S}")
    print(f"memory                                {index[1]:8.1f} MB  target {TARGET_MB}")
    print(f"asked (finds {index[3] / MATCHES:.0f} pipelines)           {index[2]:8.2f} us")
    print(
        f"floor: dict of lists, built in        {floor[0]:8.2f} s   ratio {index[0] / floor[0]:.2f}"
    )
    print(
        f"floor: dict of lists, memory          {floor[1]:8.1f} MB  ratio {index[1] / floor[1]:.2f}"
    )
    ratio = index[2] / floor[2]
    print(f"floor: dict of lists, asked           {floor[2]:8.2f} us  ratio {ratio:.2f}", end="")
    print(f"   target {TARGET_RATIO}")


def _in_own_process(build: Callable[[], Match]) -> tuple[float, float, float, int]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=measure, args=(build, there))
    process.start()
    found: tuple[float, float, float, int] = here.recv()
    process.join()
    return found


if __name__ == "__main__":
    main()
