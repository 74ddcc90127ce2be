"""Which JSON Kuber takes: what PostgreSQL, Kafka and every reader of JSON can keep and give back.

Whole numbers have 64 bits, numbers are finite, texts are Unicode without NUL and without half a
surrogate pair, and at most 32 objects and lists lie in each other.
"""

import math
from collections.abc import Iterator

from pydantic import JsonValue

from kuber.kernel.errors import KuberError, Problem

MOST_LEVELS = 32
_INT64 = range(-(2**63), 2**63)

Location = tuple[str | int, ...]


class NotStorable(KuberError):
    """A value cannot be kept; each problem names its field."""

    title = "The request is not valid"


def check_storable(value: JsonValue, name: str = "") -> None:
    """Raise NotStorable when a parsed JSON value holds what cannot be kept.

    `name` is what the value is called; fields within it follow after a dot.
    """
    if _is_storable(value):
        return
    start: Location = (name,) if name else ()
    location, reason, remedy = next(_faults(value, start))
    field = ".".join(str(part) for part in location) or None
    raise NotStorable(reason, [Problem(reason, remedy, field=field, code="not_storable")])


def text_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a text and the remedy, None when it can be kept."""
    if "\0" in text:
        return "A text holds a NUL character.", "Remove the NUL character."
    if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
        return "A text is not valid Unicode.", "Write each character whole, not half of a pair."
    return None


def _is_storable(value: JsonValue) -> bool:
    """Say whether all is well, level by level: most values are, and this costs least."""
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        within: list[JsonValue] = []
        for one in level:
            kind = type(one)
            if kind is str:
                if text_fault(one) is not None:  # type: ignore[arg-type]
                    return False
            elif kind is dict:
                within += one.values()  # type: ignore[union-attr]
                within += one  # type: ignore[arg-type]
            elif kind is list:
                within += one  # type: ignore[arg-type]
            elif _number_fault(one) is not None:
                return False
        if not within:
            return True
        level = within
    return False


def _faults(
    value: JsonValue, location: Location, depth: int = 0
) -> Iterator[tuple[Location, str, str]]:
    """Yield what is wrong, with its place, the reason and the remedy."""
    if isinstance(value, (dict, list)):
        if depth >= MOST_LEVELS:
            reason = f"Objects and lists lie more than {MOST_LEVELS} deep in each other."
            yield location, reason, "Send a flatter value."
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in items:
            if isinstance(name, str) and (fault := text_fault(name)):
                yield location, *fault
            else:
                yield from _faults(item, (*location, name), depth + 1)
    elif isinstance(value, str):
        if fault := text_fault(value):
            yield location, *fault
    elif fault := _number_fault(value):
        yield location, *fault


def _number_fault(value: object) -> tuple[str, str] | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "A number is not finite.", "Send a finite number."
    if isinstance(value, int) and value not in _INT64:
        return "A whole number does not fit into 64 bits.", "Send a smaller number, or a text."
    return None
