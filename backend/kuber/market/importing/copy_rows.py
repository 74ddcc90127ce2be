"""An uploaded file as PostgreSQL takes it: what is in it, then the rows of a binary COPY.

Runs in a child process: neither the file's columns nor its rows are ever held by whoever serves.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kuber.infra.child import Streamed
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import Said, parse_bars
from kuber.market.series import RawBars
from kuber.market.types import Source, to_datetime

CHUNK_ROWS = 1000
"""Rows that are sent to PostgreSQL at a time, about 100 kB."""

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER = b"\xff\xff"
POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")
_FLOATS = ("open", "high", "low", "close", "volume", "adj_close")
_FIELDS = ("series", "opened", "closed", *_FLOATS)
_TYPES = {"series": ">i4", "opened": ">i8", "closed": ">i8"}
_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name in _FIELDS
        for part in ((f"{name}_size", ">i4"), (name, _TYPES.get(name, ">f8")))
    ]
)


def read_file(filename: str, content: bytes, said: Said, source: Source) -> Streamed[FileFacts]:
    """Return what a file holds, and its rows; raises as `parse_bars`."""
    sha256 = hashlib.sha256(content).hexdigest()
    notes = Notes()
    series = parse_bars(filename, content, said, source, notes)
    bars = [one.bars for one in series]
    facts = FileFacts(
        sha256,
        said.timeframe,
        source,
        tuple(one.symbol for one in bars),
        sum(map(len, bars)),
        to_datetime(min(one.opened_at[0] for one in bars)),
        to_datetime(max(one.closed_at[-1] for one in bars)),
        notes.all(),
    )
    return Streamed(facts, copy_rows(series))


def copy_rows(series: list[RawBars]) -> Iterator[bytes]:
    """Give the rows of all series as one binary COPY, oldest first, series by series."""
    yield HEADER
    for number, one in enumerate(series):
        for start in range(0, len(one.bars), CHUNK_ROWS):
            yield _rows(number, one, slice(start, start + CHUNK_ROWS)).tobytes()
    yield TRAILER


def _rows(number: int, one: RawBars, part: slice) -> NDArray[np.void]:
    bars = one.bars
    rows = np.empty(len(bars.close[part]), dtype=_ROW)
    rows["fields"] = len(_FIELDS)
    for name in _FIELDS:
        rows[f"{name}_size"] = _ROW[name].itemsize
    rows["series"] = number
    rows["opened"] = (bars.opened_at[part] - POSTGRES_EPOCH).astype(np.int64)
    rows["closed"] = (bars.closed_at[part] - POSTGRES_EPOCH).astype(np.int64)
    for name in _FLOATS[:-1]:
        rows[name] = getattr(bars, name)[part]
    rows["adj_close"] = np.nan if one.adj_close is None else one.adj_close[part]
    return rows
