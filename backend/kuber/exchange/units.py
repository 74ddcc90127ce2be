"""Numbers inside the exchange: whole numbers of a fixed small unit, so that sums are exact.

| kind | unit | example |
|---|---|---|
| price | 10^-12 of the currency | 150.25 is 150_250_000_000_000 |
| quantity | 10^-9 of a share or coin | 1 share is 1_000_000_000 |
| amount (price times quantity) | 10^-21 of the currency | |
| instant | microseconds since 1970, UTC | |
| part | millionths | 0.1 % is 1_000 |
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kuber.exchange.errors import BadNumber
from kuber.kernel.errors import Problem
from kuber.kernel.money import exact

PRICE_PLACES = 12
QUANTITY_PLACES = 9
AMOUNT_PLACES = PRICE_PLACES + QUANTITY_PLACES
LEDGER_PLACES = 18
PART_PLACES = 6

PRICE_ONE: int = 10**12
QUANTITY_ONE: int = 10**9
AMOUNT_ONE: int = 10**21
MILLION: int = 10**6

SECOND = 1_000_000
"""A second in the unit of instants."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_EXPONENT = 17
"""Numbers of 10^18 and more are refused: NUMERIC(38,18) and sums of them hold what is left."""


def to_price(value: Decimal | str, field: str = "price") -> int:
    """Return a price in its unit. Raises BadNumber, which names `field`."""
    return _whole(value, PRICE_PLACES, field)


def to_quantity(value: Decimal | str, field: str = "quantity") -> int:
    """Return a quantity in its unit. Raises BadNumber, which names `field`."""
    return _whole(value, QUANTITY_PLACES, field)


def to_amount(value: Decimal | str, field: str = "amount") -> int:
    """Return an amount of money in its unit. Raises BadNumber, which names `field`."""
    return _whole(value, AMOUNT_PLACES, field)


def to_part(value: Decimal | str, field: str = "part") -> int:
    """Return a fraction in millionths. Raises BadNumber, which names `field`."""
    return _whole(value, PART_PLACES, field)


def from_price(value: int) -> Decimal:
    """Return a price as an exact decimal, without zeros at its end."""
    return _decimal(value, PRICE_PLACES)


def from_quantity(value: int) -> Decimal:
    """Return a quantity as an exact decimal, without zeros at its end."""
    return _decimal(value, QUANTITY_PLACES)


def from_amount(value: int) -> Decimal:
    """Return an amount as an exact decimal, without zeros at its end."""
    return _decimal(value, AMOUNT_PLACES)


def from_amount_up(value: int) -> Decimal:
    """Return an amount that the ledger can keep: rounded up to its 18 places."""
    return _decimal(ceil_to(value, 10 ** (AMOUNT_PLACES - LEDGER_PLACES)), AMOUNT_PLACES)


def to_instant(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    assert moment.tzinfo is not None, "times carry their zone"
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_instant(at: int) -> datetime:
    """Return the time in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def floor_to(value: int, step: int) -> int:
    """Return the largest multiple of `step` that is not above `value`."""
    return value // step * step


def ceil_to(value: int, step: int) -> int:
    """Return the smallest multiple of `step` that is not below `value`."""
    return -(-value // step) * step


def half_up_to(value: int, step: int) -> int:
    """Return the nearest multiple of `step`, the upper one when both are as near."""
    return (2 * value + step) // (2 * step) * step


def _whole(value: Decimal | str, places: int, field: str) -> int:
    try:
        number = exact(value)
    except ValueError as error:
        raise _refused(field, str(error)) from error
    if number.adjusted() > _LARGEST_EXPONENT:
        raise _refused(field, f"{value} is too large")
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "finite numbers have an exponent"
    scaled = int("".join(map(str, digits)) or "0")
    shift = exponent + places
    if shift >= 0:
        factor: int = 10**shift
        scaled *= factor
    else:
        scaled, rest = divmod(scaled, 10 ** min(-shift, len(digits) + 1))
        if rest:
            raise _refused(field, f"{value} has more than {places} decimal places")
    return -scaled if sign else scaled


def _decimal(value: int, places: int) -> Decimal:
    sign, digits = ("-", str(-value)) if value < 0 else ("", str(value))
    digits = digits.rjust(places + 1, "0")
    fraction = digits[-places:].rstrip("0")
    return Decimal(f"{sign}{digits[:-places]}.{fraction}" if fraction else sign + digits[:-places])


def _refused(field: str, why: str) -> BadNumber:
    problem = Problem(why, BadNumber.usual_remedy, field=field)
    return BadNumber(f"{field}: {why}", [problem])
