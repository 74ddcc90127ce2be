"""A provider's server on this machine: real HTTP, answers as a test says."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

from kuber.infra.outbound import OutboundClient, OutboundLimits
from kuber.kernel.ids import UserId, new_id
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.types import Bars, Timeframe

_NOBODY = UserId(new_id())
HISTORY_END = datetime(2025, 11, 22, tzinfo=UTC)

Answering = Callable[[str, dict[str, str]], object]
"""Gives the JSON for a path and its query."""


@dataclass
class JsonServer:
    """What the server does next, and what it was asked. `refused` are statuses by path."""

    answer: Answering
    url: str = ""
    status: int = 200
    refused: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    hang: bool = False
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, query and headers, the names of headers in small letters."""
    released: Event = field(default_factory=Event)

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the queries that came for a path."""
        return [query for found, query, _ in self.requests if found == path]


def client(read_s: float = 60.0) -> OutboundClient:
    """Return a way out that may reach this machine."""
    limits = OutboundLimits(read_s=read_s, total_s=100, size_bytes=32_000_000, attempts=1)
    return OutboundClient(limits, trusted_networks=(ip_network("127.0.0.1/32"),))


@contextmanager
def json_server(answer: Answering) -> Iterator[JsonServer]:
    """Serve on a free port of this machine until the block ends."""
    state = JsonServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: value[0] for name, value in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.requests.append((parts.path, query, headers))
            if state.hang:
                state.released.wait(10)
                return
            status = state.refused.get(parts.path, state.status)
            body = state.body
            if body is None:
                body = json.dumps(state.answer(parts.path, query) if status == 200 else {})
            self.send_response(status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@cache
def simulated(symbol: str, timeframe: Timeframe, count: int = 6_000) -> Bars | None:
    """Return the history that such a server has of a symbol."""
    simulator = MarketSimulator(seed=11)
    return asyncio.run(simulator.bars(_NOBODY, symbol, timeframe, HISTORY_END, count))
