"""What the HTTP server itself refuses, seen from raw sockets on a real port."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from kuber.api.serving.limits import ServingLimits
from kuber.api.serving.server import GuardedServer, Place
from kuber.infra.db import JsonObject
from kuber.infra.embedded.process import free_port
from tests.fixtures.waiting import LIMIT_S, until_async

QUICK = ServingLimits(
    head_s=0.3, body_gap_s=0.3, rest_s=0.3, idle_s=0.4, write_s=0.3, sweep_s=0.05, per_address=4
)
LONG = ServingLimits(per_address=4, sweep_s=0.05)
"""Nothing ends by time in these tests."""
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Served:
    """A server under test; `release` lets held requests go on."""

    port: int
    unix_socket: Path
    held: asyncio.Event
    messages: list[object]

    async def open(self) -> "tuple[asyncio.StreamReader, asyncio.StreamWriter]":
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def answer_to(self, data: bytes) -> bytes:
        """Return everything the server says until it closes the connection."""
        reader, writer = await self.open()
        writer.write(data)
        async with asyncio.timeout(LIMIT_S):
            answer = b""
            with suppress(ConnectionResetError):
                while piece := await reader.read(65536):
                    answer += piece
        writer.close()
        return answer


@asynccontextmanager
async def served(tmp_path: Path, limits: ServingLimits) -> AsyncIterator[Served]:
    under_test = Served(free_port(), tmp_path / "s", asyncio.Event(), [])

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await talk(WebSocket(scope, receive, send), under_test)
        elif scope["type"] == "http":
            await answer(scope, receive, send, under_test)
        else:
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})

    place = Place("127.0.0.1", under_test.port, unix_socket=under_test.unix_socket)
    server = GuardedServer(lambda: application, place, limits)
    running = asyncio.create_task(server._serve())
    await until_async(lambda: server.started, "a server that has started")
    try:
        yield under_test
    finally:
        under_test.held.set()
        server.should_exit = True
        await running


async def answer(scope: Scope, receive: Receive, send: Send, under_test: Served) -> None:
    size, body = 0, b""
    if scope["path"] == "/early":
        under_test.messages.append("early")
    else:
        more = True
        while more:
            message = await receive()
            under_test.messages.append(message["type"])
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            more = message["more_body"]
    if scope["path"] == "/held":
        await under_test.held.wait()
    body = b"x" * 20_000_000 if scope["path"] == "/large" else str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def talk(opened: WebSocket, under_test: Served) -> None:
    await opened.accept()
    while (message := await opened.receive())["type"] == "websocket.receive":
        under_test.messages.append(message.get("text") or message.get("bytes"))
        await opened.send_text("heard")
    under_test.messages.append(message["code"])


def problem_of(answer: bytes) -> tuple[int, JsonObject]:
    """Return the status and the problem of an answer, whose form is checked."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    problem = json.loads(body)
    assert problem["correlation_id"]
    assert problem["errors"][0]["remedy"]
    return int(head.split()[1]), problem


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path, QUICK) as under_test:
        yield under_test


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path, LONG) as under_test:
        yield under_test


def with_head(size: int) -> bytes:
    """Return a request whose line and headers count `size` bytes as the limit counts them."""
    rest = len("/") + len("Host") + len("x") + 4 + len("X-A") + 4
    return b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * (size - rest) + b"\r\n\r\n"


