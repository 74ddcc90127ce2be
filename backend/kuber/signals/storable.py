"""Which JSON can be kept and announced: PostgreSQL and Kafka take less than JSON may say."""

from decimal import Decimal

from pydantic import JsonValue

MOST_LEVELS = 16
"""How deep objects and lists may lie in each other."""
MOST_DIGITS = 256_000
"""Characters that the fractions of one message may take when they are written out."""


class Unstorable(ValueError):
    """A value that cannot be kept; says why, without the value."""


def check_storable(value: JsonValue, most_digits: int = MOST_DIGITS) -> None:
    """Raise Unstorable when `value`, as orjson reads it, holds what could not be kept."""
    if _digits(value, MOST_LEVELS) > most_digits:
        raise Unstorable("Its numbers are too long when they are written out.")


def _digits(value: JsonValue, levels: int) -> int:
    """Return how many characters the fractions in `value` take: PostgreSQL knows no exponents."""
    if levels < 0:
        raise Unstorable(f"Objects and lists lie more than {MOST_LEVELS} deep in each other.")
    match value:
        case str():
            if "\0" in value:
                raise Unstorable("A text holds a NUL character.")
        case float():
            text = repr(value)
            return len(format(Decimal(text), "f")) if "e" in text else len(text)
        case dict():
            for name in value:
                _digits(name, levels)
            return sum(_digits(item, levels - 1) for item in value.values())
        case list():
            return sum(_digits(item, levels - 1) for item in value)
    return 0
