"""The command lines of the platform's processes, and what they all want of the system."""

import sys
from pathlib import Path

PROGRAM = (sys.executable, "-m", "kuber.cli")
"""Kuber's command line."""

GIVE_MEMORY_BACK = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
"""For glibc: blocks of uploads, charts and bars go back to the system once they are free. By itself
it keeps such blocks, as many as were ever in use at a time, for each thread anew."""


def api_command() -> tuple[str, ...]:
    """Return the command line of the API server, which takes everything from the environment."""
    return (sys.executable, "-m", "kuber.main")


def worker_command(processes: int) -> tuple[str, ...]:
    """Return the command line of a worker with `processes` children."""
    return (
        *(sys.executable, "-m", "celery", "--quiet", "-A", "kuber.worker:celery_app", "worker"),
        *("--pool", "prefork", "-c", str(processes), "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    )


def relay_command() -> tuple[str, ...]:
    """Return the command line of the relay from the outbox to Kafka."""
    return (*PROGRAM, "relay")


def services_command(*names: str) -> tuple[str, ...]:
    """Return the command line of a process that runs the long-running services `names`."""
    return (*PROGRAM, "services", *names)


def fork_server_command(pulse: Path) -> tuple[str, ...]:
    """Return the command line of the program that forks relay and services; it touches `pulse`."""
    return (*PROGRAM, "fork-server", "--pulse", str(pulse))
