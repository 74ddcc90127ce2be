"""What the record costs: appending beside the same insert without a chain, and verifying.

Eight writers append at once, each entry in a transaction of its own, while the linker keeps pace;
the floor is the same insert into a table that nothing links. Verification is printed beside the
SHA-256 of as many bytes, and catching up on what waited while there was no linker. Prints figures
and ratios; exits 0 whatever they are.
"""

import asyncio
import hashlib
import tempfile
import time
from functools import partial
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from benchmarks.stack import Stack, running_stack
from kuber.api.verification import COMPARISONS
from kuber.audit.entries import APPEND, audit_json
from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles, read_outside
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.audit.verify import verify
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId, new_id

WRITERS = 8
SECONDS = 10.0
MANY = 100_000
TARGET_RATIO = 0.7
TARGET_PER_S = 100_000
CLOCK = SystemClock()
_FLOOR = """
    insert into bench_entries (event_id, correlation_id, event_type, at, data, user_id)
    select event_id, correlation_id, event_type, at, data, user_id
    from jsonb_to_recordset(%(audit)s)
      as a(event_id uuid, correlation_id text, event_type text, at timestamptz, data text,
           user_id uuid)
"""
_FLOOR_TABLE = "create table bench_entries (like audit_entries including all)"
"""The same columns and indexes: what differs is the chain."""

_END_THE_LINKER = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'kuber-audit-linker'
"""


def main() -> None:
    """Measure and print."""
    with running_stack() as stack, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(stack, Path(folder)))


async def _measure(stack: Stack, folder: Path) -> None:
    url = stack.database_url
    async with await AsyncConnection.connect(url, autocommit=True) as database:
        await database.execute(_FLOOR_TABLE)
        rates: dict[str, list[float]] = {_FLOOR: [], APPEND: []}
        for statement in (_FLOOR, APPEND, _FLOOR, APPEND):
            rates[statement].append(await _appended_per_s(url, statement))
        waiting = await _waiting(database)
        floor, append = max(rates[_FLOOR]), max(rates[APPEND])
        print(f"the same insert, {WRITERS} writers       {floor:10.0f} /s")
        print(
            f"appended beside the linker          {append:10.0f} /s   ratio {append / floor:.2f},"
            f" target {TARGET_RATIO}; {waiting} entries waited at the end"
        )
        while await _waiting(database):  # noqa: ASYNC110  another process links
            await asyncio.sleep(0.2)
        with stack.paused("services"):
            await database.execute(_END_THE_LINKER)
            await _fill(database, MANY)
            began = time.perf_counter()
            linked = await _catch_up(url, folder)
            taken_s = time.perf_counter() - began
        print(f"caught up on {linked} entries      {linked / taken_s:10.0f} /s")
        _print_verification(url, folder)


async def _appended_per_s(url: str, statement: str) -> float:
    until = time.perf_counter() + SECONDS
    began = time.perf_counter()
    counts = await asyncio.gather(*(_writer(url, statement, until) for _ in range(WRITERS)))
    return sum(counts) / (time.perf_counter() - began)


async def _writer(url: str, statement: str, until: float) -> int:
    count, user_id = 0, UserId(new_id())
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        while time.perf_counter() < until:
            await connection.execute(statement, {"audit": Jsonb(audit_json([_event(user_id)]))})
            count += 1
    return count


def _event(user_id: UserId) -> AuditEvent:
    said = {
        "order_id": new_id(),
        "run_id": new_id(),
        "node_id": "trade",
        "mode": "simulation",
        "symbol": "AAPL",
        "side": "buy",
        "quantity": "137",
        "reference_price": "123.07",
        "stop_loss": "115.68",
        "targets": ["130.46", "137.85"],
    }
    kind = AuditEventType.BUDGET_CHANGED  # no rows to compare with
    return AuditEvent(kind, CLOCK.now(), str(new_id()), user_id, said)


async def _waiting(database: AsyncConnection[TupleRow]) -> int:
    row = await (await database.execute("select count(*) from audit_pending")).fetchone()
    return int(row[0]) if row else 0


async def _fill(database: AsyncConnection[TupleRow], count: int) -> None:
    user_id = UserId(new_id())
    for _ in range(count // 1000):
        events = [_event(user_id) for _ in range(1000)]
        await database.execute(APPEND, {"audit": Jsonb(audit_json(events))})


async def _catch_up(url: str, folder: Path) -> int:
    linked = 0
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        linker = Linker(KeyFile(folder), partial(OutsideFiles, folder), CLOCK)
        await linker.begin(connection)
        while part := await linker.link(connection):
            linked += part
        linker.rest()
    return linked


def _print_verification(url: str, folder: Path) -> None:
    began = time.perf_counter()
    result = verify(url, COMPARISONS, partial(read_outside, folder, None))
    taken_s = time.perf_counter() - began
    line = b"x" * 700
    began = time.perf_counter()
    for _ in range(result.checked):
        hashlib.sha256(line).digest()
    floor_s = time.perf_counter() - began
    per_s = result.checked / taken_s
    reached = "reached" if per_s >= TARGET_PER_S else "not reached"
    print(
        f"verified {result.checked} entries           {per_s:10.0f} /s   target {TARGET_PER_S}:"
        f" {reached}; ratio to SHA-256 alone {floor_s / taken_s:.2f}"
    )
    print(f"findings: {len(result.findings)}")


if __name__ == "__main__":
    main()
