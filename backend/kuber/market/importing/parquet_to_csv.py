"""Turns a Parquet file on standard input into CSV on standard output: a program of its own.

A damaged Parquet file can abort the process that decodes it, and a small one can unfold to fill
the memory. So an upload is decoded here, in a child without Kuber's settings, with limits of time
and memory. It imports nothing of Kuber. Arguments: the columns to keep, then the limit of rows.
Exit codes: 0 done; 3 too many rows; 4 a column that holds no plain values, named on standard
error; anything else means that the file cannot be read.
"""

import io
import resource
import sys
from contextlib import suppress

import polars as pl

TOO_MANY_ROWS = 3
BAD_COLUMN = 4
_MEMORY_BYTES = 4 * 2**30
_CPU_S = 60
_MAX_VALUE_BYTES = 200


def main(columns: list[str], max_rows: int) -> int:
    """Convert standard input and return the exit code."""
    for kind, limit in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CPU, _CPU_S)):
        with suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(kind, (limit, limit))
    lazy = pl.scan_parquet(io.BytesIO(sys.stdin.buffer.read()))
    names = [name for name in lazy.collect_schema().names() if name.strip().lower() in columns]
    if int(lazy.select(pl.len()).collect().item()) > max_rows:
        return TOO_MANY_ROWS
    frame = lazy.select(names).collect()
    texts = {name: _as_text(frame[name]) for name in names}
    for name, text in texts.items():
        if text is None:
            sys.stderr.write(name)
            return BAD_COLUMN
    sys.stdout.buffer.write(pl.DataFrame(texts).write_csv().encode())
    return 0


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
