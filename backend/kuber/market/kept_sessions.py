"""Keeps the sessions of exchanges as small files, so that long-lived processes only read them.

A file is of one exchange, a span of years and one version of `exchange-calendars`. What is not
kept, or cannot be read, is worked out by a short child process and kept then. Files are put in
their place whole: several processes may do so at once, and say the same.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import structlog

from kuber.infra.embedded.damage import clear_place
from kuber.infra.embedded.process import Command, spawn_options
from kuber.market import exchange_sessions
from kuber.market.exchange_sessions import ExchangeSessions, NoSessions

log = structlog.get_logger(__name__)

CHILD_WITHIN_S = 60.0
"""Of the slowest exchange, Korea with its lunar calendar, thirty years take eight seconds."""


class KeptSessions:
    """The files of one folder, which is made when the first is written.

    One that cannot be written to is only a lost cache.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._complained = False

    @cached_property
    def version(self) -> str:
        """Of the library whose answers are kept."""
        return version("exchange_calendars")

    def get(self, code: str, first_year: int, last_year: int) -> ExchangeSessions:
        """Return the sessions of whole years; takes a second when they are not kept yet.

        Raises NoSessions.
        """
        file = self.file(code, first_year, last_year)
        answer = self._read(file)
        if answer is None:
            content = _ask_child(code, first_year, last_year)
            if content is None:
                return exchange_sessions.work_out(code, first_year, last_year)
            answer = exchange_sessions.from_bytes(content)
            self._write(file, content)
        if isinstance(answer, NoSessions):
            raise answer
        return answer

    def prepare(self, wanted: Iterable[tuple[str, int, int]]) -> int:
        """Keep what is not kept yet of exchanges and years, worked out in this process, which
        shall be a short one; forget other versions. Return how many were added."""
        added = 0
        for key in wanted:
            file = self.file(*key)
            if self._read(file) is not None:
                continue
            answer: ExchangeSessions | NoSessions
            try:
                answer = exchange_sessions.work_out(*key)
            except NoSessions as error:
                answer = error
            if not self._write(file, exchange_sessions.to_bytes(answer)):
                break
            added += 1
        for other in self.folder.glob("*.npz"):
            if not other.name.endswith(f"-{self.version}.npz"):
                with suppress(OSError):
                    other.unlink()
        return added

    def file(self, code: str, first_year: int, last_year: int) -> Path:
        """Return where the sessions of an exchange and its years are."""
        assert code.isalnum(), "an exchange's code is letters and digits"
        return self.folder / f"{code}-{first_year}-{last_year}-{self.version}.npz"

    def _read(self, file: Path) -> ExchangeSessions | NoSessions | None:
        """Return what a file says, None when there is none that can be read."""
        try:
            return exchange_sessions.from_bytes(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("kept_sessions_unreadable", file=str(file), reason=str(error))
            return None

    def _write(self, file: Path, content: bytes) -> bool:
        draft = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(content)
            clear_place(file)
            draft.replace(file)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            if not self._complained:
                self._complained = True
                consequence = "Trading hours are worked out anew by each process."
                log.warning("sessions_not_kept", reason=str(error), consequence=consequence)
            return False
        return True


def _ask_child(code: str, first_year: int, last_year: int) -> bytes | None:
    """Return what a fresh interpreter works out, as `to_bytes`; None when it does not get there.

    It has no environment of ours, hence no secrets, and dies with this process.
    """
    command = Command(
        argv=(
            *(sys.executable, "-m", exchange_sessions.__name__),
            *(code, str(first_year), str(last_year)),
        ),
        cwd=Path("/"),
        env={
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONSAFEPATH": "1",
        },
        death_signal=signal.SIGKILL,
    )
    try:
        done = subprocess.run(
            command.argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHILD_WITHIN_S,
            check=True,
            **spawn_options(command),
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        log.warning(
            "sessions_child_failed",
            calendar=code,
            reason=str(error),
            said=said[-500:].decode(errors="replace"),
        )
        return None
    return done.stdout
