"""T15: each kind of tampering with a record of 100,000 entries, and where it is found.

    ./kuber bench tampering

Builds the record in a PostgreSQL of its own. Each piece of tampering is done to a copy, as the
owner of the database can; then Kuber's verification and the stand-alone verifier, over an export,
say where something is wrong. Exits 1 when any of it is not found at its place.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from alembic import command
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from benchmarks.tampering import CASES, Case, Chain
from devtools.steps import ROOT
from kuber.api.verification import verify_record
from kuber.audit.entries import APPEND, audit_json
from kuber.audit.export import lines
from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.infra.embedded.postgres import PostgresServer, new_password
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.installation import alembic_config
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId, new_id

ENTRIES = 100_000
BATCH = 1000
ORDER_EVERY = 100
VERIFIER = ROOT / "docs" / "examples" / "verify_audit.py"
CLOCK = SystemClock()
_PRISTINE, _COPY = "record_pristine", "record_copy"


@dataclass(frozen=True, slots=True)
class Found:
    """The first thing that is said to be wrong, at which place, and how long it took."""

    place: int | None
    kind: str
    taken_s: float

    def __str__(self) -> str:
        where = "without a place" if self.place is None else f"at {self.place}"
        return f"{self.kind} {where} ({self.taken_s:.1f} s)"


def main() -> int:
    """Build the record, tamper with it, print what is found; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="kuber-tampering-") as folder:
        home = Path(folder)
        server = PostgresServer(home / "postgres", free_port(), new_password(), durable=False)
        server.prepare()
        with ForegroundServer(server.command(), server.is_ready, home / "log") as running:
            running.wait_ready()
            return 0 if show(server, home, ENTRIES) else 1


def show(server: PostgresServer, home: Path, entries: int) -> bool:
    """Print where each kind of tampering is found; return whether each is at its place."""
    administrate = partial(_execute, server.url_of("postgres"))
    administrate(f"create database {_PRISTINE}")
    began = time.perf_counter()
    outside = home / "outside"
    asyncio.run(_build(server.url_of(_PRISTINE), outside, entries))
    print(f"{entries} entries built and linked in {time.perf_counter() - began:.0f} s\n")
    well = True
    try:
        for case in CASES:
            administrate(f"create database {_COPY} template {_PRISTINE}")
            folder = home / "copy"
            shutil.copytree(outside, folder)
            well = _try(case, Chain(server.url_of(_COPY), folder, entries)) and well
            shutil.rmtree(folder)
            administrate(f"drop database {_COPY}")
    finally:
        administrate(f"drop database if exists {_COPY}", f"drop database {_PRISTINE}")
    print(f"\n{'Everything' if well else 'NOT everything'} is found at its place.")
    return well


def _try(case: Case, chain: Chain) -> bool:
    expected = case.tamper(chain)
    own, exported = _by_kuber(chain), _by_the_verifier(chain)
    well = (own.place, own.kind) == (expected.place, expected.kind)
    beside = "no part of an export"
    if expected.exported is not None:
        well = well and (exported.place, exported.kind) == (expected.place, expected.exported)
        beside = str(exported)
    print(f"{'ok ' if well else 'BAD'} {case.name:<34} done at {expected.done}")
    print(f"      verify: {own}; stand-alone: {beside}", flush=True)
    return well


def _by_kuber(chain: Chain) -> Found:
    began = time.perf_counter()
    result = verify_record(chain.url, str(chain.folder), None)
    taken_s = time.perf_counter() - began
    first = result.first_bad
    if first is None:
        return Found(None, "nothing", taken_s)
    return Found(first.chain_position, first.damage, taken_s)


def _by_the_verifier(chain: Chain) -> Found:
    file = chain.folder / "record.txt"
    with file.open("wb") as target:
        target.writelines(line + b"\n" for line in lines(chain.url, chain.folder))
    began = time.perf_counter()
    arguments = (sys.executable, "-I", str(VERIFIER), str(file))
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    taken_s = time.perf_counter() - began
    first = re.match(r"place (\d+): (\w+)", done.stdout)
    if first is None:
        return Found(None, "nothing" if done.returncode == 0 else done.stderr[-200:], taken_s)
    return Found(int(first[1]), first[2], taken_s)


async def _build(url: str, folder: Path, entries: int) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(url), "head")
    user_id = UserId(new_id())
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "insert into users (id, email, password_hash, role, tier, created_at)"
            " values (%s, 'ann@example.com', '', 'user', 'FREE', now())",
            (user_id,),
        )
        linker = Linker(KeyFile(folder), partial(OutsideFiles, folder), CLOCK)
        await linker.begin(connection)
        for part in _parts(entries - 1):
            events = [_event(user_id, number) for number in part]
            await connection.execute(APPEND, {"audit": Jsonb(audit_json(events))})
        await connection.execute(_ORDERS)
        await connection.execute(_FILLS)
        while await linker.link(connection):
            pass
        linker.rest()


def _parts(count: int) -> Iterator[range]:
    for start in range(0, count, BATCH):
        yield range(start, min(start + BATCH, count))


def _event(user_id: UserId, number: int) -> AuditEvent:
    at, correlation_id = CLOCK.now(), str(new_id())
    if number % ORDER_EVERY:
        said: dict[str, object] = {"per_run": f"{number}.50", "per_day": None}
        return AuditEvent(AuditEventType.BUDGET_CHANGED, at, correlation_id, user_id, said)
    fill = {"number": 1, "time": at, "quantity": "7", "price": "123.07", "commission": "0.10"}
    said = {
        "order_id": new_id(),
        "run_id": None,
        "node_id": "trade",
        "mode": "simulation",
        "symbol": "AAPL",
        "side": "buy",
        "quantity": "7",
        "reference_price": "123",
        "stop_loss": "115.68",
        "targets": ["130.46"],
        "status": "filled",
        "reason": "",
        "fills": [fill],
    }
    return AuditEvent(AuditEventType.ORDER_ADOPTED, at, correlation_id, user_id, said)


_SAID = """
    from audit_entries e cross join lateral jsonb_to_record(e.data::jsonb) as s(
        order_id uuid, node_id text, mode text, symbol text, side text, quantity numeric,
        reference_price numeric, stop_loss text, targets jsonb, status text, fills jsonb)
"""
_ORDERS = f"""
    with account as (
        insert into accounts (id, user_id, mode, currency)
        select s.order_id, e.user_id, s.mode, 'USD' {_SAID} where e.event_type = 'order_adopted'
    )
    insert into orders (id, user_id, account_id, venue, origin_key, leg, attempt, node_id, mode,
                        symbol, side, quantity, reference_price, levels, status, filled_quantity,
                        answers, correlation_id)
    select s.order_id, e.user_id, s.order_id, s.mode, jsonb_build_array(s.order_id, s.node_id),
           'entry', 1, s.node_id, s.mode, s.symbol, s.side, s.quantity, s.reference_price,
           jsonb_build_object('stop_loss', s.stop_loss, 'targets', s.targets), s.status,
           s.quantity, 1, e.correlation_id
    {_SAID} where e.event_type = 'order_adopted'
"""
_FILLS = f"""
    insert into fills (venue, account_id, execution_id, order_id, answer, time, quantity, price,
                       commission)
    select s.mode, s.order_id, concat(s.order_id, '-', f.number), s.order_id, 1, f.time, f.quantity,
           f.price, f.commission {_SAID}
    cross join lateral jsonb_to_recordset(s.fills) as f(
        number int, time timestamptz, quantity numeric, price numeric, commission numeric)
    where e.event_type = 'order_adopted'
"""


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


if __name__ == "__main__":
    sys.exit(main())