async def test_a_head_at_the_limit_is_served_and_one_byte_more_is_refused(patient: Served) -> None:
    reader, writer = await patient.open()
    writer.write(with_head(32_768))
    assert (await reader.readline()).split()[1] == b"200"
    writer.close()
    status, problem = problem_of(await patient.answer_to(with_head(32_769)))
    assert (status, problem["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "endless",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 400_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 50_000,
        b"GET /" + b"a" * 400_000,
    ],
    ids=["value", "lines", "address"],
)
async def test_a_head_without_end_is_refused(patient: Served, endless: bytes) -> None:
    status, problem = problem_of(await patient.answer_to(endless))
    assert (status, problem["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "padded",
    [
        b"1;" + b"a" * 200_000 + b"\r\nx\r\n0\r\n\r\n",
        b"1\r\nx\r\n0\r\n" + b"X-T: t\r\n" * 40_000 + b"\r\n",
    ],
    ids=["extension", "trailers"],
)
async def test_a_chunked_body_that_is_mostly_padding_is_refused(
    patient: Served, padded: bytes
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, writer = await patient.open()
    writer.write(head)
    await writer.drain()
    while not patient.messages:
        writer.write(b"1\r\ny\r\n")
        await asyncio.sleep(0.01)
    writer.write(padded)
    answer = await reader.read()
    assert problem_of(answer)[0] in (400, 431)
    writer.close()


@pytest.mark.parametrize(
    ("half", "code"),
    [
        (b"", "request_too_slow"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "request_too_slow"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab", "request_too_slow"),
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_what_does_not_go_on_is_ended(quick: Served, half: bytes, code: str) -> None:
    status, problem = problem_of(await quick.answer_to(half))
    assert (status, problem["code"]) == (408, code)


async def test_a_body_that_drips_is_ended_although_it_never_pauses(quick: Served) -> None:
    reader, writer = await quick.open()
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(LIMIT_S):
        while not reading.done():
            with suppress(ConnectionError):
                writer.write(b"a")
                await writer.drain()
            await asyncio.sleep(0.02)
    assert problem_of(reading.result())[0] == 408
    assert "http.disconnect" in quick.messages
    writer.close()


async def test_an_idle_connection_is_closed_and_a_used_one_kept(quick: Served) -> None:
    reader, writer = await quick.open()
    for _ in range(3):
        writer.write(GET)
        assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"200"
        assert await reader.readexactly(1) == b"0"
    async with asyncio.timeout(LIMIT_S):
        assert await reader.read() == b""
    writer.close()


async def test_the_rest_of_a_body_that_was_answered_early_does_not_hold_the_connection(
    quick: Served,
) -> None:
    reader, writer = await quick.open()
    writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"200"
    async with asyncio.timeout(LIMIT_S):
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.02)
                if reader._buffer:  # type: ignore[attr-defined]
                    await reader.read(1)
    writer.close()


async def test_an_answer_that_is_not_read_is_given_up(quick: Served) -> None:
    with socket.create_connection(("127.0.0.1", quick.port)) as lazy:
        lazy.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        lazy.setblocking(False)
        await until_async(lambda: not _is_held(lazy), "the end of the connection")


def _is_held(lazy: socket.socket) -> bool:
    """Say whether the other end still holds the connection, without reading the answer."""
    state = lazy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state == _TCP_ESTABLISHED


_TCP_ESTABLISHED = 1


async def test_one_connection_too_many_evicts_the_oldest_that_waits(patient: Served) -> None:
    opened = [await patient.open() for _ in range(4)]
    for _, writer in opened:
        writer.write(b"GET / HTTP/1.1\r\nX-A: ")
        await writer.drain()
        await asyncio.sleep(0.02)
    reader, writer = await patient.open()
    writer.write(GET)
    assert (await reader.readline()).split()[1] == b"200"
    with suppress(ConnectionResetError):
        assert await opened[0][0].read() == b""
    opened[1][1].write(b"x\r\nHost: x\r\n\r\n")
    assert (await opened[1][0].readline()).split()[1] == b"200"
    for _, each in [*opened, (reader, writer)]:
        each.close()


async def test_one_connection_too_many_is_refused_while_all_are_served(patient: Served) -> None:
    opened = [await patient.open() for _ in range(4)]
    for _, writer in opened:
        writer.write(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
    await until_async(lambda: len(patient.messages) >= 4, "four messages")
    status, problem = problem_of(await patient.answer_to(GET))
    assert (status, problem["code"]) == (429, "too_many_connections")
    reader, writer = await asyncio.open_unix_connection(str(patient.unix_socket))
    writer.write(GET)
    assert (await reader.readline()).split()[1] == b"200"
    writer.close()
    patient.held.set()
    for each, _ in opened:
        assert (await each.readline()).split()[1] == b"200"
    for _, each_writer in opened:
        each_writer.close()


async def test_the_total_is_kept_by_evicting_from_whoever_has_most(tmp_path: Path) -> None:
    async with served(tmp_path, replace(LONG, connections=5, per_address=100)) as under_test:
        opened = [await under_test.open() for _ in range(30)]
        reader, writer = opened[-1]
        writer.write(GET)
        assert (await reader.readline()).split()[1] == b"200"
        ended = await asyncio.gather(*(_is_ended(each) for each, _ in opened[:25]))
        assert ended == [True] * 25
        for _, each_writer in opened:
            each_writer.close()


async def _is_ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), LIMIT_S) == b""
    except ConnectionResetError:
        return True


async def test_a_client_that_sends_no_http_is_told_so(patient: Served) -> None:
    status, problem = problem_of(await patient.answer_to(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"))
    assert (status, problem["code"]) == (400, "malformed_request")


async def test_a_socket_takes_messages_of_the_largest_size_and_no_larger(patient: Served) -> None:
    async with connect(f"ws://127.0.0.1:{patient.port}/", compression="deflate") as opened:
        assert opened.response is not None
        assert "Sec-WebSocket-Extensions" not in opened.response.headers
        await opened.send("a" * 8192)
        assert await opened.recv() == "heard"
        await opened.send("a" * 8193)
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        assert opened.close_code == 1009
    assert patient.messages[0] == "a" * 8192


async def test_bytes_and_broken_text_reach_the_application(patient: Served) -> None:
    async with connect(f"ws://127.0.0.1:{patient.port}/") as opened:
        for sent in (b"\x00\xff", "text"):
            await opened.send(sent)
            assert await opened.recv() == "heard"
        await opened.send(b"\xff\xfe", text=True)
        assert await opened.recv() == "heard"
    assert patient.messages[:3] == [b"\x00\xff", "text", b"\xff\xfe"]


async def test_a_flood_of_frames_ends_the_socket(patient: Served) -> None:
    async with connect(f"ws://127.0.0.1:{patient.port}/") as opened:
        with suppress(ConnectionClosed):
            for _ in range(2000):
                await opened.send(b"")
                await opened.recv()
        assert opened.close_code == 1008


async def test_many_bytes_at_once_end_the_socket(patient: Served) -> None:
    async with connect(f"ws://127.0.0.1:{patient.port}/") as opened:
        empty_frames = b"\x82\x80\x00\x00\x00\x00" * 40_000
        opened.transport.write(empty_frames)
        await opened.wait_closed()
        assert opened.close_code == 1008
    assert len(patient.messages) < 3000


async def test_sockets_on_which_nobody_logs_in_make_room(patient: Served) -> None:
    silent = [await connect(f"ws://127.0.0.1:{patient.port}/").__aenter__() for _ in range(4)]
    await silent[-1].send("hello")
    assert await silent[-1].recv() == "heard"
    for _ in range(6):
        reader, writer = await patient.open()
        writer.write(GET)
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()
    await silent[0].wait_closed()
    await silent[-1].send("still here")
    assert await silent[-1].recv() == "heard"
    for each in silent:
        await each.close()


async def test_half_a_body_makes_room_before_an_idle_connection_does(patient: Served) -> None:
    idle_reader, idle = await patient.open()
    idle.write(GET)
    assert (await idle_reader.readuntil(b"\r\n\r\n")).split()[1] == b"200"
    assert await idle_reader.readexactly(1) == b"0"
    half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"
    halves = [await patient.open() for _ in range(3)]
    for _, writer in halves:
        writer.write(half)
    await until_async(lambda: len(patient.messages) >= 4, "four messages")
    reader, writer = await patient.open()
    writer.write(GET)
    assert (await reader.readline()).split()[1] == b"200"
    idle.write(GET)
    assert (await idle_reader.readline()).split()[1] == b"200"
    for _, each in [(idle_reader, idle), (reader, writer), *halves]:
        each.close()
