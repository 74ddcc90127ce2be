"""Uvicorn's HTTP connection with limits of size and time.

Uvicorn has none of these for what comes before a request is complete. The limits are checked
where bytes arrive and, for times, once a second by `ConnectionTable.sweep`.
"""

import asyncio
from typing import Any, NoReturn, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from kuber.api.serving import answers
from kuber.api.serving.connections import (
    ConnectionTable,
    EvictionRank,
    UnreadClock,
    WatchedProtocol,
    reset,
)


class GuardedState(ServerState):
    """What all connections of a server share."""

    def __init__(self, table: ConnectionTable) -> None:
        super().__init__()
        self.table = table


class _Refused(Exception):
    """Ends the reading of a request; `answer` is sent."""

    def __init__(self, answer: bytes, reason: str) -> None:
        super().__init__(reason)
        self.answer = answer
        self.reason = reason


class GuardedHttp(WatchedProtocol, HttpToolsProtocol):
    """One HTTP connection; see ServingLimits for what it may do."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._table = cast(GuardedState, server_state).table
        self._limits = self._table.limits
        self._refusal: _Refused | None = None
        self._ended = False
        self._upgraded = False
        # Of the request that is being read: since when, and how many bytes of which part.
        self._head_since: float | None = None
        self._head_bytes = 0
        self._body_since: float | None = None
        self._body_wire_bytes = 0
        self._body_bytes = 0
        self._heard_at = 0.0
        # Of the answer: since when it is complete, and whether it is read.
        self._idle_since: float | None = None
        self._unread = UnreadClock(self._limits)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_since = self._heard_at = self.loop.time()
        address = self.client[0] if self.client else None
        refusal = self._table.admit(transport, address, self)
        if refusal is not None:
            self._ended = True
            self.connections.discard(self)
            if self._table.may_linger():
                self.flow.pause_reading()
                self._table.linger(transport, answers.refused(refusal))
            else:
                reset(transport)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._heard_at = self.loop.time()
        if self._body_since is not None:
            self._body_wire_bytes += len(data)
        else:
            self._idle_since = None
            if self._head_since is None:
                self._head_since, self._head_bytes = self._heard_at, 0
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
            self._check_size()
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            refusal = self._refusal or _Refused(
                answers.malformed("The server could not read the request."), "malformed"
            )
            self._end(refusal.answer, refusal.reason)
        except _Refused as refusal:
            self._end(refusal.answer, refusal.reason)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._body_since = None
        self._idle_since = None
        if self._head_since is None:
            self._head_since, self._head_bytes = self._heard_at, 0

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._limits.head_bytes:
            self._refuse(answers.head_too_large(self._limits.head_bytes), "headers_too_large")
        if len(self.pipeline) >= self._limits.pipelined:
            self._refuse(answers.malformed("Too many requests at once."), "pipelined")
        self._head_since = None
        self._body_since, self._body_wire_bytes, self._body_bytes = self._heard_at, 0, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_since = None
        if self.cycle is not None and self.cycle.response_complete:
            self._idle_since = self._heard_at
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        if self._head_since is not None:  # the next request has begun: its time runs from now
            self._head_since = self._idle_since
        super().on_response_complete()

    def check(self, now: float) -> None:
        """End the connection when it takes too long."""
        if self._ended or self._upgraded:
            return
        limits = self._limits
        if self._unread.is_over(self.transport, now):
            self._table.count("answer_not_read")
            self._drop()
        elif self.transport.is_closing():
            return
        elif self._head_since is not None:
            if not self._at_work() and now - self._head_since > limits.head_s:
                self._end(answers.too_slow("head"), "head_too_slow")
        elif self._body_since is not None:
            self._check_body(now, self._body_since)
        elif self._idle_since is not None and now - self._idle_since > limits.idle_s:
            self.transport.close()

    def eviction_rank(self) -> EvictionRank | None:
        """Return the rank of half a request, or of an idle connection; None with one at work."""
        if self.pipeline or (self._head_since is not None and self._at_work()):
            return None
        if self._head_since is not None:
            return EvictionRank(idle=False, since=self._head_since)
        if self._body_since is not None:
            begun = self.cycle is not None and self.cycle.response_started
            return None if begun else EvictionRank(idle=False, since=self._heard_at)
        return None if self._idle_since is None else EvictionRank(idle=True, since=self._idle_since)

    def evict(self) -> None:
        """End the connection for a newer one."""
        self._drop()

    def _at_work(self) -> bool:
        """Say whether a request of which the head was read is not answered yet.

        What follows it may be half sent: a client that pipelines waits for answers, not we for it.
        """
        return self.cycle is not None and not self.cycle.response_complete

    def _check_size(self) -> None:
        if self._head_since is not None and self._head_bytes > self._limits.head_bytes:
            self._refuse(answers.head_too_large(self._limits.head_bytes), "headers_too_large")
        overhead = self._body_wire_bytes - 9 * self._body_bytes
        if self._body_since is not None and overhead > self._limits.body_overhead_bytes:
            self._refuse(answers.malformed("The body has too little in it."), "body_overhead")

    def _check_body(self, now: float, since: float) -> None:
        limits = self._limits
        if self.cycle is not None and self.cycle.response_complete:
            if self._idle_since is not None and now - self._idle_since > limits.rest_s:
                self.transport.close()
            return
        if self.flow.read_paused:  # the application is slow, not the client
            self._heard_at = self._body_since = now
            self._body_wire_bytes = self._body_bytes = 0
            return
        age = now - since
        too_slow = age > limits.body_gap_s and self._body_bytes < limits.body_bytes_per_s * age
        if too_slow or now - self._heard_at > limits.body_gap_s:
            self._end(answers.too_slow("body"), "body_too_slow")

    def _upgrade(self) -> None:
        if self._should_upgrade():
            self._upgraded = True
            self.handle_websocket_upgrade()
        else:
            self._end(answers.malformed("Only an upgrade to WebSocket is offered."), "upgrade")

    def _refuse(self, answer: bytes, reason: str) -> NoReturn:
        # What a callback of the parser raises arrives as the parser's own error.
        self._refusal = _Refused(answer, reason)
        raise self._refusal

    def _end(self, answer: bytes, reason: str) -> None:
        """Answer, unless an answer has begun, and close."""
        self._table.count(reason)
        begun = self.cycle is not None and (
            self.cycle.response_started and not self.cycle.response_complete
        )
        if begun or self.pipeline or not self._table.may_linger():
            self._drop()
            return
        self._leave()
        self.flow.pause_reading()
        self._table.linger(self.transport, answer)

    def _drop(self) -> None:
        self._leave()
        reset(self.transport)

    def _leave(self) -> None:
        """Tell the application that its client is gone, and take in nothing more."""
        self._ended = True
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
