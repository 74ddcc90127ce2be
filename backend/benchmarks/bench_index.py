"""The dispatcher's index: a million subscriptions built and matched, beside a plain dict of lists.

The floor answers the same question (who subscribes to this type and ticker at this confidence)
from a dict of lists that are sorted by threshold. Prints figures and ratios; exits 0 whatever they
are. Each side is built in a process of its own, so that its memory is its own.
"""

import gc
import multiprocessing
import random
import statistics
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from uuid import UUID

import psutil

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.index import Subscriber, SubscriptionIndex

TICKERS = 5_000
PIPELINES = 20_000
PER_PIPELINE = 50
SUBSCRIPTIONS = PIPELINES * PER_PIPELINE
MATCHES = 20_000
TARGET_BUILD_S, TARGET_MB, TARGET_RATIO = 10, 600, 3

Match = Callable[[str, float], int]


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
    """Build Kuber's index; matching returns how many pipelines matched."""
    index = SubscriptionIndex(subscribers())
    return lambda ticker, confidence: len(index.match("golden_cross", ticker, confidence))


def build_floor() -> Match:
    """Build a dict of plain lists, sorted by threshold: thresholds and subscribers."""
    found: dict[str, list[tuple[float, int, Subscriber]]] = {}
    for number, one in enumerate(subscribers()):
        for ticker in one.tickers:
            found.setdefault(ticker, []).append((one.thresholds["golden_cross"], number, one))
    lists = {}
    for ticker, items in found.items():
        items.sort()
        lists[ticker] = ([item[0] for item in items], [item[2] for item in items])

    def match(ticker: str, confidence: float) -> int:
        thresholds, pipelines = lists[ticker]
        return len(pipelines[: bisect_right(thresholds, confidence)])

    return match


def measure(build: Callable[[], Match], answer: Connection) -> None:
    """Send seconds to build, MB it took, microseconds of a match, and how many matched."""
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    match = build()
    built_s = time.perf_counter() - began
    gc.collect()
    taken_mb = (process.memory_info().rss - before) / 1e6
    dice = random.Random(11)  # noqa: S311
    asked = [(f"T{dice.randrange(TICKERS):04d}", dice.random() * 100) for _ in range(MATCHES)]
    rounds, matched = [], 0
    for _ in range(5):
        began = time.perf_counter()
        matched = sum(match(ticker, confidence) for ticker, confidence in asked)
        rounds.append((time.perf_counter() - began) / MATCHES * 1e6)
    answer.send((built_s, taken_mb, statistics.median(rounds), matched))


def main() -> None:
    """Measure both and print."""
    index, floor = _in_own_process(build_index), _in_own_process(build_floor)
    assert index[3] == floor[3], "both must find the same pipelines"
    print(f"subscriptions                         {SUBSCRIPTIONS:>9,} over {TICKERS:,} tickers")
    print(f"built in                              {index[0]:8.2f} s   target {TARGET_BUILD_S}")
    print(f"memory                                {index[1]:8.1f} MB  target {TARGET_MB}")
    print(f"match (finds {index[3] / MATCHES:.0f} pipelines)           {index[2]:8.2f} us")
    print(
        f"floor: dict of lists, built in        {floor[0]:8.2f} s   ratio {index[0] / floor[0]:.2f}"
    )
    print(
        f"floor: dict of lists, memory          {floor[1]:8.1f} MB  ratio {index[1] / floor[1]:.2f}"
    )
    ratio = index[2] / floor[2]
    print(f"floor: dict of lists, match           {floor[2]:8.2f} us  ratio {ratio:.2f}", end="")
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
