"""The record as lines of JSON, for people who verify it without Kuber."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg

from kuber.audit import statements
from kuber.audit.outside import line_of, read_outside


def lines(database_url: str, folder: Path) -> Iterator[bytes]:
    """Give every entry, in the order of the chain, then every checkpoint that is kept outside.

    An entry is canonical JSON with its `hash`; what says who somebody is is in neither. Raises
    psycopg.Error.
    """
    outside = read_outside(folder, None)  # first: never ahead of what is read next
    with psycopg.connect(
        database_url, autocommit=True, application_name="kuber-audit-export"
    ) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction(), connection.cursor() as cursor:
            every = (-(2**63) - 1, 2**63 - 1)
            with cursor.copy(statements.links(), every) as copy:
                copy.set_types(["int8", "bytea", "bytea", "bytea", "bytea"])
                for position, hash_, previous, middle, end in copy.rows():
                    yield _entry(position, hash_, previous, middle, end)
    for checkpoint in outside.checkpoints:
        yield line_of(checkpoint)


def write(file: Path, content: Iterable[bytes]) -> int:
    """Write lines to a new file, which is there once all of them are; return how many.

    Raises FileExistsError, OSError, and what `content` raises; then there is no file.
    """
    if file.exists():
        raise FileExistsError(file)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    count = 0
    try:
        with os.fdopen(descriptor, "wb") as target:
            for line in content:
                target.write(line + b"\n")
                count += 1
            target.flush()
            os.fsync(target.fileno())
        Path(draft).rename(file)
    finally:
        Path(draft).unlink(missing_ok=True)
    return count


def _entry(
    position: int, hash_: bytes, previous: bytes, middle: bytes | None, end: bytes | None
) -> bytes:
    said = f'"hash":"{hash_.hex()}","previous_hash":"{previous.hex()}'.encode()
    if middle is None or end is None:
        return b'{"chain_position":%d,%b"}' % (position, said)
    before = middle.removesuffix(b'"previous_hash":"')
    return b'{"chain_position":%d%b%b%b' % (position, before, said, end)
