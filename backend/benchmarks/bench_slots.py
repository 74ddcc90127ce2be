"""What 64 runs that wait for a slow model cost a run by rules, and what open runs weigh.

The same rule run is timed from its request to its durable end, on an idle system and while 64 runs
of 8 people wait for a model, in turns; then workers hold 200 runs that wait. Prints figures and
ratios; exits 0 whatever they are.
"""

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import httpx
import psutil
import psycopg

from benchmarks.stack import Stack, running_stack

USERS = 8
SLOW_RUNS = 64
OPEN_RUNS = 200
RULE_RUNS = 100
ROUNDS = 2
TARGET_MS = 100
AS_OF = "2009-05-14T21:00:00Z"
BIAS = json.dumps({"direction": "BULLISH", "confidence": 70, "reasoning": "It rises."})


class SlowModel:
    """A server of chat completions that answers when it is told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        gate = self.gate

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                gate.wait()
                body = json.dumps(_completion()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return None

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def stop(self) -> None:
        self.gate.set()
        self._http.shutdown()


def main() -> None:
    """Measure and print."""
    model = SlowModel()
    try:
        with running_stack(
            KUBER_LLM_BASE_URL=model.url,
            KUBER_LLM_TIMEOUT_S="600",
            KUBER_NODE_TIME_LIMIT_S="3600",
            KUBER_RUN_TIME_LIMIT_S="3600",
        ) as stack:
            _print(asyncio.run(_measure(stack, model)))
    finally:
        model.stop()


async def _measure(stack: Stack, model: SlowModel) -> dict[str, float]:
    async with await psycopg.AsyncConnection.connect(
        stack.database_url, autocommit=True
    ) as database:
        people = [httpx.AsyncClient(base_url=stack.url, timeout=120) for _ in range(USERS + 1)]
        for client in people:
            await stack.sign_up(client)
        trader, others = people[0], people[1:]
        rule = await _pipeline(trader, [("start", "manual_trigger"), ("data", "market_data")])
        await _timed(trader, database, rule, 20)  # warms caches
        idle, busy = [], []
        for _ in range(ROUNDS):
            idle += await _timed(trader, database, rule, RULE_RUNS)
            with _held(model):
                slow = await _slow_runs(others, SLOW_RUNS)
                await _until_open(database, SLOW_RUNS)
                busy += await _timed(trader, database, rule, RULE_RUNS)
            await _until_ended(database, slow)
        before = _workers_mb(stack)
        with _held(model):
            slow = await _slow_runs(others, OPEN_RUNS)
            await _until_open(database, OPEN_RUNS)
            after = _workers_mb(stack)
        await _until_ended(database, slow)
        for client in people:
            await client.aclose()
    return {
        "idle_p50": statistics.median(idle),
        "idle_p99": statistics.quantiles(idle, n=100)[98],
        "busy_p50": statistics.median(busy),
        "busy_p99": statistics.quantiles(busy, n=100)[98],
        "before_mb": before,
        "after_mb": after,
    }


@contextmanager
def _held(model: SlowModel) -> Iterator[None]:
    model.gate.clear()
    try:
        yield
    finally:
        model.gate.set()


async def _pipeline(client: httpx.AsyncClient, nodes: list[tuple[str, str]]) -> str:
    ids = [node_id for node_id, _ in nodes]
    graph = {
        "nodes": [
            {"id": node_id, "agent_type": kind, "config": {}, "position": {"x": 0, "y": 0}}
            for node_id, kind in nodes
        ],
        "edges": [
            {"from": source, "to": target, "from_port": None} for source, target in pairwise(ids)
        ],
    }
    answer = await client.post("/api/v1/pipelines", json={"name": "Bench", "graph": graph})
    made: str = answer.raise_for_status().json()["id"]
    return made


async def _slow_runs(people: list[httpx.AsyncClient], count: int) -> list[str]:
    """Start `count` runs that ask the model, in turns by each of the people."""
    nodes = [("start", "manual_trigger"), ("data", "market_data"), ("bias", "bias")]
    runs = []
    for number in range(count):
        client = people[number % len(people)]
        runs.append(await _post(client, await _pipeline(client, nodes)))
    return runs


async def _timed(
    client: httpx.AsyncClient, database: psycopg.AsyncConnection, pipeline: str, count: int
) -> list[float]:
    """Return the milliseconds of each of `count` runs from its request to its durable end."""
    found = []
    for _ in range(count):
        await asyncio.sleep(0.02)
        began = time.perf_counter()
        run = await _post(client, pipeline)
        while not await _ended(database, [run]):  # noqa: ASYNC110  watched from outside
            await asyncio.sleep(0.002)
        found.append((time.perf_counter() - began) * 1000)
    return found


async def _post(client: httpx.AsyncClient, pipeline: str) -> str:
    body = {"symbol": "AAPL", "as_of": AS_OF, "seed": 3, "draft": True}
    answer = await client.post(f"/api/v1/pipelines/{pipeline}/run", json=body)
    run: str = answer.raise_for_status().json()["execution_id"]
    return run


async def _until_open(database: psycopg.AsyncConnection, count: int) -> None:
    """Return once workers hold `count` runs that have come to the model."""
    statement = (
        "select count(*) from runs r join node_runs n on n.run_id = r.id and n.node_id = 'data'"
        " where r.status = 'running' and n.status = 'succeeded'"
    )
    while await _number(database, statement) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def _until_ended(database: psycopg.AsyncConnection, runs: list[str]) -> None:
    while not await _ended(database, runs):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    statement = "select count(*) from runs where id = any(%s::uuid[]) and status <> 'succeeded'"
    failed = await _number(database, statement, runs)
    assert not failed, f"{failed} runs did not succeed"


async def _ended(database: psycopg.AsyncConnection, runs: list[str]) -> bool:
    statement = "select count(*) from runs where id = any(%s::uuid[]) and finished_at is null"
    return await _number(database, statement, runs) == 0


async def _number(database: psycopg.AsyncConnection, statement: str, *values: Any) -> int:
    row = await (await database.execute(statement.encode(), values)).fetchone()
    return int(row[0]) if row else 0


def _workers_mb(stack: Stack) -> float:
    """Return the resident memory of the worker's processes in MB; shared pages count each time."""
    worker = psutil.Process(stack.services["worker"])
    sizes: list[int] = [each.memory_info().rss for each in worker.children(recursive=True)]
    return sum(sizes) / 1e6


