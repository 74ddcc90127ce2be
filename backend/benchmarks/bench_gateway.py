"""Signed webhook deliveries per second and their latency, beside the same endpoint without checks.

Every delivery is signed anew, and afterwards every one of them must be a row. The floor is a bare
FastAPI route that does the same insert, on the same database, in the same run. What makes signals
and runs of deliveries stands still meanwhile, as for the floor; at the end one more figure has all
of it at work on the same cores. Prints figures and ratios; exits 0 whatever they are.
"""

import asyncio
import hashlib
import hmac
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import psutil
import psycopg

from benchmarks.stack import Stack, running_stack
from kuber.infra.embedded.process import free_port

DELIVERIES = 6000
WARM_UP = 600
CONNECTIONS = 16
SOURCES = 8
STEADY_PER_S = 500
DOWNSTREAM = ("relay", "dispatcher", "services", "worker")
STEADY_S = 8
TARGET_PER_S = 500
TARGET_P99_MS = 50
SIGNAL = {
    "timestamp": 1_702_234_567,
    "signal_type": "golden_cross",
    "tickers": [{"ticker": "AAPL", "signal": "BULLISH", "confidence": 85}],
    "metadata": {"fast": 187.2, "slow": 186.9},
}

Request = bytes
MakeRequest = Callable[[], Request]


@dataclass(frozen=True)
class Figures:
    """What one endpoint achieved: flat out, and at a steady pace below that."""

    per_s: float
    busy_p99_ms: float
    steady_p50_ms: float
    steady_p99_ms: float
    cpu_ms: float
    """Processor time that the server's process used for one delivery."""


def main() -> None:
    """Measure and print."""
    limits = {"KUBER_WEBHOOKS_PER_MINUTE": "1000000", "KUBER_WEBHOOKS_IN_FLIGHT": "100"}
    with running_stack(**limits) as stack:
        gateway, floor, all_at_work_per_s = asyncio.run(_measure(stack))
    _print(gateway, floor)
    print(
        f"deliveries flat out, while signals and runs are made of them: {all_at_work_per_s:.1f} /s"
    )


async def _measure(stack: Stack) -> tuple[Figures, Figures, float]:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as client:
        await stack.sign_up(client)
        sources = [await _source(client, number) for number in range(SOURCES)]
    port, api = int(stack.url.rpartition(":")[2]), psutil.Process(stack.services["api"])
    turn = iter(range(10**9))

    def signed() -> Request:
        return _signed(sources[next(turn) % SOURCES], port)

    with stack.paused(*DOWNSTREAM):
        gateway = await _figures(port, api, signed)
        await _require_rows(stack, WARM_UP + DELIVERIES + STEADY_PER_S * STEADY_S)
        async with _bare_route(stack, sources[0]["id"]) as (floor_port, process):
            floor = await _figures(floor_port, process, lambda: _plain(floor_port))
    requests = [signed() for _ in range(DELIVERIES)]
    began = time.perf_counter()
    await _flat_out(port, requests)
    return gateway, floor, DELIVERIES / (time.perf_counter() - began)


async def _source(client: httpx.AsyncClient, number: int) -> dict[str, str]:
    body = {"name": f"bench {number}", "kind": "hmac", "rate_per_minute": 60_000}
    answer = await client.post("/api/v1/webhook-sources", json=body)
    found: dict[str, str] = answer.raise_for_status().json()
    return found


def _signed(source: dict[str, str], port: int) -> Request:
    body, now_s, nonce = json.dumps(SIGNAL).encode(), int(time.time()), uuid4().hex
    signed = f"{now_s}.{nonce}.".encode() + body
    signature = hmac.new(source["secret"].encode(), signed, hashlib.sha256).hexdigest()
    signing = f"X-Timestamp: {now_s}\r\nX-Nonce: {nonce}\r\nX-Signature: {signature}\r\n"
    return _request(f"/api/v1/webhooks/{source['id']}", port, signing, body)


def _plain(port: int) -> Request:
    return _request("/deliver", port, "", json.dumps(SIGNAL).encode())


