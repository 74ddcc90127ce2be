"""The comparison itself: two sources, and where they do not say the same. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from kuber.kernel.orders import Side
from kuber.ledger.rebuild import Difference as BooksDiffer
from kuber.ledger.types import Position as Lots
from kuber.ledger.types import PositionKey
from kuber.ledger.units import plain

MOST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """What two sources say of one thing. `kind`: position, books, execution or order."""

    kind: str
    symbol: str | None
    ours: str
    theirs: str
    text: str


class HeldRow(NamedTuple):
    """A position that is not closed, as the journal has it; `quantity` without a sign."""

    position_id: UUID
    symbol: str
    side: str
    quantity: Decimal


class Execution(NamedTuple):
    """One execution; `quantity` is signed: bought is positive."""

    symbol: str
    quantity: Decimal
    price: Decimal
    fee: Decimal


class OrderSum(NamedTuple):
    """An order whose filled quantity is not the sum of its fills."""

    order_id: UUID
    symbol: str
    filled: Decimal
    fills: Decimal


def not_compared(error: Exception) -> Difference:
    """Return what keeps an account from trading whose sources cannot be read."""
    text = f"The account could not be compared ({type(error).__name__}); see the log."
    return Difference("books", None, "unknown", "unknown", text)


def positions_differ(
    held: Iterable[HeldRow], lots: Mapping[PositionKey, Lots]
) -> Iterator[Difference]:
    """Yield the positions that hold something else than the ledger's lots of them."""
    ours = {
        PositionKey(row.symbol, row.position_id): row.quantity
        if row.side == Side.BUY
        else -row.quantity
        for row in held
    }
    theirs = {key: position.quantity for key, position in lots.items() if position.lots}
    for key in sorted({*ours, *theirs}):
        one, other = ours.get(key, Decimal(0)), theirs.get(key, Decimal(0))
        if one != other:
            text = (
                f"{key.symbol}: the position {key.position_id} holds {plain(one)}, the ledger"
                f" {plain(other)}."
            )
            yield Difference("position", key.symbol, plain(one), plain(other), text)


def executions_differ(
    fills: Mapping[str, Execution], settled: Mapping[str, Execution]
) -> Iterator[Difference]:
    """Yield the executions that are not on the ledger as they were booked; by execution id."""
    for name in sorted({*fills, *settled}):
        one, other = fills.get(name), settled.get(name)
        if one != other:
            symbol = (one or other or Execution("", *[Decimal(0)] * 3)).symbol
            text = f"{symbol}: fill {name} is {_shown(one)}; on the ledger it is {_shown(other)}."
            yield Difference("execution", symbol, _shown(one), _shown(other), text)


def orders_differ(rows: Iterable[OrderSum]) -> Iterator[Difference]:
    """Yield what is wrong with filled quantities."""
    for row in rows:
        text = (
            f"{row.symbol}: order {row.order_id} says that {plain(row.filled)} are filled; its"
            f" fills come to {plain(row.fills)}."
        )
        yield Difference("order", row.symbol, plain(row.filled), plain(row.fills), text)


def books_differ(found: Iterable[BooksDiffer]) -> Iterator[Difference]:
    """Yield where balances, lots and holds do not follow from the ledger's entries."""
    for one in found:
        text = f"{one.what} is {one.there}; the entries give {one.rebuilt}."
        yield Difference("books", None, one.there[:MOST_TEXT], one.rebuilt[:MOST_TEXT], text)


def _shown(one: Execution | None) -> str:
    if one is None:
        return "missing"
    return f"{plain(one.quantity)} at {plain(one.price)}, fee {plain(one.fee)}"
