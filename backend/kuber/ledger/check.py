"""The nightly check: what is served is compared with the entries, account by account.

A difference is said four ways: in the log, on record, by a figure, and in the answer of whoever
asked. Beside it holds whose time has come are ended.
"""

from collections.abc import Sequence
from datetime import date, time, timedelta

import structlog
from prometheus_client import Counter, Gauge
from psycopg.types.json import Jsonb

from kuber.audit.entries import APPEND, audit_json
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.ledger import statements
from kuber.ledger.rebuild import Difference, all_differences
from kuber.ledger.store import MOST_EXPIRED, Ledger
from kuber.ledger.types import Book

log = structlog.get_logger(__name__)

DUE_AT = time(3)
"""In UTC. Who was not there at the time does it as soon as they are."""
GIVEN_UP_AFTER = timedelta(hours=2)
"""A check that was begun so long ago, and has not ended, is made by somebody else."""
_MOST_TOLD = 20

DIFFERENCES = Gauge("kuber_ledger_differences", "Differences that the last check of books found")
CHECKS = Counter("kuber_ledger_checks", "Checks of the books", ["outcome"])
EXPIRED = Counter("kuber_ledger_holds_expired", "Holds that ended by time", ["book"])


class LedgerCheck:
    """Compares both books. `database_url` is where, on connections of its own."""

    def __init__(self, pool: RawPool, database_url: str, clock: Clock) -> None:
        self._pool = pool
        self._database_url = database_url
        self._clock = clock
        self._ledgers = {book: Ledger(book) for book in Book}

    async def run_once(self) -> int:
        """End holds that have expired, and make the check of the day if nobody has; return how
        much there was to do."""
        done = await self.expire()
        if (day := await self._claim()) is not None:
            await self._finish(day, len(await self.verify()))
            done += 1
        return done

    async def expire(self) -> int:
        """End all holds that have expired; return how many."""
        count = 0
        for book, ledger in self._ledgers.items():
            async with self._pool.connection() as connection:
                while ended := await ledger.expire(connection, self._clock.now()):
                    EXPIRED.labels(book.value).inc(ended)
                    count += ended
                    if ended < MOST_EXPIRED:
                        break
        return count

    async def verify(self) -> list[Difference]:
        """Compare every account of both books, raise the alarm for what differs, and return it."""
        found = [one for book in Book async for one in all_differences(self._database_url, book)]
        DIFFERENCES.set(len(found))
        CHECKS.labels("differs" if found else "clean").inc()
        if found:
            await self._alarm(found)
        return found

    async def _alarm(self, found: Sequence[Difference]) -> None:
        told = [str(one)[:500] for one in found[:_MOST_TOLD]]
        log.error("ledger_differs", differences=len(found), first=told)
        said = {
            "differences": len(found),
            "accounts": len({one.owner for one in found}),
            "first": told,
        }
        kind, at = AuditEventType.LEDGER_DIFFERS, self._clock.now()
        event = AuditEvent(kind, at, current_correlation_id(), None, said)
        async with self._pool.connection() as connection:
            await connection.execute(APPEND.encode(), {"audit": Jsonb(audit_json([event]))})

    async def _claim(self) -> date | None:
        """Return the day whose check is due, and ours to make."""
        now = self._clock.now()
        if now.time() < DUE_AT:
            return None
        values = {"day": now.date(), "now": now, "before": now - GIVEN_UP_AFTER}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statements.CLAIM_CHECK.encode(), values)
            return now.date() if await cursor.fetchone() is not None else None

    async def _finish(self, day: date, differences: int) -> None:
        values = {"day": day, "now": self._clock.now(), "differences": differences}
        async with self._pool.connection() as connection:
            await connection.execute(statements.FINISH_CHECK.encode(), values)
