"""Which names a request may call this server by. Pure ASGI, no buffering.

A page of somebody else whose name leads to 127.0.0.1 is, to a browser, of the same origin as a
server that listens there (DNS rebinding): it could read what only this machine may. Such a request
names the page's own host.
"""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kuber.api.container import Container
from kuber.api.problems import ProblemItem, ProblemResponse, problem_response

_POLICY_VIOLATION = 1008


class KnownHosts:
    """Refuses other names with 421, where the settings say which ones there are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_known(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
            "extensions", {}
        ):
            await receive()  # the handshake
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await _misdirected()(scope, receive, send)


def _is_known(scope: Scope) -> bool:
    container: Container = scope["app"].state.container
    names = container.settings.served_names
    given = Headers(scope=scope).getlist("host")
    if names is None or not given:  # programs of the last century name none; browsers always do
        return True
    host = host_name(given[0])
    return len(given) == 1 and host is not None and (_is_loopback(host) or host in names)


def host_name(host: str) -> str | None:
    """Return the name or address of a Host header without its port, in lower case; None for what
    is neither."""
    name, port = host.lower(), ""
    if name.startswith("["):
        name, bracket, port = name[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return None
        port = port[1:]
    else:
        name, _, port = name.partition(":")
    return name if name and (not port or port.isdecimal()) else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _misdirected() -> ProblemResponse:
    detail = "This server listens on its own machine alone and is not known by that name."
    remedy = (
        "Call it localhost or 127.0.0.1. If it has another address, set KUBER_PUBLIC_URL to that"
        " and start it again."
    )
    return problem_response(
        421,
        "unknown_host",
        "Unknown host",
        detail,
        errors=[ProblemItem(message=detail, remedy=remedy)],
    )
