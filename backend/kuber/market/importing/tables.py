"""From the bytes of a file to columns of text with their line numbers."""

import csv
import io
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from kuber.market.errors import ImportTooLarge
from kuber.market.importing.faults import Faults, refuse

MAX_ROWS = 1_000_000
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
        raise refuse("empty_file", "The file is empty.", "Choose a file with bars.")
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
        raise _too_many(len(rows))
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
    try:
        lazy = pl.scan_parquet(io.BytesIO(content))
        schema = lazy.collect_schema()
        count = int(lazy.select(pl.len()).collect().item())
        time_column = _check_header([name.strip().lower() for name in schema.names()], 1)
        if count > MAX_ROWS:
            raise _too_many(count)
        wanted = {name: name.strip().lower() for name in schema.names()}
        frame = lazy.select(
            pl.col(name).alias(plain) for name, plain in wanted.items() if plain in COLUMNS
        ).collect()
    except pl.exceptions.PolarsError as error:
        raise refuse(
            "bad_parquet", "The Parquet file cannot be read.", "Write the file anew."
        ) from error
    if count == 0:
        raise refuse("empty_file", "The file has no bars.", "Add a row for each bar.", 1)
    text = frame.select(_as_text(column) for column in frame.get_columns())
    return Table(text, list(range(2, count + 2)), time_column)


def _as_text(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        pattern = "%Y-%m-%dT%H:%M:%S%.6f"
        return column.dt.to_string(pattern if kind.time_zone is None else f"{pattern}%:z")
    if kind.is_nested() or kind == pl.Binary:
        raise refuse(
            "bad_column",
            f"The column {column.name!r} does not hold plain values.",
            "Write numbers, text or times.",
            1,
            column.name,
        )
    return column.cast(pl.String).str.strip_chars()


def _too_many(count: int) -> ImportTooLarge:
    return ImportTooLarge(f"The file has {count:,} rows; the limit is {MAX_ROWS:,}.")
