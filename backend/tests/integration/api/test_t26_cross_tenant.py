# over 400 lines because it makes one of everything that a path can name
"""T26: generated from the routes of the application, so that a new route is covered or fails here.

- A route with an id in its path needs a factory for that id in FACTORIES.
- A route that takes a body needs a valid one in REQUESTS, so that the refusal is about the owner.
- A route that needs no log-in must be in public_routes.txt, which is reviewed by people.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from websockets import ConnectionClosed
from websockets.asyncio.client import connect

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.identity.limit_kinds import LimitName
from tests.fakes.api_container import browser
from tests.fixtures.counts import Tell
from tests.fixtures.owned_orders import order_and_position
from tests.fixtures.waiting import LIMIT_S

PUBLIC_ROUTES = Path(__file__).with_name("public_routes.txt")
SECRET_NAME = "hers-alone"
SECRET_SYMBOL = "HERSALONE"
BARS = f"symbol,date,open,high,low,close,volume\n{SECRET_SYMBOL},2024-01-02,1,2,1,2,10\n".encode()


async def make_pipeline(client: httpx.AsyncClient) -> str:
    """Make a pipeline that could run; return its id."""
    template = (await client.get("/api/v1/templates")).json()["items"][0]["slug"]
    body = {"name": SECRET_NAME, "template": template}
    made = await client.post("/api/v1/pipelines", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def make_execution(client: httpx.AsyncClient) -> str:
    """Make a run that waits for a worker; return its id."""
    pipeline_id = await make_pipeline(client)
    symbol = (await client.get("/api/v1/market/symbols")).json()["items"][0]["symbol"]
    run = await client.post(f"/api/v1/pipelines/{pipeline_id}/run", json={"symbol": symbol})
    assert run.status_code == 202, run.text
    return str(run.json()["execution_id"])


async def make_scanner(client: httpx.AsyncClient) -> str:
    """Make a scanner that can be looked up anew; return its id."""
    rule = {"field": "price", "op": ">", "value": 0}
    body = {"name": SECRET_NAME, "kind": "filter", "filter": {"all": [rule]}}
    made = await client.post("/api/v1/scanners", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def make_generator(client: httpx.AsyncClient) -> str:
    """Make a signal generator; return its id."""
    body = {"name": SECRET_NAME, "kind": "rsi", "symbols": ["NVDA"]}
    made = await client.post("/api/v1/generators", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def make_scope(client: httpx.AsyncClient) -> str:
    """Make a pipeline and set its switch; return the scope."""
    scope = f"pipeline:{await make_pipeline(client)}"
    body = {"state": "paused", "reason": SECRET_NAME}
    stopped = await client.put(f"/api/v1/kill-switches/{scope}", json=body)
    assert stopped.status_code == 200, stopped.text
    return scope


async def first_version(_client: httpx.AsyncClient) -> str:
    return "1"


async def make_webhook_source(client: httpx.AsyncClient) -> str:
    """Make a webhook source; return its id."""
    made = await client.post("/api/v1/webhook-sources", json={"name": SECRET_NAME, "kind": "hmac"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def app_of(client: httpx.AsyncClient) -> FastAPI:
    """Return the application that the client speaks to."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    app = transport.app
    assert isinstance(app, FastAPI)
    return app


async def make_signal(client: httpx.AsyncClient) -> str:
    """Record a signal of one person alone, as the dispatcher would; return its id."""
    owner = (await client.get("/api/v1/users/me")).json()["id"]
    signal_id = uuid4()
    async with app_of(client).state.container.database.transaction() as session:
        await session.execute(
            text(
                "insert into signals (id, idempotency_key, user_id, source, signal_type,"
                " occurred_at, received_at, tickers, details, extra, correlation_id) values"
                " (:id, :key, :owner, :source, 'external', now(), now(), '[]', '{}', '{}', 'x')"
            ),
            {"id": signal_id, "key": str(signal_id), "owner": owner, "source": SECRET_NAME},
        )
    return str(signal_id)


async def make_dead_letter(client: httpx.AsyncClient) -> str:
    """Make the person an administrator, and put a message away; return its id."""
    owner = (await client.get("/api/v1/users/me")).json()["id"]
    letter_id = uuid4()
    async with app_of(client).state.container.database.transaction() as session:
        await session.execute(
            text("update users set role = 'admin' where id = :owner"), {"owner": owner}
        )
        await session.execute(
            text(
                "insert into dead_letters (id, fingerprint, consumer, topic, partition,"
                " message_offset, payload, headers, reason, detail, attempts, created_at) values"
                " (:id, :key, 'dispatcher', 'audit.event', 0, 0, :payload, '{}', 'failed', 'x', 1,"
                " now())"
            ),
            {"id": letter_id, "key": letter_id.hex, "payload": SECRET_NAME.encode()},
        )
    return str(letter_id)


