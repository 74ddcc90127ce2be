"""Tasks of every sort for children of a pool; a child finds them by name."""

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kuber.infra.child import Streamed
from kuber.kernel.errors import KuberError, Problem


class Refused(KuberError):
    """A failure that somebody is told of."""

    code = "refused_by_a_task"


def add(one: int, other: int) -> int:
    return one + other


def own_pid() -> int:
    return os.getpid()


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def refuse(detail: str) -> None:
    raise Refused(detail, [Problem("It is bad.", "Mend it.", line=3)], retry_after_s=7)


def divide(one: int, other: int) -> float:
    return one / other


def take_memory(size_mb: int) -> int:
    return len(bytearray(size_mb * 1_000_000))


def without_memory() -> None:
    """Fail as a look at a folder does when the kernel gives no memory for it."""
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def environment() -> dict[str, str]:
    return dict(os.environ)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    sys.exit(0)


def chatter() -> str:
    print("a task that prints")  # noqa: T201
    return sys.stdin.read()


def sleep_on() -> None:
    time.sleep(600)


def wait_for(file: str) -> str:
    """Say in `file`.begun that it has begun, then wait until `file` is there."""
    Path(f"{file}.begun").write_text(str(os.getpid()))
    while not Path(file).exists():
        time.sleep(0.005)
    return file


def letters(count: int, size: int) -> Streamed[str]:
    return Streamed("abc", (bytes([97 + at % 26]) * size for at in range(count)))


def broken_stream() -> Streamed[None]:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise Refused("The rest is missing.")

    return Streamed(None, chunks())
