"""What an instrument is traded under."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kuber.market.types import DatasetKind


class TermsField(StrEnum):
    """What a user may change of an instrument."""

    NAME = "name"
    MARKET = "market"
    CURRENCY = "currency"
    TICK = "tick"
    QUANTITY_STEP = "quantity_step"
    SHORTABLE = "shortable"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class Change:
    """What a user said of an instrument; None where the symbol decides."""

    symbol: str
    name: str | None = None
    market: str | None = None
    currency: str | None = None
    tick: Decimal | None = None
    quantity_step: Decimal | None = None
    shortable: bool | None = None
    dataset: DatasetKind | None = None

    def __post_init__(self) -> None:
        for field in (TermsField.TICK, TermsField.QUANTITY_STEP):
            value = getattr(self, field)
            if value is not None:
                object.__setattr__(self, field, _plain(value))
        if self.dataset is not None:
            object.__setattr__(self, "dataset", DatasetKind(self.dataset))

    @property
    def fields(self) -> tuple[TermsField, ...]:
        """What the user decided."""
        return tuple(one for one in TermsField if getattr(self, one) is not None)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one instrument as one user sees them; None is not known."""

    symbol: str
    name: str
    market: str
    """Exchange calendar code (`XNYS`), `24/5`, `24/5 UTC` or `24/7`."""
    currency: str
    tick: Decimal | None
    """Smallest step of a price, in `currency`."""
    quantity_step: Decimal | None
    """Smallest step of a quantity."""
    shortable: bool | None
    dataset: DatasetKind | None
    """Which prices always answer; None where the moment decides, see `choice`."""
    reasons: Mapping[TermsField, str]
    """Why each is as it is, a sentence."""
    changed: tuple[TermsField, ...] = ()
    """What the user decided; the symbol decides the rest."""


def _plain(value: Decimal) -> Decimal:
    """Return a number without the zeros at its end that a column or a person wrote."""
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()
