"""A stand-in for Alpaca's market data stream: a real WebSocket that sends what a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgpack  # type: ignore[import-untyped]
from websockets.asyncio.server import ServerConnection, serve


@dataclass
class AlpacaStream:
    """What the server accepts, whom it serves, and what it was asked."""

    url: str = ""
    key: str = "key"
    refusal: str | None = None
    """Sent instead of the confirmation of a subscription."""
    subscriptions: list[frozenset[str]] = field(default_factory=list)
    connections: set[ServerConnection] = field(default_factory=set)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    async def trade(self, symbol: str, price: float, at: datetime) -> None:
        await self.send({"T": "t", "S": symbol, "p": price, "s": 1, "x": "V", **_at(at)})

    async def quote(self, symbol: str, bid: float, ask: float, at: datetime) -> None:
        sides = {"bp": bid, "bs": 1, "bx": "V", "ap": ask, "as": 1, "ax": "V"}
        await self.send({"T": "q", "S": symbol, **sides, **_at(at)})

    async def daily_bar(self, symbol: str, volume: int, at: datetime) -> None:
        prices = {"o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0, "vw": 1.0, "n": 1}
        await self.send({"T": "d", "S": symbol, "v": volume, **prices, **_at(at)})

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message to everybody who subscribed."""
        for connection in self.connections:
            await connection.send(msgpack.packb([message], datetime=True))

    async def drop(self) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            await connection.close()

    async def serve(self, connection: ServerConnection) -> None:
        async def say(**message: object) -> None:
            await connection.send(msgpack.packb([message]))

        await say(T="success", msg="connected")
        request = msgpack.unpackb(await connection.recv())
        if request["key"] != self.key:
            await say(T="error", code=402, msg="auth failed")
            return
        await say(T="success", msg="authenticated")
        request = msgpack.unpackb(await connection.recv())
        if self.refusal is not None:
            await say(T="error", code=405, msg=self.refusal)
            return
        self.subscriptions.append(frozenset(request["trades"]))
        await say(T="subscription", trades=request["trades"])
        self.connections.add(connection)
        self.subscribed.set()
        await connection.wait_closed()
        self.connections.discard(connection)
        self.subscribed.clear()


def _at(at: datetime) -> dict[str, datetime]:
    return {"t": at}


@asynccontextmanager
async def alpaca_stream() -> AsyncIterator[AlpacaStream]:
    """Serve on a free port of this machine until the block ends."""
    state = AlpacaStream()
    async with serve(state.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        state.url = f"ws://127.0.0.1:{port}"
        yield state
