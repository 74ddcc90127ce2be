"""What waits for its place in the chain, as others see it than the one who gives places.

The age is the database's: a clock that jumps neither hides it nor makes it up.
"""

from typing import NamedTuple

import structlog
from prometheus_client import Gauge
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.statements import WAITING

log = structlog.get_logger(__name__)

LATE_S = 5.0
"""An entry that waits for longer is an alarm: the linker is dead, stopped or far behind."""

UNLINKED = Gauge("kuber_audit_unlinked", "Entries of the record without a place in the chain")
UNLINKED_AGE = Gauge(
    "kuber_audit_unlinked_age_seconds", "How long the oldest of them has waited for it"
)


class Waiting(NamedTuple):
    """How many entries wait, and the oldest of them for how long."""

    entries: int
    age_s: float

    @property
    def late(self) -> bool:
        """Whether somebody should look."""
        return self.age_s > LATE_S


async def waiting(session: AsyncSession) -> Waiting:
    """Return what waits for its place."""
    row = (await session.execute(text(WAITING))).one()
    return Waiting(*row)


async def watch(connection: AsyncConnection[TupleRow]) -> None:
    """Set the figures, and say in the log when entries wait too long."""
    row = await (await connection.execute(WAITING)).fetchone()
    assert row is not None, "an aggregate has one row"
    found = Waiting(*row)
    UNLINKED.set(found.entries)
    UNLINKED_AGE.set(found.age_s)
    if found.late:
        log.error("audit_entries_wait", entries=found.entries, oldest_s=round(found.age_s, 1))