async def make_api_key(client: httpx.AsyncClient) -> str:
    """Make an API key; return its id."""
    body = {"name": SECRET_NAME, "scopes": ["market:read"]}
    made = await client.post("/api/v1/api-keys", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def make_account(client: httpx.AsyncClient) -> str:
    """Open a further simulation account; return its id."""
    made = await client.post("/api/v1/accounts", json={"name": SECRET_NAME})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def make_preview(client: httpx.AsyncClient) -> str:
    """Preview a file of bars; return the id of its import."""
    made = await client.post(
        "/api/v1/market/imports/preview",
        files={"file": ("bars.csv", BARS, "text/csv")},
        data={"timeframe": "1d"},
    )
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def make_import(client: httpx.AsyncClient) -> str:
    """Import bars and a split of an instrument with a name of one's own; return its symbol."""
    split = f"symbol,date,ratio\n{SECRET_SYMBOL},2024-01-03,4:1\n".encode()
    told = await client.post(
        "/api/v1/market/imports", files={"file": (f"{SECRET_NAME}.csv", split, "text/csv")}
    )
    assert told.status_code == 201, told.text
    made = await client.post(
        "/api/v1/market/imports",
        files={"file": ("bars.csv", BARS, "text/csv")},
        data={"timeframe": "1d"},
    )
    assert made.status_code == 201, made.text
    named = await client.put(
        f"/api/v1/market/instruments/{SECRET_SYMBOL}", json={"name": SECRET_NAME}
    )
    assert named.status_code == 200, named.text
    return SECRET_SYMBOL


async def watch_import(client: httpx.AsyncClient) -> str:
    """Import bars and watch their symbol; return it."""
    await make_import(client)
    watched = await client.put(f"/api/v1/market/watchlist/{SECRET_SYMBOL}")
    assert watched.status_code == 200, watched.text
    return SECRET_SYMBOL


async def make_notice(client: httpx.AsyncClient) -> str:
    """Tell the person something, as the notifier would; return the notice's id."""
    owner = (await client.get("/api/v1/users/me")).json()["id"]
    notice_id = uuid4()
    async with app_of(client).state.container.database.transaction() as session:
        await session.execute(
            text(
                "insert into notices (id, user_id, kind, data, first_at, last_at, in_app) values"
                " (:id, :owner, 'run_failed', jsonb_build_object('pipeline_name', cast(:name as"
                " text)), now(), now(), true)"
            ),
            {"id": notice_id, "owner": owner, "name": SECRET_NAME},
        )
    return str(notice_id)


async def make_order(client: httpx.AsyncClient) -> str:
    """Place an order by hand; return its id."""
    return (await order_and_position(client, app_of(client).state.container))[0]


async def make_position(client: httpx.AsyncClient) -> str:
    """Begin to open a position by hand; return its id."""
    return (await order_and_position(client, app_of(client).state.container))[1]


FACTORIES: dict[str, Callable[[httpx.AsyncClient], Awaitable[str]]] = {
    "pipeline_id": make_pipeline,
    "execution_id": make_execution,
    "scanner_id": make_scanner,
    "generator_id": make_generator,
    "signal_id": make_signal,
    "version": first_version,
    "source_id": make_webhook_source,
    "letter_id": make_dead_letter,
    "symbol": watch_import,
    "key_id": make_api_key,
    "account_id": make_account,
    "id": make_preview,
    "notice_id": make_notice,
    "scope": make_scope,
    "order_id": make_order,
    "position_id": make_position,
}
"""For each name in a path: makes such a thing for a person and returns its id."""

REQUESTS: dict[str, dict[str, Any]] = {
    "change_account": {"json": {"name": "taken over"}},
    "deposit": {"json": {"amount": "1", "currency": "USD"}},
    "update_pipeline": {"json": {"name": "taken over"}, "headers": {"If-Match": "1"}},
    "update_webhook_source": {"json": {"name": "taken over"}},
    "publish_pipeline": {"json": {"name": "taken over"}, "headers": {"If-Match": "1"}},
    "restore_version": {"headers": {"If-Match": "1"}},
    "run_pipeline": {"json": {"symbol": "AAPL"}},
    "update_generator": {"json": {"name": "taken over", "kind": "rsi", "symbols": ["NVDA"]}},
    "update_scanner": {"json": {"name": "taken over", "kind": "manual", "tickers": ["AAPL"]}},
    "set_kill_switch": {"json": {"state": "halted", "reason": "taken over"}},
    "read_notice": {"json": {"read": True}},
    "put_instrument": {"json": {"tick": "0.5"}},
    "correct_import": {"json": {}},
    "get_bars": {"params": {"symbol": SECRET_SYMBOL, "timeframe": "1d"}},
    "get_indicator": {"params": {"symbol": SECRET_SYMBOL, "timeframe": "1d", "name": "sma"}},
    "get_indicator_series": {"params": {"symbol": SECRET_SYMBOL, "timeframe": "1d", "name": "sma"}},
}
"""For each operation that needs more than its address: what to send so that it would be done."""

FOR_ADMINISTRATORS = {"get_dead_letter", "replay_dead_letter"}
"""Operations on what belongs to nobody: others are told that it is not for them."""
OF_EVERYBODY = {
    *("get_instrument", "put_instrument", "reset_instrument"),
    "list_corporate_actions",
}
"""Operations on what everybody has of their own under the same name: others see only theirs."""


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    method: str
    path: str
    operation: str
    parameters: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    async def call(self, client: httpx.AsyncClient, ids: dict[str, str]) -> httpx.Response:
        request = REQUESTS.get(self.operation, {})
        path = self.path.replace(":path}", "}").format(**ids)
        return await client.request(self.method, path, **request)


def routes_of(app: FastAPI) -> Iterator[Route]:
    for context in iter_route_contexts(app.routes):
        assert context.path is not None, f"{context.route} has no path: T26 cannot cover it"
        parameters = tuple(getattr(context, "param_convertors", ()))
        methods = (context.methods or {"WEBSOCKET"}) - {"HEAD"}
        for method in sorted(methods):
            yield Route(method, context.path, context.name or "", parameters)


def public_routes() -> set[str]:
    return set(PUBLIC_ROUTES.read_text().split("\n")) - {""}


def private_routes(app: FastAPI) -> list[Route]:
    return [route for route in routes_of(app) if str(route) not in public_routes()]


async def make_ids(route: Route, owner: httpx.AsyncClient) -> dict[str, str]:
    missing = set(route.parameters) - FACTORIES.keys()
    assert not missing, f"{route}: add to FACTORIES in {__name__} how to make {sorted(missing)}"
    return {name: await FACTORIES[name](owner) for name in route.parameters}


async def test_t26_every_route_outside_the_frozen_list_refuses_without_a_login(
    platform: FastAPI, tell: Tell
) -> None:
    routes = private_routes(platform)
    refused = {}
    async with browser(platform) as stranger:
        for route in routes:
            for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}):
                stranger.headers.pop("Authorization", None)
                stranger.headers.update(headers)
                answer = await route.call(stranger, dict.fromkeys(route.parameters, str(uuid4())))
                refused[f"{route} {headers}"] = answer.status_code
    assert {name: status for name, status in refused.items() if status != 401} == {}
    tell(f"{len(routes)} routes refuse without a log-in")


