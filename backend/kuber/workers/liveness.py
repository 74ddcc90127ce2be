"""Whether a program still answers, told from one that is only busy."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ASK_WITHIN_S = 5.0
"""How long one question waits for its answer."""

_HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# "May I speak TLS?": answered with one letter before anybody has to log in, also by a server that
# recovers or has no connection left.
_MAY_I_ENCRYPT = bytes((0, 0, 0, 8, 4, 210, 22, 47))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a program may be silent: `silent_for_s`, and at least `tries` questions."""

    every_s: float = 5.0
    silent_for_s: float = 30.0
    tries: int = 3


PATIENT = Patience()


async def until_silent(answers: Callable[[], bool], patience: Patience) -> float:
    """Ask again and again; return once the patience is at its end, with the seconds of silence.

    A pause of our own, such as a suspended machine, is not held against the program.
    """
    silent_s, unanswered = 0.0, 0
    while silent_s < patience.silent_for_s or unanswered < patience.tries:
        began = time.monotonic()
        answered = await asyncio.to_thread(answers)
        await asyncio.sleep(patience.every_s)
        took_s = min(time.monotonic() - began, ASK_WITHIN_S + 2 * patience.every_s)
        silent_s, unanswered = (0.0, 0) if answered else (silent_s + took_s, unanswered + 1)
    return silent_s


def postgres_answers(port: int) -> bool:
    """Say whether PostgreSQL on `port` says anything at all."""
    return _said(("127.0.0.1", port), _MAY_I_ENCRYPT) != b""


def redis_answers(port: int) -> bool:
    """Say whether Redis on `port` says anything; that it wants a password or loads is enough."""
    return _said(("127.0.0.1", port), b"PING\r\n") != b""


def api_answers(unix_socket: Path, host: str, port: int) -> bool:
    """Say whether the API gives any answer, on its own socket or, without one, on its port."""
    try:
        said = _said(str(unix_socket), _HEALTH)
    except OSError:
        said = _said((host, port), _HEALTH)
    return said.startswith(b"HTTP/1.")


def _said(address: str | tuple[str, int], question: bytes) -> bytes:
    """Return the beginning of the answer, nothing when there is none.

    Raises OSError when nobody listens on a unix socket.
    """
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ASK_WITHIN_S)
        try:
            connection.connect(address)
        except TimeoutError:  # it is there, and takes nobody
            connection.close()
            return b""
        except OSError:
            connection.close()
            raise
    else:
        try:
            connection = socket.create_connection(address, timeout=ASK_WITHIN_S)
        except OSError:
            return b""
    with connection, suppress(OSError):
        connection.sendall(question)
        return connection.recv(16)
    return b""
