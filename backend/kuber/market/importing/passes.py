"""The passes over a file: a look at its ends, a check of all of it, and its rows for PostgreSQL.

They run in a child process: neither the file's columns nor its rows are ever held as a whole.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from uuid import UUID

import polars as pl

from kuber.market.importing.actions.reading import read_actions
from kuber.market.importing.facts import FileFacts, SampleBar
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import file_blocks
from kuber.market.importing.reading import FileReading
from kuber.market.importing.said import Said
from kuber.market.importing.text import Block
from kuber.market.series import RawBars
from kuber.market.types import Source, to_datetime

_LOOK_CHARACTERS = 500_000
_TAIL_BYTES = 60_000
_FIRST_BARS = 5
_PART_ROWS = 1000
_PART_BYTES = 100_000
"""Of the rows that are stored at once: others are not kept waiting for longer than a few ms."""


def look_at(filename: str, path: Path, said: Said, received_at: datetime) -> FileFacts:
    """Return what the beginning and the end of a file show, the whole of a small one.

    Raises ImportRefused.
    """
    notes = Notes()
    reading = FileReading(filename, said, Source.IMPORTED, notes, received_at)
    blocks = file_blocks(filename, path)
    first = next(blocks, None)
    if first is None:
        reading.finish()  # says that the file is empty
        raise AssertionError("an empty file is refused")
    actions = read_actions(filename, blocks, first, said, notes)
    if actions is not None:
        return actions
    whole = len(first.text) <= _LOOK_CHARACTERS
    cut = len(first.text) if whole else first.text.rfind("\n", 0, _LOOK_CHARACTERS) + 1
    bars = reading.read(Block(first.text[:cut], 1, first.read_bytes))
    whole = whole and first.read_bytes >= path.stat().st_size
    bars += reading.finish(whole=whole)
    facts = _facts(reading, notes, bars, whole=whole)
    return facts if whole else _with_tail(facts, reading, path)


def _with_tail(facts: FileFacts, reading: FileReading, path: Path) -> FileFacts:
    """Return facts that reach to the last line, if the file holds one symbol in plain UTF-8."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(-min(_TAIL_BYTES, size), os.SEEK_END)
        text = file.read().decode(errors="replace").partition("\n")[2]
    if len(facts.symbols) != 1 or '"' in text or "\0" in text:
        return facts
    span = reading.span(Block(text, sys.maxsize, size))
    if span is None:
        return facts
    one = facts.symbols[0]
    first, last = min(one.first_at, span[0]), max(one.last_at, span[1])
    return replace(facts, symbols=(replace(one, first_at=first, last_at=last),))


def check(
    filename: str, path: Path, said: Said, received_at: datetime | None = None
) -> Iterator[int | FileFacts]:
    """Read a whole file: give how many bytes are read, at last what it holds.

    Of a file that came at `received_at`, bars of the future are refused, and those that were not
    over are left out.
    """
    notes = Notes()
    reading = FileReading(filename, said, Source.IMPORTED, notes, received_at)
    bars: list[RawBars] = []
    blocks = file_blocks(filename, path)
    first = next(blocks, None)
    if first is not None:
        actions = read_actions(filename, blocks, first, said, notes)
        if actions is not None:
            yield actions
            return
        blocks = chain([first], blocks)
    for block in blocks:
        found = reading.read(block)
        bars = bars or found
        yield block.read_bytes
    last = reading.finish()
    yield _facts(reading, notes, bars or last)


def rows(
    filename: str,
    path: Path,
    said: Said,
    source: Source,
    series: Mapping[str, UUID],
    received_at: datetime | None = None,
) -> Iterator[int | bytes]:
    """Read a whole file: give how many bytes are read, and the bars as rows of a COPY in CSV, about
    a thousand at a time."""
    reading = FileReading(filename, said, source, Notes(), received_at)
    kept = bytearray()
    for block in file_blocks(filename, path):
        for bars in reading.read(block):
            yield from _parts(kept, _copied(bars, series))
        yield block.read_bytes
    for bars in reading.finish():
        yield from _parts(kept, _copied(bars, series))
    if kept:
        yield bytes(kept)


def _parts(kept: bytearray, rows: Iterator[bytes]) -> Iterator[bytes]:
    """Give rows in parts that are large enough; what is left over is `kept` for the next."""
    for one in rows:
        kept += one
        if len(kept) >= _PART_BYTES:
            yield bytes(kept)
            kept.clear()


def _copied(raw: RawBars, series: Mapping[str, UUID]) -> Iterator[bytes]:
    """Give bars as CSV: series_id, opened_at, closed_at, open to volume, adj_close."""
    bars = raw.bars
    frame = pl.DataFrame(
        {
            "opened": bars.opened_at,
            "closed": bars.closed_at,
            "open": bars.open,
            "high": bars.high,
            "low": bars.low,
            "close": bars.close,
            "volume": bars.volume,
        }
    ).select(pl.lit(str(series[bars.symbol])).alias("series"), pl.all())
    if raw.adj_close is not None:
        frame = frame.with_columns(pl.Series("adj", raw.adj_close).fill_nan(None))
    else:
        frame = frame.with_columns(pl.lit(None).cast(pl.Float64).alias("adj"))
    for part in frame.iter_slices(_PART_ROWS):
        yield part.write_csv(
            include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00", null_value=""
        ).encode()


def _facts(
    reading: FileReading, notes: Notes, bars: list[RawBars], *, whole: bool = True
) -> FileFacts:
    actions = reading.actions()
    return FileFacts(
        reading.timeframe,
        tuple(reading.facts()),
        notes.all(),
        reading.understood(),
        tuple(_first_bars(bars)),
        whole,
        actions,
    )


def _first_bars(found: list[RawBars]) -> Iterator[SampleBar]:
    if not found:
        return
    bars = found[0].bars
    for at in range(min(_FIRST_BARS, len(bars))):
        yield SampleBar(
            bars.symbol,
            to_datetime(bars.opened_at[at]),
            to_datetime(bars.closed_at[at]),
            float(bars.open[at]),
            float(bars.high[at]),
            float(bars.low[at]),
            float(bars.close[at]),
            float(bars.volume[at]),
        )
