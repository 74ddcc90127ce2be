"""What surrounds every request: correlation id, log, limits, headers. Pure ASGI, no buffering."""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from kuber.api.errors import server_error, too_large
from kuber.kernel.ids import new_id

_log = structlog.get_logger(__name__)

CORRELATION_HEADER = "X-Correlation-Id"
_CORRELATION_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{32}")
"""A UUID, or a trace id of W3C Trace Context: what stands on record for ever says nothing else."""

MAX_BODY_BYTES = 100_000
"""What a body may take where nothing else is said: parsing it must not hold up other requests."""
MAX_BODY_VALUES = 2000
"""How many values the JSON of such a body may hold: each one may be wrong and is then told of."""
MAX_GRAPH_BYTES = 1_000_000
MAX_UPLOAD_BYTES = 2_000_000_000
IMPORTS_PATH = "/api/v1/market/imports"
PREVIEW_PATH = f"{IMPORTS_PATH}/preview"
WEBHOOKS_PATH = "/api/v1/webhooks/"
"""Paths that begin so limit the body themselves, once they know who is sending it."""
BODY_LIMITS: tuple[tuple[re.Pattern[str], int | None], ...] = (
    (re.compile(f"{re.escape(IMPORTS_PATH)}(/preview)?"), MAX_UPLOAD_BYTES),
    # A whole pipeline or one made of a document; not what is done with one, such as a run.
    (re.compile(r"/api/v1/pipelines(/[^/]+)?"), MAX_GRAPH_BYTES),
    (re.compile(re.escape(WEBHOOKS_PATH) + ".*"), None),
)
"""The limit of every path that fits as a whole; the first that fits counts."""

HTTP_SECONDS = Histogram(
    "kuber_http_seconds",
    "Time from a request to the end of its answer",
    ["method", "operation", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Angular Material sets style attributes; the canvas measures in a worker made from a blob.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


@dataclass(slots=True)
class _Exchange:
    """What is known of one request and its answer."""

    correlation_id: str
    is_api: bool
    secure: bool
    started_at_s: float = field(default_factory=time.perf_counter)
    status: int = 0

    def decorate(self, message: Message) -> None:
        """Complete the headers of the answer that starts."""
        self.status = message["status"]
        headers = MutableHeaders(scope=message)
        headers[CORRELATION_HEADER] = self.correlation_id
        for name, value in _SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if self.secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if self.is_api:
            headers.setdefault("Cache-Control", "no-store")


class RequestContext:
    """Gives each request a correlation id, a line in the log and a last resort.

    An X-Correlation-Id that is a UUID or a trace id is taken over, so that a caller can follow its
    request through our logs; otherwise one is made. It comes back in the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        clear_contextvars()
        exchange = _Exchange(
            correlation_id=_correlation_id(scope),
            is_api=scope["path"].startswith("/api/"),
            secure=scope.get("scheme") in ("https", "wss"),
        )
        bind_contextvars(correlation_id=exchange.correlation_id)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._http(exchange, scope, receive, send)

    async def _http(self, exchange: _Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        async def decorated_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.decorate(message)
            await send(message)

        try:
            await self._app(scope, receive, decorated_send)
        except Exception as error:
            if exchange.status:
                raise  # half an answer is out: the server can only drop the connection
            await server_error(error)(scope, receive, decorated_send)
        finally:
            _record(scope, exchange)


class BodyLimit:
    """Refuses bodies over the limit of their path with 413, without reading them to the end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = body_limit(scope["path"]) if scope["type"] == "http" else None
        if limit is None:
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            await too_large(limit)(scope, receive, send)
            return
        left = limit
        values_left = MAX_BODY_VALUES if limit == MAX_BODY_BYTES else limit

        async def counted_receive() -> Message:
            nonlocal left, values_left
            message = await receive()
            part = message.get("body", b"")
            left -= len(part)
            values_left -= part.count(b",")  # commas in texts too: no honest body has that many
            if left < 0 or values_left < 0:
                raise HTTPException(413)
            return message

        await self._app(scope, counted_receive, send)


def body_limit(path: str) -> int | None:
    """Return how many bytes a request to `path` may bring; None where its route decides."""
    fitting = (limit for pattern, limit in BODY_LIMITS if pattern.fullmatch(path))
    return next(fitting, MAX_BODY_BYTES)


def _correlation_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(CORRELATION_HEADER, "")
    return given if _CORRELATION_ID.fullmatch(given) else str(new_id())


def _record(scope: Scope, exchange: _Exchange) -> None:
    elapsed_s = time.perf_counter() - exchange.started_at_s
    # The operation, not the path: ids in paths would make a time series each.
    operation = getattr(scope.get("route"), "name", "") or "none"
    method = scope["method"] if scope["method"] in _METHODS else "other"
    HTTP_SECONDS.labels(method, operation, str(exchange.status)).observe(elapsed_s)
    _log.log(
        logging.INFO if exchange.is_api else logging.DEBUG,
        "request",
        method=method,
        path=scope["app"].state.address_mask.path(scope["path"]),
        operation=operation,
        status=exchange.status,
        duration_ms=round(elapsed_s * 1000, 2),
    )
