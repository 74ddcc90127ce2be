"""Runs the processes of a development stack: in order, restarted with backoff, none left behind."""

import asyncio
import os
import signal
import subprocess
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from kuber.infra.embedded.damage import remedy_of
from kuber.infra.embedded.process import CannotStart, Command, kill_tree, spawn_options
from kuber.kernel.backoff import Backoff
from kuber.workers.fork_server import ForkedProcess, ForkServer
from kuber.workers.liveness import PATIENT, Patience, until_silent

AnyProcess = Process | ForkedProcess

Output = Callable[[str, bytes], None]
"""Takes what a service (by name) has written, in pieces of any size."""

WORKER_READY = b"the worker is ready"
"""What a worker writes once it takes tasks."""

_BACKOFF = Backoff(first_s=0.5, longest_s=15, jitter=0)
_HEALTHY_AFTER_S = 30.0
_POLL_S = 0.05
_EXITS_BEFORE_READY = 3
_REMEMBERED_BYTES = 65536


class ServiceState(StrEnum):
    """Where a service stands."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Service:
    """A program of the stack.

    `prepare` runs before each start, in a thread. `is_ready` is asked from a thread until it says
    yes; without it, running is being ready. `ready_when_said` is ready instead when the program
    writes that text. A `once` program does its work and ends with 0 before the next tier starts.
    `answers` is asked from a thread for as long as it runs: a program that is silent for too long
    is killed and started again. `mend` is shown what a program wrote that ended before it was
    ready, and returns what it has put right; the program then gets another try. `forked_by`
    forks it; `serves` is the fork server that the program itself is.
    """

    name: str
    command: Command
    prepare: Callable[[], None] | None = None
    is_ready: Callable[[], bool] | None = None
    ready_when_said: bytes | None = None
    answers: Callable[[], bool] | None = None
    mend: Callable[[bytes], str | None] | None = None
    forked_by: ForkServer | None = None
    serves: ForkServer | None = None
    once: bool = False
    ready_within_s: float = 60.0
    grace_s: float = 10.0


class StackFailed(Exception):
    """The stack did not come up; `service` is the one that did not start."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.reason = reason


