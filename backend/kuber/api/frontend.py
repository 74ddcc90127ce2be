"""The browser app: built files, and its index page for every address that the app itself knows."""

import asyncio
import gzip
import re
from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

# The build writes a hash of the content into these names, so a name never changes its meaning.
_HASHED = re.compile(r"[-.][A-Z0-9]{8}\.\w+$")
_COMPRESSIBLE = frozenset({".html", ".js", ".mjs", ".css", ".svg", ".json", ".txt", ".webmanifest"})

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

_NAMES = "/symbols/"
"""Addresses below it end in a name that may hold a dot, such as `BRK.B`, and are never a file's."""

_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"
_NEVER = "no-store"

_MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2"}


class Frontend:
    """Serves the files below `directory`; everything that is not the app's goes to `otherwise`."""

    def __init__(self, directory: Path, otherwise: ASGIApp) -> None:
        self._root = directory.resolve()
        self._otherwise = otherwise
        self._compressed: dict[Path, tuple[int, bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = self._file_for(scope)
        if file is None:
            await self._otherwise(scope, receive, send)
            return
        answer = await self._answer(file, Headers(scope=scope))
        await answer(scope, receive, send)

    def _file_for(self, scope: Scope) -> Path | None:
        path: str = scope["path"]
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        if path == "/api" or path.startswith("/api/"):
            return None
        found = self._existing(path.lstrip("/"))
        if found is None and (path.startswith(_NAMES) or "." not in path.rpartition("/")[2]):
            found = self._existing("index.html")
        return found

    def _existing(self, relative: str) -> Path | None:
        try:
            file = (self._root / relative).resolve()
            inside = file.is_relative_to(self._root)
            return file if inside and file.is_file() else None
        except (OSError, ValueError):  # a name that no file can have
            return None

    async def _answer(self, file: Path, request: Headers) -> Response:
        media_type = _MEDIA_TYPES.get(file.suffix)
        headers = {"Cache-Control": _caching(file)}
        if file.suffix not in _COMPRESSIBLE:
            return FileResponse(file, headers=headers, media_type=media_type)
        headers["Vary"] = "Accept-Encoding"
        plain = FileResponse(file, headers=headers, media_type=media_type)
        if not takes_gzip(request.getlist("accept-encoding")):
            return plain
        content = await asyncio.to_thread(self._gzip, file)
        headers["Content-Encoding"] = "gzip"
        return Response(content, headers=headers, media_type=plain.media_type)

    def _gzip(self, file: Path) -> bytes:
        """Return the file compressed; the work is done once for each state of the file."""
        modified_at_ns = file.stat().st_mtime_ns
        known = self._compressed.get(file)
        if known is None or known[0] != modified_at_ns:
            known = (modified_at_ns, gzip.compress(file.read_bytes(), 6))
            self._compressed[file] = known
        return known[1]


def takes_gzip(accept_encoding: Sequence[str]) -> bool:
    """Say whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3): a weight of 0 forbids it."""
    weights: dict[str, float] = {}
    for part in ",".join(accept_encoding).lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        # What cannot be read takes nothing: the plain file is right for everybody.
        weights[coding] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _caching(file: Path) -> str:
    if file.suffix == ".html":
        return _NEVER
    return _FOREVER if _HASHED.search(file.name) else _AN_HOUR
