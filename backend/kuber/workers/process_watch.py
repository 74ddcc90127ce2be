"""Looks after the processes of a worker from its main one: a frozen one is killed.

The pool sees whether its processes are there, not whether they go on. Each of them says so through
a pipe, from a thread: a loop that is held is the business of its own process (`runs.loop_guard`).
"""

import os
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil
import structlog

from kuber.infra.pulse import EVERY_S, SILENT_AFTER_S

log = structlog.get_logger(__name__)

FROZEN_AFTER_S = 30.0
"""How long a process may be silent that does nothing at all."""
_BUSY_SHARE = 0.05
"""Of the time it was silent: who has used so much of the processor is busy, not frozen."""
_SIGN = struct.Struct("=i")
_READ_BYTES = 65_536


@dataclass
class _Process:
    """A process that was heard; `cpu_s` is what it had used of the processor then."""

    process: psutil.Process
    cpu_s: float
    silent_s: float = 0.0


class ProcessWatch:
    """Who of the processes that this one has forked lives; the pool puts another in its place.

    Times are counted in looks: a machine that was suspended as a whole held nobody's silence.
    """

    def __init__(self, most_s: float) -> None:
        """`most_s`: how long a process that is busy may be silent, as when foreign code lets no
        other thread of it have its turn."""
        self._most_s = most_s
        self._heard, self._tell = os.pipe()
        for end in (self._heard, self._tell):
            os.set_blocking(end, False)
        self._known: dict[int, _Process] = {}

    @property
    def silent(self) -> bool:
        """Whether a process has said nothing for a while."""
        return any(one.silent_s >= SILENT_AFTER_S for one in self._known.values())

    def begin_to_beat(self) -> None:
        """Say again and again that this process lives; called in each that is looked after."""
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def look(self, passed_s: float) -> None:
        """Hear who lives, `passed_s` after the last look, and kill who was silent for too long."""
        heard = self._signs()
        for pid in heard:
            self._take_sign(pid)
        for pid in self._known.keys() - heard:
            with suppress(psutil.NoSuchProcess):
                if not self._is_over(self._known[pid], passed_s):
                    continue
            del self._known[pid]

    def _beat(self) -> None:
        sign = _SIGN.pack(os.getpid())
        while True:
            with suppress(OSError):  # nobody hears it, and the pipe is full
                os.write(self._tell, sign)
            time.sleep(EVERY_S)

    def _signs(self) -> set[int]:
        signs = b""
        with suppress(BlockingIOError):
            while piece := os.read(self._heard, _READ_BYTES):
                signs += piece
        return {pid for (pid,) in _SIGN.iter_unpack(signs)}

    def _take_sign(self, pid: int) -> None:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.ppid() == os.getpid():
                self._known[pid] = _Process(process, _cpu_s(process))

    def _is_over(self, one: _Process, passed_s: float) -> bool:
        """Say whether a silent process has ended, or was killed just now."""
        process = one.process
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        before_s, one.silent_s = one.silent_s, one.silent_s + passed_s
        if before_s < SILENT_AFTER_S <= one.silent_s:
            log.warning("worker_process_silent", process=process.pid)
        if one.silent_s < FROZEN_AFTER_S:
            return False
        is_busy = _cpu_s(process) - one.cpu_s >= _BUSY_SHARE * one.silent_s
        if is_busy and one.silent_s < self._most_s:
            return False
        log.error(
            "worker_process_killed",
            process=process.pid,
            silent_s=round(one.silent_s),
            consequence="The worker begins another; its runs are taken up when their leases end.",
        )
        process.kill()
        return True


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
