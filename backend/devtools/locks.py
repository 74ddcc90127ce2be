"""Reads the lock files: which package stands where, in which version."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.utils import canonicalize_name

from devtools.steps import BACKEND, FRONTEND

Ecosystem = Literal["PyPI", "npm"]

PRODUCTION_LOCK = BACKEND / "requirements.lock"
PYTHON_LOCK = BACKEND / "requirements-stack.lock"
"""What `./kuber` installs: production's packages and those of the development stack."""
PYTHON_DEV_LOCK = BACKEND / "requirements-dev.lock"
NPM_LOCK = FRONTEND / "package-lock.json"

_PINNED = re.compile(r"^(?P<name>[\w.-]+)(\[[^]]*\])?==(?P<version>[^\s;]+)")


@dataclass(frozen=True, slots=True)
class Locked:
    """A package in a lock file, by the name under which its ecosystem compares names."""

    ecosystem: Ecosystem
    name: str
    version: str
    licence: str | None = None
    """What the lock file says of it; only npm's does."""
    shipped: bool = True
    """Whether the product contains it, rather than only the tools that build or check it."""

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.ecosystem})"


def all_locked() -> list[Locked]:
    """Return every package of every lock file, each version once."""
    shipped = [*python_packages(PYTHON_LOCK.read_text(), shipped=True)]
    known = {(package.name, package.version) for package in shipped}
    tools = [
        package
        for package in python_packages(PYTHON_DEV_LOCK.read_text(), shipped=False)
        if (package.name, package.version) not in known
    ]
    return [*shipped, *tools, *npm_packages(NPM_LOCK.read_text())]


def python_packages(text: str, *, shipped: bool) -> Iterator[Locked]:
    """Yield the packages of a requirements file in which each is pinned.

    Raises ValueError for a requirement that names no exact version.
    """
    for line in text.splitlines():
        if not line or line.startswith((" ", "#", "-")):
            continue  # hashes, comments, options
        pinned = _PINNED.match(line)
        if pinned is None:
            raise ValueError(f"{line.strip()!r} names no exact version: lock it again")
        yield Locked("PyPI", canonicalize_name(pinned["name"]), pinned["version"], shipped=shipped)


def npm_packages(text: str) -> Iterator[Locked]:
    """Yield the packages of a package-lock.json (version 2 or 3), each version once."""
    seen: dict[tuple[str, str], Locked] = {}
    for location, entry in json.loads(text)["packages"].items():
        if not location or entry.get("link"):
            continue  # the project itself
        name = entry.get("name") or location.rpartition("node_modules/")[2]
        shipped = not (entry.get("dev") or entry.get("devOptional"))
        found = Locked("npm", name, entry["version"], entry.get("license"), shipped)
        known = seen.get((name, found.version))
        if known is None or (found.shipped and not known.shipped):
            seen[name, found.version] = found
    yield from seen.values()


def relative(path: Path) -> str:
    """Return the path as a reader of the repository knows it."""
    return path.relative_to(BACKEND.parent).as_posix()
