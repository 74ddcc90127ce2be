"""What a worker process does: one event loop for its whole life, one engine on it."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog
import uvloop
from celery import Celery
from celery.signals import (
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

from kuber.infra.embedded.process import die_with_parent
from kuber.workers.celery_app import DRAIN, SWEEP
from kuber.workers.supervisor import WORKER_READY

log = structlog.get_logger(__name__)

GC_OBJECTS = 20_000
"""New objects after which the garbage collector looks through the young ones; a run makes tens of
thousands, nearly all of which go by reference count."""

_LOOP_ENDED = 70
"""The exit code of a process whose event loop has ended, or is held for good."""


def end_process() -> None:
    """End this process, whose event loop is of no use any more; the worker begins another."""
    os._exit(_LOOP_ENDED)


class WorkerServices(Protocol):
    """What bootstrap gives to a worker process."""

    async def open(self) -> None: ...
    async def end(self) -> None: ...
    async def close(self) -> None: ...
    async def drain(self) -> int: ...
    async def sweep(self) -> int: ...


class _Process:
    """The event loop of this process in a thread of its own, with the services on it."""

    def __init__(self, services: WorkerServices) -> None:
        self.services = services
        self._loop = uvloop.new_event_loop()
        self._stops = False
        self._thread = threading.Thread(target=self._run, name="runs", daemon=True)
        self._thread.start()
        self.call(services.open())

    def _run(self) -> None:
        """Run the loop until `stop`; a process whose loop ended otherwise carries nothing."""
        try:
            self._loop.run_forever()
        except BaseException:
            log.exception("event_loop_ended")
        if not self._stops:
            end_process()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run `work` on the loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end_when_told(self, told: int) -> None:
        """Take no more runs once the pipe `told` has something to read, which stays in it."""

        def end() -> None:
            self._loop.remove_reader(told)
            self._ending = self._loop.create_task(self.services.end())

        self._loop.call_soon_threadsafe(self._loop.add_reader, told, end)

    def stop(self) -> None:
        self.call(self.services.end())
        self.call(self.services.close())
        self._stops = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)


def install(
    app: Celery, make_services: Callable[[], WorkerServices], preload: Callable[[], None]
) -> None:
    """Register the tasks on `app` and the life cycle of its worker processes.

    `preload` imports what children share. CrewAI is imported once, before the fork, and never
    used there: a flow that is built before the fork hangs in the child.

    Told to end (SIGTERM), the worker waits for its children, and they are told by a pipe: they take
    no more runs, carry orders to their answers and hand back what has not ended.
    """
    process: list[_Process] = []
    told = _pipe_of_the_end()

    @worker_init.connect(weak=False)
    def import_before_fork(**_: object) -> None:
        preload()
        import kuber.runs.flow  # noqa: F401

        gc.collect()
        gc.freeze()

    @worker_process_init.connect(weak=False)
    def start(**_: object) -> None:
        die_with_parent(parent=os.getppid())
        gc.set_threshold(GC_OBJECTS, 20, 20)
        try:
            process.append(_Process(make_services()))
            process[0].end_when_told(told)
        except Exception:
            log.exception("worker_process_unable")
            os.kill(os.getppid(), signal.SIGTERM)  # a worker that cannot work must not look alive
            raise
        log.info("worker_process_ready")

    @worker_ready.connect(weak=False)
    def tell_supervisor(**_: object) -> None:
        # Said past the log, whose level may be too high for it.
        os.write(1, WORKER_READY + b"\n")

    @worker_process_shutdown.connect(weak=False)
    def stop(**_: object) -> None:
        while process:
            process.pop().stop()

    @app.task(name=DRAIN)
    def drain() -> None:
        current = _current(process)
        current.call(current.services.drain())

    @app.task(name=SWEEP)
    def sweep() -> None:
        current = _current(process)
        current.call(current.services.sweep())


def _pipe_of_the_end() -> int:
    """Return the end of a pipe that has something to read once the worker is told to end."""
    told, tell = os.pipe()

    @worker_shutting_down.connect(weak=False)
    def tell_children(**_: object) -> None:
        os.write(tell, b".")

    return told


def _current(process: list[_Process]) -> _Process:
    assert process, "a task runs in a worker process that was started"
    return process[0]