def test_t26_the_list_of_public_routes_names_only_routes_that_exist(settings: Settings) -> None:
    app = create_app(partial(open_api, settings))
    assert public_routes() - {str(route) for route in routes_of(app)} == set()


@pytest.fixture
def unhurried(settings: Settings) -> None:
    """Nobody is limited in requests: the tests of every route send thousands."""
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        query = "update limits set value = 1000000 where scope = 'default' and name = %s"
        assert connection.execute(query, (LimitName.REQUESTS_PER_MINUTE,)).rowcount == 1


async def test_t26_another_persons_object_is_not_found_on_every_route(
    platform: FastAPI, unhurried: None, ann: httpx.AsyncClient, bob: httpx.AsyncClient, tell: Tell
) -> None:
    routes = [route for route in private_routes(platform) if route.parameters]
    leaks = {}
    for route in routes:
        ids = await make_ids(route, ann)
        before = await everything_of(ann)
        answer = await route.call(bob, ids)
        due = 403 if route.operation in FOR_ADMINISTRATORS else 404
        if route.operation in OF_EVERYBODY:
            due = 200
            own = answer.json()
            assert own.get("datasets", own.get("items")) == [], f"{route} tells of another's things"
        if answer.status_code != due or SECRET_NAME in answer.text:
            leaks[str(route)] = (answer.status_code, answer.text[:300])
        assert await everything_of(ann) == before, f"{route} changed another person's things"
    assert leaks == {}, "must be 404; when it is 422, add a valid body to REQUESTS"
    assert routes
    tell(f"{len(routes)} routes hide another person's objects")


