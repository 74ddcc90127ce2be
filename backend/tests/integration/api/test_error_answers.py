"""Every failure is a problem document that helps and gives nothing away."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from redis.asyncio import Redis
from sqlalchemy import text
from starlette.requests import ClientDisconnect
from structlog.testing import capture_logs

from kuber.api.app import create_app
from kuber.api.deps import ContainerDep, Db
from kuber.infra.db import Database
from kuber.infra.kafka import KafkaProbe
from kuber.infra.redis import connect_redis
from kuber.kernel.clock import FixedClock
from kuber.kernel.errors import ErrorKind, KuberError, Problem
from tests.fakes.api_container import AccountsContainer, browser, opener

NOBODY_LISTENS = "postgresql://kuber:hush@127.0.0.1:1/kuber"


class Stale(KuberError):
    kind = ErrorKind.STALE
    code = "stale_revision"
    title = "Changed elsewhere"


class Busy(KuberError):
    kind = ErrorKind.UNAVAILABLE
    code = "busy"
    title = "Busy"


class Body(BaseModel):
    nodes: list[UUID]


def add_failing_routes(app: FastAPI) -> None:
    @app.get("/api/v1/test/stale")
    async def stale() -> None:
        raise Stale("Somebody saved.", [Problem("Old.", "Load it again.", node_id="n1", line=3)])

    @app.get("/api/v1/test/gone")
    async def gone() -> None:
        raise ClientDisconnect

    @app.get("/api/v1/test/busy")
    async def busy() -> None:
        raise Busy("Later.", retry_after_s=17)

    @app.get("/api/v1/test/defect")
    async def defect() -> None:
        raise ZeroDivisionError("hush")

    @app.get("/api/v1/test/database")
    async def database(session: Db) -> None:
        await session.execute(text("select 1"))

    @app.get("/api/v1/test/redis")
    async def redis(container: ContainerDep) -> None:
        await container.redis.ping()

    @app.get("/api/v1/test/commit")
    async def commit(session: Db) -> None:
        await session.execute(text("create table gone (id int) on commit drop"))
        await session.execute(text("set constraints all immediate; insert into no_table values(1)"))

    @app.get("/api/v1/test/nul")
    async def nul(session: Db) -> None:
        await session.execute(text("select cast(:value as jsonb)"), {"value": '"\\u0000"'})

    @app.post("/api/v1/test/body/{item_id}")
    async def body(item_id: UUID, body: Body) -> None: ...


@pytest.fixture
async def app(accounts: AccountsContainer) -> AsyncIterator[FastAPI]:
    application = create_app(opener(accounts))
    add_failing_routes(application)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def lonely(clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that reaches neither PostgreSQL nor Redis nor Kafka."""
    redis: Redis = connect_redis("redis://:hush@127.0.0.1:1/0")
    database = Database(NOBODY_LISTENS)
    container = AccountsContainer(database, redis, KafkaProbe("127.0.0.1:1"), clock)
    application = create_app(opener(container))
    add_failing_routes(application)
    async with application.router.lifespan_context(application), browser(application) as client:
        yield client
    await redis.aclose()
    await database.close()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    found = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, found["status"], found["code"]) == (status, status, code)
    assert found["correlation_id"] == answer.headers["x-correlation-id"]
    assert found["type"] == f"urn:kuber:problem:{code}"
    assert found["title"]
    assert found["detail"]
    return found  # type: ignore[no-any-return]


async def test_an_expected_failure_carries_its_kind_code_and_items(
    client: httpx.AsyncClient,
) -> None:
    found = problem(await client.get("/api/v1/test/stale"), 412, "stale_revision")
    assert found["errors"] == [
        {
            "message": "Old.",
            "remedy": "Load it again.",
            "node_id": "n1",
            "line": 3,
            "field": None,
            "code": None,
        }
    ]


async def test_a_failure_that_passes_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/test/busy")
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "17"


