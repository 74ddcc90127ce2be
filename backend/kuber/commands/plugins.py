"""Packages that were added to this installation, remembered across re-installations."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path

from kuber.commands import say
from kuber.commands.stack import source_root
from kuber.infra.embedded.damage import Tell, clear_place, set_aside, silent
from kuber.infra.plugin_acts import note
from kuber.infra.plugins import BUILT_IN, PluginKind, Verdicts, provider_of
from kuber.kernel.clock import SystemClock

KINDS = (
    PluginKind("kuber.agents", "kuber.agents.registry:examine"),
    PluginKind("kuber.generators", "kuber.signals.generators.registry:examine"),
    PluginKind("kuber.providers", "kuber.market.providers.plugin:examine"),
    PluginKind("kuber.indicators", "kuber.market.chart_indicators.registry:examine"),
)
"""What packages may announce."""

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def add(home: Path, package: str) -> int:
    """Install `package` (a name, a wheel or a folder) and remember it; return the exit code."""
    given = Path(package)
    requirement = str(given.resolve()) if given.exists() else package
    code = _uv("install", "--constraint", str(source_root() / "requirements.lock"), requirement)
    if code:
        say.failure(f"{package} was not installed.")
        return code
    known = remembered(home, say.line)
    _write(home, [*(item for item in known if item != requirement), requirement])
    Verdicts.of(home).forget()
    note(home, "added", _normal_project(requirement), SystemClock().now())
    say.line(f"Added {package}. What it brings appears after a restart: ./kuber down, ./kuber up")
    return 0


def remove(home: Path, package: str) -> int:
    """Uninstall `package`, named as it was added or by its project name in any spelling; return
    the exit code."""
    known = remembered(home, say.line)
    place = str(Path(package).resolve())
    name = _normalised(_project(package))
    meant = [item for item in known if item in (package, place) or _normal_project(item) == name]
    project = _normal_project(meant[0]) if meant else name
    if not meant and project not in {_normalised(one.name) for one in _announcing()}:
        say.failure(f"{package} is not in the list: see ./kuber plugins list")
        return 1
    code = _uv("uninstall", project)
    if code == 0:
        _write(home, [item for item in known if item not in meant])
        note(home, "removed", project, SystemClock().now())
        say.line(f"Removed {project}.")
    return code


def show(home: Path) -> int:
    """List the packages that were added, and what of them cannot be used; return the exit code."""
    known = remembered(home, say.line)
    verdicts = Verdicts.of(home)
    refused: dict[str, list[str]] = {}
    for kind, entry_point in added():
        reason = verdicts.refusal(kind, entry_point)
        if reason is not None:
            project = _normalised(provider_of(entry_point))
            refused.setdefault(project, []).append(f"{entry_point.name} is left out: {reason}")
    listed = {_normal_project(item): item for item in known}
    others = {_normalised(one.name): one.name for one in _announcing()}
    for project, item in (listed | {k: v for k, v in others.items() if k not in listed}).items():
        say.line(item)
        for sentence in refused.get(project, ()):
            say.line(f"  {sentence}")
        if project in refused:
            say.line(f"  Remove it with: ./kuber plugins remove {project}")
    return 0


def examine(home: Path, tell: Tell) -> None:
    """Examine what was added before processes load it, and tell what will be left out."""
    verdicts = Verdicts.of(home)
    verdicts.begin_anew()
    found = list(added())
    for kind in KINDS:
        verdicts.examine_all(kind, [one for of, one in found if of is kind])
    for kind, entry_point in found:
        reason = verdicts.refusal(kind, entry_point)
        if reason is not None:
            package = provider_of(entry_point)
            tell(f"{entry_point.name} of {package} is left out: {reason}.")
            tell(f"  Remove it with: ./kuber plugins remove {package}")


def added() -> Iterator[tuple[PluginKind, EntryPoint]]:
    """Return what packages other than Kuber announce."""
    for kind in KINDS:
        for entry_point in entry_points(group=kind.group):
            if provider_of(entry_point) != BUILT_IN:
                yield kind, entry_point


def remembered(home: Path, tell: Tell = silent) -> list[str]:
    """Return the requirements that were added, oldest first. A damaged list is set aside."""
    file = _list_file(home)
    try:
        text = file.read_text()
        if "\0" in text:
            raise ValueError("it holds a NUL")
    except FileNotFoundError:
        return []
    except (ValueError, IsADirectoryError):
        tell(
            f"plugins.txt was damaged and is now {set_aside(file).name}: packages stay installed "
            "here, and are no longer installed again in a new environment."
        )
        return []
    return [line for line in text.splitlines() if line.strip()]


def _list_file(home: Path) -> Path:
    return home / "plugins.txt"


def _announcing() -> list[Distribution]:
    """Return the installed packages, other than Kuber, that announce something."""
    return [
        package
        for package in distributions()
        if package.name
        and _normalised(package.name) != "kuber"
        and any(package.entry_points.select(group=kind.group) for kind in KINDS)
    ]


def _normalised(name: str) -> str:
    """Return a project name as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _normal_project(requirement: str) -> str:
    return _normalised(_project(requirement))


def _project(requirement: str) -> str:
    """Return the project name behind a requirement: a name, a wheel's path or a source folder."""
    path = Path(requirement)
    project_file = path / "pyproject.toml"
    if project_file.exists():
        import tomllib

        name = tomllib.loads(project_file.read_text()).get("project", {}).get("name")
        if name:
            return str(name)
    if path.suffix == ".whl":
        return path.name.split("-", 1)[0]
    if path.is_absolute():
        return _installed_from(path) or requirement
    found = _NAME.match(requirement)
    return found.group(1) if found else requirement


def _installed_from(folder: Path) -> str | None:
    """Return the project that was installed from a folder, which may be gone by now."""
    for package in distributions():
        origin = json.loads(package.read_text("direct_url.json") or "{}")
        if origin.get("url") == folder.as_uri():
            return package.name
    return None


def _write(home: Path, items: Sequence[str]) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear_place(_list_file(home))
    _list_file(home).write_text("".join(f"{item}\n" for item in items))


def _uv(action: str, *arguments: str) -> int:
    command = (sys.executable, "-m", "uv", "pip", action, "--python", sys.executable, *arguments)
    return subprocess.run(command, check=False).returncode
