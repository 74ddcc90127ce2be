"""Reads what postings meet, within the locks that `store` holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from kuber.infra.db import RawConnection
from kuber.ledger import statements
from kuber.ledger.facts import (
    AccountReset,
    Charged,
    Executed,
    Held,
    Posting,
    Released,
    from_json,
)
from kuber.ledger.types import (
    AccountState,
    Book,
    Hold,
    HoldId,
    HoldPurpose,
    HoldsOfKey,
    Lot,
    Position,
    PositionKey,
)
from kuber.ledger.units import ZERO

_Cursor = AsyncCursor[TupleRow]
States = dict[UUID, AccountState]
"""By owner."""


@dataclass(slots=True)
class _Wanted:
    """What the postings of a batch look at."""

    symbols: set[tuple[UUID, str]] = field(default_factory=set)
    keys: dict[UUID, UUID] = field(default_factory=dict)
    """Of holds, with their owners."""
    whole: set[UUID] = field(default_factory=set)
    """Owners of whom everything is needed."""

    def add(self, posting: Posting, symbol: str | None) -> None:
        """Note what a posting needs; `symbol`: what it is about."""
        match posting.fact:
            case AccountReset():
                self.whole.add(posting.owner)
            case (
                Executed(order_id=UUID() as key)
                | Charged(hold=UUID() as key)
                | Held(key=key)
                | Released(key=key)
            ):
                self.keys[key] = posting.owner
        if symbol is not None:
            self.symbols.add((posting.owner, symbol))


async def states(
    connection: RawConnection,
    book: Book,
    cash: dict[UUID, Decimal],
    about: Iterable[tuple[Posting, str | None]],
) -> States:
    """Return how the owners stand whose `cash` is given, as far as the postings look at it.

    about: each posting with the symbol that it is about.
    """
    wanted = _Wanted()
    for posting, symbol in about:
        wanted.add(posting, symbol)
    debts_asked = await _ask(connection, statements.DEBTS, book, owners=list(cash))
    lots_asked = await _ask_lots(connection, book, wanted)
    holds_asked = await _ask_holds(connection, book, wanted)
    debts: dict[UUID, Decimal] = dict(await debts_asked.fetchall())
    lots = positions_of([row for one in lots_asked for row in await one.fetchall()])
    held = {row[2]: row for one in holds_asked for row in await one.fetchall()}
    holds = await _holds(connection, book, wanted, held)
    return {
        owner: AccountState(free, debts.get(owner, ZERO), lots.get(owner, {}), holds.get(owner, {}))
        for owner, free in cash.items()
    }


async def posted(connection: RawConnection, book: Book, ids: Sequence[UUID]) -> dict[UUID, Posting]:
    """Return what was posted before of transactions with these ids."""
    rows = await _rows(connection, statements.POSTED, book, ids=list(ids))
    return {row[0]: posting_of(row) for row in rows}


async def history(connection: RawConnection, posting: Posting, original: UUID) -> list[Posting]:
    """Return the postings from which a reversal of `original` is computed."""
    values = {"original": original, "owner": posting.owner}
    rows = await _rows(connection, statements.HISTORY, posting.book, **values)
    return [posting_of(row) for row in rows]


def posting_of(row: Sequence[Any]) -> Posting:
    """Return the posting that a row of the ledger's transactions holds."""
    id_, book, owner, currency, at, kind, fact, memo = row
    return Posting(id_, Book(book), owner, currency, at, from_json(kind, fact), memo)


def hold_of(row: Sequence[Any]) -> Hold:
    """Return the open hold of a row."""
    _, _, key, number, amount, purpose, expires_at = row
    return Hold(HoldId(key, number), amount, HoldPurpose(purpose), expires_at)


def positions_of(rows: Iterable[Sequence[Any]]) -> dict[UUID, dict[PositionKey, Position]]:
    """Return the positions of rows of lots, by owner; they come in the order of positions
    and numbers."""
    found: dict[UUID, dict[PositionKey, Position]] = {}
    for (owner, *key), group in groupby(rows, lambda row: row[:3]):
        lots = list(group)
        together = tuple(Lot(quantity, cost) for *_, quantity, cost in lots)
        found.setdefault(owner, {})[PositionKey(*key)] = Position(together, lots[0][3])
    return found


async def _ask_lots(connection: RawConnection, book: Book, wanted: _Wanted) -> list[_Cursor]:
    asked: list[_Cursor] = []
    if pairs := [pair for pair in wanted.symbols if pair[0] not in wanted.whole]:
        owners, symbols = zip(*pairs, strict=True)
        values = {"owners": list(owners), "symbols": list(symbols)}
        asked.append(await _ask(connection, statements.LOTS, book, **values))
    if wanted.whole:
        owned = list(wanted.whole)
        asked.append(await _ask(connection, statements.LOTS_OF_OWNERS, book, owners=owned))
    return asked


async def _ask_holds(connection: RawConnection, book: Book, wanted: _Wanted) -> list[_Cursor]:
    asked: list[_Cursor] = []
    if keys := list(wanted.keys):
        asked.append(await _ask(connection, statements.HOLDS, book, keys=keys))
    if wanted.whole:
        owned = list(wanted.whole)
        asked.append(await _ask(connection, statements.HOLDS_OF_OWNERS, book, owners=owned))
    return asked


async def _holds(
    connection: RawConnection, book: Book, wanted: _Wanted, rows: dict[UUID, Any]
) -> dict[UUID, dict[UUID, HoldsOfKey]]:
    found: dict[UUID, dict[UUID, HoldsOfKey]] = {}
    if ended := [key for key in wanted.keys if key not in rows]:
        for key, last in await _rows(connection, statements.LAST_HOLDS, book, keys=ended):
            found.setdefault(wanted.keys[key], {})[key] = HoldsOfKey(last)
    for row in rows.values():
        hold = hold_of(row)
        found.setdefault(row[0], {})[hold.id.key] = HoldsOfKey(hold.id.number, hold)
    return found


async def _ask(connection: RawConnection, query: str, book: Book, **values: object) -> _Cursor:
    return await connection.execute(query.encode(), {"book": book.value, **values})


async def _rows(connection: RawConnection, query: str, book: Book, **values: object) -> list[Any]:
    return await (await _ask(connection, query, book, **values)).fetchall()
