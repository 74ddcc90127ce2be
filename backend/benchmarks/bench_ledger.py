"""What double entry costs: executions settled a second, beside COPY of the same rows.

Fills of orders of 200 accounts, each of which ends a hold, trades FIFO lots, pays a fee and makes
the next hold, are settled in batches by one writer, and by four that share no account, against a
PostgreSQL with `fsync`.
The floor takes all transactions and transfers that this left, and copies them in as many commits
into tables with the same columns, constraints and indexes. Rates suffer from whatever else the
machine does; the time of the processors does not. Prints figures and ratios; exits 0 whatever they
are.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psutil
from alembic import command
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from kuber.infra.db import RawConnection
from kuber.infra.embedded.postgres import PostgresServer, new_password
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.installation import alembic_config
from kuber.ledger.facts import Deposited, Executed, Held, Posting, execution_transaction
from kuber.ledger.posting import post
from kuber.ledger.rebuild import all_differences
from kuber.ledger.store import Ledger
from kuber.ledger.types import AccountState, Book

ACCOUNTS = 200
BATCH = 250
EXECUTIONS = 10_000
SINGLE = 300
TARGET_PER_S = 2000
AT = datetime(2026, 1, 2, 15, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "NVDA", "SPY")
FLOORS = {
    "ledger_transactions": b"""
        select id, number, book, owner, currency, at, kind, symbol, order_id, venue_execution_id,
               memo, fact::text
        from ledger_transactions where kind = 'execution' order by number
    """,
    "ledger_transfers": b"""
        select m.* from ledger_transfers m join ledger_transactions t on t.id = m.transaction_id
        where t.kind = 'execution' order by t.number, m.number
    """,
}
Rows = dict[str, list[TupleRow]]
LEDGER = Ledger(Book.TRADING)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="kuber-bench-") as folder:
        home = Path(folder)
        server = PostgresServer(home / "postgres", free_port(), new_password())
        server.prepare()
        with ForegroundServer(server.command(), server.is_ready, home / "log") as running:
            running.wait_ready()
            command.upgrade(alembic_config(server.url), "head")
            asyncio.run(_measure(server.url))


@dataclass
class Rate:
    """Executions a second, and what each takes of the processors, in ms."""

    per_s: float
    client_ms: float
    server_ms: float

    def __str__(self) -> str:
        used = (
            f"{self.client_ms:.3f} + {self.server_ms:.3f} ms of the writer's and PostgreSQL's CPU"
        )
        return f"{self.per_s:8.0f} executions/s   {used}"

    @property
    def cpu_ms(self) -> float:
        return self.client_ms + self.server_ms


async def _measure(url: str) -> None:
    chance = random.Random(1)  # noqa: S311  a benchmark's
    owners = [UUID(int=chance.getrandbits(128)) for _ in range(ACCOUNTS)]
    orders = {owner: UUID(int=chance.getrandbits(128)) for owner in owners}
    fills = [_fill(chance, owners, orders, number) for number in range(2 * EXECUTIONS + SINGLE)]
    first, second, third = fills[:EXECUTIONS], fills[EXECUTIONS:-SINGLE], fills[-SINGLE:]
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        opening = [_posting(owner, Deposited(Decimal(1_000_000))) for owner in owners]
        holds = [_posting(owner, Held(orders[owner], Decimal(5000))) for owner in owners]
        await LEDGER.settle(connection, [*opening, *holds])
        print(f"posting rules alone, in memory   {_posted_in_memory(first):8.0f} executions/s")
        settled = await _measured(connection, len(first), _settle(connection, first, BATCH))
        rows = await _rows_of_floor(connection)
        floor = await _measured(connection, len(first), _copy(connection, rows))
        print(f"COPY of the same rows            {floor}")
        print(f"settled in batches of {BATCH}        {settled}")
        print(
            f"ratio {settled.per_s / floor.per_s:.2f}, by CPU {floor.cpu_ms / settled.cpu_ms:.2f};"
            f" target {TARGET_PER_S} executions/s, {1000 / TARGET_PER_S} ms"
        )
        several = await _settled_by_several_per_s(url, second, 4)
        print(f"4 writers, each with its accounts {several:8.0f} executions/s")
        single = await _measured(connection, SINGLE, _settle(connection, third, 1))
        print(f"settled one by one               {single}")
    began = time.perf_counter()
    wrong = [found async for found in all_differences(url, Book.TRADING)]
    per_s = len(fills) / (time.perf_counter() - began)
    print(f"rebuilt and compared             {per_s:8.0f} executions/s, {len(wrong)} differences")


async def _measured(connection: RawConnection, count: int, work: Awaitable[None]) -> Rate:
    row = await (await connection.execute("select pg_backend_pid()")).fetchone()
    assert row is not None, "there is one"
    server = psutil.Process(row[0])

    def cpu_s() -> float:
        times = server.cpu_times()
        return float(times.user + times.system)

    began, client, backend = time.perf_counter(), time.process_time(), cpu_s()
    await work
    taken_s = time.perf_counter() - began
    return Rate(
        count / taken_s,
        (time.process_time() - client) * 1000 / count,
        (cpu_s() - backend) * 1000 / count,
    )


def _fill(
    chance: random.Random, owners: Sequence[UUID], orders: dict[UUID, UUID], number: int
) -> Posting:
    owner = chance.choice(owners)
    fact = Executed(
        chance.choice(SYMBOLS),
        Decimal(chance.randrange(1, 40) * chance.choice((1, -1))),
        Decimal(chance.randrange(9000, 11000)) / 100,
        Decimal(chance.randrange(1, 300)) / 1000,
        order_id=orders[owner],
        execution_id=f"e{number}",
        rest=Decimal(chance.randrange(1000, 500_000)) / 100,
    )
    id_ = execution_transaction("simulation", owner, fact.execution_id)
    return Posting(id_, Book.TRADING, owner, "USD", AT, fact)


def _posting(owner: UUID, fact: Deposited | Held) -> Posting:
    id_ = execution_transaction("opening", owner, fact.kind)
    return Posting(id_, Book.TRADING, owner, "USD", AT, fact)


def _posted_in_memory(fills: Sequence[Posting]) -> float:
    states: dict[UUID, AccountState] = {}
    began = time.perf_counter()
    for posting in fills:
        state = states.get(posting.owner) or AccountState(cash=Decimal(10**6))
        states[posting.owner] = post(state, posting).after(state)
    return len(fills) / (time.perf_counter() - began)


async def _settle(connection: RawConnection, fills: Sequence[Posting], batch: int) -> None:
    for start in range(0, len(fills), batch):
        settled = await LEDGER.settle(connection, fills[start : start + batch])
        assert all(one.transaction for one in settled), "each is new"


async def _settled_by_several_per_s(url: str, fills: Sequence[Posting], writers: int) -> float:
    async def write(mine: Sequence[Posting]) -> None:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await _settle(connection, mine, BATCH)

    parts = [[one for one in fills if one.owner.int % writers == part] for part in range(writers)]
    began = time.perf_counter()
    await asyncio.gather(*(write(mine) for mine in parts))
    return len(fills) / (time.perf_counter() - began)


async def _rows_of_floor(connection: RawConnection) -> Rows:
    """Make the floor's tables, and return the rows of the executions so far."""
    rows: Rows = {}
    for table, query in FLOORS.items():
        like = f"create table floor_{table} (like {table} including all excluding identity)"
        await connection.execute(like.encode())
        rows[table] = await (await connection.execute(query)).fetchall()
    return rows


async def _copy(connection: RawConnection, rows: Rows) -> None:
    """Copy the rows, as many to a commit as were settled in one."""
    commits = EXECUTIONS // BATCH
    for number in range(commits):
        async with connection.transaction():
            for table, every in rows.items():
                size = -(-len(every) // commits)
                statement = f"copy floor_{table} from stdin".encode()
                async with connection.cursor().copy(statement) as copy:
                    for row in every[number * size : (number + 1) * size]:
                        await copy.write_row(row)


if __name__ == "__main__":
    main()