@dataclass
class Watched:
    """A service under supervision, and what became of it so far."""

    service: Service
    state: ServiceState = ServiceState.WAITING
    pid: int | None = None
    restarts: int = 0
    ready_after_s: float | None = None
    too_slow: bool = False
    silent_s: float | None = None
    mended: bool = False
    wrote: bytes = field(default=b"", repr=False)
    process: AnyProcess | None = field(default=None, repr=False)
    up: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    said: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Supervisor:
    """Starts tiers of services one after another and keeps them running until told to stop.

    `changed` is called after each change of a service, `output` with whatever services write.
    Neither can end the watch: what they cannot write is lost.
    """

    def __init__(
        self,
        tiers: Sequence[Sequence[Service]],
        *,
        output: Output,
        changed: Callable[[Watched], None],
        patience: Patience = PATIENT,
    ) -> None:
        self._tiers = [[Watched(service) for service in tier] for tier in tiers]
        self._output = output
        self._changed = changed
        self._patience = patience
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def services(self) -> list[Watched]:
        """Every service in the order of the start."""
        return [watched for tier in self._tiers for watched in tier]

    async def run(self, stop: asyncio.Event, ready: Callable[[], Awaitable[None] | None]) -> None:
        """Bring the stack up, call `ready`, and stop everything once `stop` is set.

        Raises StackFailed, with everything stopped, when a service does not come up.
        """
        stopped = asyncio.create_task(stop.wait())
        try:
            for tier in self._tiers:
                if not await self._start_tier(tier, stopped):
                    return
            waited = ready()
            if waited is not None:
                await waited
            await stopped
        finally:
            stopped.cancel()
            await self._stop_all()

    async def _start_tier(self, tier: Sequence[Watched], stopped: "asyncio.Task[bool]") -> bool:
        """Start `tier`; True once it is ready, False when the stack was told to stop meanwhile."""
        keepers = [asyncio.create_task(self._keep(watched)) for watched in tier]
        self._tasks += keepers
        all_up = asyncio.create_task(_all_up(tier))
        try:
            while not all_up.done() and not stopped.done():
                await asyncio.wait(
                    (all_up, stopped, *(task for task in keepers if not task.done())),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in keepers:
                    if task.done():
                        task.result()
        finally:
            all_up.cancel()
        return not stopped.done()

    async def _keep(self, watched: Watched) -> None:
        """Run one service for as long as the stack lives."""
        service = watched.service
        failures = 0
        while not self._stopping:
            began = time.monotonic()
            try:
                code = await self._run_once(watched)
            except CannotStart as error:
                said, hopeless = str(error), True
            except OSError as error:
                said, hopeless = remedy_of(error) or str(error), True
            else:
                if self._stopping or (service.once and code == 0):
                    self._set(watched, ServiceState.DONE if service.once else ServiceState.STOPPED)
                    return
                said = self._what_happened(watched, code)
                hopeless = service.once or watched.too_slow
            if await self._mended(watched):
                continue
            if not watched.up.is_set() and (
                hopeless or watched.restarts + 1 >= _EXITS_BEFORE_READY
            ):
                self._set(watched, ServiceState.FAILED)
                raise StackFailed(service.name, said)
            if time.monotonic() - began > _HEALTHY_AFTER_S:
                failures = 0
            failures += 1
            pause_s = _BACKOFF.pause_s(failures)
            self._note(watched, f"{said}, starts again in {pause_s:g} s")
            watched.restarts += 1
            self._set(watched, ServiceState.RESTARTING)
            await asyncio.sleep(pause_s)

    async def _mended(self, watched: Watched) -> bool:
        """Let the service put right, once, what kept it from becoming ready; say whether it did."""
        mend = watched.service.mend
        if mend is None or watched.mended or watched.state is not ServiceState.STARTING:
            return False
        try:
            mended = await asyncio.to_thread(mend, watched.wrote)
        except OSError:
            return False
        if mended is None:
            return False
        watched.mended = True
        self._note(watched, f"could not start. {mended}")
        return True

    async def _run_once(self, watched: Watched) -> int:
        """Start the service, wait until it ends, and return its exit code.

        Raises CannotStart when its preparation fails.
        """
        service = watched.service
        if service.prepare is not None:
            await asyncio.to_thread(service.prepare)
        if self._stopping:
            return 0
        began = time.monotonic()
        process, reader = await self._spawn(watched)
        watched.process, watched.pid = process, process.pid
        watched.said.clear()
        watched.too_slow, watched.silent_s, watched.wrote = False, None, b""
        self._set(watched, ServiceState.STARTING)
        tending = asyncio.create_task(self._tend(watched, process, began))
        try:
            code = await process.wait()
        finally:
            tending.cancel()
            _kill_group(process.pid)
            await asyncio.wait((reader,), timeout=1)
            reader.cancel()
            watched.process, watched.pid = None, None
        if service.once and code == 0:
            watched.ready_after_s = time.monotonic() - began
            watched.up.set()
        return code

    async def _tend(self, watched: Watched, process: AnyProcess, began: float) -> None:
        """Mark the service as running once it is; end it when that takes too long, or when it is
        silent for too long afterwards."""
        service = watched.service
        while not await self._becomes_ready(watched, process):
            # One that was well before and answers, such as a database that recovers, gets on.
            if not (
                watched.up.is_set()
                and service.answers is not None
                and await asyncio.to_thread(service.answers)
            ):
                watched.too_slow = True
                kill_tree(process.pid)
                return
        if service.once or process.returncode is not None:
            return
        watched.ready_after_s = time.monotonic() - began
        self._set(watched, ServiceState.RUNNING)
        watched.up.set()
        if service.answers is not None:
            watched.silent_s = await until_silent(service.answers, self._patience)
            kill_tree(process.pid)

    async def _becomes_ready(self, watched: Watched, process: AnyProcess) -> bool:
        """Wait until the service does its work; False when it takes too long."""
        service = watched.service
        try:
            async with asyncio.timeout(service.ready_within_s):
                if service.once:
                    await process.wait()
                elif service.ready_when_said is not None:
                    await watched.said.wait()
                if service.is_ready is not None:
                    await _until(service.is_ready)
        except TimeoutError:
            return False
        return True

    async def _spawn(self, watched: Watched) -> tuple[AnyProcess, "asyncio.Task[None]"]:
        """Start the program; return it and the task that reads what it writes."""
        # A pipe of our own: with asyncio's, waiting for the program would go on for as long as
        # a grandchild holds the other end.
        read_end, write_end = os.pipe()
        try:
            process = await _start(watched.service, write_end)
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        return process, asyncio.create_task(self._read(watched, read_end))

    async def _read(self, watched: Watched, pipe: int) -> None:
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb", 0)
        )
        awaited = watched.service.ready_when_said
        try:
            while piece := await stream.read(65536):
                self._write(watched.service.name, piece)
                if watched.state is not ServiceState.STARTING:
                    continue
                watched.wrote = (watched.wrote + piece)[-2 * _REMEMBERED_BYTES :]
                if awaited is not None and awaited in watched.wrote:
                    watched.said.set()
        finally:
            transport.close()

    async def _stop_all(self) -> None:
        self._stopping = True
        for tier in reversed(self._tiers):
            await asyncio.gather(*(self._stop(watched) for watched in reversed(tier)))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _stop(self, watched: Watched) -> None:
        process = watched.process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(watched.service.command.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), watched.service.grace_s)
            except TimeoutError:
                self._note(watched, f"did not stop within {watched.service.grace_s:g} s: killed")
                kill_tree(process.pid)
                await process.wait()
            _kill_group(process.pid)
        if watched.state not in (ServiceState.DONE, ServiceState.FAILED):
            self._set(watched, ServiceState.STOPPED)

    def _set(self, watched: Watched, state: ServiceState) -> None:
        if watched.state is not state:
            watched.state = state
            with suppress(OSError):
                self._changed(watched)

    def _what_happened(self, watched: Watched, code: int) -> str:
        if watched.too_slow:
            return f"was not ready within {watched.service.ready_within_s:g} s"
        if watched.silent_s is not None:
            return f"did not answer for {watched.silent_s:.0f} s and was killed"
        before = "" if watched.up.is_set() else " before it was ready"
        return f"ended with {_exit(code)}{before}"

    def _note(self, watched: Watched, text: str) -> None:
        self._write("supervisor", f"{watched.service.name} {text}\n".encode())

    def _write(self, service: str, piece: bytes) -> None:
        with suppress(OSError):
            self._output(service, piece)


async def _start(service: Service, output: int) -> AnyProcess:
    """Start the program of `service`, which writes to the descriptor `output`."""
    if service.forked_by is not None:
        return await service.forked_by.fork(service.command, output)
    with service.serves.connect() if service.serves else nullcontext(subprocess.DEVNULL) as stdin:
        return await asyncio.create_subprocess_exec(
            *service.command.argv,
            stdin=stdin if isinstance(stdin, int) else stdin.fileno(),
            stdout=output,
            stderr=output,
            **spawn_options(service.command),
        )


async def _until(is_ready: Callable[[], bool]) -> None:
    while not await asyncio.to_thread(is_ready):  # noqa: ASYNC110  another process cannot tell us
        await asyncio.sleep(_POLL_S)


async def _all_up(tier: Sequence[Watched]) -> None:
    for watched in tier:
        await watched.up.wait()


def _kill_group(pid: int) -> None:
    """End what is left of a service's own session, such as the children of a pool."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
