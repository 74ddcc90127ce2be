"""Opaque cursors for lists: where the next page begins."""

import base64
import binascii
import json

from kuber.kernel.errors import KuberError, Problem


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
    except (ValueError, binascii.Error):
        key = None
    if not (isinstance(key, list) and len(key) == parts and all(isinstance(k, str) for k in key)):
        raise bad_cursor()
    return tuple(key)


def bad_cursor() -> BadCursor:
    """Return the error for a cursor whose key means nothing to its list."""
    return BadCursor(
        "The cursor is not one that this list gave out.",
        [Problem("Unknown cursor.", "Start again without a cursor.", field="cursor")],
    )
