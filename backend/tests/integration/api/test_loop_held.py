"""No route holds the event loop: each gets the largest request that it takes, and the loop's own
watch says how much of the processor its thread took between two ticks.

Processor time, not the clock: what other programs take does not count. It is compared with a
yardstick that the same process took just before. A new route is called as test_t26 calls it, with
bodies of which nothing can be made; say in LARGEST what its largest good request is.
"""

import asyncio
import gc
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kuber.api.middleware import MAX_BODY_BYTES, MAX_BODY_VALUES
from tests.fakes.api_container import browser
from tests.fakes.loop_meter import LoopMeter, cpu_of
from tests.fixtures.counts import Tell
from tests.integration.api.conftest import sign_in
from tests.integration.api.test_t26_cross_tenant import (
    FACTORIES,
    REQUESTS,
    Route,
    routes_of,
)

YARDSTICK_ROUNDS = 40_000
MOST = 5.0
"""A route may take so many yardsticks at a time: 15 ms each on the processor this was made on."""

SYMBOLS = [f"S{at:019}" for at in range(1000)]
GOOD_BARS = 150_000
_TEXT = {"Content-Type": "application/json"}

Request = dict[str, Any]


def body(**fields: object) -> Request:
    return {"content": json.dumps(fields).encode(), "headers": _TEXT}


def junk() -> Iterator[Request]:
    """Give bodies as large as may be, of which nothing can be made."""
    keys = ",".join(f'"{at:0{MAX_BODY_BYTES // MAX_BODY_VALUES - 6}}":0' for at in range(1990))
    zeros = ",".join("0" for _ in range(1990))
    half = MAX_BODY_BYTES // 2 - 100
    for content in (
        f"{{{keys}}}",
        f'{{"name":"x","kind":"manual","tickers":[{zeros}]}}',
        f'{{"name":"x","kind":"rsi","symbols":[{zeros}]}}',
        "[" * half + "]" * half,
        json.dumps({"name": "x" * 2 * half}),
    ):
        assert len(content) <= MAX_BODY_BYTES
        yield {"content": content.encode(), "headers": _TEXT}


def upload() -> Request:
    """Return a file of many good minutes, given part by part as a server does."""
    rows = "".join(
        f"ZZ,2020-01-{1 + at // 1440 % 28:02}T{at // 60 % 24:02}:{at % 60:02}:00Z,1,1,1,1,1\n"
        for at in range(28 * 1440)
    )
    files = "".join(rows.replace("2020-01", f"20{20 + at}-01") for at in range(4))
    form = httpx.Request(
        "POST",
        "http://127.0.0.1",
        files={"file": ("z.csv", f"symbol,time,open,high,low,close,volume\n{files}".encode())},
        data={"timeframe": "1m"},
    )
    content = form.read()

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 65_536):
            await asyncio.sleep(0)  # as between two reads of a server
            yield content[start : start + 65_536]

    headers = {"Content-Type": form.headers["Content-Type"], "Idempotency-Key": "once"}
    return {"content": parts(), "headers": headers}


KEPT = {"scanner_id", "generator_id", "source_id", "signal_id", "letter_id"}
"""Things of which one does for all requests: there may be only so many."""

NO_LOGIN = {"login", "refresh", "receive_webhook", "receive_alert"}

RULE = {"field": "price", "op": ">", "value": 0}
LONG = "1<" + "+".join(str(at % 10) for at in range(499))
DEAR = "ema(ema(ema(ema(close,300),300),300),300) > 0"
LARGEST: dict[str, list[Request]] = {
    "create_scanner": [
        body(name="m", kind="manual", tickers=SYMBOLS),
        body(name="f", kind="filter", filter={"all": [RULE] * 20}),
    ],
    "update_scanner": [body(name="m", kind="manual", tickers=SYMBOLS)],
    "preview_scanner": [body(filter={"all": [RULE] * 20})],
    "create_generator": [
        body(name="g", kind="rsi", symbols=SYMBOLS[:50]),
        body(name="g", kind="expression", config={"expression": LONG}, symbols=["AAPL"]),
    ],
    "update_generator": [
        body(name="g", kind="expression", config={"expression": LONG}, symbols=["AAPL"]),
    ],
    "check_generator": [
        body(kind="expression", symbol="AMZN", timeframe="1d", config={"expression": LONG}),
        body(kind="expression", symbol="TSLA", timeframe="1m", config={"expression": DEAR}),
        body(kind="rsi", symbol="AMZN", timeframe="1d"),
    ],
    "get_bars": [
        {"params": {"symbol": symbol, "timeframe": timeframe, "limit": 10_000}}
        for symbol, timeframe in (
            *(("NVDA", "1m"), ("TSLA", "1d"), ("AMZN", "1w"), ("BTCUSD", "4h")),
            *(("ZZ", "1m"), ("ZZ", "5m"), ("ZZ", "1d")),
        )
    ],
    "list_quotes": [{"params": {"symbols": ",".join(SYMBOLS[:200])}}],
    "publish_pipeline": [
        {
            "content": json.dumps({"name": "n" * 120, "note": "n" * 2000}).encode(),
            "headers": _TEXT | {"If-Match": "1"},
        }
    ],
    "register": [body(email="new@example.com", password="x" * 900)],
    "login": [body(email="new@example.com", password="x" * 900)],
}


