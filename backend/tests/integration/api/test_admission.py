"""Who may come in is decided before a body is read, and costs the others nothing."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from fastapi import FastAPI

from kuber.api import admission
from kuber.api.admission import AdmissionControl
from kuber.api.app import create_app
from kuber.bootstrap.api import IMPORTS, open_api
from kuber.config import Settings
from kuber.identity.limit_kinds import DEFAULTS, LimitName
from tests.fakes.api_container import browser
from tests.fixtures.limits import allow

LARGE = b"[" + b" " * 150_000
IMPORT = "/api/v1/market/imports"
NVDA = b"symbol,timestamp,open,high,low,close,volume\nNVDA,2020-01-02,1,2,1,2,100\n"


@pytest.fixture
async def few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """An API that works on eight requests at a time and nobody waits for."""
    monkeypatch.setattr(admission, "_WAIT_S", 0.0)
    own = settings.model_copy(update={"requests_in_flight": 8})
    app = create_app(partial(open_api, own))
    async with app.router.lifespan_context(app):
        yield app


LOG_IN = "/api/v1/auth/login"
WEBHOOK = "/api/v1/webhooks/0198c0de-0000-7000-8000-000000000000"


class Half:
    """A request whose body never comes to its end: it holds what it was given."""

    def __init__(self, app: FastAPI, path: str, **headers: str) -> None:
        self.answer: list[dict[str, Any]] = []
        self._read = asyncio.Event()
        self._more: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": ("10.9.8.7", 1),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self._task = asyncio.create_task(app(self._scope, self._receive, self._send))

    async def let_in(self) -> None:
        """Wait until the body is asked for; fails when the request was refused."""
        reading = asyncio.create_task(self._read.wait())
        await asyncio.wait([reading, self._task], return_when=asyncio.FIRST_COMPLETED)
        assert not self._task.done(), self.answer

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def send(self, body: bytes) -> None:
        await self._more.put({"type": "http.request", "body": body, "more_body": True})

    async def status(self) -> int:
        """Return the status of the answer, once it has come."""
        await self._task
        return int(self.answer[0]["status"])

    async def _receive(self) -> dict[str, Any]:
        self._read.set()
        return await self._more.get()

    async def _send(self, message: Any) -> None:
        self.answer.append(message)


def bearer(client: httpx.AsyncClient) -> str:
    return str(client.headers["Authorization"])


async def id_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/v1/users/me")).json()["id"])


async def signed_up(app: FastAPI, email: str) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://127.0.0.1"
    )
    account = {"email": email, "password": "three quiet herons"}
    await client.post("/api/v1/auth/register", json=account)
    token = (await client.post("/api/v1/auth/login", json=account)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


async def test_strangers_leave_places_to_signed_in_people_and_nothing_waits_behind_them(
    few: FastAPI,
) -> None:
    ann = await signed_up(few, "ann@example.com")
    control: AdmissionControl = few.state.admission
    scope = {"type": "http", "method": "POST", "path": "/api/v1/auth/login", "headers": []}
    inside = [
        (await control.enter({**scope, "client": (f"10.0.1.{number}", 1)}, _nothing))[0]
        for number in range(6)
    ]
    async with browser(few) as anonymous:
        refused = await anonymous.post("/api/v1/auth/login", json={})
        assert refused.status_code == 429
        assert refused.json()["code"] == "busy"
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await anonymous.get("/health")).status_code == 200
        assert (await anonymous.get("/metrics")).status_code == 200
    assert (await ann.get("/api/v1/users/me")).status_code == 200
    for visit in inside:
        control.leave(visit)
    async with browser(few) as anonymous:
        assert (await anonymous.post("/api/v1/auth/login", json={})).status_code == 422


async def test_half_a_body_of_somebody_unknown_takes_nobodys_place(few: FastAPI) -> None:
    ann = await signed_up(few, "ann@example.com")
    headers = {"content-type": "application/json", "content-length": "50"}
    held = [Half(few, path, **headers) for path in (LOG_IN, WEBHOOK) for _ in range(40)]
    for half in held:
        await half.let_in()
    async with browser(few) as anonymous:
        assert (await anonymous.post(LOG_IN, json={})).status_code == 422
        assert (await anonymous.post(WEBHOOK, json={})).status_code == 404
    assert (await ann.get("/api/v1/users/me")).status_code == 200
    for half in held:
        await half.close()


async def _nothing() -> dict[str, Any]:
    raise AssertionError("nobody reads the body")


async def test_one_user_has_so_many_requests_under_way_and_another_gets_on(
    few: FastAPI, postgres_url: str
) -> None:
    ann, bob = await signed_up(few, "ann@example.com"), await signed_up(few, "bob@example.com")
    with psycopg.connect(postgres_url) as connection:
        [(ann_id,)] = connection.execute("select id from users where email like 'ann%'").fetchall()
    allow(postgres_url, str(ann_id), requests_at_once=3)
    headers = {"authorization": bearer(ann), "content-length": "50"}
    held = [Half(few, "/api/v1/pipelines", **headers) for _ in range(3)]
    for half in held:
        await half.let_in()
    refused = await ann.get("/api/v1/users/me")
    assert refused.status_code == 429
    assert refused.json()["errors"][0]["code"] == "requests_at_once"
    assert int(refused.headers["Retry-After"]) >= 1
    assert (await bob.get("/api/v1/users/me")).status_code == 200
    for half in held:
        await half.close()
    assert (await ann.get("/api/v1/users/me")).status_code == 200


async def test_the_requests_of_a_minute_are_counted_for_each_user(
    platform: FastAPI, ann: httpx.AsyncClient, bob: httpx.AsyncClient, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        [(ann_id,)] = connection.execute("select id from users where email like 'ann%'").fetchall()
    allow(postgres_url, str(ann_id), requests_per_minute=5)
    control: AdmissionControl = platform.state.admission
    platform.state.container.clock.now()
    answers = [await ann.get("/api/v1/users/me") for _ in range(11)]
    counts = Counter(answer.status_code for answer in answers)
    assert counts[200] in (5, 10), "ten when the minute ended in between"
    assert counts[429] == 11 - counts[200]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["errors"][0]["code"] == "requests_per_minute"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await bob.get("/api/v1/users/me")).status_code == 200
    assert control.at_once.total == 0


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_read_for_signed_in_people_only(
    platform: FastAPI, ann: httpx.AsyncClient, *, chunked: bool
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield LARGE

    json_type = {"Content-Type": "application/json"}
    for authorization, status in (("", 401), ("Bearer none.of.ours", 401), (bearer(ann), 422)):
        async with browser(platform, **json_type) as client:
            if authorization:
                client.headers["Authorization"] = authorization
            content: Any = parts() if chunked else LARGE
            answer = await client.post("/api/v1/pipelines", content=content)
            assert answer.status_code == status, answer.text


async def test_bodies_under_way_are_bounded_for_one_and_for_all(
    platform: FastAPI,
    ann: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "ONES_BODY_BYTES", 1_500_000)
    monkeypatch.setattr(admission, "BODY_BUDGET_BYTES", 2_500_000)
    megabyte = {"content-length": "1000000"}
    held = [Half(platform, "/api/v1/pipelines", authorization=bearer(ann), **megabyte)]
    await held[0].let_in()
    refused = Half(platform, "/api/v1/pipelines", authorization=bearer(ann), **megabyte)
    assert await refused.status() == 503, "a second one is more than one user may hold"
    held.append(Half(platform, "/api/v1/pipelines", authorization=bearer(bob), **megabyte))
    await held[1].let_in()
    carol = await signed_up(platform, "carol@example.com")
    refused = Half(platform, "/api/v1/pipelines", authorization=bearer(carol), **megabyte)
    assert await refused.status() == 503, "all together hold as much as may be"
    assert (b"retry-after", b"2") in refused.answer[0]["headers"]
    assert (await carol.post("/api/v1/pipelines", json={"name": "small"})).status_code == 201
    for half in held:
        await half.close()
    assert (await carol.post("/api/v1/pipelines", content=LARGE)).status_code == 422


async def test_an_import_waits_for_nothing_when_every_slot_is_taken_and_its_file_is_not_read(
    platform: FastAPI, ann: httpx.AsyncClient, postgres_url: str
) -> None:
    upload: dict[str, Any] = {"files": {"file": ("a.csv", NVDA)}, "data": {"timeframe": "1d"}}
    form = {"content-type": "multipart/form-data; boundary=x", "content-length": "500"}
    with psycopg.connect(postgres_url, autocommit=True) as other:
        for number in range(DEFAULTS[LimitName.IMPORTS_AT_WORK]):
            other.execute("select pg_advisory_lock(%s, %s)", (IMPORTS, number))
        half = Half(platform, IMPORT, authorization=bearer(ann), **form)
        assert await half.status() == 429, "before a byte of the file came"
        refused = await ann.post(IMPORT, **upload)
        assert refused.json()["errors"][0]["code"] == "imports_at_work"
        assert int(refused.headers["Retry-After"]) >= 1
        limits = (await ann.get("/api/v1/users/me/limits")).json()["items"]
        assert {one["name"]: one["used"] for one in limits}["imports_at_work"] == 3
    imported = await ann.post(IMPORT, **upload)
    assert imported.status_code == 201, "the slots of a process that ends are free"


async def test_one_user_takes_one_import_slot_and_gives_it_back(
    platform: FastAPI, ann: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    upload: dict[str, Any] = {"files": {"file": ("a.csv", NVDA)}, "data": {"timeframe": "1d"}}
    form = {"content-type": "multipart/form-data; boundary=x", "content-length": "500"}
    slow = Half(platform, IMPORT, authorization=bearer(ann), **form)
    await slow.let_in()
    assert (await ann.post(IMPORT, **upload)).status_code == 429
    assert (await bob.post(IMPORT, **upload)).status_code == 201
    await slow.close()
    assert (await ann.post(IMPORT, **upload)).status_code == 201


async def test_an_upload_that_does_not_arrive_in_time_gives_its_slot_up(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "UPLOAD_S", 0.01)
    form = {"content-type": "multipart/form-data; boundary=x", "content-length": "500"}
    slow = Half(platform, IMPORT, authorization=bearer(ann), **form)
    assert await slow.status() == 408
    assert json.loads(slow.answer[1]["body"])["code"] == "too_slow"
    assert await platform.state.container.import_slots.taken() == 0


async def test_a_token_of_an_ended_session_does_not_use_up_what_its_owner_may_send(
    few: FastAPI, postgres_url: str
) -> None:
    ann = await signed_up(few, "ann@example.com")
    taken = bearer(ann)
    claims = jwt.decode(taken.removeprefix("Bearer "), options={"verify_signature": False})
    allow(postgres_url, claims["sub"], requests_per_minute=30)
    assert (await ann.post("/api/v1/auth/logout")).status_code == 204
    for _ in range(40):
        answer = await ann.get("/api/v1/users/me", headers={"Authorization": taken})
        assert answer.status_code == 401
    account = {"email": "ann@example.com", "password": "three quiet herons"}
    token = (await ann.post(LOG_IN, json=account)).json()["access_token"]
    mine = await ann.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    assert mine.status_code == 200


async def test_imports_one_after_the_other_are_all_let_in(platform: FastAPI) -> None:
    eve = await signed_up(platform, "eve-imports@example.com")
    form = {"timeframe": "1d"}
    for _ in range(8):
        answer = await eve.post(IMPORT, files={"file": ("x.csv", NVDA)}, data=form)
        assert answer.status_code == 201, answer.text


async def test_a_form_sent_where_none_is_read_is_compared_as_bytes(
    few: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await signed_up(few, "ann@example.com")

    async def never(_: object) -> None:
        raise AssertionError("the body is no form here")

    monkeypatch.setattr("starlette.requests.Request._get_form", never)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await ann.post("/api/v1/pipelines", content=b"a=%41", headers=headers)
    assert answer.status_code == 422


async def test_slots_that_nobody_can_count_are_told_as_such(
    platform: FastAPI, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (TimeoutError(), psycopg.OperationalError(), OSError()):

        async def away(error: Exception = error) -> int:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(platform.state.container.import_slots, "taken", away)
            answer = await ann.get("/api/v1/users/me/limits")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_wrong_password_says_nothing_of_the_token_beside_it(
    platform: FastAPI, ann: httpx.AsyncClient
) -> None:
    wrong = {"email": "ann@example.com", "password": "three loud herons"}
    assert (await ann.post(LOG_IN, json=wrong)).status_code == 401
    upload: dict[str, Any] = {"files": {"file": ("a.csv", NVDA)}, "data": {"timeframe": "1d"}}
    assert (await ann.post(IMPORT, **upload)).status_code == 201
