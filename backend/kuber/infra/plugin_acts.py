"""What was done with plug-ins by command, kept in the data folder until it is on record.

The commands work without a running database; what they did counts from the next start on, and is
put on record then.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

Act = Literal["added", "removed"]


@dataclass(frozen=True, slots=True)
class PluginAct:
    """A package was added or removed; `project` is its name, without where it came from."""

    act: Act
    project: str
    at: datetime
    event_id: UUID


def note(home: Path, act: Act, project: str, at: datetime) -> None:
    """Remember an act."""
    said = {"act": act, "project": project, "at": at.isoformat(), "event_id": str(uuid4())}
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _file(home).open("a") as file:
        file.write(json.dumps(said) + "\n")


@contextmanager
def taken(home: Path) -> Iterator[list[PluginAct]]:
    """Give what was remembered, oldest first; it is forgotten when the block ends well.

    Lines that cannot be read are left out.
    """
    file = _file(home)
    aside = file.with_suffix(".taken")
    if not aside.exists():  # else an earlier attempt ended halfway
        try:
            file.rename(aside)
        except FileNotFoundError:
            yield []
            return
    yield list(_acts(aside))
    aside.unlink(missing_ok=True)


def _acts(file: Path) -> Iterator[PluginAct]:
    for line in file.read_text(errors="replace").splitlines():
        try:
            said = json.loads(line)
            act: Act = "removed" if said["act"] == "removed" else "added"
            at = datetime.fromisoformat(said["at"])
            if at.tzinfo is not None:
                yield PluginAct(act, str(said["project"]), at, UUID(said["event_id"]))
        except (ValueError, KeyError, TypeError):
            continue


def _file(home: Path) -> Path:
    return home / "plugin-acts.jsonl"
