"""What double entry costs: executions settled a second, beside COPY of the same rows.

Fills of orders of 200 accounts, each of which ends a hold, trades FIFO lots, pays a fee and makes
the next hold, are settled in batches by one writer and by four, against a PostgreSQL with `fsync`.
The floor takes all rows that this left, and copies them in as many commits into tables with the
same columns, constraints and indexes. Prints figures and ratios; exits 0 whatever they are.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from alembic import command
from psycopg import AsyncConnection

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
TARGET_PER_S = 2000
AT = datetime(2026, 1, 2, 15, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "NVDA", "SPY")
TABLES = ("ledger_transactions", "ledger_transfers")
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


async def _measure(url: str) -> None:
    chance = random.Random(1)
    owners = [UUID(int=chance.getrandbits(128)) for _ in range(ACCOUNTS)]
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        opening = [_posting(owner, Deposited(Decimal(1_000_000))) for owner in owners]
        orders = {owner: UUID(int=chance.getrandbits(128)) for owner in owners}
        holds = [_posting(owner, Held(orders[owner], Decimal(5000))) for owner in owners]
        await LEDGER.settle(connection, [*opening, *holds])
        fills = [_fill(chance, owners, orders, number) for number in range(2 * EXECUTIONS)]
        rules_per_s = _posted_in_memory(fills[:EXECUTIONS])
        one = await _settled_per_s(connection, fills[:EXECUTIONS])
        floor = await _copied_per_s(connection)
        four = await _settled_by_several_per_s(url, fills[EXECUTIONS:], 4)
        single = await _settled_singly_per_s(connection, chance, owners, orders)
        postings = len(fills)
        print(f"posting rules alone, in memory     {rules_per_s:10.0f} /s")
        print(f"COPY of the same rows              {floor:10.0f} executions/s")
        print(
            f"settled in batches of {BATCH}          {one:10.0f} executions/s   ratio"
            f" {one / floor:.2f}, target {TARGET_PER_S}"
        )
        print(f"the same, 4 writers                {four:10.0f} executions/s")
        print(f"settled one by one, one writer     {single:10.0f} executions/s")
    began = time.perf_counter()
    wrong = [found async for found in all_differences(url, Book.TRADING)]
    taken_s = time.perf_counter() - began
    print(f"rebuilt and compared               {postings / taken_s:10.0f} executions/s")
    print(f"differences: {len(wrong)}")


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


async def _settled_per_s(connection: RawConnection, fills: Sequence[Posting]) -> float:
    began = time.perf_counter()
    for start in range(0, len(fills), BATCH):
        settled = await LEDGER.settle(connection, fills[start : start + BATCH])
        assert all(one.transaction for one in settled), "each is new"
    return len(fills) / (time.perf_counter() - began)


async def _settled_by_several_per_s(url: str, fills: Sequence[Posting], writers: int) -> float:
    async def write(mine: Sequence[Posting]) -> None:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await _settled_per_s(connection, mine)

    began = time.perf_counter()
    await asyncio.gather(*(write(fills[number::writers]) for number in range(writers)))
    return len(fills) / (time.perf_counter() - began)


async def _settled_singly_per_s(
    connection: RawConnection,
    chance: random.Random,
    owners: Sequence[UUID],
    orders: dict[UUID, UUID],
) -> float:
    fills = [_fill(chance, owners, orders, 10 * EXECUTIONS + number) for number in range(300)]
    began = time.perf_counter()
    for posting in fills:
        await LEDGER.settle(connection, [posting])
    return len(fills) / (time.perf_counter() - began)


async def _copied_per_s(connection: RawConnection) -> float:
    """Copy the rows of the executions so far, as many to a commit as were settled in one."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    numbers = "select id from ledger_transactions where kind = 'execution' order by number"
    for table, key in zip(TABLES, ("id", "transaction_id"), strict=True):
        await connection.execute(
            f"create table floor_{table} (like {table} including all excluding identity)".encode()
        )
        cursor = await connection.execute(
            f"select t.* from {table} t join ({numbers}) n on n.id = t.{key}".encode()
        )
        rows[table] = await cursor.fetchall()
        # A fact is written as it was settled: as text.
        cast = "t.id, t.number, t.book, t.owner, t.currency, t.at, t.kind, t.symbol, t.order_id,"
        if table == TABLES[0]:
            cursor = await connection.execute(
                f"select {cast} t.venue_execution_id, t.memo, t.fact::text from {table} t"
                " where kind = 'execution'".encode()
            )
            rows[table] = await cursor.fetchall()
    commits = EXECUTIONS // BATCH
    began = time.perf_counter()
    for number in range(commits):
        async with connection.transaction():
            for table, every in rows.items():
                size = -(-len(every) // commits)
                statement = f"copy floor_{table} from stdin".encode()
                async with connection.cursor().copy(statement) as copy:
                    for row in every[number * size : (number + 1) * size]:
                        await copy.write_row(row)
    return EXECUTIONS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
