"""Turns a Parquet file on standard input into CSV on standard output: a program of its own.

A damaged Parquet file can abort the process that decodes it, and a small one can unfold to fill
the memory. So an upload is decoded here, in a child without Kuber's settings, with limits of time
and memory. It imports nothing of Kuber. Arguments: the columns to keep, then the limit of rows.
Exit codes: 0 done; 3 too many rows; 4 a column that holds no plain values, named on standard
error; 5 it would unfold to too much; anything else means that the file cannot be read.
"""

import io
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
_CPU_S = 60
_MAX_VALUE_BYTES = 200


def main(columns: list[str], max_rows: int) -> int:
    """Convert standard input and return the exit code."""
    _limit(resource.RLIMIT_AS, _address_space_bytes() + _MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, _CPU_S)
    content = sys.stdin.buffer.read()
    # What the file says of itself is looked at first; whether it is true shows later.
    about = pq.ParquetFile(io.BytesIO(content)).metadata
    if about.num_rows > max_rows:
        return TOO_MANY_ROWS
    if _unfolded_bytes(about, columns) > MAX_UNFOLDED_BYTES:
        return TOO_MUCH
    lazy = pl.scan_parquet(io.BytesIO(content))
    names = [name for name in lazy.collect_schema().names() if _plain(name) in columns]
    if int(lazy.select(pl.len()).collect().item()) > max_rows:
        return TOO_MANY_ROWS
    texts = {}
    left = MAX_UNFOLDED_BYTES
    for name in names:  # one after the other: a column that is too much ends the work
        text = _as_text(lazy.select(name).collect()[name])
        if text is None:
            sys.stderr.write(name)
            return BAD_COLUMN
        left -= int(text.str.len_bytes().sum() or 0)
        if left < 0:
            return TOO_MUCH
        texts[name] = text
    pl.DataFrame(texts).write_csv(sys.stdout.buffer)
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
