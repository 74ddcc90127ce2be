"""T19: the same Idempotency-Key gets the same answer, and the work is done once."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import text

from kuber.api.app import create_app
from kuber.api.idempotency import IDEMPOTENT, IDEMPOTENT_FOR_ANYONE, IdempotentRoute
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock
from tests.fakes.api_container import browser

ANN = {"email": "ann@example.com", "password": "three quiet herons"}

# Asking, or changing a state that is the same after the second time.
REPEATABLE_POSTS = {
    # The gateway answers a repeated delivery itself: see test_webhooks.py.
    "receive_webhook",
    # It tries things out and writes nothing.
    "fire_drill",
    "receive_alert",
    "login",
    "refresh",
    "logout",
    "validate_graph",
    "publish_pipeline",
    "restore_version",
    "archive_pipeline",
    "unarchive_pipeline",
    "activate_pipeline",
    "deactivate_pipeline",
    "cancel_execution",
    "check_generator",
    "preview_scanner",
    "replay_dead_letter",
    "preview_subscriptions",
    "read_notice",
    "read_all_notices",
    "confirm_mail_address",
    "refresh_scanner",
    # The same quote sent twice counts once.
    "push_quote",
}


async def create(client: httpx.AsyncClient, key: str, name: str = "Momentum") -> httpx.Response:
    return await client.post(
        "/api/v1/pipelines", json={"name": name}, headers={"Idempotency-Key": key}
    )


async def pipelines_of(client: httpx.AsyncClient) -> int:
    return len((await client.get("/api/v1/pipelines")).json()["items"])


async def test_t19_the_same_key_and_body_get_the_first_answer_again(
    ann: httpx.AsyncClient,
) -> None:
    key = str(uuid4())
    first, second = await create(ann, key), await create(ann, key)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"]
    assert first.headers["etag"] == second.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert await pipelines_of(ann) == 1


async def test_t19_the_same_key_with_another_body_or_address_is_refused(
    ann: httpx.AsyncClient,
) -> None:
    key = str(uuid4())
    created = (await create(ann, key)).json()
    other_body = await create(ann, key, name="Reversion")
    other_address = await ann.post(
        f"/api/v1/pipelines/{created['id']}/clone", headers={"Idempotency-Key": key}
    )
    for refused in (other_body, other_address):
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    assert await pipelines_of(ann) == 1


async def test_t19_fifty_posts_at_once_with_one_key_have_one_effect(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("insert into limits values ('tier:FREE', 'requests_at_once', 50)")
    key = str(uuid4())
    answers = await asyncio.gather(*(create(ann, key) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert await pipelines_of(ann) == 1


async def test_t19_a_run_is_accepted_once(ann: httpx.AsyncClient) -> None:
    template = (await ann.get("/api/v1/templates")).json()["items"][0]["slug"]
    made = await ann.post("/api/v1/pipelines", json={"name": "One", "template": template})
    symbol = (await ann.get("/api/v1/market/symbols")).json()["items"][0]["symbol"]
    post = partial(
        ann.post,
        f"/api/v1/pipelines/{made.json()['id']}/run",
        json={"symbol": symbol},
        headers={"Idempotency-Key": "run-1"},
    )
    answers = await asyncio.gather(*(post() for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}, answers[0].text
    assert len({answer.json()["execution_id"] for answer in answers}) == 1


async def test_the_same_key_of_two_people_is_two_keys(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    key = str(uuid4())
    hers, his = await create(ann, key), await create(bob, key)
    assert hers.json()["id"] != his.json()["id"]


async def test_a_failed_request_leaves_its_key_free(ann: httpx.AsyncClient) -> None:
    key = str(uuid4())
    assert (await create(ann, key, name="")).status_code == 422
    assert (await create(ann, key)).status_code == 201


async def test_signing_up_twice_with_one_key_gives_the_account_again(
    client: httpx.AsyncClient, database: Database
) -> None:
    headers = {"Idempotency-Key": "signup-1"}
    first = await client.post("/api/v1/auth/register", json=ANN, headers=headers)
    second = await client.post("/api/v1/auth/register", json=ANN, headers=headers)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    other = ANN | {"password": "four quiet herons"}
    reused = await client.post("/api/v1/auth/register", json=other, headers=headers)
    assert reused.json()["code"] == "idempotency_key_reused"


async def test_people_who_sign_up_with_the_same_key_do_not_meet(
    client: httpx.AsyncClient, database: Database
) -> None:
    headers = {"Idempotency-Key": "1"}
    for email in ("ann@example.com", "bob@example.com"):
        made = await client.post(
            "/api/v1/auth/register", json=ANN | {"email": email}, headers=headers
        )
        assert (made.status_code, made.json()["email"]) == (201, email)
    again = await client.post("/api/v1/auth/register", json=ANN, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    async with database.transaction() as session:
        kept = (await session.execute(text("select key from idempotency_keys"))).scalars().all()
    assert len(kept) == 2
    assert "ann" not in str(kept)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"email": 7}', b"{"])
async def test_a_sign_up_that_names_no_address_is_refused_with_a_key_too(
    client: httpx.AsyncClient, body: bytes
) -> None:
    headers = {"Idempotency-Key": "1", "Content-Type": "application/json"}
    refused = await client.post("/api/v1/auth/register", content=body, headers=headers)
    assert refused.status_code == 422


async def test_a_key_is_forgotten_after_a_day(
    client: httpx.AsyncClient, database: Database, clock: FixedClock
) -> None:
    headers = {"Idempotency-Key": "signup-1"}
    await client.post("/api/v1/auth/register", json=ANN, headers=headers)
    clock.advance(timedelta(hours=24, seconds=1))
    bob = ANN | {"email": "bob@example.com"}
    again = await client.post("/api/v1/auth/register", json=bob, headers=headers)
    assert again.status_code == 201
    async with database.transaction() as session:
        kept = await session.execute(text("select count(*) from idempotency_keys"))
        assert kept.scalar_one() == 1


async def test_an_upload_is_recognised_by_its_parts_not_by_its_boundary(
    ann: httpx.AsyncClient,
) -> None:
    csv = b"symbol,date,open,high,low,close,volume\nZZZ,2024-01-02,1,2,1,2,10\n"

    async def upload(boundary: str, content: bytes = csv) -> httpx.Response:
        return await ann.post(
            "/api/v1/market/imports",
            files={"file": ("bars.csv", content, "text/csv")},
            data={"timeframe": "1d"},
            headers={
                "Idempotency-Key": "import-1",
                "Content-Type": f"multipart/form-data; boundary={boundary}",
            },
        )

    first, second = await upload("one"), await upload("two")
    assert first.status_code == 201, first.text
    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    changed = await upload("three", csv.replace(b"10\n", b"11\n"))
    assert changed.json()["code"] == "idempotency_key_reused"


def test_t19_every_post_that_creates_or_starts_something_takes_a_key(settings: Settings) -> None:
    app: FastAPI = create_app(partial(open_api, settings))
    unguarded = []
    for context in iter_route_contexts(app.routes):
        if "POST" not in (context.methods or ()) or context.name in REPEATABLE_POSTS:
            continue
        route = context.original_route
        assert isinstance(route, APIRoute)
        claims = any(one in (IDEMPOTENT, IDEMPOTENT_FOR_ANYONE) for one in route.dependencies)
        if not (claims and isinstance(route, IdempotentRoute)):
            unguarded.append(context.name)
    assert unguarded == [], "add route_class=IdempotentRoute and dependencies=[IDEMPOTENT]"


async def test_without_a_key_every_post_is_its_own(platform: FastAPI) -> None:
    async with browser(platform) as client:
        first = await client.post("/api/v1/auth/register", json=ANN)
        second = await client.post("/api/v1/auth/register", json=ANN)
    assert (first.status_code, second.status_code) == (201, 409)
