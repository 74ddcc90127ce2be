"""The ledger on PostgreSQL: postings become transactions, each written once.

Whoever posts holds the lock of the owners concerned until the commit, so that lots, holds and debt
are computed from what stands. Owners do not wait for each other, and books never do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kuber.infra.db import RawConnection
from kuber.ledger import reading, statements
from kuber.ledger.errors import ForeignCurrency, LedgerError, TransactionDiffers
from kuber.ledger.facts import Posting, Released, Reversed, expiry_of
from kuber.ledger.posting import Transaction, post, reverse
from kuber.ledger.types import AccountState, Book, Hold, Position, PositionKey
from kuber.ledger.writing import write

MOST_EXPIRED = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a posting: its transaction, or why there is none; neither when it was posted
    before."""

    posting: Posting
    transaction: Transaction | None = None
    refusal: LedgerError | None = None


@dataclass(slots=True)
class _Owners:
    """The owners that are locked, with their currency and free cash."""

    currencies: dict[UUID, str]
    cash: dict[UUID, Decimal]


class Ledger:
    """One of the two books. Every method uses the connection that it is given; what it writes is
    committed with the transaction around it, or at once when there is none."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def settle(self, connection: RawConnection, postings: Sequence[Posting]) -> list[Settled]:
        """Post in the given order; return what became of each.

        A posting that is refused leaves the others as they are. One that was posted before, with
        the same id and fact, is passed over. Raises what the database raises: then nothing of all
        is posted.

        A transaction around it is at READ COMMITTED. Its owners are locked in their order, so it
        settles once; only the order service, of which there is one, settles several times.
        """
        assert all(one.book is self._book for one in postings), "a book keeps to itself"
        if not postings:
            return []
        settled: list[Settled] = []
        async with connection.transaction():
            owners = await self._lock(connection, postings)
            for part in _parts(postings):
                settled += await self._settle(connection, part, owners)
        return settled

    async def expire(
        self, connection: RawConnection, now: datetime, most: int = MOST_EXPIRED
    ) -> int:
        """Give back what holds keep that have expired, of `most` the oldest; return how many."""
        values = {"book": self._book.value, "now": now, "most": most}
        cursor = await connection.execute(statements.EXPIRED.encode(), values)
        postings = []
        for row in await cursor.fetchall():
            owner, currency, hold = row[0], row[1], reading.hold_of(row)
            id_ = expiry_of(self._book, *hold.id)
            fact = Released(hold.id.key, expired=True)
            postings.append(Posting(id_, self._book, owner, currency, now, fact))
        done = await self.settle(connection, postings)
        return sum(one.transaction is not None for one in done)

    async def balances(
        self, connection: RawConnection, owner: UUID
    ) -> dict[tuple[str, str], Decimal]:
        """Return the balances of an owner's accounts, by path and unit."""
        values = {"book": self._book.value, "owner": owner}
        cursor = await connection.execute(statements.BALANCES.encode(), values)
        return {(path, unit): balance for path, unit, balance in await cursor.fetchall()}

    async def positions(
        self, connection: RawConnection, owner: UUID
    ) -> dict[PositionKey, Position]:
        """Return the open positions of an owner."""
        values = {"book": self._book.value, "owners": [owner]}
        cursor = await connection.execute(statements.LOTS_OF_OWNERS.encode(), values)
        return reading.positions_of(await cursor.fetchall()).get(owner, {})

    async def holds(self, connection: RawConnection, owner: UUID) -> list[Hold]:
        """Return the open holds of an owner."""
        values = {"book": self._book.value, "owners": [owner]}
        cursor = await connection.execute(statements.HOLDS_OF_OWNERS.encode(), values)
        return [reading.hold_of(row) for row in await cursor.fetchall()]

    async def _lock(self, connection: RawConnection, postings: Sequence[Posting]) -> _Owners:
        currencies = {one.owner: one.currency for one in reversed(postings)}
        values = {
            "book": self._book.value,
            "owners": list(currencies),
            "currencies": list(currencies.values()),
        }
        rows = await self._lock_known(connection, values)
        if len(rows) < len(currencies):
            await connection.execute(statements.OPEN_ACCOUNTS.encode(), values)
            rows = await self._lock_known(connection, values)
        assert len(rows) == len(currencies), "every account was opened"
        return _Owners({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})

    async def _lock_known(
        self, connection: RawConnection, values: Mapping[str, object]
    ) -> list[tuple[UUID, str, Decimal]]:
        cursor = await connection.execute(statements.LOCK_OWNERS.encode(), values)
        return await cursor.fetchall()

    async def _settle(
        self, connection: RawConnection, part: Sequence[Posting], owners: _Owners
    ) -> list[Settled]:
        known = await reading.posted(connection, self._book, [one.id for one in part])
        original = part[0].fact.original if isinstance(part[0].fact, Reversed) else None
        past = await reading.history(connection, part[0], original) if original else []
        symbols = {one.id: one.symbol for one in past}
        about = [(one, symbols.get(original) if original else one.symbol) for one in part]
        before = await reading.states(connection, self._book, owners.cash, about)
        states = dict(before)
        settled = []
        for posting in part:
            done = _settled(states[posting.owner], posting, known, owners, past)
            settled.append(done)
            if done.transaction is not None:
                known[posting.id] = posting
                states[posting.owner] = done.transaction.after(states[posting.owner])
                owners.cash[posting.owner] = done.transaction.cash
        if made := [one.transaction for one in settled if one.transaction is not None]:
            await write(connection, self._book, made, before)
        return settled


def _settled(
    state: AccountState,
    posting: Posting,
    known: dict[UUID, Posting],
    owners: _Owners,
    past: Sequence[Posting],
) -> Settled:
    there = known.get(posting.id)
    try:
        if there is not None:
            _compare(posting, there)
            return Settled(posting)
        if owners.currencies[posting.owner] != posting.currency:
            raise ForeignCurrency(
                f"The account is kept in {owners.currencies[posting.owner]}, not in"
                f" {posting.currency}."
            )
        if isinstance(posting.fact, Reversed):
            return Settled(posting, reverse(state, posting, past))
        return Settled(posting, post(state, posting))
    except LedgerError as refusal:
        return Settled(posting, refusal=refusal)


def _compare(posting: Posting, there: Posting) -> None:
    """Raise TransactionDiffers unless both say the same of the same owner."""
    mine, theirs = ((one.book, one.owner, one.currency, one.fact) for one in (posting, there))
    if mine != theirs:
        raise TransactionDiffers(f"Transaction {posting.id} is on the books as another one.")


def _parts(postings: Sequence[Posting]) -> Iterator[list[Posting]]:
    """Give the postings in parts: a reversal looks at what was posted before it, on its own."""
    part: list[Posting] = []
    for posting in postings:
        if not isinstance(posting.fact, Reversed):
            part.append(posting)
            continue
        if part:
            yield part
        yield [posting]
        part = []
    if part:
        yield part
