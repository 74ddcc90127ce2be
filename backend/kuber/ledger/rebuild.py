"""Builds balances, lots and holds anew from the entries, and names what is served otherwise.

Two ways lead there. Balances are the sums of the stored transfers. Lots, holds and the transfers
themselves follow from the facts, by the rules of `posting`: replayed from nothing they give the
same again.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from kuber.infra.db import RawConnection
from kuber.ledger import reading, statements
from kuber.ledger.errors import LedgerError
from kuber.ledger.facts import Posting, Reversed
from kuber.ledger.posting import Transaction, post, reverse
from kuber.ledger.types import (
    FLAT,
    AccountState,
    Book,
    HoldId,
    Kind,
    Transfer,
    TransferState,
)
from kuber.ledger.units import ZERO, exactly, plain

OWNERS_AT_ONCE = 500
Balances = dict[tuple[str, str], Decimal]
"""By path and unit; those of 0 may be left out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is served, or stored, otherwise than it follows from the entries."""

    owner: UUID
    what: str
    there: str
    rebuilt: str

    def __str__(self) -> str:
        return f"{self.what} of {self.owner} is {self.there}; the entries give {self.rebuilt}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the facts of an owner give, one after the other."""

    state: AccountState
    transactions: tuple[Transaction, ...]
    refused: tuple[tuple[Posting, str], ...]
    """Facts that the rules refuse now, with the reason."""


def replayed(postings: Sequence[Posting]) -> Replayed:
    """Post the facts of one owner from nothing, in their order."""
    state, transactions, refused = AccountState(), [], []
    for place, posting in enumerate(postings):
        try:
            if isinstance(posting.fact, Reversed):
                past = past_of(postings[:place], posting.fact.original)
                done = reverse(state, posting, past)
            else:
                done = post(state, posting)
        except LedgerError as error:
            refused.append((posting, error.detail))
            continue
        transactions.append(done)
        state = done.after(state)
    return Replayed(state, tuple(transactions), tuple(refused))


def past_of(before: Sequence[Posting], original: UUID) -> list[Posting]:
    """Return what a reversal is computed from, of an owner's postings before it."""
    reversed_ = {one.fact.original for one in before if isinstance(one.fact, Reversed)}
    found = next((one for one in before if one.id == original), None)
    if found is None:
        return []
    return [
        one
        for one in before
        if one.id not in reversed_
        and (
            one.id == original
            or (found.symbol is not None and (one.symbol == found.symbol or _resets(one)))
        )
    ]


def balances_of(transfers: Iterable[Transfer]) -> Balances:
    """Return the trial balance: what the transfers sum to."""
    found: Balances = {}
    with exactly():
        for transfer in transfers:
            for path, unit, amount in transfer.entries():
                found[path, unit] = found.get((path, unit), ZERO) + amount
    return found


async def differences(connection: RawConnection, book: Book, owner: UUID) -> list[Difference]:
    """Return what is wrong with an owner's books. The connection is in no transaction."""
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read read only")
        return await differences_within(connection, book, owner)


async def differences_within(
    connection: RawConnection, book: Book, owner: UUID
) -> list[Difference]:
    """Return what is wrong with an owner's books, as a transaction of the caller's sees them: it
    sees one moment throughout."""
    values = {"book": book.value, "owner": owner, "owners": [owner]}

    async def rows(query: str) -> list[Any]:
        return await (await connection.execute(query.encode(), values)).fetchall()

    facts = await rows(statements.FACTS)
    stored = await rows(statements.TRANSFERS)
    served = {(path, unit): amount for path, unit, amount in await rows(statements.BALANCES)}
    lots = reading.positions_of(await rows(statements.LOTS_OF_OWNERS)).get(owner, {})
    holds = {
        hold.id.key: hold for hold in map(reading.hold_of, await rows(statements.HOLDS_OF_OWNERS))
    }
    found = replayed([reading.posting_of(row) for row in facts])
    transfers: dict[UUID, list[Transfer]] = {}
    for row in stored:
        transfers.setdefault(row[0], []).append(_transfer(row))
    every = [one for several in transfers.values() for one in several]
    open_holds = {key: one.open for key, one in found.state.holds.items()}
    positions = found.state.positions
    with exactly():
        return [
            *_transactions(owner, found, transfers),
            *_compared(owner, "The balance", served, balances_of(every), ZERO),
            *_compared(owner, "The position", lots, positions, FLAT),
            *_compared(owner, "The hold", holds, open_holds, None),
        ]


async def all_differences(url: str, book: Book) -> AsyncIterator[Difference]:
    """Give the differences of all owners of a book, on a connection of its own."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        after = UUID(int=0)
        while True:
            values = {"book": book.value, "after": after, "most": OWNERS_AT_ONCE}
            cursor = await connection.execute(statements.OWNERS.encode(), values)
            owners = [owner for (owner,) in await cursor.fetchall()]
            for owner in owners:
                for one in await differences(connection, book, owner):
                    yield one
            if len(owners) < OWNERS_AT_ONCE:
                return
            after = owners[-1]


def _transactions(
    owner: UUID, found: Replayed, stored: Mapping[UUID, list[Transfer]]
) -> list[Difference]:
    wrong = [
        Difference(owner, f"Transaction {posting.id}", "on the books", reason)
        for posting, reason in found.refused
    ]
    for one in found.transactions:
        there = stored.get(one.posting.id, [])
        if there != list(one.transfers):
            what = f"Transaction {one.posting.id}"
            wrong.append(Difference(owner, what, _shown(there), _shown(one.transfers)))
    return wrong


def _compared(
    owner: UUID, what: str, served: Mapping[Any, Any], rebuilt: Mapping[Any, Any], nothing: Any
) -> list[Difference]:
    """Compare by key; `nothing` is what a missing one is worth."""
    found = []
    for key in sorted({*served, *rebuilt}, key=str):
        there, wanted = served.get(key, nothing), rebuilt.get(key, nothing)
        if there != wanted:
            name = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
            found.append(Difference(owner, f"{what} {name}", _shown(there), _shown(wanted)))
    return found


def _shown(value: object) -> str:
    match value:
        case Decimal():
            return plain(value)
        case list() | tuple():
            return "; ".join(map(_shown, value)) or "nothing"
        case Transfer():
            moved = f"{plain(value.amount)} {value.unit} from {value.credit} to {value.debit}"
            return f"{value.state} {value.kind} of {moved}"
        case _:
            return str(value)


def _transfer(row: Sequence[Any]) -> Transfer:
    _, kind, debit, credit, amount, unit, state, key, number, expires_at = row
    hold = HoldId(key, number) if key else None
    return Transfer(Kind(kind), debit, credit, amount, unit, TransferState(state), hold, expires_at)


def _resets(posting: Posting) -> bool:
    return posting.fact.kind == "reset"
