"""Corporate actions as those who hold shares are told of them: of all users, by their days."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kuber.infra.db import RawConnection
from kuber.kernel.ids import UserId
from kuber.market.actions.types import ActionKind, ratio_text

_TOLD = """
    select symbol, user_id, kind, ex_date, new_shares, old_shares, amount, currency
    from corporate_actions
    where state = 'active' and ex_date between %(first)s and %(last)s
    order by ex_date, kind, symbol, user_id nulls first
"""


@dataclass(frozen=True, slots=True)
class ToldAction:
    """A split (`ratio`, new shares to old) or a dividend (`amount` for one share) that is in force.

    `user_id` is whose file told of it; None is the platform's own word, which holds for everybody.
    """

    symbol: str
    user_id: UserId | None
    kind: ActionKind
    ex_date: date
    ratio: Fraction | None = None
    amount: Decimal | None = None
    currency: str | None = None

    @property
    def text(self) -> str:
        """What it says, in a word: `2:1`, `0.24 USD`."""
        if self.ratio is not None:
            return ratio_text(self.ratio)
        assert self.amount is not None, "a dividend has its amount"
        return f"{self.amount.normalize():f} {self.currency or ''}".strip()


async def told_between(connection: RawConnection, first: date, last: date) -> list[ToldAction]:
    """Return the actions of these days, the oldest first, of a day dividends before splits.

    What the platform tells of an instrument comes before what files tell.
    """
    cursor = await connection.execute(_TOLD.encode(), {"first": first, "last": last})
    return [_told(*row) for row in await cursor.fetchall()]


def _told(
    symbol: str,
    user_id: UserId | None,
    kind: str,
    ex_date: date,
    new_shares: Decimal | None,
    old_shares: Decimal | None,
    amount: Decimal | None,
    currency: str | None,
) -> ToldAction:
    ratio = None
    if new_shares is not None and old_shares is not None:
        ratio = Fraction(new_shares) / Fraction(old_shares)
    return ToldAction(symbol, user_id, ActionKind(kind), ex_date, ratio, amount, currency)
