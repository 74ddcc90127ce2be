"""Verifying the record of this installation: all that it is compared with.

What child processes import: kept apart from the routes, so that they start at once.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from kuber.audit.export import lines
from kuber.audit.outside import read_outside
from kuber.audit.roles import ROLES
from kuber.audit.verify import Part, Verification, verify
from kuber.infra.child import Streamed
from kuber.pipelines.audited import PIPELINES
from kuber.trading.accounts.audited import ACCOUNTS
from kuber.trading.audited import ORDERS

_CHUNK_BYTES = 65_536

COMPARISONS = (*ORDERS, ACCOUNTS, PIPELINES, ROLES)
"""How the rows of every package are compared with what the record says of them."""


def verify_record(database_url: str, folder: str, part: Part | None) -> Verification:
    """Verify the record, or one part of it; what the child process calls."""
    outside = partial(read_outside, Path(folder), None)
    return verify(database_url, COMPARISONS, outside, part=part)


def export_record(database_url: str, folder: str) -> Streamed[None]:
    """Export the record as lines of JSON, in chunks; what the child process calls."""
    return Streamed(None, _chunks(lines(database_url, Path(folder))))


def _chunks(content: Iterator[bytes]) -> Iterator[bytes]:
    chunk = bytearray()
    for line in content:
        chunk += line + b"\n"
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)
