"""While PostgreSQL is away requests are answered, whatever their routes wait for."""

import asyncio
import json
from typing import cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from kuber.api.database_gate import DatabaseGate
from kuber.infra.db import JsonObject
from kuber.infra.presence import Presence


class Route:
    """A route that hangs until it is released, then answers 200, or fails."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.entered = asyncio.Event()
        self.error: Exception | None = None
        self.begin_first = False

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.entered.set()
        if self.begin_first:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.release.wait()
        if self.error is not None:
            raise self.error
        if not self.begin_first:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


class Client:
    """What one client is sent."""

    def __init__(self, gate: DatabaseGate, path: str = "/api/v1/pipelines") -> None:
        self.sent: list[Message] = []
        self.answered = asyncio.Event()
        scope: Scope = {"type": "http", "path": path, "method": "GET", "headers": []}
        self.task = asyncio.create_task(gate(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": b""}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            self.answered.set()

    @property
    def status(self) -> int:
        return cast(int, self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def problem(self) -> JsonObject:
        return cast(JsonObject, json.loads(self.sent[1]["body"]))


class Site:
    def __init__(self) -> None:
        self.presence = Presence("PostgreSQL")
        self.route = Route()
        self.gate = DatabaseGate(self.route, self.presence)

    def leave(self) -> None:
        self.presence._set(True)


@pytest.fixture
async def site() -> Site:
    return Site()


async def test_a_request_that_waits_is_answered_and_what_its_route_says_later_is_not_sent(
    site: Site,
) -> None:
    client = Client(site.gate)
    await site.route.entered.wait()
    site.leave()
    await client.answered.wait()
    assert client.status == 503
    assert client.headers[b"retry-after"] == b"5"
    assert "may or may not be done" in client.problem["detail"]
    site.route.release.set()
    await client.task
    assert len(client.sent) == 2


async def test_a_request_that_comes_meanwhile_does_not_reach_its_route(site: Site) -> None:
    site.leave()
    client = Client(site.gate)
    await client.task
    assert client.status == 503
    assert "Nothing was changed" in client.problem["detail"]
    assert not site.route.entered.is_set()


async def test_an_answer_that_has_begun_is_left_to_its_route(site: Site) -> None:
    site.route.begin_first = True
    client = Client(site.gate)
    await site.route.entered.wait()
    site.leave()
    site.route.release.set()
    await client.task
    assert client.status == 200


async def test_a_route_that_fails_after_its_request_was_answered_fails_unheard(site: Site) -> None:
    site.route.error = RuntimeError("the connection is lost")
    client = Client(site.gate)
    await site.route.entered.wait()
    site.leave()
    await client.answered.wait()
    site.route.release.set()
    await client.task
    assert client.status == 503


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/", "/api/v1/system/info"])
async def test_what_needs_no_database_is_not_held_up(site: Site, path: str) -> None:
    site.leave()
    site.route.release.set()
    client = Client(site.gate, path)
    await client.task
    assert client.status == 200


async def test_requests_that_hang_are_bounded_in_number(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.api.database_gate._MOST_ORPHANS", 1)
    hanging = Client(site.gate)
    await site.route.entered.wait()
    site.leave()
    await hanging.answered.wait()
    site.presence._set(False)
    late = Client(site.gate)
    await late.task
    assert late.status == 503
    site.route.release.set()
    await hanging.task
    after = Client(site.gate)
    await after.task
    assert after.status == 200
