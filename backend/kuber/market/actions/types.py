"""The nouns of corporate actions."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID


class ActionKind(StrEnum):
    """What a company did."""

    SPLIT = "split"
    DIVIDEND = "dividend"


class Prices(StrEnum):
    """On which basis the prices of a series stand."""

    AS_TRADED = "as_traded"
    """As they were paid: at a split they jump."""
    ADJUSTED = "adjusted"
    """As if every split had happened before the first bar."""


class Use(StrEnum):
    """What becomes of a split for a series."""

    APPLIED = "applied"
    """Prices before it are adjusted from the close of the first bar on the new basis on."""
    ADJUSTED = "adjusted"
    """The prices are adjusted for it already."""
    UNDECIDED = "undecided"
    """Nobody can tell which of both; it is not applied."""
    WITHIN_BAR = "within_bar"
    """It took effect in the middle of a bar, such as a week: it is not applied."""
    OUTSIDE = "outside"
    """There are no bars on both sides of it."""


class Origin(StrEnum):
    """What tells of a split."""

    FILE = "file"
    ADJUSTED_CLOSE = "adjusted_close"


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """A split, with its `ratio` of new shares to old, or a dividend with its `amount` for one
    share. On `ex_date` trades begin on the new basis, or without the dividend."""

    symbol: str
    kind: ActionKind
    ex_date: date
    ratio: Fraction | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ToldSplit:
    """A split of a symbol as a file told it; `told_by` is None in the file that is being read."""

    ex_date: date
    ratio: Fraction
    told_by: UUID | None = None


def ratio_text(ratio: Fraction) -> str:
    """Return a ratio as people write it: new shares, then old ones."""
    return f"{ratio.numerator}:{ratio.denominator}"
