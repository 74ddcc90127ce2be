"""What a running stack tells about itself: one private file, read by every other command."""

import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import psutil
from pydantic import BaseModel

from kuber.infra.embedded.home import Home, write_private
from kuber.infra.pulse import notes_silence
from kuber.workers.supervisor import ServiceState

_LOOKS = 20
_LOOK_EVERY_S = 0.1

Phase = Literal["starting", "ready", "stopping", "failed"]


class ServiceRecord(BaseModel):
    """One service as the supervisor sees it. `started` tells its process from a later namesake."""

    name: str
    state: ServiceState
    pid: int | None = None
    started: float | None = None
    restarts: int = 0
    ready_after_s: float | None = None


class StackRecord(BaseModel):
    """The stack as the supervisor sees it; holds secrets."""

    phase: Phase
    supervisor_pid: int
    url: str
    host: str
    port: int
    database_url: str
    redis_url: str
    kafka_bootstrap: str
    jwt_secret: str
    home: Path
    demo_email: str | None = None
    demo_password: str | None = None
    no_demo_because: str | None = None
    services: list[ServiceRecord] = []
    lost_log_bytes: int = 0
    """What services wrote and no log holds, since the start: the disk was full."""
    unsaved: int = 0
    """How often this record could not be written since the start."""


class ServiceStatus(BaseModel):
    """One service for `status --json`.

    state: that of the supervisor; `silent` when a process of a running service says nothing.
    rss_mb: resident memory in MiB of the process and its children, pages they share counted once.
    """

    name: str
    state: str
    pid: int | None
    rss_mb: float
    restarts: int


class StackStatus(BaseModel):
    """The running stack for `status --json`; every address is None when nothing runs."""

    url: str | None = None
    kafka_bootstrap: str | None = None
    redis_url: str | None = None
    database_url: str | None = None
    services: list[ServiceStatus] = []
    lost_log_bytes: int = 0
    unsaved: int = 0
    halted: bool = False
    """Whether `./kuber halt` has stopped trading by its file."""


def save(home: Home, record: StackRecord) -> None:
    """Write what the stack tells about itself."""
    write_private(home.state_file, record.model_dump_json(indent=2))


class StateFile:
    """Writes what the stack tells about itself, and never fails: what the disk refuses, or what
    somebody else damages, is written again by the next `keep`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._saved: StackRecord | None = None
        self._mark: tuple[int, int, int] | None = None
        self.unsaved = 0

    def write(self, record: StackRecord) -> None:
        """Write `record` if it can be written now."""
        try:
            save(self._home, record)
            self._mark = self._mark_now()
        except OSError:
            self.unsaved += 1
            self._saved = None
            return
        self._saved = record

    def keep(self, record: StackRecord) -> None:
        """Write `record` unless the file holds just that."""
        if record != self._saved or self._mark_now() != self._mark:
            self.write(record)

    def _mark_now(self) -> tuple[int, int, int] | None:
        try:
            found = self._home.state_file.stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)


def load(home: Home) -> StackRecord | None:
    """Return what the stack last told about itself; None when there is no such file."""
    try:
        return StackRecord.model_validate_json(home.state_file.read_text())
    except (OSError, ValueError):
        return None


def running(home: Home) -> StackRecord | None:
    """Return the record of the stack that runs on `home` now, if one does.

    A record that cannot be read is waited for: the supervisor writes a damaged one anew.
    """
    for _ in range(_LOOKS):
        if not home.is_locked():
            return None
        record = load(home)
        if record is not None:
            return record
        time.sleep(_LOOK_EVERY_S)
    return None


def unreadable(home: Home) -> str:
    """Return what to do when a stack runs and its record cannot be read."""
    return (
        f"Kuber runs, and {home.state_file} cannot be read: move away what stands there. It is"
        " written anew within a second."
    )


def status(home: Home) -> StackStatus:
    """Return the state and memory of each service. Secrets are shown to the file's owner alone."""
    record = running(home)
    if record is None:
        return StackStatus()
    owns = home.state_file.stat().st_uid == os.geteuid()
    pids = [service.pid for service in record.services if service.pid is not None]
    return StackStatus(
        url=record.url,
        kafka_bootstrap=record.kafka_bootstrap,
        redis_url=record.redis_url if owns else without_secret(record.redis_url),
        database_url=record.database_url if owns else without_secret(record.database_url),
        services=[
            ServiceStatus(
                name=service.name,
                state=_state(service, home),
                pid=service.pid,
                rss_mb=memory_mb(service.pid, pids),
                restarts=service.restarts,
            )
            for service in record.services
            if service.state is not ServiceState.DONE
        ],
        lost_log_bytes=record.lost_log_bytes,
        unsaved=record.unsaved,
    )


def _state(service: ServiceRecord, home: Home) -> str:
    runs = service.state is ServiceState.RUNNING
    return "silent" if runs and notes_silence(home.pulse(service.name)) else service.state


def without_secret(url: str) -> str:
    """Return `url` with `***` where its password was."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{place}"))


def memory_mb(pid: int | None, services: Collection[int] = ()) -> float:
    """Return the resident memory of process `pid` and its children in MiB; 0 when it is gone.

    What it has forked that is one of the `services` itself is not its own. Pages that several share
    are counted once: that is what proportional set sizes add up to. Where the system does not tell
    those, resident sizes are added.
    """
    if pid is None:
        return 0.0
    with suppress(psutil.NoSuchProcess):
        members = family(psutil.Process(pid), services)
        return round(sum(_resident_bytes(member) for member in members) / 2**20, 1)
    return 0.0


def family(process: psutil.Process, services: Collection[int] = ()) -> list[psutil.Process]:
    """Return the process and its children and theirs, without `services` and what belongs to those.

    Raises psutil.NoSuchProcess when it is gone.
    """
    members = [process]
    for child in process.children():
        if child.pid not in services:
            with suppress(psutil.NoSuchProcess):
                members += family(child, services)
    return members


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def end_leftovers(home: Home, patience_s: float = 5.0) -> int:
    """End what a supervisor that was killed may have left on its way out; return how many."""
    record = load(home)
    if record is None:
        return 0
    left = [
        process for service in record.services if (process := _same_process(service)) is not None
    ]
    _, stubborn = psutil.wait_procs(left, timeout=patience_s)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            for member in [*process.children(recursive=True), process]:
                member.kill()
    psutil.wait_procs(stubborn, timeout=patience_s)
    home.state_file.unlink(missing_ok=True)
    return len(stubborn)


def _same_process(service: ServiceRecord) -> psutil.Process | None:
    """Return the process of `service` if it still runs and is not a later one of the same id."""
    if service.pid is None or service.started is None:
        return None
    try:
        process = psutil.Process(service.pid)
        return process if abs(process.create_time() - service.started) < 1 else None
    except psutil.NoSuchProcess:
        return None
