"""Secrets in addresses are taken out before anything can write the address down."""

import logging
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Scope

_SECRET_KEY = "kuber.path_secret"  # noqa: S105  a name
_HIDDEN = "-"
_WITH_SECRET = re.compile(r"(/api/v1/webhooks/+[^/]+/+)(.+)", re.DOTALL)


def conceal(scope: Scope) -> None:
    """Put a dash in place of what stands behind the source in the address of a webhook.

    Done in place, so that the server's own access log, traces, our logs and error answers see
    the dash alone.
    """
    if scope["type"] != "http":
        return
    match = _WITH_SECRET.fullmatch(scope["path"])
    if match is not None:
        scope[_SECRET_KEY] = match[2]
        scope["path"] = match[1] + _HIDDEN
        scope["raw_path"] = scope["path"].encode()


def concealed_secret(scope: Scope) -> str | None:
    """Return what `conceal` took out of the address, or None."""
    secret: str | None = scope.get(_SECRET_KEY)
    return secret


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SERVER_LOGS = ("uvicorn.access", "uvicorn.error")
_OF_THE_ADDRESS = ("http.target", "http.url", "url.path", "url.query", "url.full")


class AddressMask:
    """Writes addresses down so that no secret is in them, however the address was misspelt.

    Of a path the words of routes and ids (UUIDs) are kept, everything else is a dash; of a query
    that there was one.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._kept = frozenset(words) | {""}

    @classmethod
    def of(cls, app: FastAPI) -> "AddressMask":
        """Return the mask that knows the words in the paths of an application's routes."""
        paths = [context.path or "" for context in iter_route_contexts(app.routes)]
        parts = (part for path in paths for part in path.split("/"))
        return cls(part for part in parts if not part.startswith("{"))

    def path(self, path: str) -> str:
        """Return a decoded path as it may be written down."""
        return "/".join(
            part if part in self._kept or _UUID.fullmatch(part) else _HIDDEN
            for part in path.split("/")
        )

    def address(self, address: str) -> str:
        """Return a path with its query, percent-encoded, as it may be written down."""
        path, question, _ = address.partition("?")
        return self.path(urllib.parse.unquote(path)) + (f"?{_HIDDEN}" if question else "")

    def trace(self, span: Any, scope: Mapping[str, Any]) -> None:
        """Replace what a span says of the address; a hook for the tracing of requests."""
        if not span.is_recording():
            return
        masked = self.path(scope.get("path", ""))
        for name in _OF_THE_ADDRESS:
            if name in (span.attributes or {}):
                span.set_attribute(name, masked)


class _Masked(logging.Filter):
    """Masks the addresses among the arguments of the web server's own log lines."""

    def __init__(self, mask: AddressMask) -> None:
        super().__init__()
        self._mask = mask

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                self._mask.address(one) if isinstance(one, str) and one.startswith("/") else one
                for one in record.args
            )
        return True


@contextmanager
def masked_server_logs(mask: AddressMask) -> Iterator[None]:
    """Mask addresses in the web server's logs for as long as the block lasts."""
    masked = _Masked(mask)
    for name in _SERVER_LOGS:
        logging.getLogger(name).addFilter(masked)
    try:
        yield
    finally:
        for name in _SERVER_LOGS:
            logging.getLogger(name).removeFilter(masked)