def _completion() -> dict[str, Any]:
    message = {"role": "assistant", "content": BIAS, "refusal": None}
    return {
        "id": "bench",
        "object": "chat.completion",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    }


def _print(figures: dict[str, float]) -> None:
    more = figures["busy_p99"] - figures["idle_p99"]
    ratio = figures["busy_p99"] / figures["idle_p99"]
    print(f"cores                                      {psutil.cpu_count()}")
    print(f"rule run, nothing else, p50                {figures['idle_p50']:8.1f} ms")
    print(f"rule run, nothing else, p99                {figures['idle_p99']:8.1f} ms")
    print(f"rule run, {SLOW_RUNS} wait for a model, p50          {figures['busy_p50']:8.1f} ms")
    print(
        f"rule run, {SLOW_RUNS} wait for a model, p99          {figures['busy_p99']:8.1f} ms"
        f"   ratio {ratio:.2f}, {more:+.1f} ms, target +{TARGET_MS}"
    )
    print(f"worker processes, nothing open, RSS        {figures['before_mb']:8.1f} MB")
    print(
        f"worker processes, {OPEN_RUNS} open runs, RSS        {figures['after_mb']:8.1f} MB"
        f"   {(figures['after_mb'] - figures['before_mb']) * 1000 / OPEN_RUNS:.0f} kB a run"
    )


if __name__ == "__main__":
    main()
