"""What is posted: facts, as they are kept with their transactions.

Signs of quantities: positive is bought or long, negative sold or short.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Any, ClassVar, get_args, get_type_hints
from uuid import UUID, uuid5

from pydantic import JsonValue

from kuber.ledger.errors import BadAmount
from kuber.ledger.types import UNATTRIBUTED, Book, HoldPurpose, PositionKey
from kuber.ledger.units import ZERO, checked, plain

_IDS = UUID("6f0d2c6e-3b0b-4d7c-9a5e-0d6c1a5b8e21")
_SMALLEST = Decimal(1).scaleb(-18)


@dataclass(frozen=True, slots=True)
class Deposited:
    """Money paid in, at the minor unit."""

    kind: ClassVar[str] = "deposit"
    amount: Decimal

    def __post_init__(self) -> None:
        checked(self.amount, "amount", least=_SMALLEST)


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution with its fee; `quantity` is signed.

    rest: what the order's next hold keeps for what is not filled yet. The hold before is ended.
    """

    kind: ClassVar[str] = "execution"
    symbol: str
    quantity: Decimal
    price: Decimal
    fee: Decimal = ZERO
    position_id: UUID = UNATTRIBUTED
    order_id: UUID | None = None
    execution_id: str = ""
    rest: Decimal = field(default=ZERO, compare=False)

    def __post_init__(self) -> None:
        checked(self.quantity, "quantity")
        checked(self.price, "price", least=ZERO)
        checked(self.fee, "fee")
        checked(self.rest, "rest", least=ZERO)
        if not self.quantity:
            raise BadAmount("An execution carries something out; its quantity is 0.")

    @property
    def position(self) -> PositionKey:
        return PositionKey(self.symbol, self.position_id)


@dataclass(frozen=True, slots=True)
class Held:
    """Money to be kept for `key`: an order's id, a position's, a run's. An open hold of the same
    key is replaced by it."""

    kind: ClassVar[str] = "hold"
    key: UUID
    amount: Decimal
    purpose: HoldPurpose = HoldPurpose.ORDER
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        checked(self.amount, "amount", least=_SMALLEST)
        assert self.expires_at is None or self.purpose is not HoldPurpose.ORDER, (
            "an order's hold ends with the order"
        )


@dataclass(frozen=True, slots=True)
class Released:
    """The open hold of `key` is not needed any more; `expired`: because its time has come."""

    kind: ClassVar[str] = "release"
    key: UUID
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Charged:
    """A cost, not of trading; posts the open hold of `hold`, if there still is one."""

    kind: ClassVar[str] = "charge"
    amount: Decimal
    hold: UUID | None = None

    def __post_init__(self) -> None:
        checked(self.amount, "amount", least=ZERO)


@dataclass(frozen=True, slots=True)
class SharesSplit:
    """`new_shares` for each `old_shares` of all positions in a symbol, or of one of them.

    step: the smallest quantity that is kept; the rest of each position is paid in cash.
    price: of a new share, for that.
    """

    kind: ClassVar[str] = "split"
    symbol: str
    new_shares: int
    old_shares: int
    step: Decimal
    price: Decimal
    position_id: UUID | None = None

    def __post_init__(self) -> None:
        assert self.new_shares > 0, "a split leaves something"
        assert self.old_shares > 0, "a split leaves something"
        checked(self.step, "step", least=_SMALLEST)
        checked(self.price, "price", least=ZERO)


@dataclass(frozen=True, slots=True)
class DividendPaid:
    """`amount` for each unit held: paid to holders, charged to shorts.

    quantity: what was held when it counted, signed; None for all that is held now.
    """

    kind: ClassVar[str] = "dividend"
    symbol: str
    amount: Decimal
    quantity: Decimal | None = None

    def __post_init__(self) -> None:
        checked(self.amount, "amount", least=ZERO)
        if self.quantity is not None:
            checked(self.quantity, "quantity")


@dataclass(frozen=True, slots=True)
class AccountReset:
    """Everything that is open is closed, without profit or loss; history stays."""

    kind: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class Reversed:
    """The transaction `original` should never have been."""

    kind: ClassVar[str] = "reversal"
    original: UUID


Fact = (
    Deposited
    | Executed
    | Held
    | Released
    | Charged
    | SharesSplit
    | DividendPaid
    | AccountReset
    | Reversed
)


@dataclass(frozen=True, slots=True)
class Posting:
    """A fact to be posted in the account of `owner`, whose currency is `currency`.

    `id` is the transaction's: a posting that is repeated carries the same.
    """

    id: UUID
    book: Book
    owner: UUID
    currency: str
    at: datetime
    fact: Fact
    memo: str = ""

    def __post_init__(self) -> None:
        assert self.at.tzinfo is not None, "an instant has a zone"

    @property
    def symbol(self) -> str | None:
        """The instrument that it is about."""
        fact = self.fact
        return fact.symbol if isinstance(fact, Executed | SharesSplit | DividendPaid) else None


def execution_transaction(venue: str, account: UUID, execution_id: str) -> UUID:
    """Return the id of an execution's transaction: told twice, it is posted once."""
    return _derived("execution", venue, account, execution_id)


def reversal_of(original: UUID) -> UUID:
    """Return the id of the one transaction that reverses another."""
    return _derived("reversal", original)


def expiry_of(book: Book, key: UUID, number: int) -> UUID:
    """Return the id of the transaction that ends a hold whose time has come."""
    return _derived("expiry", book, key, number)


def transfer_id(transaction: UUID, number: int) -> UUID:
    """Return an id for the `number`-th transfer of a transaction."""
    return _derived("transfer", transaction, number)


def to_json(fact: Fact) -> dict[str, JsonValue]:
    """Return a fact as JSON values; the same fact always the same ones."""
    return {one: _written(getattr(fact, one)) for one in _READERS[fact.kind][1]}


def from_json(kind: str, values: Mapping[str, JsonValue]) -> Fact:
    """Return the fact that `to_json` wrote."""
    made, readers = _READERS[kind]
    return made(**{name: readers[name](value) for name, value in values.items()})


def _derived(*parts: object) -> UUID:
    return uuid5(_IDS, "/".join(map(str, parts)))


def _written(value: object) -> JsonValue:
    match value:
        case None | bool() | int():
            return value
        case Decimal():
            return plain(value)
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case _:
            return str(value)


def _reader(hint: Any) -> Callable[[Any], Any]:
    if isinstance(hint, UnionType):
        (inner,) = (one for one in get_args(hint) if one is not type(None))
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    return datetime.fromisoformat if hint is datetime else hint


_READERS: dict[str, tuple[Callable[..., Fact], dict[str, Callable[[Any], Any]]]] = {
    made.kind: (made, {one.name: _reader(get_type_hints(made)[one.name]) for one in fields(made)})
    for made in get_args(Fact)
}
