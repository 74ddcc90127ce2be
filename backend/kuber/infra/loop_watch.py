"""Watches how long the event loop keeps others waiting, and says what held it."""

import asyncio
import sys
import threading
import time
from contextlib import suppress
from pathlib import PurePath
from types import FrameType
from typing import Self

import structlog
from prometheus_client import Gauge, Histogram

_log = structlog.get_logger(__name__)

TICK_S = 0.02
HELD_S = 0.1
"""What holds the loop for longer is named in the log."""
LOG_EVERY_S = 10.0
_FRAMES = 12

LOOP_LAG_SECONDS = Histogram(
    "kuber_loop_lag_seconds",
    "How late the event loop came to what was due",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
LOOP_LAG_MAX = Gauge(
    "kuber_loop_lag_max_seconds", "The longest wait for the event loop since the start"
)


class LoopWatch:
    """Watches the running event loop from `async with` on.

    A task on the loop measures how late it is woken; a thread looks every now and then whether it
    was, and otherwise logs `event_loop_held` with the lines at which the loop's thread stands: at
    most one line for each hold and each LOG_EVERY_S.
    """

    def __init__(
        self, *, tick_s: float = TICK_S, held_s: float = HELD_S, log_every_s: float = LOG_EVERY_S
    ) -> None:
        self._tick_s = tick_s
        self._held_s = held_s
        self._log_every_s = log_every_s
        self._ticks = 0
        self._due_at_s = 0.0
        self._thread_id = 0
        self._over = threading.Event()
        self.lag_max_s = 0.0
        """The longest wait for the loop since the start."""

    async def __aenter__(self) -> Self:
        self._thread_id = threading.get_ident()
        self._due_at_s = time.monotonic() + self._tick_s
        self._task = asyncio.create_task(self._tick(), name="loop watch")
        self._sampler = threading.Thread(target=self._sample, name="loop watch", daemon=True)
        self._sampler.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await asyncio.to_thread(self._sampler.join)

    async def _tick(self) -> None:
        while True:
            self._due_at_s = time.monotonic() + self._tick_s
            await asyncio.sleep(self._tick_s)
            lag_s = max(0.0, time.monotonic() - self._due_at_s)
            self._ticks += 1
            self._note(lag_s)

    def _note(self, lag_s: float) -> None:
        """Take in how late the loop came to one tick."""
        LOOP_LAG_SECONDS.observe(lag_s)
        if lag_s > self.lag_max_s:
            self.lag_max_s = lag_s
            LOOP_LAG_MAX.set(lag_s)

    def _sample(self) -> None:
        """Look, from a thread of its own, whether the loop came to its tick."""
        reported_tick, quiet_until_s, unreported = -1, 0.0, 0
        while not self._over.wait(self._held_s / 2):
            now_s, tick = time.monotonic(), self._ticks
            held_s = now_s - self._due_at_s
            if held_s < self._held_s or tick == reported_tick:
                continue
            reported_tick = tick
            if now_s < quiet_until_s:
                unreported += 1
                continue
            stack = sys._current_frames().get(self._thread_id)
            if self._ticks != tick or stack is None or _waits(stack):
                continue  # it went on while we looked, or the machine keeps us all waiting
            _log.warning(
                "event_loop_held",
                held_ms=round(held_s * 1000),
                where=places(stack),
                unreported=unreported,
            )
            quiet_until_s, unreported = now_s + self._log_every_s, 0


def _waits(frame: FrameType) -> bool:
    """Say whether the loop is between callbacks: it is the machine that lets nobody on."""
    return PurePath(frame.f_code.co_filename).name in ("selectors.py", "runners.py")


def places(frame: FrameType | None, most: int = _FRAMES) -> list[str]:
    """Return `file:line:function` of a stack, innermost first; no values, hence no secrets."""
    found: list[str] = []
    while frame is not None and len(found) < most:
        code = frame.f_code
        file = "/".join(PurePath(code.co_filename).parts[-3:])
        found.append(f"{file}:{frame.f_lineno}:{code.co_name}")
        frame = frame.f_back
    return found
