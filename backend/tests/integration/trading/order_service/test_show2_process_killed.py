"""Show 2: the process of the order service is killed with SIGKILL while positions live.

Positions in coins of one account go through entry, target 1, break-even and close at prices that
the test tells by NOTIFY, as the feed does. One process acts, another stands by. In each story the
acting one is killed twice: once while orders wait for their price, at a step that the seed
chooses, and once at a random moment around a price. Each ends as the story that nobody disturbed.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from kuber.ledger.rebuild import all_differences
from kuber.ledger.types import Book
from tests.fixtures.counts import Tell
from tests.fixtures.order_process import OrderProcesses, Street, with_user
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation

STORIES = int(os.environ.get("KUBER_TEST_KILLED_STORIES", "10"))
SEED = int(os.environ.get("KUBER_TEST_SEED", "1"))
BARE_FOR_AT_MOST = timedelta(seconds=10)
"""Rule M12; while nobody acts, positions whose stops the monitor holds are not watched."""
COURSES = {
    "A": (("filled", "100"), ("trimmed", "104"), ("closed", "108")),
    "B": (("filled", "100"), ("trimmed", "104"), ("closed", "100")),
    "C": (("filled", "100"), ("closed", "97")),
    "D": (("filled", "100"), ("trimmed", "104"), ("asked", "103")),
}
"""Both targets; break-even after target 1; the stop; closed by a person after target 1."""
STEPS = max(map(len, COURSES.values()))
_REACHED = {
    "filled": "status = 'open' and quantity = 1",
    "trimmed": "status = 'open' and quantity = 0.5 and stop = 100",
    "closed": "status = 'closed'",
    "asked": "status = 'closed'",
}
_WAITS = """
    select 1 from orders where account_id = %s and symbol = %s and status = 'working'
      and filled_quantity = 0
"""
_LATE_FILLS = """
    select count(*) from fills f join orders o on o.id = f.order_id
    where o.account_id = %s and o.created_at < %s and f.time > %s
"""


@dataclass(frozen=True)
class Kills:
    """When a story's process is killed: at `waits_at` while orders wait, at `random_at` some
    seconds after a price."""

    waits_at: int
    random_at: int
    delay_s: float


@pytest.fixture(scope="module")
def site(new_installation: NewInstallation) -> Installation:
    return with_user(new_installation())


@pytest.fixture
def connection(site: Installation) -> Iterator[psycopg.Connection]:
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        yield connection


@pytest.mark.timeout(120 + 60 * STORIES)
def test_show2_a_killed_order_service_doubles_nothing_and_loses_nothing(
    site: Installation, connection: psycopg.Connection, tell: Tell
) -> None:
    processes = OrderProcesses(site)
    processes.start()
    undisturbed = _story(connection, processes, 0, None)
    chance = random.Random(SEED)
    late, bare = 0, Decimal(0)
    for number in range(1, STORIES + 1):
        kills = Kills(chance.randrange(STEPS), chance.randrange(STEPS), chance.random() / 3)
        before = len(processes.killed_at)
        street, found = _story(connection, processes, number, kills)
        assert found == undisturbed[1], f"seed {SEED}, story {number}, {kills}"
        killed_at = processes.killed_at[before:]
        assert len(killed_at) == 2, kills
        filled = sum(street.rows(_LATE_FILLS, street.account, at, at)[0][0] for at in killed_at)
        assert filled, f"no order outlived its submitter: seed {SEED}, story {number}, {kills}"
        late += filled
        bare = max(bare, street.most_unprotected_s())
    assert asyncio.run(_differences(site.database_url)) == []
    assert bare <= Decimal(BARE_FOR_AT_MOST.total_seconds())
    tell(
        f"Show 2: {STORIES} stories, {len(processes.killed_at)} SIGKILLs, {late} fills of orders"
        f" whose submitter was dead, unprotected at most {bare:f} s; seed {SEED}"
    )


def _story(
    connection: psycopg.Connection, processes: OrderProcesses, number: int, kills: Kills | None
) -> tuple[Street, dict[str, Any]]:
    street = Street(connection, Decimal(100_000))
    symbols = {course: f"{course}{number:03d}USD" for course in COURSES}
    for symbol in symbols.values():
        street.intend(symbol)
    for step in range(STEPS):
        _step(street, processes, symbols, step, kills)
    return street, {course: street.end(symbol) for course, symbol in symbols.items()} | {
        "balances": street.balances()
    }


def _step(
    street: Street,
    processes: OrderProcesses,
    symbols: dict[str, str],
    step: int,
    kills: Kills | None,
) -> None:
    """Tell the prices of a step until every position has come to its end."""
    wanted = {
        symbols[course]: steps[step] for course, steps in COURSES.items() if step < len(steps)
    }
    prices = {symbol: price for symbol, (_, price) in wanted.items()}
    for symbol, (what, _) in wanted.items():
        if what == "asked":
            street.ask_to_close(symbol)
    if kills is not None and kills.waits_at == step:
        _wait_for_orders(street, wanted)
        processes.kill()
    die_at = time.monotonic() + kills.delay_s if kills and kills.random_at == step else None

    def come() -> bool:
        nonlocal die_at
        street.tell(prices)
        if die_at is not None and time.monotonic() >= die_at:
            die_at = None
            processes.kill()
        return die_at is None and all(street.has(one, _REACHED[wanted[one][0]]) for one in wanted)

    until(come, lambda: f"step {step}: {street.positions()}")


def _wait_for_orders(street: Street, wanted: Mapping[str, tuple[str, str]]) -> None:
    """Tell a price until every position has an order that waits for the next one.

    Each second: of whoever hears the price twice the order is filled, and the position is where
    the step leads. A close that a person asked for needs no price to become an order.
    """
    told_at = 0.0

    def waits() -> bool:
        nonlocal told_at
        idle = {
            symbol: price
            for symbol, (what, price) in wanted.items()
            if not street.rows(_WAITS, street.account, symbol)
            and not street.has(symbol, _REACHED[what])
        }
        told = {symbol: price for symbol, price in idle.items() if wanted[symbol][0] != "asked"}
        if told and time.monotonic() - told_at >= 1:
            told_at = time.monotonic()
            street.tell(told)
        return not idle

    until(waits, lambda: f"orders that wait for a price: {street.positions()}")


async def _differences(url: str) -> list[object]:
    return [one async for one in all_differences(url, Book.TRADING)]