def _request(path: str, port: int, headers: str, body: bytes) -> Request:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def _figures(port: int, server: psutil.Process, make: MakeRequest) -> Figures:
    await _flat_out(port, [make() for _ in range(WARM_UP)])
    requests = [make() for _ in range(DELIVERIES)]
    began, cpu_s = time.perf_counter(), _cpu_s(server)
    busy_ms = await _flat_out(port, requests)
    per_s = DELIVERIES / (time.perf_counter() - began)
    cpu_ms = (_cpu_s(server) - cpu_s) * 1000 / DELIVERIES
    steady_ms = await _steady(port, [make() for _ in range(STEADY_PER_S * STEADY_S)])
    return Figures(per_s, _p99(busy_ms), statistics.median(steady_ms), _p99(steady_ms), cpu_ms)


async def _flat_out(port: int, requests: Sequence[Request]) -> list[float]:
    """Return the latency of each, in ms; every connection sends its next one after the answer."""
    waiting = iter(requests)
    took: list[float] = []

    async def work() -> None:
        async with _connection(port) as connection:
            for request in waiting:
                began = time.perf_counter()
                await connection.send(request)
                took.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return took


async def _steady(port: int, requests: Sequence[Request]) -> list[float]:
    """Return the latency of each, in ms, counted from when it was due: a wait for a free
    connection counts too."""
    began = time.perf_counter()
    waiting = iter(enumerate(requests))
    took: list[float] = []

    async def work() -> None:
        async with _connection(port) as connection:
            for number, request in waiting:
                due = began + number / STEADY_PER_S
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                await connection.send(request)
                took.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return took


class _Connection:
    """A kept connection that knows just enough HTTP to leave the cores to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, request: Request) -> None:
        """Send a request and read its answer to the end; it must be a 202."""
        self.writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if not head.startswith(b"http/1.1 202"):
            raise RuntimeError(f"refused: {body.decode()}")


@asynccontextmanager
async def _connection(port: int) -> AsyncIterator[_Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield _Connection(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def _bare_route(stack: Stack, source_id: str) -> AsyncIterator[tuple[int, psutil.Process]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "benchmarks.floors.bare_route:app", "--factory"),
        *("--port", str(port), "--no-access-log", "--log-level", "warning"),
        env={**os.environ, "DATABASE_URL": stack.database_url, "SOURCE_ID": source_id},
    )
    try:
        for _ in range(200):
            try:
                async with _connection(port):
                    break
            except OSError:
                await asyncio.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _require_rows(stack: Stack, count: int) -> None:
    """A fast refusal is no result: every delivery must be on record, each with its signal."""
    async with await psycopg.AsyncConnection.connect(stack.database_url) as database:
        cursor = await database.execute(
            "select count(*), count(distinct signal_id) from webhook_deliveries where status = 202"
        )
        row = await cursor.fetchone()
    assert row == (count, count), f"not every delivery is on record: {row} of {count}"


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _print(gateway: Figures, floor: Figures) -> None:
    rows = [
        ("deliveries flat out", "/s", gateway.per_s, floor.per_s, f">= {TARGET_PER_S}"),
        ("p99 flat out", "ms", gateway.busy_p99_ms, floor.busy_p99_ms, ""),
        (f"p50 at {STEADY_PER_S}/s", "ms", gateway.steady_p50_ms, floor.steady_p50_ms, ""),
        (
            *(f"p99 at {STEADY_PER_S}/s", "ms", gateway.steady_p99_ms, floor.steady_p99_ms),
            f"< {TARGET_P99_MS}",
        ),
        ("CPU of the server for one", "ms", gateway.cpu_ms, floor.cpu_ms, ""),
    ]
    print(f"{psutil.cpu_count()} cores, {CONNECTIONS} connections, one server process each")
    print(f"{'':<26} {'signed':>9} {'bare':>9}      {'ratio':>6}")
    for name, unit, ours, bare, target in rows:
        aim = f"   target {target} {unit}" if target else ""
        print(f"{name:<26} {ours:9.1f} {bare:9.1f} {unit:<4} {ours / bare:6.2f}{aim}")


if __name__ == "__main__":
    main()
