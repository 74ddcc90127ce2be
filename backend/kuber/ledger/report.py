"""The ledger as people read it: balances of several owners, and transfers, page by page."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from kuber.infra.db import RawConnection
from kuber.ledger import statements
from kuber.ledger.facts import transfer_id
from kuber.ledger.types import CASH, DEBT, RESERVED, Book
from kuber.ledger.units import ZERO, exactly

Balances = dict[tuple[str, str], Decimal]
"""By path and unit."""
MONEY = (CASH, RESERVED, DEBT)
"""What an owner has in money, whether it is free or not; together negative when more is owed."""


class Place(NamedTuple):
    """Where a transfer stands among an owner's: its transaction's number, and its own in it."""

    transaction: int
    transfer: int


BEGINNING = Place(0, 0)


class Moved(NamedTuple):
    """One transfer with what its transaction says.

    change: by how much it changes the owner's money.
    """

    place: Place
    transaction_id: UUID
    at: datetime
    kind: str
    state: str
    debit: str
    credit: str
    amount: Decimal
    unit: str
    symbol: str | None
    order_id: UUID | None
    venue_execution_id: str | None
    memo: str
    change: Decimal

    @property
    def id(self) -> UUID:
        return transfer_id(self.transaction_id, self.place.transfer)


class Period(NamedTuple):
    """What a statement is of: `since` <= instant < `until`, of what was posted up to `last`.

    History is only added to, and an owner's in the order of its numbers: with `last` fixed, what is
    read part by part is one state.
    """

    owner: UUID
    since: datetime
    until: datetime
    last: int
    opening: Decimal
    """The owner's money when it begins."""


async def balances_of(
    connection: RawConnection, book: Book, owners: Collection[UUID]
) -> dict[UUID, Balances]:
    """Return the balances of several owners; of one that was never posted to, none."""
    values = {"book": book.value, "owners": list(owners)}
    cursor = await connection.execute(statements.BALANCES_OF_OWNERS.encode(), values)
    found: defaultdict[UUID, Balances] = defaultdict(dict)
    for owner, path, unit, balance in await cursor.fetchall():
        found[owner][path, unit] = balance
    return found


async def executions_of(
    connection: RawConnection, book: Book, owner: UUID
) -> dict[str, tuple[str, Decimal, Decimal, Decimal]]:
    """Return symbol, signed quantity, price and fee of an owner's executions, by the venue's id."""
    values = {"book": book.value, "owner": owner}
    cursor = await connection.execute(statements.EXECUTIONS.encode(), values)
    return {row[0]: row[1:] for row in await cursor.fetchall()}


def money_in(balances: Balances, currency: str) -> Decimal:
    """Return what an owner has in money, less what it owes."""
    with exactly():
        return sum((balances.get((path, currency), ZERO) for path in MONEY), ZERO)


async def deposited_since(
    connection: RawConnection, book: Book, since: Mapping[UUID, datetime | None]
) -> dict[UUID, Decimal]:
    """Return what was paid in to owners, each since its instant, None for ever; without it: 0."""
    values = {"book": book.value, "owners": list(since), "since": list(since.values())}
    cursor = await connection.execute(statements.DEPOSITED_SINCE.encode(), values)
    return dict(await cursor.fetchall())


async def newest(
    connection: RawConnection, book: Book, owner: UUID, before: Place | None, most: int
) -> list[Moved]:
    """Return an owner's transfers, the newest first, those before a place."""
    values = {
        "book": book.value,
        "owner": owner,
        "money": list(MONEY),
        "most": most,
        "transaction": before and before.transaction,
        "transfer": before and before.transfer,
    }
    cursor = await connection.execute(statements.NEWEST.encode(), values)
    return [_moved(row) for row in await cursor.fetchall()]


async def period(
    connection: RawConnection, book: Book, owner: UUID, since: datetime, until: datetime
) -> Period:
    """Return the period with what it begins with."""
    values = {"book": book.value, "owner": owner, "money": list(MONEY), "since": since}
    cursor = await connection.execute(statements.OPENING.encode(), values)
    row = await cursor.fetchone()
    assert row is not None, "sums are always there"
    return Period(owner, since, until, *row)


async def within(
    connection: RawConnection, book: Book, period: Period, after: Place, most: int
) -> list[Moved]:
    """Return transfers of a period behind a place, in the order in which they were posted."""
    values = {
        "book": book.value,
        "money": list(MONEY),
        "most": most,
        "owner": period.owner,
        "since": period.since,
        "until": period.until,
        "last": period.last,
        "transaction": after.transaction,
        "transfer": after.transfer,
    }
    cursor = await connection.execute(statements.WITHIN.encode(), values)
    return [_moved(row) for row in await cursor.fetchall()]


def _moved(row: tuple[object, ...]) -> Moved:
    transaction, transfer, *said = row
    return Moved(Place(transaction, transfer), *said)  # type: ignore[arg-type]
