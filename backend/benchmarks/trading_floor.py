"""Accounts, intents and quotes for a benchmark of the order service, and ears for its commits."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from kuber.infra.db import RawConnection
from kuber.kernel.ids import new_id
from kuber.ledger.facts import Deposited, Posting
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from kuber.market.feed.notifying import QUOTES_CHANNEL, payloads_of
from kuber.market.feed.types import FeedSource, Quote
from kuber.trading.order_service.statements import ORDERS_CHANNEL
from kuber.trading.origins import Origin, OriginKind

CALM = {
    "behaviour": "realistic",
    "slippage": "0",
    "commission": "0",
    "partial_fills": "0",
    "rejections": "0",
    "starting_balance": "100000",
    "seed": 1,
}
"""Options of the simulated venue that leave nothing to chance."""
_RICH = Decimal(10) ** 11
_COLUMNS = (
    *("id", "user_id", "account_id", "venue", "origin", "origin_key", "leg", "attempt", "mode"),
    *("symbol", "side", "quantity", "reference_price", "levels", "status", "correlation_id"),
    *("created_at", "sent_at", "type", "time_in_force", "limit_price"),
)
_COPY = f"copy {{table}} ({', '.join(_COLUMNS)}) from stdin"
_TELL = """
    create function bench_fill() returns trigger language plpgsql as $$
    begin perform pg_notify('bench', 'fill:' || new.order_id); return null; end $$;
    create trigger bench_fill after insert on fills for each row execute function bench_fill();
    create function bench_exit() returns trigger language plpgsql as $$
    begin perform pg_notify('bench', 'exit:' || new.id || ':' || new.symbol); return null; end $$;
    create trigger bench_exit after insert on orders for each row
        when (new.effect = 'close') execute function bench_exit();
    create function bench_taken() returns trigger language plpgsql as $$
    begin perform pg_notify('bench', 'taken:' || new.id); return null; end $$;
    create trigger bench_taken after update of status on orders for each row
        when (new.effect = 'open' and old.status in ('intended', 'submitted')
              and new.status in ('working', 'partially_filled', 'filled'))
        execute function bench_taken();
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An intent of one coin: `price` is what it was decided at, and its limit if it rests."""

    symbol: str
    price: str = "100"
    stop: str = "50"
    targets: tuple[str, ...] = ("120", "130")
    rests: bool = False
    id: UUID = field(default_factory=lambda: Origin(OriginKind.PERSON, (str(uuid4()),)).order_id())


class Ears:
    """Hears what commits, and when: `perf_counter` seconds by kind and key, the first time."""

    def __init__(self) -> None:
        self.at: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.order: list[tuple[str, str]] = []
        """Kind and key as they came: the order of commits."""
        self._news = asyncio.Event()

    async def listen(self, connection: psycopg.AsyncConnection) -> None:
        """Hear until cancelled."""
        await connection.execute("listen bench")
        async for notice in connection.notifies():
            kind, _, key = notice.payload.partition(":")
            self.at[kind].setdefault(key, time.perf_counter())
            self.order.append((kind, key))
            self._news.set()

    async def heard(self, kind: str, keys: Iterable[object], within_s: float = 60) -> float:
        """Return when the last of some keys was heard. Raises TimeoutError."""
        wanted = {str(key) for key in keys}
        async with asyncio.timeout(within_s):
            while not wanted <= self.at[kind].keys():
                self._news.clear()
                await self._news.wait()
        return max(self.at[kind][key] for key in wanted)


class TradingFloor:
    """A user's accounts on a running stack, traded by hand at prices by hand."""

    def __init__(self, connection: RawConnection, user_id: UUID) -> None:
        self.connection = connection
        self.accounts: list[UUID] = []
        self._user_id = user_id

    async def open(self, accounts: int) -> Self:
        """Open accounts with money enough, and have commits told."""
        await self.connection.execute(_TELL)
        self.accounts = [new_id() for _ in range(accounts)]
        await self.connection.execute(
            "insert into accounts (id, user_id, mode, currency, name, kind, simulation)"
            " select id, %s, 'simulation', 'USD', 'bench', 'lasting', %s"
            " from unnest(%s::uuid[]) as a(id)",
            (self._user_id, Jsonb(CALM), self.accounts),
        )
        paid = [
            Posting(uuid4(), Book.TRADING, one, "USD", datetime.now(UTC), Deposited(_RICH))
            for one in self.accounts
        ]
        await Ledger(Book.TRADING).settle(self.connection, paid)
        return self

    async def intend(self, wanted: Sequence[Wanted]) -> float:
        """Commit intents in one transaction that wakes the order service; return when."""
        async with self.connection.transaction():
            await self.copy("orders", wanted)
            await self.connection.execute(f"select pg_notify('{ORDERS_CHANNEL}', '')".encode())
        return time.perf_counter()

    async def copy(self, table: str, wanted: Sequence[Wanted]) -> None:
        """Copy the rows of intents into a table with the columns of `orders`."""
        now = datetime.now(UTC)
        async with (
            self.connection.cursor() as cursor,
            cursor.copy(_COPY.format(table=table).encode()) as copy,
        ):
            for number, one in enumerate(wanted):
                levels = {"stop_loss": one.stop, "targets": list(one.targets)}
                account = self.accounts[number % len(self.accounts)]
                await copy.write_row(
                    (one.id, self._user_id, account, "simulation", "person", Jsonb([str(one.id)]))
                    + ("entry", 1, "simulation", one.symbol, "buy", Decimal(1))
                    + (Decimal(one.price), Jsonb(levels), "intended", "bench", now, now)
                    + (("limit", "gtc", Decimal(one.price)) if one.rests else ("market",))
                    + (() if one.rests else ("gtc", None))
                )

    async def open_positions(self, wanted: Sequence[Wanted], ears: Ears) -> float:
        """Have positions opened, at a price of 100 told each tenth of a second; return for how
        many seconds that took."""
        symbols = sorted({one.symbol for one in wanted})
        began = await self.intend(wanted)
        filled = asyncio.create_task(ears.heard("fill", [one.id for one in wanted], 600))
        while not filled.done():
            await self.quote(dict.fromkeys(symbols, "100"))
            await asyncio.wait([filled], timeout=0.1)
        return await filled - began

    async def quote(self, prices: Mapping[str, str]) -> float:
        """Tell prices as the feed does; return when."""
        now = datetime.now(UTC)
        quotes = [
            Quote(symbol, Decimal(price), None, None, None, FeedSource.ALPACA, now)
            for symbol, price in prices.items()
        ]
        began = time.perf_counter()
        for payload in payloads_of(quotes):
            await self.connection.execute("select pg_notify(%s, %s)", (QUOTES_CHANNEL, payload))
        return began

    async def halt(self) -> float:
        """Set the platform's switch to halted; return when that was committed."""
        async with self.connection.transaction():
            await self.connection.execute(
                "insert into trading_switches (scope, state, reason, set_by, set_at)"
                " values ('platform', 'halted', 'benchmark', 'benchmark', now())"
                " on conflict (scope) do update set state = excluded.state"
            )
            await self.connection.execute("update trading_latch set epoch = epoch + 1")
            await self.connection.execute(f"select pg_notify('{ORDERS_CHANNEL}', '')".encode())
            await self.connection.execute("select pg_notify('bench', 'halted:')")
        return time.perf_counter()

    async def release(self) -> None:
        """Take the switch back."""
        async with self.connection.transaction():
            await self.connection.execute("delete from trading_switches")
            await self.connection.execute("update trading_latch set epoch = epoch + 1")
            await self.connection.execute(f"select pg_notify('{ORDERS_CHANNEL}', '')".encode())

    async def count(self, statement: str) -> int:
        """Return the one number that a statement gives."""
        row = await (await self.connection.execute(statement.encode())).fetchone()
        assert row is not None
        return int(row[0])
