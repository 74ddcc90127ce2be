"""Opaque cursors for lists: where the next page begins."""

import base64
import binascii
import json
from collections.abc import Sequence

from kuber.kernel.errors import KuberError, Problem
from kuber.kernel.storable import text_fault


class BadCursor(KuberError):
    """The cursor was not made by this list."""

    code = "bad_cursor"
    title = "The page cannot be found"


def encode_cursor(*key: str) -> str:
    """Return a cursor that stands behind the row with the sort key `key`."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> tuple[str, ...]:
    """Return the sort key; raises BadCursor when it does not have `parts` texts."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        key = None
    if not (isinstance(key, list) and len(key) == parts and all(map(_is_part, key))):
        raise bad_cursor()
    return tuple(key)


def rows_that_fit(sizes: Sequence[int], most: int) -> int:
    """Return how many rows, of `sizes` values each, one page may show: one at the least."""
    whole = 0
    for place, size in enumerate(sizes):
        whole += size
        if place and whole > most:
            return place
    return len(sizes)


def _is_part(part: object) -> bool:
    return isinstance(part, str) and text_fault(part) is None


def bad_cursor() -> BadCursor:
    """Return the error for a cursor whose key means nothing to its list."""
    return BadCursor(
        "The cursor is not one that this list gave out.",
        [Problem("Unknown cursor.", "Start again without a cursor.", field="cursor")],
    )
