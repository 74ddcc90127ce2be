"""Which connections are open, from where, and which of them may be evicted for a new one."""

import array
import asyncio
import errno
import fcntl
import itertools
import os
import socket
import struct
import termios
from collections import Counter
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import prometheus_client
import structlog

from kuber.api.serving.limits import DESCRIPTORS_KEPT, ServingLimits

_log = structlog.get_logger(__name__)

CONNECTIONS = prometheus_client.Gauge("kuber_connections", "Open connections to the API")
DROPPED = prometheus_client.Counter(
    "kuber_connections_dropped_total", "Connections that the server ended, by reason", ["reason"]
)

_SWEEPS_PER_COUNT = 5
"""Descriptors are counted once in so many sweeps."""
_UNIX = ""
"""The address of the unix socket: never limited, never evicted."""
_LINGER_S = 1.0
_LINGERING = 50
"""Refused connections that are kept a moment so that the answer can be read."""


class EvictionRank(NamedTuple):
    """The lowest goes first: what was begun and not gone on with, then the longest idle."""

    idle: bool
    """Whether a request was served before; else one was begun, and nothing follows."""
    since: float
    """When the client was last heard, in the loop's time."""


class Guarded(Protocol):
    """A connection as the table sees it."""

    def check(self, now: float) -> None:
        """End the connection when it takes too long; `now` is the loop's time."""

    def eviction_rank(self) -> "EvictionRank | None":
        """Return how soon the connection may be ended for another, None while it is in use."""

    def evict(self) -> None:
        """End the connection; nothing that was accepted is lost."""


def reset(transport: asyncio.Transport) -> None:
    """End a connection at once; what is still to be sent is given up, in the kernel too."""
    connected = transport.get_extra_info("socket")
    if connected is not None:
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class UnreadClock:
    """Notices a client that leaves what was sent unread, or that keeps its connection from closing.

    While something waits to be read, the client has to take as much in each `write_s` as the
    slowest pace makes of it. A protocol calls `pause` and `resume` as its transport does.
    """

    def __init__(self, limits: ServingLimits) -> None:
        self._limit_s = limits.write_s
        self._bytes_per_s = limits.answer_bytes_per_s
        self._paused = False
        self._since: float | None = None
        self._left_bytes = 0
        self._taken_bytes = 0

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._since = None

    def is_over(self, transport: asyncio.Transport, now: float) -> bool:
        """Say whether the client has had its time."""
        if not self._paused and not transport.is_closing():
            return False
        left_bytes = _unread_bytes(transport)
        if self._since is None:
            self._since, self._left_bytes, self._taken_bytes = now, left_bytes, 0
            return False
        self._taken_bytes += max(0, self._left_bytes - left_bytes)
        self._left_bytes = left_bytes
        passed_s = now - self._since
        if passed_s <= self._limit_s:
            return False
        if self._taken_bytes < self._bytes_per_s * passed_s:
            return True
        self._since, self._taken_bytes = now, 0
        return False


def _unread_bytes(transport: asyncio.Transport) -> int:
    """Return what is written and has not arrived, in the kernel too.

    It takes megabytes, and asks for more only once a third of them is gone: to a slow client,
    nothing leaves the transport itself for minutes.
    """
    waiting = transport.get_write_buffer_size()
    connected = transport.get_extra_info("socket")
    if connected is None:
        return waiting
    queued = array.array("i", [0])
    with suppress(OSError):
        fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, queued)
    return waiting + queued[0]


