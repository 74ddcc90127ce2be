"""From a whole file to bars that can be stored."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kuber.market.importing.files import text_parts
from kuber.market.importing.notes import Notes
from kuber.market.importing.reading import FileReading
from kuber.market.importing.said import Said
from kuber.market.importing.text import Block, text_blocks
from kuber.market.series import RawBars, join_raw
from kuber.market.types import Bars, Source

_COLUMNS = ("opened_at", "closed_at", "open", "high", "low", "close", "volume")


def file_blocks(filename: str, content: bytes | Path) -> Iterator[Block]:
    """Give the text of a CSV or Parquet file block by block; raises ImportRefused,
    ImportTooLarge."""
    return text_blocks(text_parts(filename, content))


def parse_bars(
    filename: str, content: bytes, said: Said, source: Source, notes: Notes | None = None
) -> list[RawBars]:
    """Return the checked bars of a CSV or Parquet file, one entry for each symbol, by symbol.

    Columns by any usual name: see `columns`. Every guess, and whatever was left out or mended, is
    told in `notes`. Raises ImportRefused naming lines and remedies, ImportTooLarge.
    """
    reading = FileReading(filename, said, source, notes or Notes())
    found: dict[str, list[RawBars]] = {}
    for block in file_blocks(filename, content):
        for bars in reading.read(block):
            found.setdefault(bars.bars.symbol, []).append(bars)
    for bars in reading.finish():
        found.setdefault(bars.bars.symbol, []).append(bars)
    return [_joined(found[symbol]) for symbol in sorted(found)]


def _joined(parts: list[RawBars]) -> RawBars:
    parts.sort(key=lambda part: part.bars.opened_at[0])
    joined = parts[0]
    for part in parts[1:]:
        joined = join_raw(joined, part)
    bars, adjusted = joined.bars, joined.adj_close
    order = np.argsort(bars.opened_at, kind="stable")
    if np.array_equal(order, np.arange(len(order))):
        return joined
    columns = (getattr(bars, name)[order] for name in _COLUMNS)  # blocks overlap
    return RawBars(
        Bars(bars.symbol, bars.timeframe, bars.source, *columns),
        None if adjusted is None else adjusted[order],
    )
