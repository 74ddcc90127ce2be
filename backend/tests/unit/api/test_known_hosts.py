"""On loopback, pages whose own names lead here read nothing (DNS rebinding)."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import Message, Receive, Scope, Send

from kuber.api.known_hosts import KnownHosts, host_name
from kuber.config import Settings

PUBLIC = {"public_url": "https://Kuber.example.com:8443"}


def settings(**more: Any) -> Settings:
    return Settings(
        database_url=SecretStr("postgresql://x"),
        redis_url=SecretStr("redis://x"),
        kafka_bootstrap="x",
        jwt_secret=SecretStr("x" * 32),
        **more,
    )


async def _inner(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def _state(more: dict[str, str]) -> SimpleNamespace:
    container = SimpleNamespace(settings=settings(**more))
    return SimpleNamespace(state=SimpleNamespace(container=container))


async def answer(host: str, more: dict[str, str]) -> httpx.Response:
    guarded = KnownHosts(_inner)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await guarded({**scope, "app": _state(more)}, receive, send)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get("/metrics", headers={"Host": host})


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("localhost", {}),
        ("LocalHost:8000", {}),
        ("127.0.0.1", {}),
        ("127.0.0.1:4200", {}),
        ("127.8.7.6:8000", {"host": "127.8.7.6"}),
        ("[::1]", {}),
        ("[::1]:8000", {"host": "::1"}),
        ("kuber.example.com", PUBLIC),
        ("KUBER.example.com:8443", PUBLIC),
        ("evil.example", {"host": "0.0.0.0"}),  # noqa: S104  nothing listens there
        ("kuber.example.com", {"trusted_proxies": "127.0.0.1"}),
    ],
)
async def test_names_of_this_server_are_let_in(host: str, more: dict[str, str]) -> None:
    assert (await answer(host, more)).status_code == 204


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("evil.example", {}),
        ("evil.example:8000", {}),
        ("localhost.evil.example", {}),
        ("127.0.0.1.evil.example", {}),
        ("evil.example:8000", {"host": "::1"}),
        ("evil.example", PUBLIC),
        ("kuber.example.com", {}),
        ("192.168.1.7:8000", {}),
        ("localhost:8000@evil.example", {}),
        ("[::1].evil.example", {}),
    ],
)
async def test_other_names_are_refused_with_the_remedy(host: str, more: dict[str, str]) -> None:
    refused = await answer(host, more)
    assert (refused.status_code, refused.json()["code"]) == (421, "unknown_host")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "KUBER_PUBLIC_URL" in refused.json()["errors"][0]["remedy"]


@pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
@pytest.mark.parametrize(("host", "known"), [(b"evil.example", False), (b"localhost:80", True)])
async def test_sockets_are_held_to_the_same_names(
    extensions: dict[str, Any], host: bytes, known: bool
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "headers": [(b"host", host)],
        "extensions": extensions,
        "app": _state({}),
    }
    await KnownHosts(_inner)(scope, receive, send)
    refusal = "websocket.http.response.start" if extensions else "websocket.close"
    assert sent[0]["type"] == ("websocket.accept" if known else refusal)


@pytest.mark.parametrize("host", ["", ":80", "[::1", "[::1]x", "localhost:x"])
def test_what_is_no_host_has_no_name(host: str) -> None:
    assert host_name(host) is None


async def test_two_names_are_one_too_many() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"host", b"evil.example")]
    scope = {"type": "http", "headers": headers, "app": _state({})}
    await KnownHosts(_inner)(scope, send, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 421
