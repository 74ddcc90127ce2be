"""Ratios and amounts as files write them, exact."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?"
_RATIO = re.compile(rf"({_NUMBER})\s*(?::|/|-?\s*for\s*-?)\s*({_NUMBER})", re.IGNORECASE)
_PLAIN = re.compile(_NUMBER)
_SIGNED = re.compile(r"[$\u20ac\u00a3\u00a5]|[A-Za-z]{3}\b")
_COMMA = re.compile(r"\d,\d")
_EXACT_DECIMALS = 4
"""More of them are a rounded fraction: 0.028571 is 1:35."""
_LARGEST_PART = 2000
_MOST = 100_000
"""New shares for one old, or the other way round."""
_MOST_DIGITS = 12
_CENT = Decimal("0.00000001")
_AMOUNT_LIMIT = Decimal(10) ** 9

EXPECTED_RATIO = "Write new shares, then old ones, such as 4:1, or 1:10 for a reverse split."
EXPECTED_AMOUNT = "Write the amount for one share as a plain number, such as 0.24."


@dataclass(frozen=True, slots=True)
class BadValue(Exception):
    """What is wrong with a value, and what to write instead."""

    code: str
    message: str
    remedy: str


def read_ratio(text: str) -> Fraction:
    """Return new shares for one old from `4:1`, `4/1`, `4 for 1` or `4.0`; raises BadValue."""
    plain = text.strip()
    if (pair := _RATIO.fullmatch(plain)) is not None:
        return ratio_of(pair[1], pair[2], plain)
    if _PLAIN.fullmatch(plain) is None:
        raise BadValue("bad_ratio", f"{plain[:40]!r} is no ratio of a split.", EXPECTED_RATIO)
    return _checked(_whole_parts(plain), plain)


def ratio_of(new: str, old: str, shown: str) -> Fraction:
    """Return new shares for one old from both numbers; raises BadValue."""
    if not (_PLAIN.fullmatch(new.strip()) and _PLAIN.fullmatch(old.strip())):
        raise BadValue("bad_ratio", f"{shown[:40]!r} is no ratio of a split.", EXPECTED_RATIO)
    shares = Fraction(new.strip()), Fraction(old.strip())
    if shares[1] == 0:
        raise BadValue("bad_ratio", f"The ratio {shown[:40]!r} divides by zero.", EXPECTED_RATIO)
    if min(shares) < 0:
        raise BadValue("bad_ratio", f"The ratio {shown[:40]!r} is negative.", EXPECTED_RATIO)
    return _checked(shares[0] / shares[1], shown)


def _checked(ratio: Fraction, shown: str) -> Fraction:
    if ratio <= 0:
        what = "zero" if ratio == 0 else "negative"
        raise BadValue("bad_ratio", f"The ratio {shown[:40]!r} is {what}.", EXPECTED_RATIO)
    large = max(ratio, 1 / ratio) > _MOST
    if large or max(ratio.numerator, ratio.denominator) >= 10**_MOST_DIGITS:
        remedy = f"A split of more than {_MOST:,} to 1 is not supported: check the numbers."
        raise BadValue("bad_ratio", f"The ratio {shown[:40]!r} is too large or too fine.", remedy)
    return ratio


def _whole_parts(text: str) -> Fraction:
    """Return a decimal number as a ratio; one with many decimals as the simplest that it may be
    the rounding of."""
    exact, value = Fraction(text), Decimal(text)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "it is finite"
    if -exponent <= _EXACT_DECIMALS:
        return exact
    near = exact.limit_denominator(_LARGEST_PART)
    if 0 < exact < 1:
        near = 1 / (1 / exact).limit_denominator(_LARGEST_PART)
    return near if abs(near - exact) <= Fraction(10) ** exponent / 2 else exact


def read_amount(text: str) -> tuple[Decimal, bool]:
    """Return the amount of a dividend, and whether it had to be rounded; raises BadValue."""
    plain = text.strip()
    shown = repr(plain[:40])
    if _PLAIN.fullmatch(plain) is None:
        if _SIGNED.search(plain):
            remedy = "Write the number alone, and the currency in a column 'currency'."
            raise BadValue("bad_amount", f"The amount {shown} names a currency.", remedy)
        if _COMMA.search(plain):
            remedy = "Write decimals behind a point and nothing between thousands: 1234.5."
            raise BadValue("bad_amount", f"The amount {shown} has a comma.", remedy)
        raise BadValue("bad_amount", f"The amount {shown} is not a number.", EXPECTED_AMOUNT)
    exact = Decimal(plain)
    if exact <= 0:
        what = "zero" if exact == 0 else "negative"
        remedy = "Leave the line out, or write the amount that was paid."
        raise BadValue("bad_amount", f"The amount {shown} is {what}.", remedy)
    if exact >= _AMOUNT_LIMIT:
        raise BadValue("bad_amount", f"The amount {shown} is too large.", EXPECTED_AMOUNT)
    amount = exact.quantize(_CENT, ROUND_HALF_EVEN)
    if amount == 0:
        raise BadValue(
            "bad_amount", f"The amount {shown} is smaller than 0.00000001.", EXPECTED_AMOUNT
        )
    return amount, amount != exact
