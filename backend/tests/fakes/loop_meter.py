"""A watch of the event loop that also says how much of the processor the loop takes."""

import asyncio
import time
from collections.abc import Callable

from kuber.infra.loop_watch import HELD_S, LOG_EVERY_S, LOOP_LAG_MAX, TICK_S, LoopWatch


class LoopMeter(LoopWatch):
    """A LoopWatch whose figures can be waited for and forgotten."""

    def __init__(
        self, *, tick_s: float = TICK_S, held_s: float = HELD_S, log_every_s: float = LOG_EVERY_S
    ) -> None:
        super().__init__(tick_s=tick_s, held_s=held_s, log_every_s=log_every_s)
        self._ticked = asyncio.Event()
        self._cpu_s = time.thread_time()
        self.cpu_max_s = 0.0
        """The most processor time that the loop's thread took between two ticks since `reset`.

        Unlike the lag it does not grow when other processes keep this one waiting.
        """

    def reset(self) -> None:
        """Forget the longest wait and the largest share of the processor."""
        self.lag_max_s = self.cpu_max_s = 0.0
        LOOP_LAG_MAX.set(0)

    async def settled(self) -> None:
        """Return once the figures hold all that the loop has done so far."""
        for _ in range(2):
            self._ticked.clear()
            await self._ticked.wait()

    def _note(self, lag_s: float) -> None:
        before_s, self._cpu_s = self._cpu_s, time.thread_time()
        self.cpu_max_s = max(self.cpu_max_s, self._cpu_s - before_s)
        self._ticked.set()
        super()._note(lag_s)


def cpu_of(work: Callable[[], object]) -> float:
    """Return the processor time in seconds that `work` takes in this thread."""
    before_s = time.thread_time()
    work()
    return time.thread_time() - before_s
