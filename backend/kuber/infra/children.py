"""Child processes for work that would hold the event loop, or that a hostile input could blow up.

    bars = await pool.run(parse, content, owner=str(user_id))

A child gets the function by name and its arguments pickled, so that the function stands at the top
of a module, and arguments and result are better a few large bytes or arrays than many objects:
pickling them is the parent's work. It has no environment of ours, hence no secrets; limits of time
and memory; and dies with its parent.
"""

import asyncio
import os
import pickle
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, cast

import structlog
from prometheus_client import Histogram

from kuber.infra import child as frames
from kuber.infra.child import Streamed
from kuber.kernel.errors import ErrorKind, KuberError

_log = structlog.get_logger(__name__)

T = TypeVar("T")

START_S = 30.0
"""How long a child may take to start and to import the function."""
IDLE_S = 60.0
"""A child that is kept ends after so long without a task."""
WAITING_PER_OWNER = 2
_WRITE_BYTES = 256 * 1024
_SEEN_BYTES = 1024 * 1024
_PROGRAM = f"import sys; from {frames.__name__} import main; main(*map(int, sys.argv[1:]))"
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    # One task, one processor: the others are for those who wait.
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}

CHILD_SECONDS = Histogram(
    "kuber_child_seconds",
    "Time a task took in a child process, its wait for a turn not counted",
    ["pool", "outcome"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 20, 60),
)


class PoolBusy(KuberError):
    """As many tasks wait as may, or no child can be started; the request will do in a moment."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "busy"
    title = "Kuber has too much to do right now"


class OwnerBusy(KuberError):
    """This person's own tasks wait already."""

    kind: ClassVar[ErrorKind] = ErrorKind.RATE_LIMITED
    code = "too_many_at_once"
    title = "Too much at once"
    usual_remedy = "Send it again when the others are answered."


