"""Money and exact quantities."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation


def exact(value: Decimal | str | float) -> Decimal:
    """Return `value` as a finite Decimal; a float goes through its shortest text.

    Raises ValueError for NaN, infinity and text that is no number.
    """
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return number


def quantize(value: Decimal, places: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Round `value` to `places` decimal places with the given `decimal` rounding mode."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=rounding)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code or a crypto ticker)."""

    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError("money must be finite")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def rounded(self, places: int, rounding: str) -> "Money":
        """Return the amount rounded with an explicit `decimal` rounding mode."""
        return Money(quantize(self.amount, places, rounding), self.currency)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.amount
