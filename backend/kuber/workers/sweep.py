"""The service that has workers sweep: free the runs of dead ones, wake those that are due."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from kuber.infra.db import JsonObject
from kuber.infra.heartbeats import Progress
from kuber.workers.celery_app import SWEEP_EVERY_S

log = structlog.get_logger(__name__)


class SweepService:
    """Calls for a sweep each second. Several instances may run: those that come late say nothing.

    Without a broker it waits, and workers sweep by themselves, less often.
    """

    name = "sweep"

    def __init__(self, call: Callable[[], Awaitable[bool]], every_s: float = SWEEP_EVERY_S) -> None:
        """`call` says whether a worker was called of late; it does not raise."""
        self.progress = Progress()
        self._call = call
        self._every_s = every_s

    async def initialize(self) -> None:
        """Nothing has to be opened."""

    async def run(self) -> None:
        """Call until cancelled."""
        while True:
            if await self._call():
                self.progress.made()
            elif self.progress.waiting_for is None:
                log.warning("sweep_not_called_for", consequence="Workers sweep by themselves.")
                self.progress.wait_for("Redis")
            await asyncio.sleep(self._every_s)

    async def cleanup(self) -> None:
        """Nothing has to be closed."""

    def status(self) -> JsonObject:
        """Return how often it called."""
        return {"rounds": self.progress.rounds}
