"""A circuit breaker for one host outside: after failures in a row nobody asks it for a while.

What waits for an answer holds memory, a permit and a user's patience; a host that is down or
overloaded gets no better by being asked by everybody.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from kuber.kernel.clock import Clock
from kuber.kernel.errors import ErrorKind, KuberError

log = structlog.get_logger(__name__)

PROBE_S = 5.0
"""How long the others wait at most while one call tries whether the host answers again."""


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """After `failures` in a row a host is not asked for `open_s` seconds."""

    failures: int = 5
    open_s: float = 30.0


class BreakerOpen(KuberError):
    """The host is not asked before `until`: its last calls failed."""

    kind = ErrorKind.UNAVAILABLE
    code = "host_unavailable"
    title = "A host outside does not answer"

    def __init__(self, host: str, until: datetime, wait_s: float) -> None:
        super().__init__(
            f"{host} is not asked for now: its last calls failed.",
            retry_after_s=max(1, round(wait_s)),
        )
        self.host = host
        self.until = until


class Breaker:
    """The breaker of one host in one process; for one event loop.

    Closed, calls go through. Open, none does. After `open_s` one call goes through to try the
    host: it closes the breaker, or opens it again.
    """

    def __init__(self, host: str, clock: Clock, limits: BreakerLimits | None = None) -> None:
        self.host = host
        self._clock = clock
        self._limits = limits or BreakerLimits()
        self._failures = 0
        self._open_until: datetime | None = None
        self._probing = False

    @contextmanager
    def call(self, is_down: Callable[[Exception], bool]) -> Iterator[None]:
        """Ask the host in the block; `is_down` tells the errors that speak against it.

        Any other error is an answer. Raises BreakerOpen instead of running the block.
        """
        probes = self._admit()
        try:
            yield
        except Exception as error:
            if is_down(error):
                self._failed()
            else:
                self._answered()
            raise
        else:
            self._answered()
        finally:
            if probes:
                self._probing = False

    def _admit(self) -> bool:
        """Let a call through and return whether it tries the host; raises BreakerOpen."""
        if self._open_until is None:
            return False
        now = self._clock.now()
        if now < self._open_until:
            raise self._refusal(now, self._open_until)
        if self._probing:
            wait_s = min(PROBE_S, self._limits.open_s)
            raise self._refusal(now, now + timedelta(seconds=wait_s))
        self._probing = True
        return True

    def _refusal(self, now: datetime, until: datetime) -> BreakerOpen:
        return BreakerOpen(self.host, until, (until - now).total_seconds())

    def _answered(self) -> None:
        if self._open_until is not None:
            log.info("breaker_closed", host=self.host)
        self._failures, self._open_until = 0, None

    def _failed(self) -> None:
        self._failures += 1
        if self._failures < self._limits.failures:
            return
        self._open_until = self._clock.now() + timedelta(seconds=self._limits.open_s)
        log.warning("breaker_open", host=self.host, failures=self._failures)


def host_of(url: str) -> str:
    """Return the host that a URL names, with its port if it names one."""
    parts = urlsplit(url)
    return parts.hostname + (f":{parts.port}" if parts.port else "") if parts.hostname else url
