"""Which signals can be kept and announced: PostgreSQL writes their numbers out."""

from decimal import Decimal

from pydantic import JsonValue

from kuber.kernel.storable import NotStorable, check_storable

MOST_DIGITS = 256_000
"""Characters that the fractions of one message may take when they are written out."""


class Unstorable(ValueError):
    """A value that cannot be kept; says why, without the value."""


def check_signal(value: JsonValue, most_digits: int = MOST_DIGITS) -> None:
    """Raise Unstorable when a signal, as orjson reads it, holds what could not be kept.

    Beyond what Kuber keeps of any JSON its numbers have to stay short.
    """
    try:
        check_storable(value)
    except NotStorable as error:
        raise Unstorable(error.detail) from error
    if _digits(value) > most_digits:
        raise Unstorable("Its numbers are too long when they are written out.")


def _digits(value: JsonValue) -> int:
    """Return how many characters the fractions in `value` take: PostgreSQL knows no exponents."""
    match value:
        case float():
            text = repr(value)
            return len(format(Decimal(text), "f")) if "e" in text else len(text)
        case dict():
            return sum(map(_digits, value.values()))
        case list():
            return sum(map(_digits, value))
    return 0
