"""The data folder of a development stack: what lies where, its secrets and its ports."""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path

from kuber.infra.embedded.damage import Tell, clear_place, set_aside, silent
from kuber.infra.embedded.process import free_port, port_is_free

_ROOM_TO_START_BYTES = 1_000_000

FILES = (
    *("secrets.json", "secrets.copy.json", "ports.json", "plugins.txt"),
    *("run/stack.json", "run/start.log", "run/supervisor.lock", "run/api.sock", "run/pulse-*"),
    *("run/plugins/verdicts.json", "run/plugins/importing-*"),
    *("logs/*.log", "logs/*.log.[0-9]"),
    *("audit/signing-key", "audit/next-signing-key", "audit/*.jsonl", "audit/*.head*.json"),
    *("postgres/password-known", "postgres/prepared", "postgres/being-made"),
    *("calendars/*.npz", "calendars/prepared", "valkey/valkey.conf"),
)
"""Every file that Kuber keeps for itself; what servers keep is in folders of theirs."""

_ASIDE = ".damaged-"
_NO_LONGER_USED = "beat-schedule*"
"""Notes of a program that former versions had."""


@dataclass(frozen=True)
class Home:
    """The folder named by KUBER_HOME. Only its owner can look inside.

    A damaged file of it is set aside and made anew, which `tell` is told.
    """

    root: Path
    tell: Tell = field(default=silent, compare=False)

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

    @property
    def api_socket(self) -> Path:
        """Where the API listens besides its port, for the supervisor."""
        return self.run / "api.sock"

    @property
    def calendars(self) -> Path:
        """Where the trading hours of exchanges are kept."""
        return self.root / "calendars"

    @property
    def calendars_prepared(self) -> Path:
        """Names the version of the library whose trading hours are all kept."""
        return self.calendars / "prepared"

    def pulse(self, name: str) -> Path:
        """Return the file that a service without a port touches while it lives."""
        return self.run / f"pulse-{name}"

    def service(self, name: str) -> Path:
        """Return the folder of an embedded server's data."""
        return self.root / name

    def create(self) -> None:
        """Make the folders, readable by their owner alone, and set aside folders that stand where
        files should. Raises OSError, also when there is no room for what a start writes first."""
        for folder in (self.root, self.run, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = self.run / f"trial-{os.getpid()}"
        try:
            trial.write_bytes(bytes(_ROOM_TO_START_BYTES))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.root)) from error
        finally:
            with suppress(OSError):
                trial.unlink(missing_ok=True)
        for pattern in FILES:
            for path in self.root.glob(pattern):
                if _ASIDE not in path.name:
                    clear_place(path, self.tell)
        self._forget(_NO_LONGER_USED)

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
        """Return the secret called `name`, made by `make` when it is first asked for.

        They are kept twice, since nobody could make up what was sealed with them.
        """
        known = self._secrets()
        if name not in known:
            known[name] = make()
            self._keep_secrets(known)
        return known[name]

    def port(self, name: str) -> int:
        """Return the port of the server called `name`: the same each time while it is free."""
        file = self.root / "ports.json"
        known = _read(file)
        if known is None:
            self.tell(f"{file.name} was damaged and is now {set_aside(file).name}; new ports.")
            known = {}
        port = known.get(name)
        if not isinstance(port, int) or not 0 < port < 65536 or not port_is_free(port):
            port = free_port()
            write_private(file, json.dumps(known | {name: port}, indent=2))
        return port

    def _secrets(self) -> dict[str, str]:
        """Return every secret; from the copy when the file is damaged or gone."""
        file, copy = self.root / "secrets.json", self.root / "secrets.copy.json"
        known = _secrets_in(file)
        if known:
            if not copy.exists():
                write_private(copy, json.dumps(known, indent=2))
            return known
        damaged = known is None
        place = f"; it is now {set_aside(file).name}" if damaged else ""
        kept = _secrets_in(copy)
        if kept:
            was = "damaged" if damaged else "gone"
            self.tell(f"secrets.json was {was}: its copy is used{place}.")
            self._keep_secrets(kept)
        elif damaged or kept is None:
            if kept is None:
                set_aside(copy)
            self.tell(
                f"secrets.json was damaged and has no copy: new secrets are made{place}. People "
                "sign in again; secrets of webhook sources have to be renewed."
            )
        return kept or {}

    def _keep_secrets(self, known: Mapping[str, str]) -> None:
        for name in ("secrets.copy.json", "secrets.json"):
            write_private(self.root / name, json.dumps(known, indent=2))

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
        for name in ("postgres", "valkey", "kafka", "calendars", "logs", "run"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        mine = ("secrets.json", "secrets.copy.json", "ports.json", "plugins.txt")
        for pattern in (*mine, *(f"{name}.damaged-*" for name in mine), _NO_LONGER_USED):
            self._forget(pattern)
        if self.root.is_dir() and not any(self.root.iterdir()):
            self.root.rmdir()

    def _forget(self, pattern: str) -> None:
        """Delete files and folders; what cannot be deleted stays."""
        for path in self.root.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path` in one step; its owner alone can read it.

    A folder that stands there is set aside.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(text)
        clear_place(path)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _try_lock(file: TextIOWrapper, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> dict[str, object] | None:
    """Return the object in a JSON file, empty when there is no file; None when it is damaged."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError, IsADirectoryError):
        return None
    return found if isinstance(found, dict) else None


def _secrets_in(path: Path) -> dict[str, str] | None:
    found = _read(path)
    if found is None or not all(isinstance(value, str) and value for value in found.values()):
        return None
    return {name: str(value) for name, value in found.items()}
