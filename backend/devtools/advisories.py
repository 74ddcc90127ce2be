"""Knows which versions of packages have published security advisories, from files, not from a net.

The files are in data/advisories, one advisory each, in the OSV schema
(https://ossf.github.io/osv-schema/). They come from an export of an OSV database by
`./kuber advisories import FILE...`; see docs/how-to/check-dependencies.md.
"""

import json
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering
from pathlib import Path
from typing import Any, Protocol, Self

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from semver import Version as SemanticVersion

from devtools.locks import Locked, all_locked, relative
from devtools.steps import say

FOLDER = Path(__file__).parent / "data" / "advisories"
STATE = FOLDER / "state.toml"
"""How old the data is, and which hits were read and accepted."""

OLD_AFTER = timedelta(days=90)

Advisory = Mapping[str, Any]
"""One record of the OSV schema."""

# What a record says beyond these is for people, and is found at its references.
_KEPT = ("schema_version", "id", "modified", "published", "withdrawn", "aliases", "summary")
_KEPT_OF_AFFECTED = ("package", "ranges", "versions")


class _Comparable(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...
    def __le__(self, other: Self, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A locked package that an advisory names."""

    package: Locked
    advisory: Advisory
    remedy: str
    """Which version is without the fault, as far as the advisory tells."""

    def __str__(self) -> str:
        names = ", ".join([self.advisory["id"], *self.advisory.get("aliases", [])[:1]])
        return f"{self.package}: {names}, {self.remedy}: {self.advisory.get('summary', '')}"


@dataclass(frozen=True, slots=True)
class State:
    """What is known about the advisories as a whole."""

    as_of: date
    accepted: Mapping[tuple[str, str], str]
    """By advisory and package: the reason why the hit does no harm here."""


def read_state(text: str) -> State:
    """Return what state.toml says. Raises ValueError where an acceptance gives no reason."""
    raw = tomllib.loads(text)
    accepted = {}
    for entry in raw.get("accepted", []):
        if not {"advisory", "package", "reason"} <= entry.keys() or not entry["reason"].strip():
            raise ValueError(f"accepted {entry}: say its advisory, package and reason")
        accepted[entry["advisory"], entry["package"]] = " ".join(entry["reason"].split())
    return State(raw["as_of"], accepted)


def read_advisories(folder: Path = FOLDER) -> list[Advisory]:
    """Return the committed advisories."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def hits(packages: Iterable[Locked], advisories: Iterable[Advisory]) -> Iterator[Hit]:
    """Yield each locked package that an advisory names in its locked version."""
    by_name: dict[tuple[str, str], list[Locked]] = {}
    for package in packages:
        by_name.setdefault((package.ecosystem, package.name), []).append(package)
    for advisory in advisories:
        if "withdrawn" in advisory:
            continue
        for key in {_key(affected) for affected in advisory.get("affected", [])}:
            for package in by_name.get(key, []):
                entries = [entry for entry in advisory["affected"] if _key(entry) == key]
                if any(_is_affected(package, entry) for entry in entries):
                    yield Hit(package, advisory, _remedy(package, entries))


def problems(packages: Sequence[Locked], advisories: Sequence[Advisory], state: State) -> list[str]:
    """Return what must be mended: hits that nobody accepted, acceptances without a hit."""
    found = list(hits(packages, advisories))
    here = relative(STATE)
    open_hits = [
        f"{hit}. Upgrade it, or accept it with the reason in {here}"
        for hit in found
        if (hit.advisory["id"], hit.package.name) not in state.accepted
    ]
    needed = {(hit.advisory["id"], hit.package.name) for hit in found}
    stale = [
        f"{advisory} no longer touches {package}: remove it from {here}"
        for advisory, package in sorted(state.accepted.keys() - needed)
    ]
    return open_hits + stale


def age_in_words(state: State, today: date, count: int) -> str:
    """Say how old the data is, as a warning where it is too old to be relied on."""
    age = today - state.as_of
    line = f"{count} advisories as of {state.as_of}, {age.days} days old"
    if age <= OLD_AFTER:
        return line
    return f"Warning: {line}. Refresh them: docs/how-to/check-dependencies.md"


def import_files(files: Sequence[Path], today: date) -> int:
    """Replace the advisories by those in OSV exports that name a locked package.

    files: zip archives of an OSV export, or single JSON records. Returns how many were kept.
    """
    locked: set[tuple[str, str]] = {(found.ecosystem, found.name) for found in all_locked()}
    kept = {
        record["id"]: _shortened(record, locked)
        for record in _records(files)
        if "withdrawn" not in record
        and any(_key(affected) in locked for affected in record.get("affected", []))
    }
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, record in kept.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    lines = STATE.read_text().splitlines()
    dated = [f"as_of = {today}" if line.startswith("as_of = ") else line for line in lines]
    STATE.write_text("\n".join(dated) + "\n")
    return len(kept)


def run(arguments: Sequence[str], today: date) -> int:
    """Do what `./kuber advisories` was asked; return the exit code."""
    match arguments:
        case ["import", first, *others]:
            files = [Path(name) for name in (first, *others)]
            missing = [str(path) for path in files if not path.is_file()]
            if missing:
                say(f"There is no file {missing[0]}")
                return 2
            count = import_files(files, today)
            say(f"{count} advisories that name locked packages are now in {FOLDER}")
            return 0
    say("Usage: ./kuber advisories import FILE...")
    return 2


def _records(files: Iterable[Path]) -> Iterator[Advisory]:
    for path in files:
        if not zipfile.is_zipfile(path):
            yield json.loads(path.read_text())
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))


