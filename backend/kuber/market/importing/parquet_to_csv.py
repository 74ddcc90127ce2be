"""Turns a Parquet file on standard input into CSV on standard output: a program of its own.

A damaged Parquet file can abort the process that decodes it, and a small one can unfold to fill
the memory. So an upload is decoded here, in a child without Kuber's settings, with limits of time
and memory. It imports nothing of Kuber. Arguments: the columns to keep, then the limit of rows.
Exit codes: 0 done; 3 too many rows; 4 a column that holds no plain values, named on standard
error; 5 it would unfold to too much; anything else means that the file cannot be read.
"""

import os
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

TOO_MANY_ROWS = 3
BAD_COLUMN = 4
TOO_MUCH = 5
MAX_UNFOLDED_BYTES = 100_000_000
_MEMORY_BYTES = 800_000_000
_CPU_S = 600
_MOST_TIMES = 20
"""Of the size of a file it may take up once it is unpacked."""
_BATCH_ROWS = 50_000
_MAX_VALUE_BYTES = 200


def main(columns: list[str], max_rows: int) -> int:
    """Convert standard input, a file, and return the exit code."""
    _limit(resource.RLIMIT_AS, _address_space_bytes() + _MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, _CPU_S)
    with open(0, "rb", closefd=False) as source:
        file = pq.ParquetFile(source)
        # What the file says of itself is looked at first; whether it is true shows later.
        about = file.metadata
        if about.num_rows > max_rows:
            return TOO_MANY_ROWS
        most = most_bytes(os.fstat(0).st_size)
        if _unfolded_bytes(about, columns) > most:
            return TOO_MUCH
        names = [name for name in file.schema_arrow.names if _plain(name) in columns]
        return _write(file, names, max_rows, most)


def most_bytes(size_bytes: int) -> int:
    """Return to how many bytes a file of a size may unfold."""
    return max(MAX_UNFOLDED_BYTES, _MOST_TIMES * size_bytes)


def _write(file: pq.ParquetFile, names: list[str], most_rows: int, most: int) -> int:
    """Write the rows batch by batch: no column is ever in memory as a whole."""
    first = True
    for batch in file.iter_batches(_BATCH_ROWS, columns=names):
        most_rows -= batch.num_rows
        if most_rows < 0:
            return TOO_MANY_ROWS
        texts = {}
        for name, values in zip(names, batch.columns, strict=True):
            text = _as_text(pl.Series(name, values))
            if text is None:
                sys.stderr.write(name)
                return BAD_COLUMN
            most -= int(text.str.len_bytes().sum() or 0)
            if most < 0:
                return TOO_MUCH
            texts[name] = text
        pl.DataFrame(texts).write_csv(sys.stdout.buffer, include_header=first)
        first = False
    return 0


def _unfolded_bytes(about: pq.FileMetaData, columns: list[str]) -> int:
    """Return how much the wanted columns take once they are unpacked, as the file has it."""
    chunks = (
        about.row_group(group).column(at)
        for group in range(about.num_row_groups)
        for at in range(about.num_columns)
    )
    return sum(
        chunk.total_uncompressed_size for chunk in chunks if _plain(chunk.path_in_schema) in columns
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _limit(kind: int, most: int) -> None:
    with suppress(ValueError, OSError):  # not every system has every limit
        resource.setrlimit(kind, (most, most))


def _address_space_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
    except OSError:
        return 2 * 2**30


def _as_text(column: pl.Series) -> pl.Series | None:
    """Return the values as text, None for lists, structures, bytes and overlong text."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        pattern = "%Y-%m-%dT%H:%M:%S%.6f"
        return column.dt.to_string(pattern if kind.time_zone is None else f"{pattern}%:z")
    if kind.is_nested() or kind == pl.Binary:
        return None
    text = column.cast(pl.String)
    longest = text.str.len_bytes().max()
    return None if isinstance(longest, int) and longest > _MAX_VALUE_BYTES else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:-1], int(sys.argv[-1])))
