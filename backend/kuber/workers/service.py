"""The base of long-running services: started, kept alive, heard beating, stopped in order."""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from psycopg import Error as DatabaseError
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from kuber.infra.db import JsonObject, RawPool
from kuber.infra.heartbeats import BEAT, FORGET_BEATS, Progress, replace_lost
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import Clock

log = structlog.get_logger(__name__)

BEAT_EVERY_S = 2.0
BACKOFF = Backoff(first_s=0.5, longest_s=5, jitter=0.2)
_HEALTHY_AFTER_S = 60.0


class LongRunning(Protocol):
    """One service. `run` ends only by being cancelled; what it raises, it is started again for."""

    @property
    def name(self) -> str: ...

    @property
    def progress(self) -> Progress:
        """What the service tells of its rounds; one that never does is shown as failing."""
        ...

    async def initialize(self) -> None:
        """Open what the service needs."""
        ...

    async def run(self) -> None: ...

    async def cleanup(self) -> None:
        """Close what was opened, also after a failed `initialize`."""
        ...

    def status(self) -> JsonObject:
        """Return a few figures for people, such as counts."""
        ...


@dataclass(slots=True)
class _Kept:
    """A service and how it did so far."""

    service: LongRunning
    ready: asyncio.Event
    started_at: datetime
    state: str = "starting"
    error: str | None = None
    rounds_before: int = 0
    """How many rounds it had finished when it last failed."""

    @property
    def recovered(self) -> bool:
        """Whether it has done anything since it last failed."""
        return self.error is None or self.service.progress.rounds > self.rounds_before

    def fail(self, error: Exception) -> None:
        self.state = "failing"
        self.error = _words(error)
        self.rounds_before = self.service.progress.rounds

    def state_now(self) -> str:
        """Return what people are told: a service that was opened does not run before it works."""
        if self.state != "running":
            return self.state
        if not self.recovered:
            return "failing"
        if self.service.progress.waiting:
            return "waiting"
        return "failing" if self.service.progress.stuck else "running"

    def detail_now(self) -> str:
        """Return the service's status as JSON; one that cannot be told does not end the beating."""
        try:
            detail = self.service.status()
            if not self.recovered:
                detail = detail | {"error": self.error}
            return json.dumps(detail)
        except Exception as error:
            log.exception("status_failed", service_name=self.service.name)
            return json.dumps({"error": f"no status: {type(error).__name__}: {error}"[:500]})


class ServiceHost:
    """Runs services side by side in one process; one that fails does not stop the others."""

    def __init__(
        self,
        services: Sequence[LongRunning],
        pool: RawPool,
        clock: Clock,
        *,
        beat_every_s: float = BEAT_EVERY_S,
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._pool = pool
        self._beat_every_s = beat_every_s
        self._backoff = backoff
        self._clock = clock
        self._instance = f"{socket.gethostname()}:{os.getpid()}"
        self._kept = [_Kept(service, asyncio.Event(), clock.now()) for service in services]

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Run all services until cancelled; `on_ready` is called once each has started."""
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._keep(kept), name=kept.service.name) for kept in self._kept
        ]
        tasks.append(asyncio.create_task(self._beat()))
        try:
            for kept in self._kept:
                await kept.ready.wait()
            on_ready()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                if not task.cancelling():  # a second call would break off its cleaning up
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for kept in self._kept:
                kept.state = "stopped"
            await self._write_beats()

    async def _keep(self, kept: _Kept) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._run_once(kept)
            except Exception as error:
                kept.fail(error)
                said = {"service_name": kept.service.name, "reason": kept.error}
                if _is_outage(error):  # told every few seconds, without where it was noticed
                    log.warning("service_failed", **said)
                else:
                    log.exception("service_failed", **said)
            kept.ready.set()
            failures = 1 if loop.time() - began > _HEALTHY_AFTER_S else failures + 1
            await asyncio.sleep(self._backoff.pause_s(failures))

    async def _run_once(self, kept: _Kept) -> None:
        service = kept.service
        try:
            await service.initialize()
            service.progress.begin()
            kept.state = "running"
            kept.started_at = self._clock.now()
            kept.ready.set()
            log.info("service_running", service_name=service.name)
            await service.run()
            raise RuntimeError("The service ended by itself.")
        finally:
            await service.cleanup()

    async def _beat(self) -> None:
        while True:
            await self._write_beats()
            await asyncio.sleep(self._beat_every_s)

    async def _write_beats(self) -> None:
        try:
            async with self._pool.connection() as connection:
                for kept in self._kept:
                    await connection.execute(BEAT, self._beat_of(kept))
                await replace_lost(connection, self._working(), self._instance)
                await connection.execute(FORGET_BEATS)
        except (DatabaseError, PoolTimeout, OSError) as error:
            log.warning("heartbeat_missed", reason=str(error))
        except Exception:
            log.exception("heartbeat_failed")  # the services live on without it

    def _working(self) -> list[str]:
        working = ("running", "waiting")
        return [kept.service.name for kept in self._kept if kept.state_now() in working]

    def _beat_of(self, kept: _Kept) -> JsonObject:
        progress, now = kept.service.progress, self._clock.now()
        return {
            "service": kept.service.name,
            "instance": self._instance,
            "state": kept.state_now(),
            "detail": kept.detail_now(),
            "started_at": kept.started_at,
            "now": now,
            "progress_at": now - timedelta(seconds=progress.age_s),
            "waiting_for": progress.waiting_for,
        }


def _is_outage(error: Exception) -> bool:
    """Return whether a server or a file system did not do its part."""
    kinds = (OperationalError, PoolTimeout, OSError)
    if isinstance(error, ExceptionGroup):
        return error.split(kinds)[1] is None
    return isinstance(error, kinds)


def _words(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return "; ".join(_words(one) for one in error.exceptions)[:500]
    return f"{type(error).__name__}: {error}"[:500]