def _shortened(record: Advisory, locked: set[tuple[str, str]]) -> dict[str, Any]:
    """Return the record without what the check does not need, and without other packages."""
    affected = [
        {field: entry[field] for field in _KEPT_OF_AFFECTED if field in entry}
        for entry in record["affected"]
        if _key(entry) in locked
    ]
    references = [item for item in record.get("references", []) if item["type"] == "ADVISORY"]
    kept = {field: record[field] for field in _KEPT if field in record}
    return {**kept, "affected": affected, "references": references}


def _key(affected: Mapping[str, Any]) -> tuple[str, str]:
    package = affected.get("package", {})
    ecosystem, name = package.get("ecosystem", ""), package.get("name", "")
    return (ecosystem, canonicalize_name(name) if ecosystem == "PyPI" else name)


def _is_affected(package: Locked, entry: Mapping[str, Any]) -> bool:
    """Whether the version is listed or lies in a range, as the OSV schema's evaluation says."""
    if package.version in entry.get("versions", []):
        return True
    version = _parse(package, package.version)
    return any(
        _in_range(package, version, found["events"])
        for found in entry.get("ranges", [])
        if found["type"] in ("ECOSYSTEM", "SEMVER")
    )


def _in_range(package: Locked, version: _Comparable, events: Iterable[Mapping[str, str]]) -> bool:
    affected = False
    for point, kind in sorted(_points(package, events)):
        match kind:
            case "introduced" if point.version is None or point.version <= version:
                affected = True
            case "fixed" if point.version is not None and point.version <= version:
                affected = False
            case "last_affected" if point.version is not None and point.version < version:
                affected = False
    return affected


@total_ordering
@dataclass(frozen=True, slots=True)
class _Point:
    """A version on the line of versions; None, which OSV writes as "0", is before all others."""

    version: Any

    def __lt__(self, other: Self) -> bool:
        if self.version is None or other.version is None:
            return self.version is None and other.version is not None
        return bool(self.version < other.version)


def _points(package: Locked, events: Iterable[Mapping[str, str]]) -> Iterator[tuple[_Point, str]]:
    for event in events:
        for kind, version in event.items():
            if kind != "limit":
                yield _Point(None if version == "0" else _parse(package, version)), kind


def _remedy(package: Locked, entries: Iterable[Mapping[str, Any]]) -> str:
    """Name the first version after the locked one that has a fix, or else the last without one."""
    current = _Point(_parse(package, package.version))
    ends = [
        (_Point(_parse(package, version)), version, kind)
        for entry in entries
        for found in entry.get("ranges", [])
        if found["type"] in ("ECOSYSTEM", "SEMVER")
        for event in found["events"]
        for kind, version in event.items()
        if kind in ("fixed", "last_affected")
    ]
    later = sorted(end for end in ends if not end[0] < current)
    for _, version, kind in later:
        return f"fixed in {version}" if kind == "fixed" else f"last affected {version}"
    return "no version with a fix is known"


def _parse(package: Locked, version: str) -> Any:
    """Return the version by the rules of the package's ecosystem."""
    try:
        if package.ecosystem == "PyPI":
            return Version(version)
        return SemanticVersion.parse(version, optional_minor_and_patch=True)
    except (InvalidVersion, ValueError) as error:
        raise ValueError(
            f"{package.name}: {version!r} is no version of {package.ecosystem}"
        ) from error
