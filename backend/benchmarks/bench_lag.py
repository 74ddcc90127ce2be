"""How long others wait while one hostile user does the dearest things there are.

Two phases of the same length on one stack: a normal user alone, and the same beside a hostile one
(a process of its own, see hostile_user.py). The first is the floor. Prints the event loop's lag as
the API itself measures it, the latency of /health and of a normal user's list, and the API's
memory. Exits 0 whatever the figures are.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass
from functools import partial

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.stack import Stack, running_stack

PHASE_S = 30.0
EVERY_S = 0.01
TARGET_LAG_MS = 50
TARGET_HEALTH_MS = 100
TARGET_MEMORY_MB = 200


@dataclass(frozen=True)
class Phase:
    """What was measured in one phase, times in milliseconds."""

    lag_p99_ms: float
    """Upper edge of the histogram's bucket in which the 99th percentile lies."""
    lag_max_ms: float
    health: list[float]
    listed: list[float]
    api_mb: float
    """Largest resident memory of the API's own process."""
    children_mb: float
    """Largest resident memory of its children together."""


def main() -> None:
    """Measure and print."""
    with running_stack() as stack:
        calm, hostile, answers = asyncio.run(_measure(stack))
    _print(calm, hostile, answers)


async def _measure(stack: Stack) -> tuple[Phase, Phase, str]:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as client:
        await stack.sign_up(client)
        for _ in range(5):
            body = {"name": "normal", "template": "golden-cross"}
            (await client.post("/api/v1/pipelines", json=body)).raise_for_status()
        calm = await _phase(stack, client)
        attacker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.hostile_user", stack.url, str(PHASE_S + 5)),
            stdout=asyncio.subprocess.PIPE,
        )
        await asyncio.sleep(4)  # it makes its files first
        hostile = await _phase(stack, client)
        printed, _ = await attacker.communicate()
    return calm, hostile, printed.decode().strip()


async def _phase(stack: Stack, client: httpx.AsyncClient) -> Phase:
    until = time.monotonic() + PHASE_S
    before = await _lag_buckets(client)
    memory = asyncio.create_task(_most_memory(stack.services["api"]))
    health, listed = await asyncio.gather(
        _latencies(stack.url, "/health", EVERY_S, until, {}),
        _latencies(stack.url, "/api/v1/pipelines", 0.1, until, dict(client.headers)),
    )
    memory.cancel()
    api_mb, children_mb = await memory
    after = await _lag_buckets(client)
    lags = {edge: after[0][edge] - before[0].get(edge, 0) for edge in after[0]}
    return Phase(_p99_edge(lags) * 1000, after[1] * 1000, health, listed, api_mb, children_mb)


async def _latencies(
    url: str, path: str, every_s: float, until: float, headers: dict[str, str]
) -> list[float]:
    took: list[float] = []
    token = {"Authorization": headers["authorization"]} if headers else {}
    async with httpx.AsyncClient(base_url=url, timeout=60, headers=token) as client:
        while time.monotonic() < until:
            began = time.perf_counter()
            (await client.get(path)).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(every_s)
    return took


async def _lag_buckets(client: httpx.AsyncClient) -> tuple[dict[float, float], float]:
    """Return the cumulative counts by upper edge in seconds, and the longest lag."""
    text = (await client.get("/metrics")).raise_for_status().text
    edges, longest = {}, 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "kuber_loop_lag_seconds_bucket":
                edges[float(sample.labels["le"])] = sample.value
            elif sample.name == "kuber_loop_lag_max_seconds":
                longest = sample.value
    return edges, longest


def _p99_edge(cumulative: dict[float, float]) -> float:
    total = max(cumulative.values())
    return next(edge for edge, count in sorted(cumulative.items()) if count >= 0.99 * total)


async def _most_memory(pid: int) -> tuple[float, float]:
    """Return the largest memory of a process and of its children until cancelled."""
    process, own, children = psutil.Process(pid), 0, 0
    try:
        while True:
            own = max(own, process.memory_info().rss)
            together = 0
            for child in process.children(recursive=True):
                try:
                    together += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            children = max(children, together)
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return own / 1e6, children / 1e6


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _print(calm: Phase, hostile: Phase, answers: str) -> None:
    print(f"hostile user's answers: {json.dumps(json.loads(answers))}")
    p99 = partial(_percentile, share=0.99)
    for name, phase in (("calm", calm), ("hostile", hostile)):
        print(
            f"{name}: loop lag p99 <= {phase.lag_p99_ms:g} ms, longest so far "
            f"{phase.lag_max_ms:.0f} ms; /health p50 {statistics.median(phase.health):.1f}, p99 "
            f"{p99(phase.health):.1f}, p99.9 {_percentile(phase.health, 0.999):.1f} ms of "
            f"{len(phase.health)}; list p50 {statistics.median(phase.listed):.1f}, p99 "
            f"{p99(phase.listed):.1f} ms; API {phase.api_mb:.0f} MB, its children "
            f"{phase.children_mb:.0f} MB"
        )
    ratio = _percentile(hostile.health, 0.999) / _percentile(calm.health, 0.999)
    print(f"/health p99.9, hostile to calm: {ratio:.1f}")
    _verdict("loop lag p99", hostile.lag_p99_ms, TARGET_LAG_MS, "ms")
    _verdict("/health p99.9", _percentile(hostile.health, 0.999), TARGET_HEALTH_MS, "ms")
    _verdict("memory of the API over calm", hostile.api_mb - calm.api_mb, TARGET_MEMORY_MB, "MB")


def _verdict(what: str, figure: float, target: float, unit: str) -> None:
    reached = "reached" if figure <= target else "NOT reached"
    print(f"{what}: {figure:.1f} {unit}, target {target} {unit}: {reached}")


if __name__ == "__main__":
    main()
