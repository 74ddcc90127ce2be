"""Writes transactions, within the locks that `store` holds."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from kuber.infra.db import JsonObject, RawConnection
from kuber.ledger import statements
from kuber.ledger.facts import Executed, to_json
from kuber.ledger.posting import Transaction
from kuber.ledger.reading import States
from kuber.ledger.types import Book, Hold, PositionKey
from kuber.ledger.units import plain


async def write(
    connection: RawConnection, book: Book, transactions: Sequence[Transaction], before: States
) -> None:
    """Write transactions, whose owners stood as `before` says, in one statement."""
    after = dict(before)
    positions = dict[tuple[UUID, PositionKey], None]()
    keys = dict[tuple[UUID, UUID], None]()
    for one in transactions:
        owner = one.posting.owner
        after[owner] = one.after(after[owner])
        positions |= dict.fromkeys((owner, key) for key in one.positions)
        keys |= dict.fromkeys((owner, key) for key in one.holds)
    closed, kept = _lot_changes(book, positions, before, after)
    currencies = {one.posting.owner: one.posting.currency for one in transactions}
    holds = {key: (owner, after[owner].holds_of(key).open) for owner, key in keys}
    values = {
        "book": book.value,
        "transactions": Jsonb([_transaction(*placed) for placed in enumerate(transactions)]),
        "transfers": Jsonb([row for one in transactions for row in _transfers(one)]),
        "lots_closed": Jsonb(closed),
        "lots": Jsonb(kept),
        "holds_ended": [key for key, (_, hold) in holds.items() if hold is None],
        "holds": Jsonb(
            [_hold(hold, owner, currencies[owner]) for owner, hold in holds.values() if hold]
        ),
    }
    await connection.execute(statements.POST.encode(), values)


def _lot_changes(
    book: Book, changed: Iterable[tuple[UUID, PositionKey]], before: States, after: States
) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return the lots that are gone, and those that are new or other than before."""
    closed: list[JsonObject] = []
    kept: list[JsonObject] = []
    for owner, key in changed:
        was, now = (states_[owner].position(key).numbered() for states_ in (before, after))
        place = {
            "owner": owner,
            "book": book.value,
            "symbol": key.symbol,
            "position_id": key.position_id,
        }
        closed += [{**place, "number": number} for number in was if number not in now]
        kept += [
            {**place, "number": number, "quantity": plain(lot.quantity), "cost": plain(lot.cost)}
            for number, lot in now.items()
            if was.get(number) != lot
        ]
    return closed, kept


def _transaction(place: int, transaction: Transaction) -> JsonObject:
    posting = transaction.posting
    executed = posting.fact if isinstance(posting.fact, Executed) else None
    return {
        "place": place,
        "id": posting.id,
        "owner": posting.owner,
        "currency": posting.currency,
        "at": posting.at,
        "kind": posting.fact.kind,
        "symbol": posting.symbol,
        "order_id": executed and executed.order_id,
        "venue_execution_id": (executed and executed.execution_id) or None,
        "memo": posting.memo,
        "fact": to_json(posting.fact),
    }


def _transfers(transaction: Transaction) -> list[JsonObject]:
    return [
        {
            "id": transaction.posting.id,
            "number": number,
            "kind": one.kind.value,
            "state": one.state.value,
            "debit": one.debit,
            "credit": one.credit,
            "amount": plain(one.amount),
            "unit": one.unit,
            "hold_key": one.hold and one.hold.key,
            "hold_number": one.hold and one.hold.number,
            "expires_at": one.expires_at,
        }
        for number, one in enumerate(transaction.transfers, 1)
    ]


def _hold(hold: Hold, owner: UUID, currency: str) -> JsonObject:
    return {
        "key": hold.id.key,
        "number": hold.id.number,
        "owner": owner,
        "currency": currency,
        "amount": plain(hold.amount),
        "purpose": hold.purpose.value,
        "expires_at": hold.expires_at,
    }