@dataclass
class Calls:
    """Sends requests one by one and keeps what each took of the loop."""

    app: FastAPI
    client: httpx.AsyncClient
    watch: LoopMeter
    taken: dict[str, float] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    async def send(self, route: Route, what: str, request: Request) -> None:
        """Send a request; again when a full garbage collection fell into it, which is no work of
        its own."""
        before = full_collections()
        told = await self._send(route, what, request)
        if full_collections() != before and route.operation != "logout":
            del self.taken[told]
            await self._send(route, what, request)

    async def _send(self, route: Route, what: str, request: Request) -> str:
        ids = {name: await self._id(name) for name in route.parameters}
        await self.watch.settled()  # what made the request is not the route's
        self.watch.reset()
        address = route.path.replace(":path}", "}").format(**ids)
        answer = await self.client.request(route.method, address, **request)
        await self.watch.settled()
        assert answer.status_code < 500, (route, answer.text[:300])
        assert answer.status_code != 401 or route.operation in NO_LOGIN, route
        told = f"{route} {what}: {answer.status_code}, {len(answer.content)} bytes"
        self.taken[told] = self.watch.cpu_max_s
        return told

    async def _id(self, name: str) -> str:
        if name not in FACTORIES:
            return str(uuid4())
        if name not in self.made or name not in KEPT:
            self.made[name] = await FACTORIES[name](self.client)
        return self.made[name]


def full_collections() -> int:
    return int(gc.get_stats()[2]["collections"])


