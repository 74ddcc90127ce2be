"""`up` and `down`: start the stack here or in the background, and stop it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from kuber.commands import plugins, say
from kuber.commands.stack import DEFAULT_PORT, ECHOED, StackPlan, make_plan
from kuber.config import StackSettings, process_environment
from kuber.identity.types import DEMO_EMAIL
from kuber.infra.embedded.damage import remedy_of
from kuber.infra.embedded.home import Home
from kuber.infra.embedded.process import CannotStart
from kuber.workers import stack_state
from kuber.workers.service_logs import ServiceLogs, last_lines
from kuber.workers.stack_state import Phase, ServiceRecord, StackRecord, StateFile
from kuber.workers.supervisor import ServiceState, StackFailed, Supervisor, Watched

_LOG_LINES_ON_FAILURE = 25
_STOP_WITHIN_S = 75.0
_KEEP_STATE_EVERY_S = 1.0


def up(settings: StackSettings, *, detach: bool) -> int:
    """Start the stack unless it runs; return the exit code.

    Detached, it returns once the stack is ready; otherwise once it was stopped.
    """
    home = Home(settings.home.resolve(), tell=_tell)
    home.create()
    if home.is_locked():
        return _already_running(home)
    return _start_detached(home) if detach else supervise(settings, follow=True)


def supervise(settings: StackSettings, *, follow: bool) -> int:
    """Run the stack in this process until a signal stops it; return the exit code."""
    home = Home(settings.home.resolve(), tell=_tell)
    home.create()
    with home.lock() as ours:
        if not ours:
            return _already_running(home)
        stack_state.end_leftovers(home)
        plugins.examine(home.root, _tell)
        try:
            plan = make_plan(settings, home)
        except CannotStart as error:
            say.failure(str(error))
            return 1
        except OSError as error:
            remedy = remedy_of(error)
            if remedy is None:
                raise
            say.failure(f"Kuber cannot start: {remedy}")
            return 1
        if settings.port is None and plan.addresses.port != DEFAULT_PORT:
            say.line(f"Port {DEFAULT_PORT} is taken, using {plan.addresses.port}.")
        return asyncio.run(_Run(home, plan, follow=follow).until_stopped())


def down(settings: StackSettings) -> int:
    """Stop the stack that runs on this home; return the exit code."""
    home = Home(settings.home.resolve())
    record = stack_state.running(home)
    if record is None and home.is_locked():
        say.failure(stack_state.unreadable(home))
        return 1
    if record is None:
        left = stack_state.end_leftovers(home)
        say.line("Kuber is not running." + (f" Ended {left} leftover processes." if left else ""))
        return 0
    began = time.monotonic()
    with suppress(psutil.NoSuchProcess):
        supervisor = psutil.Process(record.supervisor_pid)
        supervisor.terminate()
        try:
            supervisor.wait(_STOP_WITHIN_S)
        except psutil.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
            stack_state.end_leftovers(home)
    say.line(f"Stopped in {time.monotonic() - began:.1f} s.")
    return 0


class _Run:
    """One life of the stack, from the first process to the last."""

    def __init__(self, home: Home, plan: StackPlan, *, follow: bool) -> None:
        self._home = home
        self._plan = plan
        self._follow = follow
        self._phase: Phase = "starting"
        self._began = time.monotonic()
        self._logs = ServiceLogs(home.logs, ECHOED)
        self._state = StateFile(home)
        self._supervisor = Supervisor(plan.tiers, output=self._logs.write, changed=self._on_change)

    async def until_stopped(self) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP; return the exit code."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_stop, stop)
        _tell(f"Starting Kuber, data in {self._home.root}")
        keeping = asyncio.create_task(self._keep_state())
        try:
            await self._supervisor.run(stop, self._on_ready)
        except StackFailed as error:
            self._on_failure(error)
            return 1
        finally:
            keeping.cancel()
            self._logs.close()
        with suppress(OSError):
            self._home.state_file.unlink(missing_ok=True)
        _tell("Kuber has stopped.")
        return 0

    async def _keep_state(self) -> None:
        """Write the state again whenever the file does not hold it: the disk was full, a figure
        has changed, somebody has damaged it."""
        while True:
            await asyncio.sleep(_KEEP_STATE_EVERY_S)
            self._state.keep(self._record())

    def _on_change(self, watched: Watched) -> None:
        self._save()
        if watched.service.once and watched.state is ServiceState.DONE:
            with suppress(OSError):  # the next start then looks again
                self._plan.migrated.set()
        if self._phase != "starting":
            return
        if watched.state in (ServiceState.RUNNING, ServiceState.DONE):
            with suppress(OSError):
                say.step(watched.service.name, watched.ready_after_s or 0.0)

    def _on_ready(self) -> None:
        self._phase = "ready"
        self._save()
        _tell(f"Ready in {time.monotonic() - self._began:.1f} s.")
        if self._follow:
            with suppress(OSError):
                say.ready_box(self._record())
            _tell("Log lines follow; ctrl-C stops everything.\n")
            self._logs.show = say.log_line

    def _on_stop(self, stop: asyncio.Event) -> None:
        if not stop.is_set():
            self._phase = "stopping"
            self._logs.show = None
            _tell("\nStopping...")
        stop.set()

    def _on_failure(self, error: StackFailed) -> None:
        self._phase = "failed"
        self._save()
        log = self._home.logs / f"{error.service}.log"
        with suppress(OSError):
            say.failure(f"Kuber did not start: {error.service} {error.reason}.")
        for text in last_lines(log, _LOG_LINES_ON_FAILURE):
            _tell(f"  {text}")
        _tell(f"The whole log: {log}")

    def _save(self) -> None:
        self._state.write(self._record())

    def _record(self) -> StackRecord:
        addresses = self._plan.addresses
        return StackRecord(
            phase=self._phase,
            supervisor_pid=os.getpid(),
            url=addresses.url,
            host=addresses.host,
            port=addresses.port,
            database_url=addresses.database_url,
            redis_url=addresses.redis_url,
            kafka_bootstrap=addresses.kafka_bootstrap,
            jwt_secret=addresses.jwt_secret,
            demo_email=DEMO_EMAIL if addresses.demo_password else None,
            demo_password=addresses.demo_password,
            no_demo_because=addresses.no_demo_because,
            home=self._home.root,
            services=[_service_record(watched) for watched in self._supervisor.services],
            lost_log_bytes=self._logs.lost_bytes,
            unsaved=self._state.unsaved,
        )


def _service_record(watched: Watched) -> ServiceRecord:
    started = None
    if watched.pid is not None:
        with suppress(psutil.NoSuchProcess):
            started = psutil.Process(watched.pid).create_time()
    return ServiceRecord(
        name=watched.service.name,
        state=watched.state,
        pid=watched.pid,
        started=started,
        restarts=watched.restarts,
        ready_after_s=watched.ready_after_s,
    )


def _tell(text: str) -> None:
    """Print one line; the terminal may be gone, and the disk under the transcript full."""
    with suppress(OSError):
        say.line(text)


def _already_running(home: Home) -> int:
    """Wait until the stack that someone else has started is ready, and say where it is."""
    while home.is_locked():
        record = stack_state.load(home)
        if record is not None and record.phase == "ready":
            say.line(f"Kuber is already running at {record.url}")
            return 0
        time.sleep(0.1)
    say.failure("The other start of Kuber has ended; try again.")
    return 1


def _start_detached(home: Home) -> int:
    transcript = home.run / "start.log"
    with transcript.open("w") as output:
        child = subprocess.Popen(
            (sys.executable, "-m", "kuber.cli", "supervise"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**process_environment(), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    shown = 0
    while True:
        code = child.poll()
        record = stack_state.load(home)
        shown = _show_from(transcript, shown)
        if code is not None:
            return code
        if record is not None and record.phase == "ready" and record.supervisor_pid == child.pid:
            _show_from(transcript, shown)
            say.ready_box(record)
            return 0
        time.sleep(0.05)


def _show_from(transcript: Path, offset: int) -> int:
    with transcript.open() as file:
        file.seek(offset)
        say.raw(file.read())
        return file.tell()
