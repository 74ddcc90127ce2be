"""Runs per second from a backlog, and the time of one run on an idle system.

Floors in the same run, on the same machine: Celery tasks that do nothing, and a bare CrewAI flow
of six steps that do nothing. Prints figures and ratios; exits 0 whatever they are.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import psycopg

from benchmarks.stack import Stack, running_stack

BACKLOG = 500
IDLE_RUNS = 200
NOOP_TASKS = 2000
FLOWS = 400
TARGET_RUNS_PER_S = 200
TARGET_P99_MS = 250
AS_OF = "2009-05-14T21:00:00Z"
"""A golden cross of AAPL. All runs of the first backlog see the same bars, as after one signal."""
FIRST_OF_MANY = datetime(2008, 1, 7, 21, tzinfo=UTC)
"""Where the second backlog begins: each of its runs is a day later and sees bars of its own."""
NODES = ("trigger", "data", "bias", "strategy", "risk", "trade")
HERE = Path(__file__).parent


def main() -> None:
    """Measure and print."""
    with running_stack() as stack:
        figures = asyncio.run(_measure(stack))
        figures["celery_noop_per_s"] = _floor("noop_tasks.py", stack, NOOP_TASKS)
    figures["crewai_flow_per_s"] = _floor("bare_flow.py", None, FLOWS)
    _print(figures)


async def _measure(stack: Stack) -> dict[str, float]:
    async with (
        httpx.AsyncClient(base_url=stack.url, timeout=120) as client,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True) as database,
    ):
        await stack.sign_up(client)
        pipelines = await _pipelines(client, BACKLOG)
        await _drain(stack, client, database, pipelines[: BACKLOG // 5], [AS_OF])  # warms caches
        drained_s = await _drain(stack, client, database, pipelines, [AS_OF])
        days = [(FIRST_OF_MANY + timedelta(days=number)).isoformat() for number in range(BACKLOG)]
        apart_s = await _drain(stack, client, database, pipelines, days)
        idle_ms = [
            await _one_run(client, database, pipelines[number % BACKLOG], AS_OF)
            for number in range(IDLE_RUNS)
        ]
    return {
        "runs_per_s": BACKLOG / drained_s,
        "apart_per_s": BACKLOG / apart_s,
        "idle_p50_ms": statistics.median(idle_ms),
        "idle_p99_ms": statistics.quantiles(idle_ms, n=100)[98],
    }


async def _pipelines(client: httpx.AsyncClient, count: int) -> list[str]:
    """Create `count` pipelines of six nodes; one may run on a symbol only once at a time."""
    templates = (await client.get("/api/v1/templates")).raise_for_status().json()["items"]
    graph = next(one for one in templates if one["slug"] == "golden-cross")["graph"]
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] in NODES]
    graph["edges"] = [edge for edge in graph["edges"] if edge["to"] in NODES]
    ids = []
    for number in range(count):
        answer = await client.post("/api/v1/pipelines", json={"name": f"b{number}", "graph": graph})
        ids.append(answer.raise_for_status().json()["id"])
    return ids


async def _drain(
    stack: Stack,
    client: httpx.AsyncClient,
    database: psycopg.AsyncConnection,
    pipelines: list[str],
    moments: Sequence[str],
) -> float:
    """Return the seconds from the start of the workers to the end of the last run."""
    with stack.paused("worker"):
        runs = [
            await _post(client, pipeline, moments[number % len(moments)])
            for number, pipeline in enumerate(pipelines)
        ]
    began = time.perf_counter()
    while await _unfinished(database, runs):  # noqa: ASYNC110  watched from outside
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - began
    await _require_success(database, runs)
    return seconds


async def _one_run(
    client: httpx.AsyncClient, database: psycopg.AsyncConnection, pipeline: str, as_of: str
) -> float:
    """Return the milliseconds from the request to the durable end of its run."""
    await asyncio.sleep(0.02)
    began = time.perf_counter()
    run = await _post(client, pipeline, as_of)
    while await _unfinished(database, [run]):  # noqa: ASYNC110  watched from outside
        await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1000


async def _post(client: httpx.AsyncClient, pipeline: str, as_of: str) -> str:
    body = {"symbol": "AAPL", "as_of": as_of, "seed": 3}
    answer = await client.post(f"/api/v1/pipelines/{pipeline}/run", json=body)
    run: str = answer.raise_for_status().json()["execution_id"]
    return run


async def _unfinished(database: psycopg.AsyncConnection, runs: list[str]) -> int:
    cursor = await database.execute(
        "select count(*) from runs where id = any(%s::uuid[]) and finished_at is null", (runs,)
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _require_success(database: psycopg.AsyncConnection, runs: list[str]) -> None:
    """A fast failure is no result: every run must have succeeded with every node on record."""
    cursor = await database.execute(
        "select count(*), (select count(*) from node_runs where run_id = any(%(r)s::uuid[]))"
        " from runs where id = any(%(r)s::uuid[]) and status = 'succeeded'",
        {"r": runs},
    )
    row = await cursor.fetchone()
    assert row == (len(runs), len(runs) * (len(NODES) + 1)), f"not every run succeeded: {row}"


def _floor(script: str, stack: Stack | None, count: int) -> float:
    """Return the rate that a floor's own program printed."""
    argument = json.dumps({"count": count, "redis_url": stack.redis_url if stack else ""})
    done = subprocess.run(
        [sys.executable, HERE / "floors" / script, argument],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return float(done.stdout.split()[-1])


def _print(figures: dict[str, float]) -> None:
    runs, tasks, flows = (
        figures["runs_per_s"],
        figures["celery_noop_per_s"],
        figures["crewai_flow_per_s"],
    )
    print(f"cores                                 {psutil.cpu_count()}")
    print(f"six-node runs drained                 {runs:8.1f} /s   target {TARGET_RUNS_PER_S}")
    print(f"the same, at {BACKLOG} different moments  {figures['apart_per_s']:8.1f} /s")
    print(f"floor: Celery tasks doing nothing     {tasks:8.1f} /s   ratio {runs / tasks:.3f}")
    print(f"floor: bare CrewAI six-step flows     {flows:8.1f} /s   ratio {runs / flows:.3f}")
    p50, p99 = figures["idle_p50_ms"], figures["idle_p99_ms"]
    print(f"POST to finished, idle, p50           {p50:8.1f} ms")
    print(f"POST to finished, idle, p99           {p99:8.1f} ms  target {TARGET_P99_MS}")


if __name__ == "__main__":
    main()
