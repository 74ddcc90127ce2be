"""The linker may be killed at any moment: one chain, no gap, nothing twice."""

import random
import threading
from functools import partial

import psycopg
from psycopg.types.json import Jsonb

from kuber.api.verification import COMPARISONS
from kuber.audit.entries import APPEND, audit_json
from kuber.audit.outside import read_outside
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.audit.verify import verify
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import new_id
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation

WRITERS = 16
KILLS = 4
LINKED = "select count(*) from audit_links"
WAITING = "select count(*) from audit_pending"


class Writers:
    """Append side by side, each some fifty times a second, until they are stopped."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._append, args=(number,)) for number in range(WRITERS)
        ]
        self._appended = [0] * WRITERS
        for thread in self._threads:
            thread.start()

    def stop(self) -> int:
        """Return how many entries were appended."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return sum(self._appended)

    def _append(self, writer: int) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.wait(0.02):
                said = {"writer": writer, "number": self._appended[writer]}
                kind, at = AuditEventType.BUDGET_CHANGED, SystemClock().now()
                event = AuditEvent(kind, at, str(new_id()), None, said)
                connection.execute(APPEND.encode(), {"audit": Jsonb(audit_json([event]))})
                self._appended[writer] += 1


def test_a_linker_that_is_killed_at_random_under_load_leaves_one_whole_chain(
    new_installation: NewInstallation,
) -> None:
    installation = new_installation()
    chance = random.Random(7)
    writers = Writers(installation.database_url)
    linker = installation.services("audit")
    for _ in range(KILLS):
        wanted = count(installation, LINKED) + chance.randrange(1, 400)
        until(partial(reached, installation, wanted), f"{wanted} links before the next kill")
        linker.kill()
        linker = installation.services("audit")
    standing_by = installation.services("audit")
    expected = writers.stop() + 1
    until(partial(reached, installation, expected), f"all {expected} links")
    linker.stop()
    standing_by.stop()
    assert (count(installation, LINKED), count(installation, WAITING)) == (expected, 0)
    folder = installation.settings.audit_folder
    result = verify(installation.database_url, COMPARISONS, partial(read_outside, folder, None))
    assert (result.findings, result.checked, result.end_unchecked) == ([], expected, None)


def count(installation: Installation, query: str) -> int:
    ((found,),) = installation.query(query)
    assert isinstance(found, int)
    return found


def reached(installation: Installation, wanted: int) -> bool:
    return count(installation, LINKED) >= wanted
