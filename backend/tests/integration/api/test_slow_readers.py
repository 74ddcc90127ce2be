"""Clients that read slowly: who goes on is waited for, who stops is ended.

No time passes here: the tests say when the connections are looked at, and what the time is.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from starlette.types import Receive, Scope, Send

from kuber.api.serving.connections import WatchedProtocol, _unread_bytes
from kuber.api.serving.limits import ServingLimits
from kuber.api.serving.server import GuardedServer, Place
from kuber.infra.embedded.process import free_port
from tests.fixtures.waiting import LIMIT_S, until_async

LIMITS = ServingLimits(sweep_s=3600)
SIZE = 20_000_000
STEP = 400_000
"""Read in somewhat more than `write_s`, it is more than the slowest pace."""
AT_ONCE = 65_536
HTTP = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSING = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SOCKET = (
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@dataclass
class Slow:
    """A client with little room for what it does not read, and the server's side of it."""

    client: socket.socket
    server: GuardedServer
    now: float

    def look(self, passed_s: float) -> None:
        """Let the server look at its connections, `passed_s` after the last time."""
        self.now += passed_s
        for entry in list(self.server._table._entries.values()):
            entry.guarded.check(self.now)

    @property
    def held(self) -> WatchedProtocol | None:
        """The server's connection, while it has one."""
        for entry in self.server._table._entries.values():
            assert isinstance(entry.guarded, WatchedProtocol)
            return entry.guarded
        return None

    @property
    def unread(self) -> int:
        return 0 if self.held is None else _unread_bytes(self.held.transport)

    async def read(self, count: int) -> int:
        """Read so many bytes, or up to the end."""
        loop, got = asyncio.get_running_loop(), 0
        async with asyncio.timeout(LIMIT_S):
            while got < count:
                piece = await loop.sock_recv(self.client, min(AT_ONCE, count - got))
                if not piece:
                    break
                got += len(piece)
        return got


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": bytes(SIZE)})
    else:
        headers = [(b"content-length", str(SIZE).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(SIZE)})


@asynccontextmanager
async def asked(request: str) -> AsyncIterator[Slow]:
    """Ask a server for an answer of SIZE bytes, of which nothing is read yet."""
    server = GuardedServer(lambda: application, Place("127.0.0.1", free_port()), LIMITS)
    running = asyncio.create_task(server._serve())
    await until_async(lambda: server.started, "a server that has started")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, AT_ONCE)
    try:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", server.config.port))
        await loop.sock_sendall(client, request.encode())
        slow = Slow(client, server, 1000.0)
        await until_async(lambda: slow.unread > SIZE // 2, "an answer that waits to be read")
        yield slow
    finally:
        client.close()
        server.should_exit = True
        await running


def less_than(slow: Slow, before: int) -> Callable[[], bool]:
    return lambda: slow.unread < before - STEP // 2


@pytest.mark.parametrize("request_", [HTTP, CLOSING, SOCKET], ids=["http", "closing", "socket"])
async def test_who_reads_steadily_gets_the_whole_answer(request_: str) -> None:
    assert LIMITS.answer_bytes_per_s * (LIMITS.write_s / 2 + 1) < STEP // 2
    async with asked(request_) as slow:
        got = 0
        slow.look(0)
        while slow.unread > 2 * STEP:
            before = slow.unread
            got += await slow.read(STEP)
            await until_async(less_than(slow, before), "an answer of which less is left")
            slow.look(LIMITS.write_s / 2 + 1)
        got += await slow.read(SIZE - got)
        assert got == SIZE
        assert slow.now - 1000 > 10 * LIMITS.write_s


@pytest.mark.parametrize("request_", [HTTP, CLOSING, SOCKET], ids=["http", "closing", "socket"])
async def test_who_reads_a_byte_now_and_then_is_ended(request_: str) -> None:
    async with asked(request_) as slow:
        slow.look(0)
        await slow.read(1)
        slow.look(LIMITS.write_s)
        assert slow.held is not None
        await slow.read(1)
        slow.look(1)
        await until_async(lambda: slow.held is None, "the end of the connection")


async def test_who_stops_after_reading_for_a_while_is_ended() -> None:
    async with asked(HTTP) as slow:
        slow.look(0)
        before = slow.unread
        await slow.read(2 * STEP)
        await until_async(less_than(slow, before), "an answer of which less is left")
        slow.look(LIMITS.write_s + 1)
        assert slow.held is not None
        slow.look(LIMITS.write_s + 1)
        await until_async(lambda: slow.held is None, "the end of the connection")
