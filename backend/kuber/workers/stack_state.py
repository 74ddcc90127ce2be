"""What a running stack tells about itself: one private file, read by every other command."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import psutil
from pydantic import BaseModel

from kuber.infra.embedded.home import Home, write_private
from kuber.workers.supervisor import ServiceState

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
    services: list[ServiceRecord] = []


class ServiceStatus(BaseModel):
    """One service for `status --json`.

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


def save(home: Home, record: StackRecord) -> None:
    """Write what the stack tells about itself."""
    write_private(home.state_file, record.model_dump_json(indent=2))


def load(home: Home) -> StackRecord | None:
    """Return what the stack last told about itself; None when there is no such file."""
    try:
        return StackRecord.model_validate_json(home.state_file.read_text())
    except (FileNotFoundError, ValueError):
        return None


def running(home: Home) -> StackRecord | None:
    """Return the record of the stack that runs on `home` now, if one does."""
    return load(home) if home.is_locked() else None


def status(home: Home) -> StackStatus:
    """Return the state and memory of each service. Secrets are shown to the file's owner alone."""
    record = running(home)
    if record is None:
        return StackStatus()
    owns = home.state_file.stat().st_uid == os.geteuid()
    return StackStatus(
        url=record.url,
        kafka_bootstrap=record.kafka_bootstrap,
        redis_url=record.redis_url if owns else without_secret(record.redis_url),
        database_url=record.database_url if owns else without_secret(record.database_url),
        services=[
            ServiceStatus(
                name=service.name,
                state=service.state,
                pid=service.pid,
                rss_mb=memory_mb(service.pid),
                restarts=service.restarts,
            )
            for service in record.services
            if service.state is not ServiceState.DONE
        ],
    )


def without_secret(url: str) -> str:
    """Return `url` with `***` where its password was."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{place}"))


def memory_mb(pid: int | None) -> float:
    """Return the resident memory of process `pid` and its children in MiB; 0 when it is gone.

    Pages that several of them share are counted once: that is what proportional set sizes add
    up to. Where the system does not tell those, resident sizes are added.
    """
    if pid is None:
        return 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return round(sum(_resident_bytes(member) for member in family) / 2**20, 1)
    return 0.0


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
