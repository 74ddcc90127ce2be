"""Exact numbers."""

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
