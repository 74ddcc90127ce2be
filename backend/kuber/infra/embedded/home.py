"""The data folder of a development stack: what lies where, its secrets and its ports."""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from kuber.infra.embedded.process import free_port, port_is_free


@dataclass(frozen=True)
class Home:
    """The folder named by KUBER_HOME. Only its owner can look inside."""

    root: Path

    @property
    def run(self) -> Path:
        """What only a running stack needs: its state and its lock."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log file per service, with a few older ones beside it."""
        return self.root / "logs"

    @property
    def state_file(self) -> Path:
        """What the running stack tells about itself."""
        return self.run / "stack.json"

    def service(self, name: str) -> Path:
        """Return the folder of an embedded server's data."""
        return self.root / name

    def create(self) -> None:
        """Make the folders, readable by their owner alone."""
        for folder in (self.root, self.run, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
        """Return the secret called `name`, made by `make` when it is first asked for."""
        known = _read(self.root / "secrets.json")
        if name not in known:
            known[name] = make()
            write_private(self.root / "secrets.json", json.dumps(known, indent=2))
        return str(known[name])

    def port(self, name: str) -> int:
        """Return the port of the server called `name`: the same each time while it is free."""
        known = _read(self.root / "ports.json")
        port = known.get(name)
        if not isinstance(port, int) or not port_is_free(port):
            port = free_port()
            known[name] = port
            write_private(self.root / "ports.json", json.dumps(known, indent=2))
        return port

    @contextmanager
    def lock(self, patience_s: float = 0.5) -> Iterator[bool]:
        """Hold the lock of the one supervisor; gives False when another process holds it.

        The patience outlasts those who only look whether the lock is held.
        """
        with (self.run / "supervisor.lock").open("w") as file:
            deadline = time.monotonic() + patience_s
            while not _try_lock(file, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    yield False
                    return
                time.sleep(0.05)
            yield True

    def is_locked(self) -> bool:
        """Say whether a supervisor runs on this folder."""
        try:
            with (self.run / "supervisor.lock").open() as file:
                return not _try_lock(file, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def remove(self) -> None:
        """Delete everything that Kuber has put into the folder, and the folder when it is empty."""
        for name in ("postgres", "valkey", "kafka", "logs", "run"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        for pattern in ("secrets.json", "ports.json", "plugins.txt", "beat-schedule*"):
            for path in self.root.glob(pattern):
                path.unlink(missing_ok=True)
        if self.root.is_dir() and not any(self.root.iterdir()):
            self.root.rmdir()


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path` in one step; its owner alone can read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def _try_lock(file: TextIOWrapper, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return found if isinstance(found, dict) else {}
