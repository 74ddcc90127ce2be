"""Bodies that are too large, sent to the whole API over its real server."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from kuber.api.middleware import MAX_BODY_BYTES, MAX_GRAPH_BYTES
from kuber.api.serving.limits import ServingLimits
from kuber.api.serving.server import GuardedServer, Place
from kuber.infra.embedded.process import free_port
from tests.fixtures.waiting import LIMIT_S, until_async


@pytest.fixture
async def url(platform: FastAPI) -> AsyncIterator[str]:
    """The address of the whole API behind the HTTP server that it has in production."""
    place = Place("127.0.0.1", free_port())
    server = GuardedServer(lambda: platform, place, ServingLimits())
    server.config.lifespan = "off"  # it was started already
    running = asyncio.create_task(server._serve())
    await until_async(lambda: server.started, "a server that has started")
    yield f"http://127.0.0.1:{place.port}/api/v1"
    server.should_exit = True
    await running


@pytest.mark.parametrize(
    ("path", "limit"), [("/scanners", MAX_BODY_BYTES), ("/pipelines", MAX_GRAPH_BYTES)]
)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_signed_in_person_is_told_that_a_body_is_too_large(
    url: str, ann: httpx.AsyncClient, path: str, limit: int, chunked: bool
) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield b"[" + b" " * (size - 2)
        yield b"]"

    headers = {"Content-Type": "application/json"}
    signed_in = {**headers, "Authorization": ann.headers["Authorization"]}
    async with httpx.AsyncClient(timeout=LIMIT_S) as client:
        for size, status in ((limit, 422), (limit + 1, 413)):
            content = pieces(size) if chunked else b"[" + b" " * (size - 2) + b"]"
            answer = await client.post(f"{url}{path}", content=content, headers=signed_in)
            assert answer.status_code == status, answer.text
            assert answer.json()["code"] == {422: "invalid", 413: "too_large"}[status]
        content = pieces(limit + 1) if chunked else b" " * (limit + 1)
        answer = await client.post(f"{url}{path}", content=content, headers=headers)
        assert answer.status_code == 401, "who sends it is asked first"
