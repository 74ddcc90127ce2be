"""Amounts: what the books can hold, and the three places where something is rounded.

Everything else is computed in a context that refuses to round (`exactly`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import (
    ROUND_CEILING,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)

from iso4217 import raw_table

from kuber.ledger.errors import BadAmount, UnknownCurrency
from kuber.ledger.types import Book

PLACES = 18
"""The finest the books keep: NUMERIC(38,18)."""
LARGEST = Decimal(10) ** 20
"""No amount reaches it."""
USAGE_PLACES = 8
"""In `usage`, as in the prices of models: a call costs less than a cent."""
ZERO = Decimal(0)

_ONE = 10**PLACES
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDING = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])
_COINS = {"USDT": 6, "USDC": 6, "BTC": 8, "ETH": 18, "CNH": 2}
_MINOR_DIGITS = {
    code: int(digits)
    for code, row in raw_table.items()
    if code and (digits := str(row["CcyMnrUnts"])).isdigit()
} | _COINS


@contextmanager
def exactly() -> Iterator[None]:
    """Compute with 60 digits and raise `decimal.Inexact` where these do not suffice."""
    with localcontext(_EXACT):
        yield


def minor_digits(book: Book, currency: str) -> int:
    """Return the decimal places of cash in `currency`. Raises UnknownCurrency."""
    digits = _MINOR_DIGITS.get(currency)
    if digits is None:
        raise UnknownCurrency(f"The minor unit of {currency!r} is not known.")
    return digits if book is Book.TRADING else USAGE_PLACES


def to_minor(amount: Decimal, digits: int) -> Decimal:
    """Round to the minor unit, half even: the one rounding of a transaction."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN, _ROUNDING)


def up_to_minor(amount: Decimal, digits: int) -> Decimal:
    """Round a hold up to the minor unit: it is never too small for what it was made for."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_CEILING, _ROUNDING)


def product(quantity: Decimal, price: Decimal) -> Decimal:
    """Return what `quantity` at `price` is worth, to the finest the books keep, half even.

    Prices of twelve places times quantities of nine have three places more than that.
    """
    return whole(_half_even(scaled(quantity) * scaled(price), _ONE))


def quotient(amount: int, divisor: int) -> Decimal:
    """Return `amount / divisor`, given in 10^-18, half even."""
    return whole(_half_even(amount, divisor))


def pro_rata(amount: Decimal, part: Decimal, total: Decimal) -> Decimal:
    """Return `amount * part / total`, cut off towards zero at the finest the books keep."""
    cut = abs(scaled(amount)) * scaled(part) // scaled(total)
    return whole(cut if amount >= 0 else -cut)


def scaled(amount: Decimal) -> int:
    """Return an amount in units of 10^-18."""
    return int(amount.scaleb(PLACES, _EXACT))


def whole(units: int) -> Decimal:
    """Return the amount of so many units of 10^-18."""
    return Decimal(units).scaleb(-PLACES, _EXACT)


def plain(amount: Decimal) -> str:
    """Return the one text of an amount: no exponent, no zeros at its end."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tidy(amount: Decimal) -> Decimal:
    """Return an amount without the zeros that a column's scale adds."""
    return Decimal(plain(amount))


def checked(amount: Decimal, name: str, *, least: Decimal | None = None) -> None:
    """Raise BadAmount unless the books can hold `amount`, and it is at least `least`."""
    if not amount.is_finite():
        raise BadAmount(f"{name} is no number: {amount}.")
    if abs(amount) >= LARGEST:
        raise BadAmount(f"{name} is too large: {amount:.6g}.")
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int), "it is finite"
    if exponent < -PLACES and any(digits[exponent + PLACES :]):
        raise BadAmount(f"{name} has more than {PLACES} decimal places: {amount}.")
    if least is not None and amount < least:
        raise BadAmount(f"{name} is less than {plain(least)}: {plain(amount)}.")


def _half_even(amount: int, divisor: int) -> int:
    """Return `amount / divisor` to the nearest whole number, a half to the even one."""
    result, rest = divmod(amount, divisor)
    twice = 2 * rest
    return result + (twice > divisor or (twice == divisor and result % 2 == 1))