class ChildTimedOut(KuberError):
    """The task took longer than its limit."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "took_too_long"
    title = "This takes too long"
    usual_remedy = "Ask for less at a time."


class ChildDied(KuberError):
    """The task ended its process: it crashed, or took more memory than it may."""

    kind: ClassVar[ErrorKind] = ErrorKind.UNAVAILABLE
    code = "work_failed"
    title = "This could not be worked out"
    usual_remedy = "Ask for less at a time."


class ChildFailed(Exception):
    """The function raised what is a defect; the message is its traceback."""


@dataclass(eq=False, slots=True)
class _Child:
    """One process, and the timer that ends it while it has nothing to do."""

    process: Process
    answered: bool = False
    """Whether it has said all that there is to say about its last task, so that it can do more."""
    timer: asyncio.TimerHandle | None = None

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def send(self, kind: bytes, content: bytes) -> None:
        """Write one frame, part by part, as fast as the child reads."""
        assert self.process.stdin is not None
        writer = self.process.stdin
        writer.write(frames.FRAME.pack(kind, len(content)))
        for start in range(0, len(content), _WRITE_BYTES):
            writer.write(content[start : start + _WRITE_BYTES])
            await writer.drain()

    async def receive(self) -> tuple[bytes, bytes]:
        """Return kind and content of the next frame; raises IncompleteReadError at the end."""
        assert self.process.stdout is not None
        reader = self.process.stdout
        kind, length = frames.FRAME.unpack(await reader.readexactly(frames.FRAME.size))
        return kind, await reader.readexactly(length)

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        if self.timer is not None:
            self.timer.cancel()
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass(eq=False, slots=True)
class _Waiter:
    owner: str
    turn: asyncio.Future[None]


@dataclass(slots=True)
class _Turns:
    """Who works and who waits: one task at a time of each owner, the others in their order."""

    processes: int
    waiting: int
    at_work: int = 0
    owners: set[str] = field(default_factory=set)
    queue: deque[_Waiter] = field(default_factory=deque)

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        if self._may_work(owner):
            self._begin(owner)
        else:
            await self._wait(owner)
        try:
            yield
        finally:
            self._end(owner)

    def _may_work(self, owner: str) -> bool:
        return self.at_work < self.processes and owner not in self.owners

    def _begin(self, owner: str) -> None:
        self.at_work += 1
        if owner:
            self.owners.add(owner)

    def _end(self, owner: str) -> None:
        self.at_work -= 1
        self.owners.discard(owner)
        for waiter in list(self.queue):
            if self._may_work(waiter.owner):
                self.queue.remove(waiter)
                self._begin(waiter.owner)
                waiter.turn.set_result(None)

    async def _wait(self, owner: str) -> None:
        own = sum(bool(owner) and waiter.owner == owner for waiter in self.queue)
        if own >= WAITING_PER_OWNER:
            raise OwnerBusy(
                "Several requests of yours like this one are at work already: "
                "send this one again when they are answered.",
                retry_after_s=1,
            )
        if len(self.queue) >= self.waiting:
            raise PoolBusy(
                "Others are served before you. Nothing was changed; try again in a second.",
                retry_after_s=1,
            )
        waiter = _Waiter(owner, asyncio.get_running_loop().create_future())
        self.queue.append(waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self.queue:
                self.queue.remove(waiter)
            else:  # the turn came in the moment in which the wait was given up
                self._end(owner)
            raise


class ChildPool:
    """Runs functions in at most `processes` children; at most `waiting` more tasks wait.

    `time_limit_s` counts from when the child has been sent the arguments to the end of the result;
    of a stream, to when its last chunk was read, however slowly that is done. `memory_mb` is what a
    task may take beyond its imported modules. `keep_warm` gives a child task after task until it
    has been idle for IDLE_S; without it each task has a fresh one. `background` tasks leave the
    processor to whoever else wants it. Children start when they are first needed.
    """

    def __init__(
        self,
        name: str,
        *,
        processes: int,
        waiting: int,
        time_limit_s: float,
        memory_mb: int,
        keep_warm: bool,
        background: bool = False,
    ) -> None:
        self._name = name
        self._turns = _Turns(processes, waiting)
        self._time_limit_s = time_limit_s
        self._memory_mb = memory_mb
        self._keep_warm = keep_warm
        self._background = background
        self._idle: list[_Child] = []
        self._children: set[_Child] = set()
        self._ending: set[asyncio.Task[int]] = set()

    async def run(self, function: Callable[..., T], *args: object, owner: str = "") -> T:
        """Return what `function(*args)` returns in a child; a KuberError of it is raised here.

        Of one `owner`, a user as a rule, one task is at work at a time and at most
        WAITING_PER_OWNER wait. Raises PoolBusy, OwnerBusy, ChildTimedOut, ChildDied, ChildFailed.
        """
        async with self._task(function, args, owner) as child:
            result = cast(T, await _result(child))
            child.answered = True
            return result

    @asynccontextmanager
    async def stream(
        self, function: Callable[..., Streamed[T]], *args: object, owner: str = ""
    ) -> AsyncIterator[tuple[T, AsyncIterator[bytes]]]:
        """Open what `function(*args)` returns in a child: its value, and its chunks as they come.

        The child makes the chunks as fast as they are read, so that neither side holds them all;
        its time goes on meanwhile. Raises as `run`.
        """
        async with self._task(function, args, owner) as child:
            value = cast(T, await _result(child))
            async with aclosing(_chunks(child)) as chunks:
                yield value, chunks
                async for _ in chunks:  # what was not read is read over: the child may go on
                    pass

    async def close(self) -> None:
        """End all children; tasks at work fail with ChildDied."""
        for child in list(self._children):
            self._end(child)
        await asyncio.gather(*self._ending)

    @asynccontextmanager
    async def _task(
        self, function: Callable[..., object], args: tuple[object, ...], owner: str
    ) -> AsyncIterator[_Child]:
        """Give the task its turn and a child, and say what became of it."""
        task = f"{function.__module__}.{function.__qualname__}"
        content = pickle.dumps(args, protocol=5)
        async with self._turns.turn(owner):
            started_at_s = time.perf_counter()
            outcome = "failed"
            try:
                async with self._child() as child:
                    await self._begin(child, function, content)
                    del content
                    async with asyncio.timeout(self._time_limit_s):
                        yield child
                outcome = "done"
            except KuberError:
                outcome = "refused"
                raise
            except TimeoutError as error:
                outcome = "timed_out"
                _log.warning("child_timed_out", pool=self._name, task=task)
                raise ChildTimedOut(
                    f"It was ended after {self._time_limit_s:g} s. Ask for less at a time."
                ) from error
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                outcome = "died"
                _log.warning("child_died", pool=self._name, task=task)
                raise ChildDied(
                    "The work ended without a result: it may have taken too much memory. "
                    "Ask for less at a time."
                ) from error
            finally:
                elapsed_s = time.perf_counter() - started_at_s
                CHILD_SECONDS.labels(self._name, outcome).observe(elapsed_s)

    async def _begin(self, child: _Child, function: Callable[..., object], content: bytes) -> None:
        async with asyncio.timeout(START_S):
            await child.send(frames.FUNCTION, pickle.dumps(function, protocol=5))
            kind, _ = await child.receive()
            assert kind == frames.BEGUN, "a child says first that it begins"
            await child.send(frames.ARGUMENTS, content)

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[_Child]:
        """Give a child; afterwards it is kept when it has answered in full, else ended."""
        child = self._kept() or await self._start()
        child.answered = False
        try:
            yield child
        finally:
            if child.answered and self._keep_warm:
                child.timer = asyncio.get_running_loop().call_later(IDLE_S, self._end, child)
                self._idle.append(child)
            else:
                self._end(child)

    def _kept(self) -> _Child | None:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                assert child.timer is not None, "an idle child has its time"
                child.timer.cancel()
                return child
            self._end(child)
        return None

    def _end(self, child: _Child) -> None:
        if child in self._idle:
            self._idle.remove(child)
        self._children.discard(child)
        child.kill()
        gone = asyncio.ensure_future(child.process.wait())
        self._ending.add(gone)
        gone.add_done_callback(self._ending.discard)

    async def _start(self) -> _Child:
        """Start a child; raises PoolBusy when the system has no descriptor, process or memory left
        for one."""
        numbers = os.getpid(), self._memory_mb, self._background
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-c", _PROGRAM, *(str(int(one)) for one in numbers)),
                stdin=PIPE,
                stdout=PIPE,
                limit=_SEEN_BYTES,
                cwd="/",
                env={**_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
        except OSError as error:
            _log.warning("child_not_started", pool=self._name, error=error.strerror)
            raise PoolBusy("The machine has no room for more work now. Try again soon.") from error
        child = _Child(process)
        self._children.add(child)
        return child


async def _result(child: _Child) -> object:
    kind, content = await child.receive()
    if kind == frames.RESULT:
        return pickle.loads(content)  # noqa: S301  written by our own child
    raise _error(child, kind, content)


async def _chunks(child: _Child) -> AsyncGenerator[bytes, None]:
    """Give the chunks of a stream; raises what the function raised on the way."""
    while True:
        kind, content = await child.receive()
        if kind != frames.CHUNK:
            raise _error(child, kind, content)
        if not content:
            child.answered = True
            return
        yield content


def _error(child: _Child, kind: bytes, content: bytes) -> Exception:
    child.answered = True
    if kind == frames.REFUSED:
        return cast(KuberError, pickle.loads(content))  # noqa: S301  written by our own child
    assert kind == frames.FAILED, "a task ends with a result or an error"
    return ChildFailed(content.decode())
