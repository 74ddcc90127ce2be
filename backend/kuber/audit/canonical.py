"""Canonical JSON: the same value is always the same bytes.

A subset of RFC 8785 (JSON Canonicalization Scheme): keys sorted, no white space, UTF-8, numbers
only whole ones within 2**53. Whatever else a value holds is turned into text first, so that nothing
that happened goes unrecorded because it cannot be written down.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import orjson
from pydantic import JsonValue

LARGEST_INTEGER = 2**53 - 1
MOST_BYTES = 262_144
"""Of one entry's data; what is larger is recorded as its SHA-256 and its size."""
MOST_LEVELS = 8
_REPLACEMENT = "\ufffd"


def canonical(data: Mapping[str, object]) -> str:
    """Return `data` as canonical JSON of at most `MOST_BYTES`.

    Decimals, instants (UTC, six digits) and ids become strings; text that UTF-8 or PostgreSQL does
    not have (lone surrogates, NUL) gets U+FFFD in its place.
    """
    written = orjson.dumps(_plain(data, 0), option=orjson.OPT_SORT_KEYS)
    if len(written) <= MOST_BYTES:
        return written.decode()
    digest = hashlib.sha256(written).hexdigest()
    return orjson.dumps({"sha256": digest, "size_bytes": len(written)}).decode()


def instant(at: datetime) -> str:
    """Return an instant as entries hold it: UTC, microseconds, always six digits of them."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def object_of(data: str) -> dict[str, JsonValue]:
    """Return what the text of an entry says; of one that somebody damaged, its beginning."""
    try:
        # What it refuses (NaN, halves of surrogate pairs) could not be written down again either.
        found = orjson.loads(data)
    except ValueError:
        found = None
    # Nobody is held up by it, and verification names it.
    if isinstance(found, dict) and _is_shallow(found, 2 * MOST_LEVELS):
        return found
    return {"damaged": data[:1000]}


def _is_shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    within = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(one, levels - 1) for one in within)


def _plain(value: object, level: int) -> object:
    if level > MOST_LEVELS:
        return _text(str(value))
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(item, level + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, level + 1) for item in value]
    return _scalar(value.value if isinstance(value, Enum) else value)


def _scalar(value: object) -> object:
    match value:
        case None | bool():
            return value
        case int() if abs(value) <= LARGEST_INTEGER:
            return value
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime():
            return instant(value)
        case bytes():
            return value.hex()
    return _text(str(value))


def _text(value: str) -> str:
    if "\0" in value:
        value = value.replace("\0", _REPLACEMENT)
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
