"""Chance that can be repeated: the same seed and key always draw the same number."""

from hashlib import blake2b

from kuber.exchange.units import MILLION, floor_to

REJECTION = "rejection"
PARTIAL = "partial"
PART = "part"

SMALLEST_PART, LARGEST_PART = 300_000, 900_000
"""A partial fill takes between 30 % and 90 %."""


def drawn(seed: int, key: str, kind: str, count: int) -> int:
    """Return a number in [0, 1,000,000).

    key: what the draw is for, such as symbol, leg and ordinal; never an id that differs between
    equal runs. count: how many fills the order has.
    """
    text = f"{seed}\x1f{key}\x1f{kind}\x1f{count}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) * MILLION >> 64


def happens(seed: int, key: str, kind: str, count: int, rate: int) -> bool:
    """Return whether something happens whose rate is in millionths."""
    return rate > 0 and drawn(seed, key, kind, count) < rate


def part_of(seed: int, key: str, count: int, quantity: int, lot: int, minimum: int) -> int:
    """Return the part of `quantity` that is filled: lots, at least one.

    All of it when less than `minimum` would be left.
    """
    width = LARGEST_PART - SMALLEST_PART
    share = SMALLEST_PART + drawn(seed, key, PART, count) * width // MILLION
    part = max(lot, floor_to(quantity * share // MILLION, lot))
    return part if quantity - part >= max(minimum, 1) else quantity
