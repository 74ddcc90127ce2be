"""How a file of text is laid out: told by its first lines, and true of all that follow."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from kuber.market.errors import ImportRefused
from kuber.market.importing.columns import Columns, read_columns
from kuber.market.importing.faults import refuse
from kuber.market.importing.notes import Notes

_SEPARATORS = ",;\t|"
_SAID_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
HEAD = 20_000
"""Characters at the beginning of a file that show how it is laid out."""
_MOST_PREFACE = 5
"""Lines before the names of the columns: where a file comes from, what it is about."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first lines say; `symbol` is what they say of all rows, outside of a column."""

    separator: str
    columns: Columns
    width: int
    first_line: int
    """The line from which on there are bars."""
    header: tuple[str, ...]
    """The names of the columns, empty where the file has none."""
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The first rows of a file with their line numbers: the names of its columns come first.

    `symbol` is what they say of all rows, outside of a column.
    """

    separator: str
    rows: list[list[str]]
    lines: list[int]
    symbol: str | None


def read_head(text: str, notes: Notes) -> Head:
    """Return the first rows of a file from its beginning; raises ImportRefused."""
    head = text if len(text) <= HEAD else text[: text.rfind("\n", 0, HEAD) + 1] or text[:HEAD]
    separator, skipped = _separator_of(head)
    body = head.split("\n", skipped)[-1]
    rows, lines = csv_rows(body, separator, 1 + skipped, whole=head is text)
    if not rows:
        raise empty_file()
    rows, lines = _without_preface(rows, lines, notes)
    return Head(separator, *_one_header(rows, lines))


def read_layout(text: str, notes: Notes, symbol: str | None = None) -> Layout:
    """Return the layout of a file of bars from its beginning; raises ImportRefused.

    `symbol` is what is known of all rows from beside the file.
    """
    head = read_head(text, notes)
    rows, lines = head.rows, head.lines
    columns = read_columns(rows[0], rows[1:], lines[0], notes, symbol or head.symbol)
    header: tuple[str, ...] = ()
    if columns.has_header:
        header = tuple(name.strip() for name in rows[0])
    else:
        notes.add("no_header", "The columns have no names: time, open, high, low, close, volume.")
    data = lines[1:] if columns.has_header else lines
    if not data:
        raise refuse("empty_file", "The file has no bars.", "Add a line for each bar.", 1)
    return Layout(head.separator, columns, len(rows[0]), data[0], header, head.symbol)


def csv_rows(
    text: str, separator: str, first_line: int, *, whole: bool = True
) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, and their line numbers; raises ImportRefused.

    Not `whole`: the text may break off within quotes.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = first_line
    try:
        for row in reader:
            if any(value.strip() for value in row):
                rows.append(row)
                lines.append(line)
            line = first_line + reader.line_num
    except csv.Error as error:
        if whole or not rows:
            raise refuse(
                "bad_csv", "The quotes in this line do not match.", "Close every quote.", line
            ) from error
    return rows, lines


def empty_file() -> ImportRefused:
    """Return the refusal of a file without anything in it."""
    return refuse("empty_file", "The file is empty.", "Choose a file with bars.")


def _separator_of(text: str) -> tuple[str, int]:
    """Return what stands between values, and how many lines come before the table."""
    blank = len(text) - len(text.lstrip("\n"))
    first_line = text[blank:].partition("\n")[0]
    if said := _SAID_SEPARATOR.fullmatch(first_line.strip('"')):
        return said[1], blank + 1
    body = text[blank:]
    sample = _QUOTED.sub("", body).split("\n", _MOST_PREFACE + 1)[:-1] or [body]
    return max(_SEPARATORS, key=lambda sign: _likeness(sign, sample)), blank


def _likeness(sign: str, lines: list[str]) -> tuple[int, bool, int]:
    """Return how much a sign is like what stands between values: in how many lines it is there
    equally often, that it is none that stands within numbers, and how often."""
    counts = Counter(line.count(sign) for line in lines)
    del counts[0]
    if not counts:
        return 0, False, 0
    often, alike = max(counts.items(), key=lambda item: (item[1], item[0]))
    return alike, sign != ",", often


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
