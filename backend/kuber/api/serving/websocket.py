"""Uvicorn's WebSocket connection with limits of frames and time."""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from kuber.api.serving.connections import EvictionRank, UnreadClock, WatchedProtocol, reset
from kuber.api.serving.http import GuardedState

MAX_MESSAGE_BYTES = 8_192
MAX_READ_BYTES = 16_384
"""Bytes that may arrive at once: twice the largest message."""
FRAMES_AT_ONCE = 100
FRAMES_PER_S = 20.0
"""Frames of any kind; a client of ours sends a few in a minute."""
POLICY_VIOLATION = 1008


class GuardedWebSocket(WatchedProtocol, WebSocketsSansIOProtocol):
    """One WebSocket connection.

    Messages have at most MAX_MESSAGE_BYTES and no compression (see `server._config`). Text
    that is not UTF-8 reaches the application as bytes, so that it can answer.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._table = cast(GuardedState, server_state).table
        self._ended = False
        self._frames_left = float(FRAMES_AT_ONCE)
        self._counted_at = self.loop.time()
        self._opened_at = self.loop.time()
        self._answered = False
        self._unread = UnreadClock(self._table.limits)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._table.hand_over(transport, self)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        # The first read is the handshake, whose head has been measured already.
        if self.handshake_initiated and len(data) > MAX_READ_BYTES:
            self._fail("too much at once", "socket_too_much")
            return
        super().data_received(data)

    def handle_events(self) -> None:
        if self.handshake_initiated:
            now = self.loop.time()
            refill = (now - self._counted_at) * FRAMES_PER_S
            self._frames_left = min(float(FRAMES_AT_ONCE), self._frames_left + refill)
            self._counted_at = now
            events = self.conn.events
            self._frames_left -= sum(isinstance(event, Frame) for event in events)
            if self._frames_left < 0:
                self._fail("too many frames", "socket_too_many_frames")
                return
        super().handle_events()

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # it asks for answers and reads none
            self._fail("answers are not read", "socket_not_read")

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

    def check(self, now: float) -> None:
        """End the connection when its client reads nothing."""
        if self._unread.is_over(self.transport, now):
            self._table.count("socket_not_read")
            self._ended = True
            reset(self.transport)

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.send":
            self._answered = True
        await super().send(message)

    def eviction_rank(self) -> EvictionRank | None:
        """Return the rank of a socket that nobody has logged in on: it was told nothing yet."""
        return None if self._answered else EvictionRank(idle=False, since=self._opened_at)

    def evict(self) -> None:
        """End the socket for a newer connection."""
        self._ended = True
        reset(self.transport)

    def _fail(self, why: str, reason: str) -> None:
        self._ended = True
        self._table.count(reason)
        if not self.handshake_complete or self.close_sent:
            reset(self.transport)
            return
        self.conn.fail(POLICY_VIOLATION, why)
        self.handle_parser_exception()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
