"""Keeps the claims of a process while the code of an agent holds its event loop."""

import asyncio
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
import structlog
from psycopg import Error as DatabaseError

from kuber.infra.db import IMPATIENT
from kuber.infra.loop_watch import places
from kuber.kernel.ids import RunId
from kuber.runs import statements
from kuber.runs.store import renewal

log = structlog.get_logger(__name__)

Claims = Sequence[tuple[RunId, int]]
"""Runs with the epochs of their claims."""


class LoopGuard:
    """Looks from a thread every `look_s` seconds whether the running event loop goes on.

    While it does not, the guard prolongs the leases of what the process holds, so that an agent
    that blocks costs no other run its claim, and logs `event_loop_held` with the task, which is
    named after the agent, and the lines at which it stands. A loop that is held for `most_s`
    seconds, longer than a node may take, is not waited for: `end_process` is called.

    Times are counted in looks: a process that was stopped as a whole held nothing.
    """

    def __init__(
        self,
        held: Callable[[], Claims],
        renew: Callable[[Claims], None],
        end_process: Callable[[], None],
        *,
        look_s: float,
        most_s: float,
    ) -> None:
        self._held = held
        self._renew = renew
        self._end_process = end_process
        self._look_s = look_s
        self._most_s = most_s
        self._over = threading.Event()
        self._answered = threading.Event()

    def start(self) -> None:
        """Begin to look; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="loop guard", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Return once nobody looks any more."""
        self._over.set()
        await asyncio.to_thread(self._thread.join)

    def _watch(self) -> None:
        missed = 0
        self._ask()
        while not self._over.wait(self._look_s):
            if self._answered.is_set():
                missed = 0
                self._ask()
                continue
            missed += 1
            if missed == 1:
                self._log("event_loop_held")
            if missed * self._look_s >= self._most_s:
                self._log("event_loop_held_for_good")
                self._end_process()
            self._keep_claims()

    def _ask(self) -> None:
        self._answered.clear()
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._answered.set)

    def _keep_claims(self) -> None:
        claims = self._held()
        if not claims:
            return
        try:
            self._renew(claims)
        except DatabaseError as error:
            log.warning("leases_not_renewed", runs=len(claims), reason=str(error))

    def _log(self, event: str) -> None:
        task = asyncio.current_task(self._loop)
        log.warning(
            event,
            task=task.get_name() if task else None,
            where=places(sys._current_frames().get(self._loop_thread)),
            remedy="An agent awaits what takes time, or its `process` is a plain function.",
        )


def name_task(agent_type: str) -> None:
    """Name the current task after the agent that works in it, for what the guard says."""
    task = asyncio.current_task()
    if task is not None:
        task.set_name(f"agent {agent_type}")


def renew_from_thread(database_url: str, lease_s: float) -> Callable[[Claims], None]:
    """Return what prolongs leases over a connection that lasts for one statement."""

    def renew(claims: Claims) -> None:
        with psycopg.connect(
            database_url, autocommit=True, application_name="kuber-leases", **IMPATIENT
        ) as connection:
            connection.execute(statements.RENEW, renewal(claims, lease_s))

    return renew
