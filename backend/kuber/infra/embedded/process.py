"""How a development server is started: who it runs as, and that it dies with its parent."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self, TypedDict

import psutil

PR_SET_PDEATHSIG = 1

# Loaded here, not between fork and exec, where loading could deadlock.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class CannotStart(Exception):
    """A server cannot be started; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine that a server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run as a child that cannot outlive its parent.

    `env` is the whole environment of the child. `account` is None for the current user.
    `death_signal` is what the child gets when its parent is gone, however that went.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGTERM
    stop_signal: signal.Signals = signal.SIGTERM


class SpawnOptions(TypedDict, total=False):
    """Keyword arguments that `subprocess` and `asyncio` take alike."""

    cwd: Path
    env: Mapping[str, str]
    start_new_session: bool
    preexec_fn: Callable[[], None]
    user: int
    group: int
    extra_groups: list[int]


def die_with_parent(death_signal: signal.Signals = signal.SIGKILL, parent: int = 0) -> None:
    """Ask the kernel to send `death_signal` to this process when its parent dies.

    Call it in the child. The request is tied to the parent's thread that forked, so parents
    fork from their main thread. `parent` is the expected parent: when it is already gone, the
    signal is raised at once. Does nothing where the kernel has no such request.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal))
    if parent and os.getppid() != parent:
        os.kill(os.getpid(), death_signal)


def spawn_options(command: Command) -> SpawnOptions:
    """Return the options that start `command` in a session of its own, tied to this process."""
    options = SpawnOptions(
        cwd=command.cwd,
        env=command.env,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, command.death_signal, os.getpid()),
    )
    if command.account is not None:
        options["user"] = command.account.uid
        options["group"] = command.account.gid
        options["extra_groups"] = []
    return options


def unprivileged_account() -> Account | None:
    """Return whom to run as instead of root: `postgres` or `nobody`; None when not root.

    Raises CannotStart when root has neither.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        "PostgreSQL refuses to run as root and this machine has neither a 'postgres' nor a "
        "'nobody' account: run Kuber as an ordinary user, or set KUBER_DATABASE_URL"
    )


def kill_tree(pid: int) -> None:
    """Kill a program and its children, also those in sessions of their own.

    It is stopped first, so that it starts none while they are looked for.
    """
    with suppress(psutil.NoSuchProcess):
        program = psutil.Process(pid)
        program.suspend()
        for process in (program, *program.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def accepts_connections(port: int, host: str = "127.0.0.1", timeout_s: float = 0.5) -> bool:
    """Say whether something accepts TCP connections on `port`."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


@dataclass
class ForegroundServer:
    """A server run by a program that waits for it, such as a test; stops when the block ends.

    `ready` says whether it does its work by now.
    """

    command: Command
    ready: Callable[[], bool]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **spawn_options(self.command),
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_ready(self, timeout_s: float = 30) -> None:
        """Return once `ready()`; raises CannotStart with the end of the log otherwise."""
        assert self.process is not None, "the server was not started"
        deadline = time.monotonic() + timeout_s
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise CannotStart(f"{self.command.argv[0]} is not ready:\n{tail}")
            time.sleep(0.02)

    def stop(self, grace_s: float = 10) -> None:
        """Stop the server, by force when it does not go within `grace_s` seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.command.stop_signal)
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
