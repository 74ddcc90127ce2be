"""A service that does the same small piece of work again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from kuber.infra.db import JsonObject
from kuber.infra.heartbeats import Progress


class PeriodicService:
    """Calls `work` every `every_s` seconds; several instances may run, `work` sees to that.

    A call that takes longer than `within_s` is shown as stuck; it is not broken off.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[int]],
        every_s: float,
        *,
        within_s: float = 60.0,
    ) -> None:
        self.name = name
        self.progress = Progress(within_s)
        self._work = work
        self._every_s = every_s
        self._done = 0

    async def initialize(self) -> None:
        """Nothing has to be opened."""

    async def run(self) -> None:
        """Work until cancelled; what `work` raises ends this run, and the host starts another."""
        while True:
            self._done += await self._work()
            self.progress.made()
            await asyncio.sleep(self._every_s)

    async def cleanup(self) -> None:
        """Nothing has to be closed."""

    def status(self) -> JsonObject:
        """Return how often it looked and how much it found to do."""
        return {"rounds": self.progress.rounds, "done": self._done}
