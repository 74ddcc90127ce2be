"""Memory of the stack right after its start, after use, and when it is idle again.

Use is an account that imports a file, runs every template on several symbols, 200 runs of the past
and what the pages of the browser app ask for. It is idle again once children and connections have
left that are kept for a while. Figures are those of `./kuber status` (MiB, shared pages counted
once). The floor is one Python process that imports nothing. Prints figures and ratios; exits 0
whatever they are.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

import httpx
import psutil
import psycopg

from benchmarks.bench_runs import AS_OF, FIRST_OF_MANY, pipelines_of, post_run, unfinished
from benchmarks.bench_stack import bare_python
from benchmarks.stack import Stack, running_stack
from kuber.infra.children import IDLE_S
from kuber.infra.db import UNUSED_S, JsonObject
from kuber.workers.stack_state import memory_mb

ASKED_MB = 1200
SETTLE_S = 10
LONGEST_S = 600
TRIES = 5
RUNS = 200
SYMBOLS = ("AAPL", "MSFT", "BTCUSD")
IMPORTED_DAYS = 2000
LOOK_EVERY_S = 0.5
ROUNDS_OF_PAGES = 5
PAGES = (
    *("users/me", "users/me/limits", "api-keys", "agents", "templates", "pipelines", "executions"),
    *("market/calendars", "market/instruments", "market/symbols", "market/status"),
    *("market/imports", "market/watchlist", "market/indicator-kinds", "scanners", "signals"),
    *("generator-kinds", "generators", "audit", "events", "notifications", "budgets", "costs"),
    *("orders", "positions", "accounts", "kill-switches", "reconciliations", "signal-types"),
    *("webhook-sources", "system/info", "system/services", "system/status", "system/licences"),
)
OF_A_SYMBOL = (
    "market/symbols/{symbol}",
    "market/quotes?symbols={symbol}",
    "market/bars?symbol={symbol}&timeframe=1d",
    "market/bars?symbol={symbol}&timeframe=1h",
    "market/indicator-series?symbol={symbol}&timeframe=1d&name=sma",
    "market/indicator-series?symbol={symbol}&timeframe=1d&name=macd",
)


def main() -> None:
    """Measure and print."""
    _, floor_mb = bare_python()
    with running_stack() as stack:
        time.sleep(SETTLE_S)
        start = _memory(stack)
        asyncio.run(_use(stack))
        used = _memory(stack)
        began = time.perf_counter()
        _until_left(stack)
        idle = _memory(stack)
        print(f"idle again after {time.perf_counter() - began:.0f} s", flush=True)
    print(f"{'MB':24}{'start':>8}{'used':>8}{'idle':>8}")
    for name in start:
        _print(name, start[name], used[name], idle[name])
    totals = [_total(figures) for figures in (start, used, idle)]
    _print("all but supervisor", *totals)
    ratios = [f"{total / ASKED_MB:8.2f}" for total in totals]
    print(f"{f'ratio to {ASKED_MB} MB':24}{''.join(ratios)}")
    floors = [f"{total / floor_mb:8.0f}" for total in totals]
    print(f"{'times a bare Python':24}{''.join(floors)}")


def _print(name: str, *figures: float) -> None:
    print(f"{name:24}{''.join(f'{one:8.0f}' for one in figures)}")


def _memory(stack: Stack) -> dict[str, float]:
    """Return the memory of each service and of the supervisor, which `status` leaves out."""
    found = {name: memory_mb(pid, stack.services.values()) for name, pid in stack.services.items()}
    supervisor = psutil.Process(next(iter(stack.services.values()))).parent()
    assert supervisor is not None
    return found | {"supervisor": supervisor.memory_full_info().pss / 2**20}


def _total(figures: dict[str, float]) -> float:
    return sum(mb for name, mb in figures.items() if name != "supervisor")


def _until_left(stack: Stack) -> None:
    """Wait for what leaves by itself: children that are kept warm, connections without use."""
    until = time.monotonic() + LONGEST_S
    fewest, since = math.inf, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < max(IDLE_S, 2 * UNUSED_S) + 5:
        there = sum(len(stack.processes(name)) for name in ("api", "services", "postgres"))
        if there < fewest:
            fewest, since = there, time.monotonic()
        time.sleep(LOOK_EVERY_S)


async def _use(stack: Stack) -> None:
    async with (
        httpx.AsyncClient(base_url=stack.url, timeout=300) as client,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True) as database,
    ):
        await stack.sign_up(client)
        await _import(client)
        runs = await _run_templates(client)
        _, pipelines = await pipelines_of(client, RUNS)
        for number, pipeline in enumerate(pipelines):
            at = (FIRST_OF_MANY + timedelta(days=number)).isoformat()
            runs.append(await post_run(client, pipeline, at))
        while await unfinished(database, runs):  # noqa: ASYNC110  watched from outside
            await asyncio.sleep(LOOK_EVERY_S)
        paths = [*PAGES, *(one.format(symbol=symbol) for symbol in SYMBOLS for one in OF_A_SYMBOL)]
        for _ in range(ROUNDS_OF_PAGES):
            await _open(client, paths)
        await _open(client, [f"executions/{run}" for run in runs[:50]])
        await _open(client, [f"pipelines/{pipeline}" for pipeline in pipelines[:50]])


async def _import(client: httpx.AsyncClient) -> None:
    rows = ["date,open,high,low,close,volume"]
    for number in range(IMPORTED_DAYS):
        day = (FIRST_OF_MANY + timedelta(days=number)).date()
        rows.append(f"{day},100,{101 + number % 7},{99 - number % 5},100.5,{1000 + number}")
    for left in reversed(range(TRIES)):
        answer = await client.post(
            "/api/v1/market/imports",
            data={"timeframe": "1d", "symbol": "ETHUSD"},
            files={"file": ("bars.csv", "\n".join(rows).encode(), "text/csv")},
        )
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or not left:
            answer.raise_for_status()
            return  # on a machine with much to do it may take several tries


async def _run_templates(client: httpx.AsyncClient) -> list[str]:
    """Run every template on each symbol; return the runs that were accepted."""
    templates = (await client.get("/api/v1/templates")).raise_for_status().json()["items"]
    runs = []
    for template in templates:
        body = {"name": template["slug"], "graph": template["graph"]}
        made = await client.post("/api/v1/pipelines", json=body)
        pipeline = made.raise_for_status().json()["id"]
        for symbol in SYMBOLS:
            run: JsonObject = {"symbol": symbol, "as_of": AS_OF, "seed": 3}
            answer = await client.post(f"/api/v1/pipelines/{pipeline}/run", json=run)
            if answer.is_success:  # not every template takes every kind of symbol
                runs.append(answer.json()["execution_id"])
    return runs


async def _open(client: httpx.AsyncClient, paths: Sequence[str]) -> None:
    """Ask for the paths, a few at a time as a browser does."""
    for start in range(0, len(paths), 6):
        answers = await asyncio.gather(
            *(client.get(f"/api/v1/{path}") for path in paths[start : start + 6])
        )
        _require(answers)


def _require(answers: Iterable[httpx.Response]) -> None:
    for answer in answers:
        assert answer.status_code < 500, f"{answer.url}: {answer.status_code}"


if __name__ == "__main__":
    main()
