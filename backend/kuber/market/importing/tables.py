"""From a block of a file's text to columns of text with their line numbers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from kuber.market.importing.faults import Faults
from kuber.market.importing.layout import Layout, csv_rows
from kuber.market.importing.notes import Notes
from kuber.market.importing.text import Block

_NO_PRICE = (
    "",
    "nan",
    "NaN",
    "NAN",
    "null",
    "NULL",
    "None",
    "none",
    "n/a",
    "N/A",
    "#N/A",
    "-",
    "--",
)
_NO_ACTION = (*_NO_PRICE, "0", "0.0", "1", "1.0")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a file as text, by role; `lines` holds each row's line number."""

    frame: pl.DataFrame
    lines: Sequence[int]
    time_column: str
    """`time` or `date`: the column of the frame that tells it."""
    symbol: str | None = None
    """What the file says of all its rows, outside of a column."""


def read_block(block: Block, layout: Layout) -> Table | None:
    """Return the columns of a block that count, None when it has no rows.

    Raises ImportRefused naming lines whose quotes do not match or that have too many or too few
    values.
    """
    text, line = block.text, block.first_line
    if line < layout.first_line:
        text = text.split("\n", layout.first_line - line)[-1]
        line = layout.first_line
    found = _plain_columns(text, line, layout) or _any_columns(text, line, layout)
    if found is None:
        return None
    columns, lines = found
    frame = pl.DataFrame(
        {role: columns[at].str.strip_chars() for role, at in layout.columns.places.items()}
    )
    if layout.columns.clock is not None:
        clock = columns[layout.columns.clock.place].str.strip_chars()
        clock = clock.str.zfill(layout.columns.clock.filled_to)
        frame = frame.with_columns(pl.Series("date", frame["date"] + " " + clock))
    return Table(frame, lines, layout.columns.when, layout.symbol)


def without_empty_bars(table: Table, notes: Notes) -> Table:
    """Return the table without rows that have a time and no price at all, as exports have them for
    days without trades, or where an indicator is drawn into the future.

    A row that tells of a split or a dividend stays, and so do all where there is no other.
    """
    frame = table.frame
    empty = frame["open"].is_in(_NO_PRICE)
    if not empty.any():
        return table
    for name in ("high", "low", "close"):
        empty &= frame[name].is_in(_NO_PRICE)
    for role in ("splits", "dividends"):
        if role in frame.columns:
            empty &= frame[role].is_in(_NO_ACTION)
    count = int(empty.sum())
    if count in (0, frame.height):
        return table
    notes.count(
        "no_price",
        count,
        "One line has no price at all, and was left out.",
        "{count} lines have no price at all, and were left out.",
    )
    lines = [line for line, gone in zip(table.lines, empty, strict=True) if not gone]
    return replace(table, frame=frame.filter(~empty), lines=lines)


_Columns = tuple[Sequence[pl.Series], Sequence[int]]


def _plain_columns(text: str, first_line: int, layout: Layout) -> _Columns | None:
    """Return the columns of text without quotes, blank lines and rows of another width.

    None for any other text: that is read row by row, so that every fault has its line.
    """
    count = text.count("\n") + (not text.endswith("\n"))
    signs = text.count(layout.separator)
    if '"' in text or "\n\n" in text or text.startswith("\n"):
        return None
    if signs != count * (layout.width - 1) or layout.width < 2:
        return None
    try:
        frame = pl.read_csv(
            io.BytesIO(text.encode()),
            has_header=False,
            separator=layout.separator,
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != count or frame.width != layout.width or _has_blank(frame, layout):
        return None
    return frame.get_columns(), range(first_line, first_line + count)


def _has_blank(frame: pl.DataFrame, layout: Layout) -> bool:
    """Return whether a row may be blank, or shorter than others: it has no time or no close."""
    places = layout.columns.places
    looked_at = (frame.to_series(places[layout.columns.when]), frame.to_series(places["close"]))
    last = frame.to_series(frame.width - 1)
    return bool(
        any(bool((one.str.strip_chars() == "").any()) for one in looked_at)
        or any(one.null_count() for one in frame.get_columns())
        or last.null_count()
    )


def _any_columns(text: str, first_line: int, layout: Layout) -> _Columns | None:
    rows, lines = csv_rows(text, layout.separator, first_line)
    if not rows:
        return None
    faults = Faults()
    for row, line in zip(rows, lines, strict=True):
        if len(row) != layout.width:
            faults.add(
                "ragged_line",
                f"The line has {len(row)} values, the first one {layout.width}.",
                "Give every line one value for each column.",
                line,
            )
    faults.refuse_if_any()
    columns = [pl.Series(texts, dtype=pl.String) for texts in zip(*rows, strict=True)]
    return columns, lines
