"""Guards the licences of what the product contains: each stands on the list of allowed ones.

The lists are in data/licences.toml. Python packages say their licence when they are installed,
npm's lock file says it of each package.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from devtools.locks import Locked, relative
from kuber.infra.licences import installed_packages, spdx

LISTS = Path(__file__).parent / "data" / "licences.toml"

_TOKEN = re.compile(r"\(|\)|[^\s()]+")


@dataclass(frozen=True, slots=True)
class Lists:
    """Which licences are fine for every package, and which package is fine with which other."""

    allowed: frozenset[str]
    exceptions: Mapping[tuple[str, str], str]
    """By ecosystem and name: the licence that somebody read, and found fine for this package."""


def read_lists(text: str) -> Lists:
    """Return what data/licences.toml says. Raises ValueError where it is incomplete."""
    raw = tomllib.loads(text)
    exceptions = {}
    for entry in raw.get("exceptions", []):
        missing = {"ecosystem", "package", "licence", "reason"} - entry.keys()
        if missing or not entry["reason"].strip():
            wanting = ", ".join(sorted(missing or {"reason"}))
            raise ValueError(f"{_file()}: exception {entry}: say its {wanting}")
        exceptions[entry["ecosystem"], entry["package"]] = entry["licence"]
    return Lists(frozenset(raw["allowed"]), exceptions)


def installed_licences() -> dict[str, str | None]:
    """Return the licence of each installed Python package, by its comparable name."""
    return {canonicalize_name(found.name): found.licence for found in installed_packages()}


def problems(
    packages: Iterable[Locked], python: Mapping[str, str | None], lists: Lists
) -> Iterator[str]:
    """Yield what is wrong with the licence of each package that the product contains.

    python: the licences of the installed Python packages.
    """
    shipped = [package for package in packages if package.shipped]
    for package in shipped:
        excepted = lists.exceptions.get((package.ecosystem, package.name))
        told = package.licence if package.ecosystem == "npm" else python.get(package.name)
        if excepted is not None and told in (None, excepted):
            continue
        if told is None:
            yield f"{package}: its licence is not known. {_remedy(package)}"
        elif not is_allowed(told, lists.allowed):
            yield f"{package}: its licence, {told}, is not on the list. {_remedy(package)}"
    locked = {(package.ecosystem, package.name) for package in shipped}
    for ecosystem, name in sorted(lists.exceptions.keys() - locked):
        yield f"{name} ({ecosystem}) is no longer locked: remove its exception from {_file()}"


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether a package under this SPDX expression may be used: OR needs one side, AND both.

    What is no SPDX expression is not allowed.
    """
    canonical = spdx(expression)
    if canonical is None:
        return False
    # The licences are few and the rules are two, so that a reader of expressions needs no library.
    tokens = _TOKEN.findall(canonical)[::-1]
    fine = _any_of(tokens, allowed)
    assert not tokens, f"{canonical} was not read to its end"
    return fine


def _any_of(tokens: list[str], allowed: frozenset[str]) -> bool:
    fine = _all_of(tokens, allowed)
    while tokens and tokens[-1] == "OR":
        tokens.pop()
        fine = _all_of(tokens, allowed) or fine
    return fine


def _all_of(tokens: list[str], allowed: frozenset[str]) -> bool:
    fine = _one(tokens, allowed)
    while tokens and tokens[-1] == "AND":
        tokens.pop()
        fine = _one(tokens, allowed) and fine
    return fine


def _one(tokens: list[str], allowed: frozenset[str]) -> bool:
    licence = tokens.pop()
    if licence == "(":
        fine = _any_of(tokens, allowed)
        tokens.pop()  # the closing one
        return fine
    if tokens and tokens[-1] == "WITH":
        tokens.pop()
        licence = f"{licence} WITH {tokens.pop()}"
    return licence in allowed


def _remedy(package: Locked) -> str:
    return (
        f"Read it; then use another package, or add an exception with the reason to {_file()}: "
        f'ecosystem = "{package.ecosystem}", package = "{package.name}"'
    )


def _file() -> str:
    return relative(LISTS)