class WatchedProtocol(asyncio.BaseProtocol):
    """What our protocols add to Uvicorn's alike: they are in a table, and their clients read."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _table: "ConnectionTable"
    _unread: UnreadClock

    def connection_lost(self, exc: Exception | None) -> None:
        self._table.release(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._unread.pause()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread.resume()
        super().resume_writing()


@dataclass(slots=True)
class _Entry:
    address: str
    guarded: Guarded


class ConnectionTable:
    """Admits connections up to a total and a number for each address.

    At a limit the connection whose request or log-in was begun and not gone on with for longest
    makes room, else the one that has been idle longest; where every one is being served, the new
    one is refused. So a client that opens connections and leaves them half-used ends its own, not
    other people's.
    """

    def __init__(self, limits: ServingLimits, exempt: Container[str] = ()) -> None:
        """`exempt` holds the addresses for which the number for each address does not count."""
        self.limits = limits
        self._exempt = exempt
        self._entries: dict[asyncio.BaseTransport, _Entry] = {}
        self._by_address: dict[str, set[asyncio.BaseTransport]] = {}
        self._dropped: Counter[str] = Counter()
        self._lingering = 0
        self._descriptors_short = False

    def __len__(self) -> int:
        return len(self._entries)

    def admit(
        self, transport: asyncio.BaseTransport, address: str | None, guarded: Guarded
    ) -> str | None:
        """Take the connection in; return why it is refused instead, None when it is not.

        `address` is None for the unix socket, which is always taken in.
        """
        if address is not None:
            refusal = self._refusal(address)
            if refusal is not None:
                self.count(refusal)
                return refusal
        self._entries[transport] = _Entry(address or _UNIX, guarded)
        self._by_address.setdefault(address or _UNIX, set()).add(transport)
        CONNECTIONS.set(len(self._entries))
        return None

    def hand_over(self, transport: asyncio.BaseTransport, guarded: Guarded) -> None:
        """Let another protocol look after a connection from now on."""
        if transport in self._entries:
            self._entries[transport].guarded = guarded

    def release(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection that has ended."""
        entry = self._entries.pop(transport, None)
        if entry is None:
            return
        of_address = self._by_address[entry.address]
        of_address.discard(transport)
        if not of_address:
            del self._by_address[entry.address]
        CONNECTIONS.set(len(self._entries))

    def count(self, reason: str) -> None:
        """Count a connection that the server ended; logged once a second by reason."""
        self._dropped[reason] += 1
        DROPPED.labels(reason).inc()

    def may_linger(self) -> bool:
        """Say whether one more refused connection may be kept for a moment."""
        return self._lingering < _LINGERING

    def linger(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Send the answer and its end, and close after a moment, so that it can be read."""
        self._lingering += 1
        transport.write(answer)
        if transport.can_write_eof():
            transport.write_eof()

        def end() -> None:
            self._lingering -= 1
            transport.abort()

        asyncio.get_running_loop().call_later(_LINGER_S, end)

    async def sweep(self) -> None:
        """Check every connection once a second until cancelled."""
        loop = asyncio.get_running_loop()
        for turn in itertools.count():
            await asyncio.sleep(self.limits.sweep_s)
            now = loop.time()
            for entry in list(self._entries.values()):
                entry.guarded.check(now)
            if turn % _SWEEPS_PER_COUNT == 0:
                self._check_descriptors()
            if self._dropped:
                _log.warning("connections_dropped", open=len(self._entries), **self._dropped)
                self._dropped.clear()

    def _refusal(self, address: str) -> str | None:
        of_address = self._by_address.get(address, set())
        if address not in self._exempt and len(of_address) >= self.limits.per_address:
            if not self._evict(of_address):
                return "address_limit"
        elif len(self._entries) >= self.limits.connections or self._descriptors_short:
            # The address with the most connections makes room first.
            for _, of_one in sorted(self._by_address.items(), key=lambda item: -len(item[1])):
                if self._evict(of_one):
                    return None
            return "total_limit"
        return None

    def _evict(self, among: set[asyncio.BaseTransport]) -> bool:
        waiting = (
            (rank, transport)
            for transport in among
            if self._entries[transport].address != _UNIX
            and (rank := self._entries[transport].guarded.eviction_rank()) is not None
        )
        oldest = min(waiting, key=lambda pair: pair[0], default=None)
        if oldest is None:
            return False
        entry = self._entries[oldest[1]]
        self.release(oldest[1])
        self.count("evicted")
        entry.guarded.evict()
        return True

    def _check_descriptors(self) -> None:
        """Notice when files and sockets of all kinds leave too few descriptors."""
        before = self._descriptors_short
        most = os.sysconf("SC_OPEN_MAX")
        try:
            used = sum(1 for _ in Path("/proc/self/fd").iterdir())
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                return  # the system does not tell
            used = most  # not even one is left to look
        self._descriptors_short = most - used < DESCRIPTORS_KEPT // 4
        if self._descriptors_short and not before:
            _log.error(
                "descriptors_short",
                used=used,
                remedy="New connections are refused while old ones stay. Raise the limit of "
                "open files (ulimit -n) of the API.",
            )
