"""Runs per second from a backlog, and the time of one run on an idle system.

Floors in the same run, on the same machine: Celery tasks that do nothing, and bare CrewAI flows
whose steps do nothing, as many as the pipeline has nodes and as many as its flow has methods. Rates
are medians of three rounds. Prints figures and ratios; exits 0 whatever they are.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import psycopg

from benchmarks.stack import Stack, running_stack
from kuber.infra.db import JsonObject

BACKLOG = 500
IDLE_RUNS = 200
NOOP_TASKS = 2000
FLOWS = 400
ROUNDS = 3
TARGET_RUNS_PER_S = 200
TARGET_P99_MS = 250
LOOK_EVERY_S = 0.05
"""How often a backlog is counted while it is drained; counting takes processor time, too."""
COUNTS_SETTLE_S = 12
"""After which PostgreSQL has added up what idle connections did."""
COUNTED = 200
"""Runs whose statements are counted: few enough that the supervisor sees nobody stand still."""
NO_PART_IN_A_RUN = ("dispatcher", "orders", "services")
"""They work by the clock, and by what the present brings; the record is linked later."""
AS_OF = "2009-05-14T21:00:00Z"
"""A golden cross of AAPL. All runs of the first backlog see the same bars, as after one signal."""
FIRST_OF_MANY = datetime(2008, 1, 7, 21, tzinfo=UTC)
"""Where the second backlog begins: each of its runs is a day later and sees bars of its own."""
NODES = ("trigger", "data", "bias", "strategy", "risk", "trade")
HERE = Path(__file__).parent


@dataclass
class Figures:
    """What was measured; rates per second, one for each round."""

    drained: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)
    idle_ms: list[float] = field(default_factory=list)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)
    """CPU of a service for one run of the first backlog, by name."""
    statements: float = 0
    rows: float = 0
    """Of one run: committed statements, and rows written, by worker and relay."""
    graph: JsonObject = field(default_factory=dict)
    methods: int = 0
    tasks: float = 0
    flows: float = 0
    flows_as_long: float = 0


@dataclass(frozen=True)
class Drained:
    """How a backlog was carried out."""

    seconds: float
    cpu_ms: dict[str, float]
    """By service."""


def main() -> None:
    """Measure and print."""
    with running_stack() as stack:
        figures = asyncio.run(_measure(stack))
        figures.tasks = _floor("noop_tasks.py", count=NOOP_TASKS, redis_url=stack.redis_url)
    figures.methods = _flow_methods(figures.graph)
    figures.flows = _flow_floor(len(NODES))
    figures.flows_as_long = _flow_floor(figures.methods)
    _print(figures)


async def _measure(stack: Stack) -> Figures:
    figures = Figures()
    async with (
        httpx.AsyncClient(base_url=stack.url, timeout=120) as client,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True) as database,
    ):
        await stack.sign_up(client)
        figures.graph, pipelines = await pipelines_of(client, BACKLOG)
        days = [(FIRST_OF_MANY + timedelta(days=number)).isoformat() for number in range(BACKLOG)]
        await _drain(stack, client, database, pipelines[: BACKLOG // 5], [AS_OF])  # warms caches
        for _ in range(ROUNDS):
            drained = await _drain(stack, client, database, pipelines, [AS_OF])
            figures.drained.append(BACKLOG / drained.seconds)
            for name, ms in drained.cpu_ms.items():
                figures.cpu_ms.setdefault(name, []).append(ms / BACKLOG)
            apart = await _drain(stack, client, database, pipelines, days)
            figures.apart.append(BACKLOG / apart.seconds)
        figures.statements, figures.rows = await _count(
            stack, client, database, pipelines[:COUNTED]
        )
        figures.idle_ms = [
            await _one_run(client, database, pipelines[number % BACKLOG], AS_OF)
            for number in range(IDLE_RUNS)
        ]
    return figures


async def _count(
    stack: Stack,
    client: httpx.AsyncClient,
    database: psycopg.AsyncConnection,
    pipelines: list[str],
) -> tuple[float, float]:
    """Return statements and written rows of one run, less what an idle system does meanwhile.

    Both are counted over the same time, with those stopped that have no part in a run of the past.
    """
    with stack.paused("worker"):
        runs = [await post_run(client, pipeline, AS_OF) for pipeline in pipelines]
        with stack.paused(*NO_PART_IN_A_RUN):
            await asyncio.sleep(COUNTS_SETTLE_S)
            accepted = await _counts(database)
    began = time.perf_counter()
    with stack.paused(*NO_PART_IN_A_RUN):
        while await unfinished(database, runs):  # noqa: ASYNC110  watched from outside
            await asyncio.sleep(1)  # each look is a statement, too
        await asyncio.sleep(COUNTS_SETTLE_S)
        done = await _counts(database)
        busy_s = time.perf_counter() - began
    await asyncio.sleep(COUNTS_SETTLE_S)  # what was stopped makes up for it
    with stack.paused(*NO_PART_IN_A_RUN):
        await asyncio.sleep(COUNTS_SETTLE_S)
        before = await _counts(database)
        await asyncio.sleep(busy_s)
        after = await _counts(database)
    return tuple(  # type: ignore[return-value]
        ((end - start) - (later - earlier)) / len(runs)
        for start, end, earlier, later in zip(accepted, done, before, after, strict=True)
    )


async def _counts(database: psycopg.AsyncConnection) -> tuple[int, int]:
    cursor = await database.execute(
        "select xact_commit, tup_inserted + tup_updated + tup_deleted from pg_stat_database"
        " where datname = current_database()"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


async def pipelines_of(client: httpx.AsyncClient, count: int) -> tuple[JsonObject, list[str]]:
    """Create `count` pipelines of six nodes and return their graph with their ids.

    As many, since one may run on a symbol only once at a time.
    """
    templates = (await client.get("/api/v1/templates")).raise_for_status().json()["items"]
    graph = next(one for one in templates if one["slug"] == "golden-cross")["graph"]
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] in NODES]
    graph["edges"] = [edge for edge in graph["edges"] if edge["to"] in NODES]
    ids = []
    for number in range(count):
        answer = await client.post("/api/v1/pipelines", json={"name": f"b{number}", "graph": graph})
        ids.append(answer.raise_for_status().json()["id"])
    return graph, ids


async def _drain(
    stack: Stack,
    client: httpx.AsyncClient,
    database: psycopg.AsyncConnection,
    pipelines: list[str],
    moments: Sequence[str],
) -> Drained:
    """Return the time and the CPU from the start of the workers to the end of the last run."""
    with stack.paused("worker"):
        runs = [
            await post_run(client, pipeline, moments[number % len(moments)])
            for number, pipeline in enumerate(pipelines)
        ]
        before = _cpu_ms(stack)
    began = time.perf_counter()
    while await unfinished(database, runs):  # noqa: ASYNC110  watched from outside
        await asyncio.sleep(LOOK_EVERY_S)
    seconds, after = time.perf_counter() - began, _cpu_ms(stack)
    await _require_success(database, runs)
    used = {
        name: sum(ms - before[name].get(pid, 0) for pid, ms in found.items())
        for name, found in after.items()
    }
    return Drained(seconds, used)


def _cpu_ms(stack: Stack) -> dict[str, dict[int, float]]:
    """Return what each process of each service has used, by service and process id."""
    found: dict[str, dict[int, float]] = {}
    for name in stack.services:
        found[name] = {}
        for one in stack.processes(name):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                found[name][one.pid] = (times.user + times.system) * 1000
    return found


async def _one_run(
    client: httpx.AsyncClient, database: psycopg.AsyncConnection, pipeline: str, as_of: str
) -> float:
    """Return the milliseconds from the request to the durable end of its run."""
    await asyncio.sleep(0.02)
    began = time.perf_counter()
    run = await post_run(client, pipeline, as_of)
    while await unfinished(database, [run]):  # noqa: ASYNC110  watched from outside
        await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1000


async def post_run(client: httpx.AsyncClient, pipeline: str, as_of: str) -> str:
    """Start a run; return its id."""
    body = {"symbol": "AAPL", "as_of": as_of, "seed": 3}
    answer = await client.post(f"/api/v1/pipelines/{pipeline}/run", json=body)
    run: str = answer.raise_for_status().json()["execution_id"]
    return run


async def unfinished(database: psycopg.AsyncConnection, runs: list[str]) -> int:
    """Return how many of the runs have not ended."""
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


def _flow_methods(graph: JsonObject) -> int:
    """Return how many methods CrewAI calls for one run."""
    from kuber.agents.registry import AgentRegistry
    from kuber.pipelines.types import MANAGER_NODE, Graph
    from kuber.runs.flow import build_flow
    from kuber.runs.plan import compile_plan

    plan = compile_plan(Graph.model_validate(graph), AgentRegistry.discover(), MANAGER_NODE)
    return sum(name.startswith("node_") for name in vars(build_flow(plan)))


def _flow_floor(steps: int) -> float:
    return statistics.median(
        _floor("bare_flow.py", count=FLOWS, steps=steps) for _ in range(ROUNDS)
    )


def _floor(script: str, **argument: object) -> float:
    """Return the rate that a floor's own program printed."""
    done = subprocess.run(
        [sys.executable, HERE / "floors" / script, json.dumps(argument)],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return float(done.stdout.split()[-1])


def _print(figures: Figures) -> None:
    runs, apart = statistics.median(figures.drained), statistics.median(figures.apart)
    tasks, flows, as_long = figures.tasks, figures.flows, figures.flows_as_long
    p50, p99 = statistics.median(figures.idle_ms), statistics.quantiles(figures.idle_ms, n=100)[98]
    print(f"cores                                 {psutil.cpu_count()}")
    print(f"six-node runs drained                 {runs:8.1f} /s   target {TARGET_RUNS_PER_S}")
    print(f"the same, at {BACKLOG} different moments  {apart:8.1f} /s")
    print(f"floor: Celery tasks doing nothing     {tasks:8.1f} /s   ratio {runs / tasks:.3f}")
    print(f"floor: bare CrewAI six-step flows     {flows:8.1f} /s   ratio {runs / flows:.3f}")
    print(f"the same, at different moments                      ratio {apart / flows:.3f}")
    print(f"flow methods per run                  {figures.methods:8d}")
    print(f"bare flows with as many               {as_long:8.1f} /s   ratio {runs / as_long:.3f}")
    print(f"statements per run                    {figures.statements:8.1f}")
    print(f"rows written per run                  {figures.rows:8.1f}")
    for name, rounds in figures.cpu_ms.items():
        if (ms := statistics.median(rounds)) >= 0.05:
            print(f"CPU per run, {name:24} {ms:8.1f} ms")
    print(f"POST to finished, idle, p50           {p50:8.1f} ms")
    print(f"POST to finished, idle, p99           {p99:8.1f} ms  target {TARGET_P99_MS}")


if __name__ == "__main__":
    main()
