"""A time of day in a column of its own, beside a date: with colons, or in digits (093000, 0930)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WITH_COLONS = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?")
_DIGITS = re.compile(r"\d{1,6}")
_LENGTHS = (4, 6)
"""HHMM and HHMMSS."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the time of day stands; `filled_to` digits where zeros before it are left out, as
    spreadsheets do (93000), 0 where it stands as it is read."""

    place: int
    filled_to: int = 0


def is_clock(values: Sequence[str]) -> bool:
    """Return whether a column holds times of the day and nothing more, by its first values."""
    if not values:
        return False
    return bool(_WITH_COLONS.fullmatch(values[0])) or bool(_length_of(values))


def holds_clocks(values: Sequence[str]) -> bool:
    """Return whether a column whose name is not known surely holds times of the day, of which not
    all are alike."""
    return len(set(values)) > 1 and all(_WITH_COLONS.fullmatch(value) for value in values)


def clock_of(place: int, values: Sequence[str]) -> Clock | None:
    """Return the clock in a column of times of the day; None where they are nothing but zeros,
    which stand for whole days."""
    if not any(value.strip("0") for value in values):
        return None
    if _WITH_COLONS.fullmatch(values[0]):
        return Clock(place)
    length = _length_of(values)
    return Clock(place, 0 if all(len(value) == length for value in values) else length)


def joined_clock(cells: Sequence[str]) -> bool:
    """Return whether the second value of a line without names is a time of day, not a price.

    Digits are one where they cannot be an opening, which lies between the low and the high.
    """
    if len(cells) < 6:
        return False
    value = cells[1].strip()
    if _WITH_COLONS.fullmatch(value):
        return True
    if len(value) not in _LENGTHS or not _length_of([value]):
        return False
    try:
        high, low = float(cells[2]), float(cells[3])
    except ValueError:
        return False
    return not low <= float(value) <= high


def _length_of(values: Sequence[str]) -> int:
    """Return how many digits times of the day have, 0 where they are none or it is in doubt."""
    if not all(_DIGITS.fullmatch(value) for value in values):
        return 0
    most = max(len(value) for value in values)
    if most <= 2 and any(int(value) for value in values):
        return 0  # 9, 10, 11 are hours
    length = 6 if most > _LENGTHS[0] else 4
    if not all(_exists(value.zfill(length)) for value in values):
        return 0
    cut = any(len(value) != length for value in values)
    # Without their zeros 100 and 200 are hours as well as minutes.
    if cut and length == _LENGTHS[0] and all(int(value) % 100 == 0 for value in values):
        return 0 if any(int(value) for value in values) else length
    return length


def _exists(clock: str) -> bool:
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:] or 0)
    return hour < 24 and minute < 60 and second < 60
