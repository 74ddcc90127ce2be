"""Agent packages that were added to this installation, remembered across re-installations."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kuber.commands import say
from kuber.commands.stack import source_root

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def add(list_file: Path, package: str) -> int:
    """Install `package` (a name, a wheel or a folder) and remember it; return the exit code."""
    given = Path(package)
    requirement = str(given.resolve()) if given.exists() else package
    code = _uv("install", "--constraint", str(source_root() / "requirements.lock"), requirement)
    if code:
        say.failure(f"{package} was not installed.")
        return code
    _write(
        list_file, [*(item for item in remembered(list_file) if item != requirement), requirement]
    )
    say.line(f"Added {package}. Its agents appear after a restart: ./kuber down, ./kuber up")
    return 0


def remove(list_file: Path, package: str) -> int:
    """Uninstall `package`, named as it was added or by its project name; return the exit code."""
    known = remembered(list_file)
    requirement = next((item for item in known if package in (item, _project(item))), None)
    if requirement is None:
        say.failure(f"{package} is not in the list: see ./kuber plugins list")
        return 1
    code = _uv("uninstall", _project(requirement))
    if code == 0:
        _write(list_file, [item for item in known if item != requirement])
        say.line(f"Removed {_project(requirement)}.")
    return code


def remembered(list_file: Path) -> list[str]:
    """Return the requirements that were added, oldest first."""
    if not list_file.exists():
        return []
    return [line for line in list_file.read_text().splitlines() if line.strip()]


def _project(requirement: str) -> str:
    """Return the project name behind a requirement: a name, a wheel's path or a source folder."""
    path = Path(requirement)
    project_file = path / "pyproject.toml"
    if project_file.exists():
        import tomllib

        return str(tomllib.loads(project_file.read_text())["project"]["name"])
    found = _NAME.match(path.name.split("-", 1)[0] if path.suffix == ".whl" else requirement)
    return found.group(1) if found else requirement


def _write(list_file: Path, items: Sequence[str]) -> None:
    list_file.parent.mkdir(parents=True, exist_ok=True)
    list_file.write_text("".join(f"{item}\n" for item in items))


def _uv(action: str, *arguments: str) -> int:
    command = (sys.executable, "-m", "uv", "pip", action, "--python", sys.executable, *arguments)
    return subprocess.run(command, check=False).returncode