async def fill(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Give the person as much as lists may hold."""
    owner = (await client.get("/api/v1/users/me")).json()["id"]
    pipeline = (await client.post("/api/v1/pipelines", json={"name": "Many"})).json()
    async with app.state.container.database.transaction() as session:
        await session.execute(
            text(
                "insert into scanners (id, user_id, name, kind, tickers, created_at, updated_at)"
                " select gen_random_uuid(), :owner, 'n' || n, 'manual', :tickers, now(), now()"
                " from generate_series(1, 180) n"
            ),
            {"owner": owner, "tickers": SYMBOLS},
        )
        await session.execute(
            text(
                "insert into signal_generators"
                " (id, user_id, name, kind, config, symbols, timeframe, created_at, updated_at)"
                " select gen_random_uuid(), :owner, 'g' || n, 'expression', cast(:config as jsonb),"
                " array['AAPL'], '1d', now(), now() from generate_series(1, 17) n"
            ),
            {"owner": owner, "config": json.dumps({"expression": LONG})},
        )
        await session.execute(
            text(
                "insert into limits (scope, name, value) values"
                " (concat('user', chr(58), cast(:owner as text)), 'imported_symbols', 50000),"
                " (concat('user', chr(58), cast(:owner as text)), 'accounts', 50000)"
            ),
            {"owner": owner},
        )
        await session.execute(
            text(
                "with made as (insert into bar_imports (id, user_id, status, source, filename,"
                " sha256, size_bytes, done_bytes, said, found, problems, timeframe, symbols,"
                " bar_count, first_at, last_at, created_at) values (gen_random_uuid(), :owner,"
                " 'done', 'imported', 'a', 'a', 0, 0, '{}', '{}', '[]', '1d', '{}', 0, now(),"
                " now(), now()) returning id)"
                " insert into bar_series (id, user_id, symbol, timeframe, source, state, calendar,"
                " import_id, bar_count, first_at, last_at) select gen_random_uuid(), :owner,"
                " 'ZX' || n, '1d', 'imported', 'active', 'XNYS', made.id, 0, now(), now()"
                " from made, generate_series(1, 20000) n"
            ),
            {"owner": owner},
        )
        await session.execute(
            text(
                "insert into pipelines select (jsonb_populate_record(p, jsonb_build_object("
                "'id', gen_random_uuid(), 'trigger', cast(:trigger as jsonb)))).*"
                " from pipelines p, generate_series(1, 200) where p.id = :pipeline"
            ),
            {
                "pipeline": pipeline["id"],
                "trigger": json.dumps(
                    {"kind": "periodic", "timezone": "America/New_York", "symbols": SYMBOLS[:20]}
                ),
            },
        )
        tickers = [{"ticker": one, "signal": "BULLISH", "confidence": 50} for one in SYMBOLS[:500]]
        await session.execute(
            text(
                "insert into signals (id, idempotency_key, user_id, source, signal_type,"
                " occurred_at, received_at, tickers, details, extra, correlation_id)"
                " select gen_random_uuid(), 'k' || n, :owner, 'x', 'external', now(), now(),"
                " cast(:tickers as jsonb), '{}', '{}', 'x' from generate_series(1, 200) n"
            ),
            {"owner": owner, "tickers": json.dumps(tickers)},
        )


@pytest.fixture
async def calls(platform: FastAPI) -> AsyncIterator[Calls]:
    async with browser(platform) as client, LoopMeter(tick_s=0.002) as watch:
        await sign_in(client, "eve@example.com")
        await fill(platform, client)
        gc.collect()
        gc.freeze()  # as `kuber.main` does
        yield Calls(platform, client, watch)
        gc.unfreeze()


def yardstick_s() -> float:
    return cpu_of(lambda: hashlib.pbkdf2_hmac("sha256", b"a", b"b", YARDSTICK_ROUNDS))


@pytest.mark.timeout(600)
async def test_no_route_holds_the_loop(calls: Calls, tell: Tell) -> None:
    unit_s = min(yardstick_s() for _ in range(3))
    routes = sorted(routes_of(calls.app), key=lambda route: route.operation == "logout")
    imports = "/api/v1/market/imports"
    await calls.send(Route("POST", imports, "import_bars"), "upload", upload())
    await calls.send(Route("POST", f"{imports}/preview", "preview_import"), "upload", upload())
    for route in routes:
        if route.method == "WEBSOCKET" or route.operation in ("import_bars", "preview_import"):
            continue
        plain = {"params": {"limit": 200}} if route.method == "GET" else {}
        for request in LARGEST.get(route.operation, [REQUESTS.get(route.operation, plain)]):
            await calls.send(route, "largest", request)
        if route.method in ("POST", "PUT"):
            for number, request in enumerate(junk()):
                await calls.send(route, f"junk {number}", request)
    worst = sorted(calls.taken.items(), key=lambda one: -one[1])
    held = {name: f"{taken / unit_s:.1f}" for name, taken in worst if taken > MOST * unit_s}
    for name, taken in worst[:25]:
        print(f"{taken / unit_s:6.1f} yardsticks {taken * 1e3:6.0f} ms  {name}")  # noqa: T201
    assert held == {}, "these take too many yardsticks of the loop at a time"
    tell(f"{len(worst)} requests to {len(routes)} routes hold the loop no longer than they may")


def widest_graph(moved: int) -> dict[str, Any]:
    """Return a graph that can run, about as large as may be sent."""
    nodes = [{"id": "t", "agent_type": "manual_trigger", "position": {"x": moved, "y": 0}}]
    nodes += [{"id": f"n{at}", "agent_type": "market_data", "name": "x" * 80} for at in range(999)]
    edges = [{"from": "t", "to": f"n{at}", "from_port": None} for at in range(999)]
    notes = [{"id": f"o{at}", "text": "y" * 2000} for at in range(380)]
    return {"nodes": nodes, "edges": edges, "notes": notes}


@pytest.mark.timeout(300)
async def test_publishing_the_largest_graph_holds_no_loop(calls: Calls, tell: Tell) -> None:
    unit_s = min(yardstick_s() for _ in range(3))

    async def send(method: str, path: str, **request: Any) -> None:
        await calls.send(Route(method, f"{address}{path}", path), "widest", request)

    def based_on(revision: int) -> dict[str, str]:
        return {"If-Match": str(revision), "Content-Type": "application/json"}

    created = {"name": "Widest", "graph": widest_graph(0)}
    made = (await calls.client.post("/api/v1/pipelines", json=created)).json()
    assert made["published_version"] == 1, made
    address = f"/api/v1/pipelines/{made['id']}"
    changed = json.dumps({"graph": widest_graph(1)}).encode()
    await send("PUT", "", content=changed, headers=based_on(1))
    await send("GET", "/diff")
    named = json.dumps({"name": "n" * 120, "note": "n" * 2000}).encode()
    await send("POST", "/publish", content=named, headers=based_on(2))
    await send("GET", "/diff", params={"from": "1", "to": "2"})
    await send("POST", "/versions/1/restore", headers=based_on(2))
    await send("POST", "/run", **body(symbol="TSLA", draft=True, revision=3))
    await send("POST", "/run", **body(symbol="NVDA"))
    await send("POST", "/clone")
    found = (await calls.client.get(address)).json()
    assert (found["version"], found["draft_differs"]) == (2, True)
    runs = (await calls.client.get("/api/v1/executions")).json()["items"]
    assert {run["pipeline_version"] for run in runs} == {2, None}
    held = {name: taken / unit_s for name, taken in calls.taken.items() if taken > MOST * unit_s}
    assert held == {}, "these take too many yardsticks of the loop at a time"
    tell(f"{len(calls.taken)} requests about the largest graph hold the loop no longer than may be")


async def test_a_route_that_counts_on_the_loop_is_found(calls: Calls) -> None:
    async def dear() -> str:
        for _ in range(12):
            yardstick_s()
        return "done"

    calls.app.add_api_route("/planted", dear)
    unit_s = yardstick_s()
    await calls.send(Route("GET", "/planted", "planted"), "planted", {})
    [taken] = calls.taken.values()
    assert taken > MOST * unit_s
