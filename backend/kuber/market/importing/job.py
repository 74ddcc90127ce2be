"""Reading an uploaded file as a task for a child: nothing heavy is imported by who only asks.

A stream's chunks begin with a byte that says what they are: how far the file is read (eight bytes),
what it holds (a pickled FileFacts, the last chunk), or rows for COPY.
"""

import pickle
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from kuber.infra.child import Streamed
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.said import Said
from kuber.market.types import Source

T = TypeVar("T")

PROGRESS, FACTS, ROWS = b"p", b"f", b"r"
_BYTES = struct.Struct(">Q")


def with_calendars(folder: str | None, work: Callable[..., T], *task: object) -> T:
    """Do `work` with the trading hours that are kept in `folder`, without bringing pandas."""
    if folder is not None:
        from kuber.market.calendars import keep_sessions_in

        keep_sessions_in(Path(folder))
    return work(*task)


def look_at(filename: str, path: str, said: Said, received_at: datetime) -> FileFacts:
    """Return what the beginning and the end of a file show; raises ImportRefused."""
    from kuber.market.importing import passes  # brings polars, 40 MB

    return passes.look_at(filename, Path(path), said, received_at)


def check_file(filename: str, path: str, said: Said, received_at: datetime) -> Streamed[None]:
    """Read a whole file: its progress, at last its facts; raises ImportRefused, ImportTooLarge."""
    from kuber.market.importing import passes

    parts = passes.check(filename, Path(path), said, received_at)
    return Streamed(None, (_encoded(part) for part in parts))


def rows_of_file(
    filename: str,
    path: str,
    said: Said,
    source: Source,
    series: Mapping[str, UUID],
    received_at: datetime,
) -> Streamed[None]:
    """Read a whole file that was checked: its progress and its rows, with the series of symbols."""
    from kuber.market.importing import passes

    parts = passes.rows(filename, Path(path), said, source, series, received_at)
    return Streamed(None, (_encoded(part) for part in parts))


def decode_progress(chunk: bytes) -> int:
    """Return how many bytes of the file were read, from a chunk of PROGRESS."""
    (read,) = _BYTES.unpack(chunk[1:])
    return int(read)


def decode_facts(chunk: bytes) -> FileFacts:
    """Return the facts in a chunk of FACTS, which our own child has written."""
    facts = pickle.loads(chunk[1:])  # noqa: S301
    assert isinstance(facts, FileFacts), "the child wrote facts"
    return facts


def _encoded(part: int | FileFacts | bytes) -> bytes:
    if isinstance(part, int):
        return PROGRESS + _BYTES.pack(part)
    if isinstance(part, FileFacts):
        return FACTS + pickle.dumps(part, protocol=5)
    return ROWS + part
