"""What is due: an action of a company, and a position that it reaches."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from kuber.kernel.ids import UserId
from kuber.kernel.orders import Side
from kuber.market.actions.telling import ToldAction
from kuber.trading.types import Ticket


class Outcome(StrEnum):
    """What became of an action for a position."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    """It cannot be reckoned any more; its note says why."""


class Holding(NamedTuple):
    """A position as it is on record; `quantity` is what is held, without a sign."""

    position_id: UUID
    symbol: str
    user_id: UserId
    account_id: UUID
    currency: str
    side: str
    status: str
    quantity: Decimal
    created_at: datetime
    closed_at: datetime | None

    @property
    def open(self) -> bool:
        return self.status != "closed"


class Before(NamedTuple):
    """What was handled before of an action that says something else by now; `number` is how often
    it was."""

    told: str
    number: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Due:
    """An action that a position has yet to hear of.

    `effective_at` is when trading without it, or on its basis, begins. `moved` is what the position
    bought (positive) or sold since then, None where it did not trade. `before` is of an action that
    was corrected.
    """

    action: ToldAction
    holding: Holding
    effective_at: datetime
    moved: Decimal | None = None
    before: Before | None = None

    @property
    def number(self) -> int:
        """The how many-th word it is that the position hears of this action."""
        return 1 if self.before is None else self.before.number + 1

    @property
    def held(self) -> Decimal:
        """What was held when the action took effect, signed."""
        sign = 1 if self.holding.side == Side.BUY else -1
        return sign * self.holding.quantity - (self.moved or Decimal(0))


@dataclass(frozen=True, slots=True)
class Done:
    """What an action did to a position, as it goes on record.

    `before` and `after` are quantities with their sign, `cash` what was paid (negative: charged).
    """

    due: Due
    outcome: Outcome
    note: str
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)
    cash: Decimal | None = None
    again: Ticket | None = None
    """The entry that takes the place of one that rested."""
