"""What runs inside a child of `kuber.infra.children`: one task after another, from pipe to pipe.

The parent starts `main` in a fresh interpreter. Tasks come in on standard
input, what becomes of them goes out on what was standard output. Every message is a frame: one
byte that says what it is, eight bytes of length, the content.

A task is two frames: the function, whose pickling imports its module, and its arguments. The
limit of memory is set between the two, so that it counts what the task takes and not what the
program takes; a task that passes it ends the child.
"""

import errno
import os
import pickle
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from kuber.infra.embedded.process import die_with_parent
from kuber.kernel.errors import KuberError

T = TypeVar("T")

FRAME = struct.Struct(">cQ")
FUNCTION, ARGUMENTS = b"f", b"a"
BEGUN, RESULT, CHUNK, REFUSED, FAILED = b"b", b"r", b"c", b"k", b"x"
"""The function is imported; it returned; a part of a stream; a KuberError; any other exception."""

_NICENESS = 15
OUT_OF_MEMORY = 77
"""Exit code of a child whose task passed its limit of memory."""


@dataclass(frozen=True, slots=True)
class Streamed(Generic[T]):
    """What a function returns to `ChildPool.stream`: a value, then bytes made as they are read."""

    value: T
    chunks: Iterable[bytes]


class _Limit:
    """The limit of memory: what the program took before the first task, and an allowance."""

    def __init__(self, allowance_bytes: int) -> None:
        self._allowance_bytes = allowance_bytes
        self._modules = 0
        self._limit_bytes = 0

    def set(self) -> None:
        """Hold what comes now to the limit; modules that were imported since are not counted."""
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            self._limit_bytes = _virtual_bytes() + self._allowance_bytes
        _limit_memory(self._limit_bytes)

    def lift(self) -> None:
        """Let imports take what they need."""
        _limit_memory(resource.RLIM_INFINITY)


def main(parent: int, memory_mb: int, background: int = 0) -> None:
    """Do tasks until the parent closes the pipe or is gone."""
    die_with_parent(signal.SIGKILL, parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to answer
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if background:
        _give_way()
    # What a task reads or prints by itself must not mix with the frames.
    tasks = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    limit = _Limit(memory_mb * 1_000_000)
    while (function := _read(tasks)) is not None:
        try:
            _do(function, tasks, answers, limit)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # what is left may be in any state


def _do(function: bytes, tasks: BinaryIO, answers: BinaryIO, limit: _Limit) -> None:
    limit.lift()
    failed: Exception | None = None
    call = None
    try:
        call = pickle.loads(function)  # noqa: S301  written by the parent
    except Exception as error:  # noqa: BLE001  the parent tells whoever asked
        failed = error
    limit.set()
    _write(answers, BEGUN)
    content = _read(tasks)
    if content is None:
        return
    if call is None:
        assert failed is not None
        _tell(answers, failed)
        return
    try:
        arguments = pickle.loads(content)  # noqa: S301  written by the parent
        del content
        result = call(*arguments)
        del arguments
        if isinstance(result, Streamed):
            _write(answers, RESULT, pickle.dumps(result.value, protocol=5))
            for chunk in result.chunks:
                _write(answers, CHUNK, chunk)
            _write(answers, CHUNK)
        else:
            _write(answers, RESULT, pickle.dumps(result, protocol=5))
    except Exception as error:
        if isinstance(error, MemoryError) or _without_memory(error):
            raise
        _tell(answers, error)


def _without_memory(error: Exception) -> bool:
    """Say whether the kernel refused memory, as to a module that is looked for on the disk."""
    return isinstance(error, OSError) and error.errno == errno.ENOMEM


def _tell(answers: BinaryIO, error: Exception) -> None:
    if isinstance(error, KuberError):
        with suppress(Exception):  # one that cannot be pickled is a defect, told of like any other
            _write(answers, REFUSED, pickle.dumps(error, protocol=5))
            return
    _write(answers, FAILED, "".join(traceback.format_exception(error)).encode(errors="replace"))


def _read(tasks: BinaryIO) -> bytes | None:
    """Return the content of the next frame, None when there are no more."""
    head = tasks.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    _, length = FRAME.unpack(head)
    content = tasks.read(length)
    return content if len(content) == length else None


def _write(answers: BinaryIO, kind: bytes, content: bytes = b"") -> None:
    answers.write(FRAME.pack(kind, len(content)))
    answers.write(content)
    answers.flush()


def _limit_memory(size_bytes: int) -> None:
    if sys.platform == "linux":  # elsewhere the system does not hold a process to it
        resource.setrlimit(resource.RLIMIT_AS, (size_bytes, resource.RLIM_INFINITY))


def _give_way() -> None:
    """Take the processor only when few others want it; on Linux the whole session does."""
    os.nice(_NICENESS)
    with suppress(OSError):  # another kernel, or one that does not group by session
        Path("/proc/self/autogroup").write_text(str(_NICENESS))


def _virtual_bytes() -> int:
    """Return the size of this process's address space; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()
