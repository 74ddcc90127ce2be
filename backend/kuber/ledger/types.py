"""What the ledger is made of.

A transfer moves an amount of one unit from the account `credit` to the account `debit`. Units are
currencies and instruments. An account is a path under an owner, in one unit; its balance is what
it was debited minus what it was credited:

| Path | Balance |
|---|---|
| `cash` | what is free to spend; at the minor unit, never negative |
| `reserved` | what holds keep; never negative |
| `debt` | what is owed, negated |
| `deposits` | what was paid in, negated |
| `holding:AAPL`, `market:AAPL` | units held, negative when short; and their counterpart |
| `cost:AAPL` | the cost of the open lots; of shorts their proceeds, negated |
| `realised_pnl`, `dividends` | earned, negated |
| `fees`, `spent` | paid |
| `rounding` | what cash at the minor unit differs from the exact sums |
| `reset` | what a reset took out |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Book(StrEnum):
    """Two books that share no account and no lock."""

    TRADING = "trading"
    """Owners are trading accounts."""
    USAGE = "usage"
    """Owners are whoever pays for runs."""


class Kind(StrEnum):
    """What a transfer is."""

    DEPOSIT = "deposit"
    UNITS = "units"
    COST = "cost"
    REALISED_PNL = "realised_pnl"
    FEE = "fee"
    ROUNDING = "rounding"
    DIVIDEND = "dividend"
    SPLIT = "split"
    SPENT = "spent"
    HOLD = "hold"
    RELEASE = "release"
    DEBT = "debt"
    REPAYMENT = "repayment"
    RESET = "reset"


class TransferState(StrEnum):
    """A hold is `pending`; the one transfer that ends it says how: `posted` or `voided`.

    Whatever is no hold is `posted` from the start.
    """

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


CASH, RESERVED, DEBT, DEPOSITS = "cash", "reserved", "debt", "deposits"
FEES, REALISED_PNL, DIVIDENDS = "fees", "realised_pnl", "dividends"
ROUNDING, RESET, SPENT = "rounding", "reset", "spent"


def holding(symbol: str) -> str:
    """Return the path of the units held of an instrument."""
    return f"holding:{symbol}"


def market(symbol: str) -> str:
    """Return the path that units come from and go to."""
    return f"market:{symbol}"


def cost(symbol: str) -> str:
    """Return the path of the cost of an instrument's open lots."""
    return f"cost:{symbol}"


class HoldId(NamedTuple):
    """The `number`-th hold, from 1, of an order or whatever else money is kept for."""

    key: UUID
    number: int


class HoldPurpose(StrEnum):
    """What money is kept for."""

    ORDER = "order"
    """Ends with its order alone, never by time."""
    MARGIN = "margin"
    """What a short position has to keep."""
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Hold:
    """Money kept for something; `amount` > 0, at the minor unit."""

    id: HoldId
    amount: Decimal
    purpose: HoldPurpose
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldsOfKey:
    """The last number that a key has used, and its hold if that is still open."""

    last: int = 0
    open: Hold | None = None


UNATTRIBUTED = UUID(int=0)
"""The position of what belongs to none."""


class PositionKey(NamedTuple):
    """Lots are matched within one of these, first in, first out."""

    symbol: str
    position_id: UUID = UNATTRIBUTED


@dataclass(frozen=True, slots=True)
class Lot:
    """Units bought, or sold short, at once, and what they cost in all.

    Of a short lot both are negative: units owed, and the proceeds.
    """

    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """Open lots of one sign, the oldest first, numbered from `first` on."""

    lots: tuple[Lot, ...] = ()
    first: int = 1

    @property
    def quantity(self) -> Decimal:
        return sum((lot.quantity for lot in self.lots), Decimal(0))

    @property
    def cost(self) -> Decimal:
        return sum((lot.cost for lot in self.lots), Decimal(0))

    def numbered(self) -> dict[int, Lot]:
        """Return the lots by number."""
        return dict(enumerate(self.lots, self.first))


FLAT = Position()
Positions = Mapping[PositionKey, Position]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Moves `amount` > 0 of `unit` from `credit` to `debit`, two paths of one owner.

    `hold` is the hold that it makes (pending) or ends. Its id is that of the transaction and its
    place in it.
    """

    kind: Kind
    debit: str
    credit: str
    amount: Decimal
    unit: str
    state: TransferState = TransferState.POSTED
    hold: HoldId | None = None
    expires_at: datetime | None = None

    def entries(self) -> Iterator[tuple[str, str, Decimal]]:
        """Give path, unit and signed amount of both sides; they sum to zero."""
        yield self.debit, self.unit, self.amount
        yield self.credit, self.unit, -self.amount


@dataclass(frozen=True, slots=True)
class AccountState:
    """What a posting is decided on: cash and debt of an owner in one currency, positions, holds.

    Positions and holds of other symbols and keys than those that are asked for may be left out.
    debt: >= 0. When there is any, `cash` is 0.
    """

    cash: Decimal = Decimal(0)
    debt: Decimal = Decimal(0)
    positions: Positions = field(default_factory=dict)
    holds: Mapping[UUID, HoldsOfKey] = field(default_factory=dict)

    def position(self, key: PositionKey) -> Position:
        return self.positions.get(key, FLAT)

    def holds_of(self, key: UUID) -> HoldsOfKey:
        return self.holds.get(key, HoldsOfKey())
