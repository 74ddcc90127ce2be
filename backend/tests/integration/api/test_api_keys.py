"""API keys over HTTP: made, shown once, used within their scopes, revoked."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from structlog.testing import capture_logs
from websockets import ConnectionClosed
from websockets.asyncio.client import connect

from kuber.api.deps import _Allowed
from kuber.identity import limits as limits_module
from kuber.identity.api_keys.types import Scope, key_hash, new_key
from kuber.kernel.ids import new_id
from tests.fakes.api_container import browser
from tests.fixtures.limits import allow
from tests.integration.api.test_t26_cross_tenant import public_routes, served

KEYS = "/api/v1/api-keys"
QUOTES = "/api/v1/market/quotes?symbols=NVDA"
IMPORTS = "/api/v1/market/imports"


async def make(client: httpx.AsyncClient, *scopes: str, **body: object) -> dict[str, Any]:
    wanted = {"name": "Feed", "scopes": list(scopes or ["market:read"]), **body}
    answer = await client.post(KEYS, json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
async def program(platform: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A program without a session."""
    async with browser(platform) as opened:
        yield opened


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def shown(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


def records(url: str, kind: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        query = "select data from audit_entries where event_type = %s order by id"
        return [json.loads(data) for (data,) in connection.execute(query, (kind,))]


async def test_a_key_is_shown_once_and_stored_as_a_hash(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    made = await make(ann, "quotes:write", "market:read", "market:read")
    key = made.pop("key")
    assert key.startswith(made["prefix"] + "_")
    assert made["scopes"] == ["market:read", "quotes:write"]
    assert (made["last_used_at"], made["expires_at"], made["revoked_at"]) == (None, None, None)
    assert (await ann.get(KEYS)).json() == {"items": [made], "next_cursor": None}
    with psycopg.connect(postgres_url) as connection:
        query = "select sha256, api_keys::text from api_keys"
        (sha256, text), *_ = connection.execute(query).fetchall()
    assert sha256 == key_hash(key)
    assert key.removeprefix(made["prefix"] + "_") not in text


async def test_the_answer_to_a_repeated_request_is_the_same_key(ann: httpx.AsyncClient) -> None:
    wanted = {"name": "Feed", "scopes": ["market:read"]}
    answers = [
        await ann.post(KEYS, headers={"Idempotency-Key": "one"}, json=wanted) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len((await ann.get(KEYS)).json()["items"]) == 1


@pytest.mark.parametrize("present", [bearer, shown])
async def test_a_key_opens_what_its_scope_names(
    ann: httpx.AsyncClient,
    program: httpx.AsyncClient,
    present: Callable[[str], dict[str, str]],
) -> None:
    key = (await make(ann))["key"]
    for path in (QUOTES, "/api/v1/market/symbols", "/api/v1/market/status"):
        assert (await program.get(path, headers=present(key))).status_code == 200, path
    bars = {"symbol": "NVDA", "timeframe": "1d"}
    answer = await program.get("/api/v1/market/bars", params=bars, headers=present(key))
    assert answer.status_code == 200


async def test_a_key_without_the_scope_is_told_which_one_is_missing(
    ann: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    key = (await make(ann, "quotes:write"))["key"]
    answer = await program.get(QUOTES, headers=shown(key))
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["code"] == "missing_scope"
    [item] = problem["errors"]
    assert item["code"] == "market:read"
    assert "quotes:write" in item["message"]
    assert "market:read" in item["remedy"]


async def test_keys_reach_no_route_without_a_scope(
    platform: FastAPI, ann: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    """Generated from the routes: a new one is closed to keys until it declares a scope."""
    key = (await make(ann, *Scope))["key"]
    open_to_keys, wrong = set(), {}
    for context in iter_route_contexts(platform.routes):
        route, path = context.route, context.path or ""
        if not isinstance(route, APIRoute) or not path.startswith("/api/v1"):
            continue
        plain = path.replace(":path}", "}").format(
            **dict.fromkeys(context.param_convertors, str(new_id()))
        )
        for method in sorted((context.methods or set()) - {"HEAD"}):
            if f"{method} {path}" in {
                *public_routes(),
                f"POST {IMPORTS}",
                f"POST {IMPORTS}/preview",
            }:
                continue  # an import is refused before it is read, see below
            answer = await program.request(method, plain, headers=shown(key))
            if _declares_scope(route):
                open_to_keys.add(context.name)
                if answer.status_code in (401, 403):
                    wrong[f"{method} {path}"] = answer.text
            elif (answer.status_code, answer.json()["code"]) != (403, "api_key_not_taken"):
                wrong[f"{method} {path}"] = answer.text
    assert wrong == {}
    assert {"list_symbols", "get_bars", "list_quotes", "list_markets"} <= open_to_keys
    assert "create_api_key" not in open_to_keys


def _declares_scope(route: APIRoute) -> bool:
    waiting = list(route.dependant.dependencies)
    while waiting:
        one = waiting.pop()
        if isinstance(one.call, _Allowed):
            return True
        waiting += one.dependencies
    return False


async def test_a_key_uploads_nothing_large(
    ann: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    key = (await make(ann, "market:read", "quotes:write"))["key"]
    files = {"file": ("bars.csv", b"symbol,date\n", "text/csv")}
    refused = await program.post(IMPORTS, files=files, headers=shown(key))
    assert refused.status_code == 401
    large = await program.post(KEYS, content=b" " * 200_000, headers=shown(key))
    assert large.status_code == 401


async def test_a_key_opens_no_socket(platform: FastAPI, ann: httpx.AsyncClient) -> None:
    key = (await make(ann))["key"]
    async with (
        served(platform) as address,
        connect(address, ping_interval=None, additional_headers=shown(key)) as talk,
    ):
        await talk.send(json.dumps({"type": "auth", "token": key}))
        assert json.loads(await talk.recv())["code"] == "not_signed_in"
        with pytest.raises(ConnectionClosed):
            await talk.recv()


async def test_a_revoked_key_is_refused_at_once_and_revoking_twice_is_fine(
    ann: httpx.AsyncClient, program: httpx.AsyncClient, postgres_url: str
) -> None:
    made = await make(ann)
    assert (await program.get(QUOTES, headers=shown(made["key"]))).status_code == 200
    for _ in range(2):
        assert (await ann.delete(f"{KEYS}/{made['id']}")).status_code == 204
    refused = await program.get(QUOTES, headers=shown(made["key"]))
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_ended")
    assert made["prefix"] in refused.json()["detail"]
    [listed] = (await ann.get(KEYS)).json()["items"]
    assert listed["revoked_at"] is not None
    assert records(postgres_url, "api_key_revoked") == [{"key_id": made["id"]}]


async def test_an_expired_key_is_refused(
    ann: httpx.AsyncClient, program: httpx.AsyncClient, postgres_url: str
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = await make(ann, expires_at=tomorrow)
    assert (await program.get(QUOTES, headers=shown(made["key"]))).status_code == 200
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("update api_keys set expires_at = now()")
    refused = await program.get(QUOTES, headers=shown(made["key"]))
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_ended")


async def test_a_key_of_a_disabled_account_is_refused_at_once(
    ann: httpx.AsyncClient, program: httpx.AsyncClient, postgres_url: str
) -> None:
    key = (await make(ann))["key"]
    assert (await program.get(QUOTES, headers=shown(key))).status_code == 200
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("update users set disabled_at = now()")
    refused = await program.get(QUOTES, headers=shown(key))
    assert (refused.status_code, refused.json()["code"]) == (401, "account_disabled")


@pytest.mark.parametrize(
    "key",
    [new_key().secret, "kuber_0123abcd", "anything", "ключ"],
    ids=["unknown", "short", "word", "letters"],
)
async def test_what_is_no_key_of_ours_is_refused(program: httpx.AsyncClient, key: str) -> None:
    for headers in ({b"X-API-Key": key.encode()}, {b"Authorization": b"Bearer " + key.encode()}):
        answer = await program.get(QUOTES, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert key not in answer.text


async def test_another_persons_key_is_not_there(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    made = await make(ann)
    assert (await bob.delete(f"{KEYS}/{made['id']}")).status_code == 404
    assert (await bob.get(KEYS)).json()["items"] == []
    assert (await program.get(QUOTES, headers=shown(made["key"]))).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"scopes": ["market:read", "trade:all"]}, "scopes.1", "quotes:write"),
        ({"scopes": []}, "scopes", ""),
        ({"name": "\u202e"}, "name", ""),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "a time to come"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at", ""),
    ],
)
async def test_a_key_that_would_be_of_no_use_is_refused(
    ann: httpx.AsyncClient, body: dict[str, object], field: str, said: str
) -> None:
    answer = await ann.post(KEYS, json={"name": "Feed", "scopes": ["market:read"], **body})
    assert answer.status_code == 422
    [item] = answer.json()["errors"]
    assert item["field"] == field
    assert said in item["remedy"]


async def test_there_may_be_so_many_keys_that_work(
    ann: httpx.AsyncClient, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "FRESH", timedelta(0))
    allow(postgres_url, (await ann.get("/api/v1/users/me")).json()["id"], api_keys=2)
    first = await make(ann)
    await make(ann)
    refused = await ann.post(KEYS, json={"name": "Third", "scopes": ["market:read"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_reached")
    assert refused.json()["errors"][0]["code"] == "api_keys"
    used = (await ann.get("/api/v1/users/me/limits")).json()["items"]
    assert next(one["used"] for one in used if one["name"] == "api_keys") == 2
    await ann.delete(f"{KEYS}/{first['id']}")
    await make(ann)


async def test_what_a_key_brings_counts_as_its_owners(
    ann: httpx.AsyncClient,
    program: httpx.AsyncClient,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits_module, "FRESH", timedelta(0))
    key = (await make(ann))["key"]
    owner = (await ann.get("/api/v1/users/me")).json()["id"]
    allow(postgres_url, owner, requests_per_minute=20)
    statuses = [(await program.get(QUOTES, headers=shown(key))).status_code for _ in range(25)]
    assert 429 in statuses, "or a program could ask without end"
    assert (await ann.get(QUOTES)).status_code == 429
    allow(postgres_url, owner, requests_per_minute=1200, requests_at_once=0)
    refused = await program.get(QUOTES, headers=shown(key))
    assert refused.json()["errors"][0]["code"] == "requests_at_once"


async def test_the_last_use_is_written_once_a_minute(
    platform: FastAPI, ann: httpx.AsyncClient, program: httpx.AsyncClient, postgres_url: str
) -> None:
    made = await make(ann)
    door = platform.state.container.key_door

    async def used_at() -> datetime:
        door.forget(made["key"])
        door._known.clear()  # the seconds for which an answer is kept are over
        assert (await program.get(QUOTES, headers=shown(made["key"]))).status_code == 200
        [listed] = (await ann.get(KEYS)).json()["items"]
        return datetime.fromisoformat(listed["last_used_at"])

    first = await used_at()
    assert await used_at() == first
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("update api_keys set last_used_at = now() - interval '2 minutes'")
    assert await used_at() > first


async def test_keys_are_on_record_and_their_secrets_nowhere(
    ann: httpx.AsyncClient, program: httpx.AsyncClient, postgres_url: str
) -> None:
    with capture_logs() as lines:
        made = await make(ann)
        await program.get(QUOTES, headers=shown(made["key"]))
        await program.get(f"/api/v1/{made['key']}", headers=bearer(made["key"]))
    assert made["key"] not in str(lines)
    [entry] = records(postgres_url, "api_key_created")
    assert entry == {
        "key_id": made["id"],
        "prefix": made["prefix"],
        "scopes": ["market:read"],
        "expires_at": None,
    }


async def test_scopes_are_told_with_a_sentence_each(ann: httpx.AsyncClient) -> None:
    items = (await ann.get(f"{KEYS}/scopes")).json()["items"]
    scopes = ["quotes:write", "market:read", "accounts:read", "orders:write"]
    assert [one["scope"] for one in items] == scopes
    assert all(one["sentence"].endswith(".") for one in items)


async def test_keys_that_ended_long_ago_are_forgotten(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    first = await make(ann)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "insert into api_keys (id, user_id, name, prefix, sha256, scopes, created_at,"
            " revoked_at) select gen_random_uuid(), user_id, 'Old', 'kuber_x',"
            " sha256(convert_to(n::text, 'UTF8')), scopes, now(), now()"
            " from api_keys, generate_series(1, 150) n"
        )
    made = await make(ann)
    items = (await ann.get(KEYS)).json()["items"]
    assert len(items) == 102
    assert {first["id"], made["id"]} <= {one["id"] for one in items}
