"""From the bytes of a file to columns of text with their line numbers."""

import csv
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from kuber.market.errors import ImportRefused, ImportTooLarge
from kuber.market.importing import parquet_to_csv
from kuber.market.importing.faults import Faults, refuse

MAX_ROWS = 1_000_000
_PARQUET_S = 50
_PARQUET_MAGIC = b"PAR1"
_TEXT_SUFFIXES = frozenset(("", ".csv", ".tsv", ".txt"))
_TIME_COLUMNS = ("time", "timestamp", "date")
_NUMBERS = ("open", "high", "low", "close", "volume")
COLUMNS = ("symbol", *_TIME_COLUMNS, *_NUMBERS, "adj_close")


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns as text; `lines` holds each row's line number."""

    frame: pl.DataFrame
    lines: list[int]
    time_column: str


def read_table(filename: str, content: bytes) -> Table:
    """Return the known columns of a CSV or Parquet file, recognised by content and extension.

    `filename` is only looked at for its extension, never opened.
    Raises ImportRefused when it is no such file, has no rows or lacks a column.
    """
    suffix = PurePath(filename).suffix.lower()
    if not content.strip():
        raise _empty()
    if content.startswith(_PARQUET_MAGIC) and content.endswith(_PARQUET_MAGIC):
        return _read_parquet(content)
    if suffix not in _TEXT_SUFFIXES:
        raise refuse(
            "unknown_format",
            f"This is not a {suffix[1:8]} file that can be read."
            if suffix == ".parquet"
            else f"Files of the type {suffix[:9]!r} cannot be read.",
            "Upload a CSV or Parquet file.",
        )
    return _read_csv(_decode(content))


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse(
            "not_utf8", "The file is not UTF-8 text.", "Save the file as CSV in UTF-8.", line
        ) from error
    if (at := text.find("\0")) >= 0:
        raise refuse(
            "not_text",
            "The file holds binary data.",
            "Upload a CSV or Parquet file.",
            text.count("\n", 0, at) + 1,
        )
    return text


def _read_csv(text: str) -> Table:
    first_line = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for row in reader:
            if any(value.strip() for value in row):
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise refuse(
            "bad_csv", "The quotes in this line do not match.", "Close every quote.", line
        ) from error
    if not rows:
        raise _empty()
    header = [name.strip().lower() for name in rows[0]]
    time_column = _check_header(header, lines[0])
    _check_rows(header, rows[1:], lines[1:])
    wanted = [(at, name) for at, name in enumerate(header) if name in COLUMNS]
    columns = list(zip(*rows[1:], strict=True))
    frame = pl.DataFrame(
        {name: pl.Series(columns[at], dtype=pl.String).str.strip_chars() for at, name in wanted}
    )
    return Table(frame, lines[1:], time_column)


def _check_rows(header: list[str], rows: list[list[str]], lines: list[int]) -> None:
    if not rows:
        raise refuse("empty_file", "The file has no bars.", "Add a line for each bar.", 1)
    if len(rows) > MAX_ROWS:
        raise ImportTooLarge(f"The file has more than {MAX_ROWS:,} rows.")
    faults = Faults()
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            faults.add(
                "ragged_line",
                f"The line has {len(row)} values, the header names {len(header)}.",
                "Give every line one value for each column.",
                line,
            )
    faults.refuse_if_any()


def _check_header(header: list[str], line: int) -> str:
    """Return the name of the time column; raises ImportRefused naming every missing column."""
    faults = Faults()
    for name in COLUMNS:
        if header.count(name) > 1:
            faults.add(
                "duplicate_column",
                f"The column {name!r} is there twice.",
                "Name each column once.",
                line,
                name,
            )
    times = [name for name in _TIME_COLUMNS if name in header]
    if len(times) > 1:
        faults.add(
            "several_time_columns",
            f"The columns {' and '.join(map(repr, times))} both tell the time.",
            "Keep one of them.",
            line,
            times[1],
        )
    if not times:
        faults.add(
            "missing_column",
            "No column tells the time.",
            "Add a column 'time', 'timestamp' or 'date' to the header.",
            line,
            "time",
        )
    for name in ("symbol", *_NUMBERS):
        if name not in header:
            faults.add(
                "missing_column",
                f"The column {name!r} is missing.",
                f"Add a column {name!r} to the header.",
                line,
                name,
            )
    faults.refuse_if_any()
    return times[0]


def _read_parquet(content: bytes) -> Table:
    program = [sys.executable, "-I", parquet_to_csv.__file__, *COLUMNS, str(MAX_ROWS)]
    unreadable = refuse("bad_parquet", "The Parquet file cannot be read.", "Write the file anew.")
    environment = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    try:
        child = subprocess.run(
            program,
            input=content,
            capture_output=True,
            timeout=_PARQUET_S,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise unreadable from error
    if child.returncode == parquet_to_csv.TOO_MANY_ROWS:
        raise ImportTooLarge(f"The file has more than {MAX_ROWS:,} rows.")
    if child.returncode == parquet_to_csv.TOO_MUCH:
        most_mb = parquet_to_csv.MAX_UNFOLDED_BYTES // 1_000_000
        raise ImportTooLarge(
            f"The file unfolds to more than {most_mb} MB: split it by symbol, or write shorter"
            " values."
        )
    if child.returncode == parquet_to_csv.BAD_COLUMN:
        name = child.stderr.decode(errors="replace")[:40]
        raise refuse(
            "bad_column",
            f"The column {name!r} does not hold plain values.",
            "Write numbers, tickers or times.",
            1,
            name,
        )
    if child.returncode != 0:
        raise unreadable
    return _read_csv(child.stdout.decode())


def _empty() -> ImportRefused:
    return refuse("empty_file", "The file is empty.", "Choose a file with bars.")
