"""From the bytes of a file to columns of text with their line numbers."""

import codecs
import csv
import io
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from kuber.market.errors import ImportRefused, ImportTooLarge
from kuber.market.importing import parquet_to_csv
from kuber.market.importing.columns import KNOWN_NAMES, read_columns
from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.notes import Notes

MAX_ROWS = 1_000_000
_PARQUET_S = 50
_PARQUET_MAGIC = b"PAR1"
_TEXT_SUFFIXES = frozenset(("", ".csv", ".tsv", ".txt"))
_SEPARATORS = ",;\t|"
_SAID_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_SAMPLE = 20_000
"""Characters at the beginning of a file that show what stands between its values."""
_MOST_PREFACE = 5
"""Lines before the names of the columns: where a file comes from, what it is about."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns as text, by role; `lines` holds each row's line number.

    `symbol` is what the file itself says of all its rows, outside of a column.
    """

    frame: pl.DataFrame
    lines: list[int]
    time_column: str
    """`time` or `date`: the column of the frame that tells it."""
    symbol: str | None = None


def read_table(filename: str, content: bytes, notes: Notes) -> Table:
    """Return the columns of a CSV or Parquet file that count, recognised by content and extension.

    `filename` is only looked at for its extension, never opened.
    Raises ImportRefused when it is no such file, has no rows or lacks a column.
    """
    suffix = PurePath(filename).suffix.lower()
    if not content.strip():
        raise _empty()
    if content.startswith(_PARQUET_MAGIC) and content.endswith(_PARQUET_MAGIC):
        return _read_parquet(content, notes)
    if suffix not in _TEXT_SUFFIXES:
        raise refuse(
            "unknown_format",
            f"This is not a {suffix[1:8]} file that can be read."
            if suffix == ".parquet"
            else f"Files of the type {suffix[:9]!r} cannot be read.",
            "Upload a CSV or Parquet file.",
        )
    return _read_csv(_decode(content), notes)


def _decode(content: bytes) -> str:
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise refuse(
                "not_utf8", "The file breaks off.", "Save the file as CSV in UTF-8."
            ) from error
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


def _read_csv(text: str, notes: Notes) -> Table:
    rows, lines = _rows_of(text)
    rows, lines = _without_preface(rows, lines, notes)
    rows, lines, symbol = _one_header(rows, lines)
    columns = read_columns(rows[0], rows[1] if len(rows) > 1 else (), lines[0], notes)
    if columns.has_header:
        width, rows, lines = len(rows[0]), rows[1:], lines[1:]
    else:
        width = len(rows[0])
        notes.add("no_header", "The columns have no names: time, open, high, low, close, volume.")
    _check_rows(width, rows, lines)
    texts = list(zip(*rows, strict=True))
    frame = pl.DataFrame(
        {
            role: pl.Series(texts[at], dtype=pl.String).str.strip_chars()
            for role, at in columns.places.items()
        }
    )
    if columns.clock is not None:
        clock = pl.Series(texts[columns.clock], dtype=pl.String).str.strip_chars()
        frame = frame.with_columns(pl.Series("date", frame["date"] + " " + clock))
    return Table(frame, lines, columns.when, symbol)


def _rows_of(text: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, and their line numbers; raises ImportRefused."""
    first_line, _, rest = text.lstrip("\n\r").partition("\n")
    skipped = len(text) - len(text.lstrip("\n\r"))
    before = text[:skipped].count("\n")
    if said := _SAID_SEPARATOR.fullmatch(first_line.strip('\r"')):
        delimiter, body, start = said[1], rest, before + 2
    else:
        body, start = text[skipped:], before + 1
        sample = _QUOTED.sub("", body[:_SAMPLE]).split("\n", _MOST_PREFACE + 1)[:-1] or [body]
        delimiter = max(_SEPARATORS, key=lambda sign: max(line.count(sign) for line in sample))
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = start
    try:
        for row in reader:
            if any(value.strip() for value in row):
                rows.append(row)
                lines.append(line)
            line = start + reader.line_num
    except csv.Error as error:
        raise refuse(
            "bad_csv", "The quotes in this line do not match.", "Close every quote.", line
        ) from error
    if not rows:
        raise _empty()
    return rows, lines


def _without_preface(
    rows: list[list[str]], lines: list[int], notes: Notes
) -> tuple[list[list[str]], list[int]]:
    """Leave out lines before the table that hold one value where all others hold many."""
    start = 0
    while start < min(_MOST_PREFACE, len(rows) - 1) and len(rows[start]) == 1 < len(rows[-1]):
        start += 1
    if start:
        notes.add("preface", f"What stands before line {lines[start]} was left out.")
    return rows[start:], lines[start:]


def _one_header(
    rows: list[list[str]], lines: list[int]
) -> tuple[list[list[str]], list[int], str | None]:
    """Return rows with one line of names; yfinance writes three: what, of which ticker, and when.

    The third value is the ticker, if there is such a line and it names one.
    """
    if len(rows) < 3 or [row[0].strip() for row in rows[:2]] != ["Price", "Ticker"]:
        return rows, lines, None
    tickers = {name.strip() for name in rows[1][1:]}
    if len(tickers) != 1:
        raise refuse(
            "several_symbols",
            f"The columns belong to {len(tickers)} tickers.",
            "Write a file for each of them.",
            lines[1],
        )
    header = [rows[2][0].strip() or "Date", *rows[0][1:]]
    return [header, *rows[3:]], [lines[0], *lines[3:]], tickers.pop()


def _check_rows(width: int, rows: list[list[str]], lines: list[int]) -> None:
    if not rows:
        raise refuse("empty_file", "The file has no bars.", "Add a line for each bar.", 1)
    if len(rows) > MAX_ROWS:
        raise ImportTooLarge(f"The file has more than {MAX_ROWS:,} rows.")
    faults = Faults()
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            faults.add(
                "ragged_line",
                f"The line has {len(row)} values, the first one {width}.",
                "Give every line one value for each column.",
                line,
            )
    faults.refuse_if_any()


def _read_parquet(content: bytes, notes: Notes) -> Table:
    program = [sys.executable, "-I", parquet_to_csv.__file__, *KNOWN_NAMES, str(MAX_ROWS)]
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
    return _read_csv(child.stdout.decode(), notes)


def _empty() -> ImportRefused:
    return refuse("empty_file", "The file is empty.", "Choose a file with bars.")