async def test_t26_a_new_kind_of_id_without_a_factory_says_what_to_add(
    ann: httpx.AsyncClient,
) -> None:
    route = Route("GET", "/api/v1/teams/{team_id}", "get_team", ("team_id",))
    with pytest.raises(AssertionError, match=r"add to FACTORIES .* \['team_id'\]"):
        await make_ids(route, ann)


async def test_t26_the_same_calls_reach_the_object_for_its_owner(
    platform: FastAPI, ann: httpx.AsyncClient
) -> None:
    """Without this, a wrong address would pass for a hidden object."""
    unreached = {}
    for route in private_routes(platform):
        if route.parameters:
            answer = await route.call(ann, await make_ids(route, ann))
            if answer.status_code in (401, 403, 404, 405):
                unreached[str(route)] = answer.status_code
    assert unreached == {}


async def test_t26_nothing_of_another_person_shows_in_any_list(
    platform: FastAPI, ann: httpx.AsyncClient, bob: httpx.AsyncClient, tell: Tell
) -> None:
    secrets = {SECRET_NAME, SECRET_SYMBOL, await make_pipeline(ann), await make_execution(ann)}
    await watch_import(ann)
    lists = [
        route
        for route in private_routes(platform)
        if route.method == "GET" and not route.parameters
    ]
    shown, hers = {}, ""
    for route in lists:
        answer = await route.call(bob, {})
        asked = route.operation in ("get_bars", "get_indicator", "get_indicator_series")
        shown[str(route)] = [one for one in secrets if one in answer.text and not asked]
        if asked:
            assert '"items":[{' not in answer.text, "bars of another person's import"
        hers += (await route.call(ann, {})).text
    assert {route: found for route, found in shown.items() if found} == {}
    assert all(one in hers for one in secrets), "the owner must see what the other must not"
    tell(f"{len(lists)} lists keep people apart")


async def test_t26_a_filter_by_another_persons_pipeline_finds_nothing(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await make_execution(ann)
    pipeline_id = (await ann.get("/api/v1/pipelines")).json()["items"][0]["id"]
    found = await bob.get("/api/v1/executions", params={"pipeline_id": pipeline_id})
    assert found.status_code in (200, 404)
    assert found.json().get("items", []) == []


async def everything_of(client: httpx.AsyncClient) -> list[str]:
    lists = (
        "pipelines",
        "executions",
        "scanners",
        "generators",
        "webhook-sources",
        "signals",
        "api-keys",
        "accounts",
        "kill-switches",
        "reconciliations",
        "orders",
        "positions",
    )
    market = (f"market/{name}?query={SECRET_SYMBOL}" for name in ("symbols", "instruments"))
    paths = (*lists, "notifications", "market/watchlist", *market)
    return [(await client.get(f"/api/v1/{name}", params={"limit": 200})).text for name in paths]


async def test_t26_the_socket_speaks_only_after_a_login(platform: FastAPI) -> None:
    async with served(platform) as address:
        for first in ({"type": "subscribe", "topic": "user"}, {"type": "auth", "token": "x"}):
            async with connect(address, open_timeout=LIMIT_S, ping_interval=None) as talk:
                await talk.send(json.dumps(first))
                assert json.loads(await talk.recv())["code"] == "not_signed_in"
                with pytest.raises(ConnectionClosed):
                    await talk.recv()


async def test_t26_the_socket_tells_of_ones_own_runs_only(
    platform: FastAPI, ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    subscribe = {"type": "subscribe", "topic": f"execution:{await make_execution(ann)}"}
    async with served(platform) as address:
        for client, answer in ((bob, "error"), (ann, "subscribed")):
            token = client.headers["Authorization"].removeprefix("Bearer ")
            async with connect(address, open_timeout=LIMIT_S, ping_interval=None) as talk:
                await talk.send(json.dumps({"type": "auth", "token": token}))
                assert json.loads(await talk.recv()) == {"type": "ready"}
                await talk.send(json.dumps(subscribe))
                assert json.loads(await talk.recv())["type"] == answer


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve a started application on a free port; gives the address of its socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/api/v1/ws"
        server.should_exit = True
        await task
