"""One person who sends whatever is dearest, all the time.

`python -m benchmarks.hostile_user URL SECONDS`, a process of its own, so that its work does not
delay those who measure. Prints one line of JSON: the answers by kind of request and status.
"""

import asyncio
import io
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import polars as pl

from benchmarks.stack import PASSWORD

NODES, EDGES = 1000, 10_000
HALF_OPEN = 300
CHARTED = ("AAPL", "MSFT", "NVDA", "BTCUSD", "EURUSD")
Attack = Callable[[httpx.AsyncClient], Awaitable[int]]


def main() -> None:
    """Attack and print what was answered."""
    url, seconds = sys.argv[1], float(sys.argv[2])
    print(json.dumps(asyncio.run(_attack(url, seconds))))


async def _attack(url: str, seconds: float) -> dict[str, int]:
    answers: Counter[str] = Counter()
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        account = {"email": f"hostile-{uuid4().hex[:12]}@example.com", "password": PASSWORD}
        (await client.post("/api/v1/auth/register", json=account)).raise_for_status()
        tokens = (await client.post("/api/v1/auth/login", json=account)).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        until = time.monotonic() + seconds
        await asyncio.gather(
            *(
                _repeat(name, attack, client, until, answers)
                for name, attack in _attacks().items()
                for _ in range(2)
            ),
            _half_open(url, until, answers),
        )
    return dict(sorted(answers.items()))


async def _repeat(
    name: str, attack: Attack, client: httpx.AsyncClient, until: float, answers: Counter[str]
) -> None:
    while time.monotonic() < until:
        try:
            status: int | str = await attack(client)
        except httpx.HTTPError as error:
            status = type(error).__name__
        answers[f"{name} {status}"] += 1
        if status == 429:  # asked again at once it would be the limits that are measured
            await asyncio.sleep(0.05)


def _attacks() -> dict[str, Attack]:
    graph = json.dumps({"graph": _graph()}).encode()
    saved = json.dumps({"name": "dear", "graph": _graph()}).encode()
    good, bomb = _csv(), _parquet()
    symbols = iter(range(10**9))

    async def validate(client: httpx.AsyncClient) -> int:
        return await _post(client, "/api/v1/pipelines/validate", graph)

    async def save(client: httpx.AsyncClient) -> int:
        return await _post(client, "/api/v1/pipelines", saved)

    async def listed(client: httpx.AsyncClient) -> int:
        return (await client.get("/api/v1/pipelines", params={"limit": 200})).status_code

    async def upload(client: httpx.AsyncClient) -> int:
        return await _upload(client, "good.csv", good)

    async def unfold(client: httpx.AsyncClient) -> int:
        return await _upload(client, "bomb.parquet", bomb)

    async def chart(client: httpx.AsyncClient) -> int:
        symbol = CHARTED[next(symbols) % len(CHARTED)]
        wanted = f"symbol={symbol}&timeframe=1m&limit=10000"
        return (await client.get(f"/api/v1/market/bars?{wanted}")).status_code

    async def nested(client: httpx.AsyncClient) -> int:
        return await _post(client, "/api/v1/scanners", b'{"name":' + b"[" * 90_000)

    return {
        "validate": validate,
        "save": save,
        "list": listed,
        "upload": upload,
        "bomb": unfold,
        "chart": chart,
        "nested": nested,
    }


async def _post(client: httpx.AsyncClient, path: str, body: bytes) -> int:
    headers = {"Content-Type": "application/json"}
    return (await client.post(path, content=body, headers=headers)).status_code


async def _upload(client: httpx.AsyncClient, name: str, content: bytes) -> int:
    timeframe = "1m" if name.endswith(".csv") else "1d"
    files, form = {"file": (name, content)}, {"timeframe": timeframe}
    answer = await client.post("/api/v1/market/imports", files=files, data=form)
    return answer.status_code


async def _half_open(url: str, until: float, answers: Counter[str]) -> None:
    """Open connections, send half a head on each, and open new ones when they are ended."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    while time.monotonic() < until:
        writers = []
        for _ in range(HALF_OPEN):
            with suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: ")
                writers.append(writer)
                answers["half-open"] += 1
        await asyncio.sleep(2)
        for writer in writers:
            writer.transport.abort()


def _graph() -> dict[str, object]:
    chance = random.Random(1)  # noqa: S311  drawn alike each time
    edges = {(chance.randrange(NODES), chance.randrange(NODES)) for _ in range(EDGES * 2)}
    drawn = sorted(edge for edge in edges if edge[0] != edge[1])[:EDGES]
    return {
        "nodes": [
            {
                "id": f"{number:x}",
                "agent_type": "condition" if number else "manual_trigger",
                "config": {},
                "position": {"x": 0, "y": 0},
            }
            for number in range(NODES)
        ],
        "edges": [{"from": f"{source:x}", "to": f"{target:x}"} for source, target in drawn],
    }


def _csv() -> bytes:
    head = "symbol,time,open,high,low,close,volume\n"
    start = datetime(2000, 1, 3, 15, tzinfo=UTC)
    rows = (
        f"ZZ,{start + timedelta(days=day, minutes=minute):%Y-%m-%dT%H:%M:%S},1,1,1,1,1"
        for day in range(900)
        for minute in range(300)
    )
    return (head + "\n".join(rows)).encode()[:9_900_000].rsplit(b"\n", 1)[0]


def _parquet() -> bytes:
    wide, rows = "1" + "0" * 199, 100_000
    columns = ("open", "high", "low", "close", "volume", "adj_close")
    table = {"symbol": ["AAPL".ljust(200)] * rows, "time": ["2020-01-01".ljust(200)] * rows}
    buffer = io.BytesIO()
    pl.DataFrame({**table, **{name: [wide] * rows for name in columns}}).write_parquet(
        buffer, compression="zstd"
    )
    return buffer.getvalue()


if __name__ == "__main__":
    main()