async def test_a_client_that_left_is_no_failure_of_ours(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        problem(await client.get("/api/v1/test/gone"), 408, "too_slow")
    assert [one["event"] for one in logs if one["log_level"] == "error"] == []


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/v1/nothing"), 404, "not_found")
    problem(await client.post("/nothing"), 404, "not_found")
    wrong = await client.get("/api/v1/auth/login")
    problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


async def test_a_bad_body_is_explained_by_field_without_its_values(
    client: httpx.AsyncClient,
) -> None:
    path = f"/api/v1/test/body/{UUID(int=1)}"
    found = problem(await client.post(path, json={"nodes": ["hush"]}), 422, "invalid")
    assert found["errors"][0]["field"] == "nodes.0"  # type: ignore[index]
    assert "hush" not in str(found["errors"])
    missing = problem(await client.post(path, json={}), 422, "invalid")
    assert missing["errors"][0]["remedy"] == "Add this field."  # type: ignore[index]
    problem(
        await client.post(path, content=b"{", headers={"content-type": "application/json"}),
        422,
        "invalid",
    )


async def test_an_id_that_cannot_exist_is_not_found(client: httpx.AsyncClient) -> None:
    problem(await client.post("/api/v1/test/body/1", json={"nodes": []}), 404, "not_found")


async def test_a_defect_is_reported_without_its_text(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/test/defect")
    problem(answer, 500, "internal_error")
    assert "hush" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_broken_statement_is_a_defect_not_an_outage(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/v1/test/commit"), 500, "internal_error")


async def test_text_that_the_database_cannot_hold_is_the_senders_fault(
    client: httpx.AsyncClient,
) -> None:
    problem(await client.get("/api/v1/test/nul"), 422, "invalid")


async def test_without_its_database_or_redis_the_api_says_so_and_asks_to_retry(
    lonely: httpx.AsyncClient,
) -> None:
    for path in ("/api/v1/test/database", "/api/v1/test/redis"):
        answer = await lonely.get(path)
        problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "hush" not in answer.text
    assert (await lonely.get("/health")).status_code == 200


async def test_readiness_names_what_cannot_be_reached(
    lonely: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    answer = await lonely.get("/ready")
    assert answer.status_code == 503
    found = answer.json()
    assert found["status"] == "not_ready"
    assert {name for name, check in found["checks"].items() if not check["ok"]} == {
        "postgres",
        "redis",
        "kafka",
    }
    assert "hush" not in answer.text
    partly = (await client.get("/ready")).json()["checks"]
    assert {name: check["ok"] for name, check in partly.items()} == {
        "postgres": True,
        "redis": True,
        "kafka": False,
    }


async def test_readiness_comes_when_everything_answers(
    accounts: AccountsContainer, kafka_bootstrap: str
) -> None:
    accounts.kafka_probe = KafkaProbe(kafka_bootstrap)
    application = create_app(opener(accounts))
    async with application.router.lifespan_context(application), browser(application) as client:
        answer = await client.get("/ready")
        for _ in range(10):  # the first connection to Kafka may take longer than the budget
            if answer.status_code == 200:
                break
            answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


async def test_large_bodies_of_strangers_are_refused_declared_or_not(
    client: httpx.AsyncClient,
) -> None:
    declared = await client.post("/api/v1/auth/login", content=b"x" * 100_001)
    problem(declared, 401, "not_signed_in")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 10_000

    streamed = await client.post(
        "/api/v1/auth/login", content=chunks(), headers={"content-type": "application/json"}
    )
    problem(streamed, 401, "not_signed_in")


async def test_a_well_formed_correlation_id_is_taken_over_and_another_is_not(
    client: httpx.AsyncClient,
) -> None:
    for given, kept in (
        ("01a1fd58-be75-7600-a952-bab7a11eaaca", True),
        ("01A1FD58-BE75-7600-A952-BAB7A11EAACA", True),
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("4bf92f3577b34da6a3ce929d0e0e473", False),
        ("01a1fd58-be75-7600-a952-bab7a11eaaca-x", False),
        ("ann.example.com:secret", False),
        ("a b", False),
    ):
        answer = await client.get("/health", headers={"X-Correlation-Id": given})
        assert (answer.headers["x-correlation-id"] == given) is kept
    ids = await asyncio.gather(*(client.get("/health") for _ in range(5)))
    assert len({answer.headers["x-correlation-id"] for answer in ids}) == 5


async def test_every_answer_forbids_framing_sniffing_and_foreign_scripts(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/health", "/api/v1/nothing", "/api/v1/users/me"):
        headers = (await client.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "worker-src 'self' blob:" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert (await client.get("/api/v1/users/me")).headers["cache-control"] == "no-store"


async def test_the_figures_count_requests_by_operation(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/users/me")
    text_format = (await client.get("/metrics")).text
    assert 'kuber_http_seconds_count{method="GET",operation="get_me",status="401"}' in text_format


async def test_the_contract_documents_failures_and_is_served_without_outside_pages(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/api/openapi.json")).json()
    register = document["paths"]["/api/v1/auth/register"]["post"]
    assert register["operationId"] == "register"
    schema = register["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in document["components"]["schemas"]
    assert [p["name"] for p in register["parameters"]] == ["Idempotency-Key"]
    assert (await client.get("/docs")).status_code == 404


async def test_the_installation_tells_its_demo_login_only_where_there_is_one(
    accounts: AccountsContainer, client: httpx.AsyncClient
) -> None:
    plain = (await client.get("/api/v1/system/info")).json()
    assert plain["demo_login"] is None
    assert plain["llm"] == {"configured": False, "model": None, "base_url_host": None}
    assert plain["market"]["simulated"] is True
    accounts.settings.demo_login = accounts.settings.jwt_secret
    assert (await client.get("/api/v1/system/info")).json()["demo_login"] is not None
