"""Builds the browser app, each part only when what it is made from has changed."""

import fcntl
import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.steps import BACKEND, FRONTEND, say, step

CONTRACT = FRONTEND / "openapi.json"
CLIENT = FRONTEND / "src" / "app" / "core" / "api"
TEMPLATES = FRONTEND / "templates.json"
MODULES = FRONTEND / "node_modules"
DIST = FRONTEND / "dist"
_NOT_SOURCES = {"node_modules", "dist", ".angular", "coverage", "e2e"}


def prepare_client() -> None:
    """Install the packages and generate the API client. Raises StepFailed."""
    with _alone():
        _install()
        _generate_client()


def build() -> None:
    """Bring the browser app in frontend/dist up to date. Raises StepFailed."""
    with _alone():
        _install()
        _generate_client()
        stamp = DIST / ".kuber-stamp"
        made_from = digest(_sources())
        if _is(stamp, made_from) and any(DIST.glob("**/index.html")):
            return
        step("browser app", ("npm", "run", "build"), FRONTEND)
        stamp.write_text(made_from)


def digest(files: Iterable[Path]) -> str:
    """Return a hash of the names and contents of `files`."""
    content = hashlib.sha256()
    for path in sorted(files):
        content.update(f"{path}\0".encode() + path.read_bytes() + b"\0")
    return content.hexdigest()


def _install() -> None:
    stamp = MODULES / ".kuber-stamp"
    made_from = digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if _is(stamp, made_from):
        return
    step("browser app packages", ("npm", "ci", "--no-audit", "--no-fund"), FRONTEND)
    stamp.write_text(made_from)


def _generate_client() -> None:
    """Write what the app takes from the backend, when the backend's sources have changed."""
    stamp = MODULES / ".kuber-client-stamp"
    made_from = digest([*BACKEND.glob("kuber/**/*.py"), FRONTEND / "openapi-ts.config.ts"])
    if _is(stamp, made_from) and (CLIENT / "sdk.gen.ts").exists() and TEMPLATES.exists():
        return
    before = CONTRACT.read_bytes() if CONTRACT.exists() else b""
    write_contract = (sys.executable, "-m", "kuber.cli", "openapi", "--output", str(CONTRACT))
    step("HTTP contract", write_contract, BACKEND)
    write_templates = (sys.executable, "-m", "devtools.templates", str(TEMPLATES))
    step("templates", write_templates, BACKEND)
    if CONTRACT.read_bytes() != before or not (CLIENT / "sdk.gen.ts").exists():
        step("API client", ("npm", "run", "api"), FRONTEND)
    stamp.write_text(made_from)


def _sources() -> Iterator[Path]:
    for top in FRONTEND.iterdir():
        if top.name in _NOT_SOURCES:
            continue
        yield from (path for path in (top, *top.rglob("*")) if path.is_file())


def _is(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the same lock as setting up does: two builds at once would spoil each other."""
    with (BACKEND / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another ./kuber that is setting up...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
