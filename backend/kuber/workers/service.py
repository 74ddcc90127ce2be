"""The base of long-running services: started, kept alive, heard beating, stopped in order."""

import asyncio
import os
import random
import socket
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog
from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from kuber.infra.db import JsonObject, RawPool
from kuber.kernel.clock import Clock

log = structlog.get_logger(__name__)

BEAT_EVERY_S = 2.0
_FORGET_AFTER = "1 day"
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_HEALTHY_AFTER_S = 60.0

_BEAT = """
    insert into service_beats (service, instance, state, detail, started_at, beat_at)
    values (%(service)s, %(instance)s, %(state)s, %(detail)s, %(started_at)s, %(now)s)
    on conflict (service, instance) do update
        set state = excluded.state, detail = excluded.detail, started_at = excluded.started_at,
            beat_at = excluded.beat_at
"""
_FORGET = f"delete from service_beats where beat_at < now() - interval '{_FORGET_AFTER}'"  # noqa: S608


class LongRunning(Protocol):
    """One service. `run` ends only by being cancelled; what it raises, it is started again for."""

    @property
    def name(self) -> str: ...

    async def initialize(self) -> None:
        """Open what the service needs."""
        ...

    async def run(self) -> None: ...

    async def cleanup(self) -> None:
        """Close what was opened, also after a failed `initialize`."""
        ...

    def status(self) -> JsonObject:
        """Return a few figures for people: counts, what it waits for."""
        ...


class ServiceHost:
    """Runs services side by side in one process; one that fails does not stop the others."""

    def __init__(self, services: Sequence[LongRunning], pool: RawPool, clock: Clock) -> None:
        self._services = services
        self._pool = pool
        self._clock = clock
        self._instance = f"{socket.gethostname()}:{os.getpid()}"
        self._states = {service.name: "starting" for service in services}
        self._errors: dict[str, str] = {}
        self._started_at = {service.name: clock.now() for service in services}

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Run all services until cancelled; `on_ready` is called once each has started."""
        ready = {service.name: asyncio.Event() for service in self._services}
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._keep(service, ready[service.name]), name=service.name)
            for service in self._services
        ]
        tasks.append(asyncio.create_task(self._beat()))
        try:
            for event in ready.values():
                await event.wait()
            on_ready()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                if not task.cancelling():  # a second call would break off its cleaning up
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._states = dict.fromkeys(self._states, "stopped")
            await self._write_beats()

    async def _keep(self, service: LongRunning, ready: asyncio.Event) -> None:
        backoff_s = _FIRST_BACKOFF_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._run_once(service, ready)
            except Exception as error:
                log.exception("service_failed", service_name=service.name)
                self._states[service.name] = "failing"
                self._errors[service.name] = f"{type(error).__name__}: {error}"[:500]
            ready.set()
            if loop.time() - began > _HEALTHY_AFTER_S:
                backoff_s = _FIRST_BACKOFF_S
            await asyncio.sleep(backoff_s * random.uniform(0.8, 1.0))  # noqa: S311
            backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)

    async def _run_once(self, service: LongRunning, ready: asyncio.Event) -> None:
        try:
            await service.initialize()
            self._states[service.name] = "running"
            self._errors.pop(service.name, None)
            self._started_at[service.name] = self._clock.now()
            ready.set()
            log.info("service_running", service_name=service.name)
            await service.run()
        finally:
            await service.cleanup()

    async def _beat(self) -> None:
        while True:
            await self._write_beats()
            await asyncio.sleep(BEAT_EVERY_S)

    async def _write_beats(self) -> None:
        try:
            async with self._pool.connection() as connection:
                for service in self._services:
                    await connection.execute(_BEAT, self._beat_of(service))
                await connection.execute(_FORGET)
        except (DatabaseError, PoolTimeout, OSError) as error:
            log.warning("heartbeat_missed", reason=str(error))

    def _beat_of(self, service: LongRunning) -> JsonObject:
        detail = service.status()
        if service.name in self._errors:
            detail = detail | {"error": self._errors[service.name]}
        return {
            "service": service.name,
            "instance": self._instance,
            "state": self._states[service.name],
            "detail": Jsonb(detail),
            "started_at": self._started_at[service.name],
            "now": self._clock.now(),
        }
