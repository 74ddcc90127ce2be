"""The HTTP server: uvicorn with guarded connections, on a port and on a unix socket."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from kuber.api.serving.connections import ConnectionTable
from kuber.api.serving.http import GuardedHttp, GuardedState
from kuber.api.serving.limits import ServingLimits, usable_connections
from kuber.api.serving.proxies import TrustedProxies
from kuber.api.serving.websocket import MAX_MESSAGE_BYTES, GuardedWebSocket

_GRACE_S = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens.

    trusted_proxies: see TrustedProxies.
    unix_socket: a second way in, for the supervisor; no limit of connections holds there.
    """

    host: str
    port: int
    trusted_proxies: str = ""
    unix_socket: Path | None = None


def serve(
    app_factory: Callable[[], Any], place: Place, limits: ServingLimits, log: int | str = "warning"
) -> None:
    """Serve the application until SIGINT or SIGTERM."""
    GuardedServer(app_factory, place, limits, log).run()


class GuardedServer(uvicorn.Server):
    """One process of the API."""

    def __init__(
        self,
        app_factory: Callable[[], Any],
        place: Place,
        limits: ServingLimits,
        log: int | str = "warning",
    ) -> None:
        super().__init__(_config(app_factory, place, limits, log))
        usable = replace(limits, connections=usable_connections(limits.connections))
        self._table = ConnectionTable(usable, TrustedProxies(place.trusted_proxies))
        self._unix_socket = place.unix_socket
        self._sweeping: asyncio.Task[None] | None = None
        self.server_state: ServerState = GuardedState(self._table)

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._sweeping = asyncio.create_task(self._table.sweep())
        if self._unix_socket is not None:
            self._unix_socket.unlink(missing_ok=True)
            self.servers.append(
                await asyncio.get_running_loop().create_unix_server(
                    self._protocol, path=str(self._unix_socket)
                )
            )

    async def shutdown(self, sockets: Any = None) -> None:
        await super().shutdown(sockets)
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping
        if self._unix_socket is not None:
            self._unix_socket.unlink(missing_ok=True)

    def _protocol(self) -> asyncio.Protocol:
        return GuardedHttp(self.config, self.server_state, self.lifespan.state)


def _config(
    app_factory: Callable[[], Any], place: Place, limits: ServingLimits, log: int | str
) -> uvicorn.Config:
    return uvicorn.Config(
        app_factory,
        factory=True,
        host=place.host,
        port=place.port,
        http=GuardedHttp,
        ws=GuardedWebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        timeout_keep_alive=math.ceil(limits.idle_s),
        timeout_graceful_shutdown=_GRACE_S,
        access_log=False,
        log_level=log,
        server_header=False,
        proxy_headers=bool(place.trusted_proxies),
        forwarded_allow_ips=place.trusted_proxies or "",
    )
