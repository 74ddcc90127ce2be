"""A program that has imported what several services need, and forks each of them.

Pages that nobody writes to are then in memory once. The standard input of the server is one end of
a socket pair; the supervisor holds the other and sends a request for each fork, with the descriptor
of the pipe that the fork writes to. The server answers with the process id, and tells of each end.
It has one thread and does nothing else, so that it is as good as always in `select`.
"""

import asyncio
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kuber.infra.embedded.process import Command, die_with_parent
from kuber.infra.pulse import EVERY_S

FORKS_READY = b"the fork server is ready"
"""What the server writes once it forks."""

IS_SUPPORTED = sys.platform == "linux"
"""Where a child may go on without exec, and the system tells of the end of any process."""

_MESSAGE_BYTES = 1 << 20
_WITHOUT_CODE = -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """What a fork is to be: its arguments (those of a Python program), folder and environment."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]

    @classmethod
    def of(cls, command: Command) -> "ForkRequest":
        return cls(command.argv, str(command.cwd), command.env)

    def encoded(self) -> bytes:
        return json.dumps([self.argv, self.cwd, dict(self.env)]).encode()

    @classmethod
    def decoded(cls, content: bytes) -> "ForkRequest":
        argv, cwd, env = json.loads(content)
        return cls(tuple(argv), cwd, env)


def serve(pulse: Path | None) -> ForkRequest | None:
    """Fork whenever asked to; return in each fork what it is to do, and None in the server once the
    supervisor has closed its end. `pulse` is touched every two seconds."""
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    gc.collect()
    gc.freeze()  # the collector writes to what it goes through, and pages written to are copied
    os.write(1, FORKS_READY + b"\n")
    with control, selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(EVERY_S):
                if key.fileobj is not control:
                    _tell_end(control, selector, key)
                    continue
                content, descriptors, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 1)
                if not content:
                    return None
                if not _fork(control, selector, descriptors[0]):
                    _let_go(selector)
                    return ForkRequest.decoded(content)
            if pulse is not None:
                with suppress(OSError):  # who cannot write it lives on; that no pulse comes is seen
                    pulse.touch()


def _fork(control: socket.socket, selector: selectors.BaseSelector, output: int) -> bool:
    """Fork, and say whether this is the server; the fork writes to `output` from then on."""
    server = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        die_with_parent(parent=server)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        return False
    os.close(output)
    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, data=pid)
    control.send(json.dumps([pid, None]).encode())
    return True


def _let_go(selector: selectors.BaseSelector) -> None:
    """Close in a fork what is the server's, its standard input included."""
    for key in list(selector.get_map().values()):
        if key.data is not None:
            os.close(key.fd)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _tell_end(
    control: socket.socket, selector: selectors.BaseSelector, key: selectors.SelectorKey
) -> None:
    selector.unregister(key.fileobj)
    os.close(key.fd)
    _, status = os.waitpid(key.data, 0)
    control.send(json.dumps([key.data, os.waitstatus_to_exitcode(status)]).encode())


class ForkedProcess:
    """A fork as the supervisor sees it; waited for and signalled as asyncio's processes are."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._over = asyncio.Event()

    async def wait(self) -> int:
        """Return the exit code once it has ended."""
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def end(self, code: int) -> None:
        """Note that it has ended."""
        self.returncode = code
        self._over.set()


class ForkServer:
    """The supervisor's end of a fork server, of one after another when it had to start again."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._connected = asyncio.Event()
        self._asked: deque[asyncio.Future[ForkedProcess]] = deque()
        self._forked: dict[int, ForkedProcess] = {}

    def connect(self) -> socket.socket:
        """Return the standard input for a server that is about to start."""
        self._lose()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._control = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)
        self._connected.set()
        return theirs

    async def fork(self, command: Command, output: int) -> ForkedProcess:
        """Return a fork that does what `command` says and writes to the descriptor `output`.

        Waits for as long as there is no server. Raises OSError when the request cannot be sent.
        """
        request = ForkRequest.of(command).encoded()
        while True:
            await self._connected.wait()
            control = self._control
            assert control is not None
            answer: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
            try:
                socket.send_fds(control, [request], [output])
                self._asked.append(answer)
                return await answer
            except ConnectionError:  # the server has ended: the next one is asked
                if self._control is control:
                    self._lose()

    def _hear(self) -> None:
        while self._control is not None:
            try:
                content = self._control.recv(_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                content = b""
            if not content:
                self._lose()
                return
            pid, code = json.loads(content)
            if code is None:
                self._began(ForkedProcess(pid))
            elif pid in self._forked:
                self._forked.pop(pid).end(code)

    def _began(self, process: ForkedProcess) -> None:
        self._forked[process.pid] = process
        answer = self._asked.popleft()
        if answer.cancelled():  # nobody waits for it any more
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
        else:
            answer.set_result(process)

    def _lose(self) -> None:
        """Let go of a server that has ended; the kernel has ended its forks."""
        if self._control is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        self._connected.clear()
        while self._asked:
            answer = self._asked.popleft()
            if not answer.done():
                answer.set_exception(ConnectionResetError("The fork server has ended."))
        for process in self._forked.values():
            process.end(_WITHOUT_CODE)
        self._forked.clear()
