"""Checks of the values of a file: symbols, numbers, prices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.notes import Notes
from kuber.market.importing.numerals import (
    is_decimal_comma,
    plain_numbers,
    plain_volumes,
    sample_of,
)
from kuber.market.importing.tables import Table
from kuber.market.symbols import canonical_symbol
from kuber.market.types import FloatArray

PRICES = ("open", "high", "low", "close")
_PRICE_LIMIT = 1e12
_VOLUME_LIMIT = 1e18
_SMALLEST_PRICE = 1e-8
_ROUNDING = 1e-9
"""Of a price: what is off by less is the same price."""
IndexArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The numeric columns of a file, NaN where a value was refused; `adj_close` may be absent."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    adj_close: FloatArray | None


def read_symbols(table: Table, said: str | None, faults: Faults) -> dict[str, IndexArray]:
    """Return the rows of each symbol, in the order of the file; a bad one is noted at its first
    line.

    `said` is the symbol of a file without a column for it. Raises ImportRefused when nobody says.
    """
    if "symbol" not in table.frame.columns:
        named = said or table.symbol
        if named is None:
            raise refuse(
                "missing_column",
                "The file does not say which symbol its bars are of.",
                "Name the symbol beside the file, or add a column 'symbol'.",
                field="symbol",
            )
        return {_named(named): np.arange(len(table.lines))}
    written = table.frame["symbol"].fill_null("")
    rows: dict[str, list[IndexArray]] = {}
    groups = pl.DataFrame({"symbol": written}).with_row_index("row")
    for (text,), found in groups.group_by("symbol", maintain_order=True):
        places = found["row"].to_numpy().astype(np.int64)
        try:
            symbol = canonical_symbol(str(text))
        except ValueError as error:
            message = f"{error}." if text else "The symbol is missing."
            line = table.lines[int(places[0])]
            faults.add(
                "bad_symbol", message, "Write the ticker, such as AAPL or EURUSD.", line, "symbol"
            )
        else:
            rows.setdefault(symbol, []).append(places)
    return {symbol: np.sort(np.concatenate(parts)) for symbol, parts in rows.items()}


def _named(symbol: str) -> str:
    try:
        return canonical_symbol(symbol)
    except ValueError as error:
        raise refuse(
            "bad_symbol", f"{error}.", "Write the ticker, such as AAPL or EURUSD.", field="symbol"
        ) from error


def has_decimal_comma(table: Table) -> bool:
    """Return whether the decimals of a file's prices stand behind a comma; see `numerals`."""
    return is_decimal_comma(sample_of(table.frame[name] for name in PRICES), table.lines[0])


def read_numbers(table: Table, faults: Faults, notes: Notes, *, decimal_comma: bool) -> Numbers:
    """Return the prices and volumes of a block, having noted whatever cannot be one."""
    frame, comma = table.frame, decimal_comma
    if comma:
        notes.add("decimal_comma", "Decimals stand behind a comma.")
    texts = {name: plain_numbers(frame[name], decimal_comma=comma) for name in PRICES}
    if "volume" in frame.columns:
        texts["volume"] = plain_volumes(frame["volume"], decimal_comma=comma, notes=notes)
    else:
        notes.add("no_volume", "The file has no volume, which counts as 0.")
        texts["volume"] = pl.Series(["0"]).new_from_index(0, frame.height)
    columns = {name: _read_column(text, name, table.lines, faults) for name, text in texts.items()}
    adj_close = None
    if "adj_close" in frame.columns:
        text = plain_numbers(frame["adj_close"], decimal_comma=comma)
        adj_close = _read_column(text, "adj_close", table.lines, faults)
    _mend_rounding(columns, notes)
    _check_range(columns, table.lines, faults)
    return Numbers(**columns, adj_close=adj_close)


def _read_column(text: pl.Series, name: str, lines: Sequence[int], faults: Faults) -> FloatArray:
    values: FloatArray = text.cast(pl.Float64, strict=False).to_numpy(writable=True)
    values = values.astype(np.float64)
    limit = _VOLUME_LIMIT if name == "volume" else _PRICE_LIMIT
    lowest = 0.0 if name == "volume" else _SMALLEST_PRICE
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(values) & (values >= lowest) & (values < limit))
    if name == "adj_close":
        bad &= (text.fill_null("") != "").to_numpy()
    for at in np.flatnonzero(bad).tolist():
        faults.add(*_explain(name, text[at], float(values[at])), lines[at], name)
    values[bad] = np.nan
    return values


def _mend_rounding(columns: dict[str, FloatArray], notes: Notes) -> None:
    """Take the highest and lowest of the four for high and low where they differ by the last bits,
    as prices do that were multiplied."""
    open_, high, low, close = (columns[name] for name in PRICES)
    highest = np.maximum(np.maximum(open_, close), np.maximum(high, low))
    lowest = np.minimum(np.minimum(open_, close), np.minimum(high, low))
    with np.errstate(invalid="ignore"):
        above = (highest > high) & (highest - high <= _ROUNDING * highest)
        below = (lowest < low) & (low - lowest <= _ROUNDING * low)
    high[above], low[below] = highest[above], lowest[below]
    count = int(np.count_nonzero(above | below))
    if count:
        notes.count(
            "rounded",
            count,
            "1 high or low was off by rounding, and was mended.",
            "{count} highs or lows were off by rounding, and were mended.",
        )


def _explain(name: str, text: str | None, value: float) -> tuple[str, str, str]:
    """Return code, message and remedy for a value that was refused."""
    if not text:
        return "missing_value", f"The {name} is missing.", "Fill it in, or leave the line out."
    shown = repr(text[:40])
    if np.isinf(value) or text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return (
            "not_finite",
            f"The {name} is {shown}, which is no price or volume.",
            "Leave the line out, or write the true number.",
        )
    if np.isnan(value):
        return (
            "bad_number",
            f"The {name} {shown} is not a number.",
            "Write plain numbers with a point, such as 1234.5.",
        )
    if name == "volume":
        what = "negative" if value < 0 else "too large"
        return "bad_volume", f"The volume {shown} is {what}.", "Write 0 or a larger number."
    if value <= 0:
        what = "zero" if value == 0 else "negative"
        return (
            f"{what}_price",
            f"The {name} {shown} is {what}.",
            "Prices of 0 and below are not supported: leave the line out.",
        )
    what = "smaller than 0.00000001" if value < 1 else "larger than a price can be"
    return "bad_price", f"The {name} {shown} is {what}.", "Check the unit of the prices."


def _check_range(columns: dict[str, FloatArray], lines: Sequence[int], faults: Faults) -> None:
    open_, high, low, close = (columns[name] for name in PRICES)
    known = np.isfinite(open_) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close)
    with np.errstate(invalid="ignore"):
        under = known & (high < np.maximum(np.maximum(open_, close), low))
        over = known & ~under & (low > np.minimum(open_, close))
    for at in np.flatnonzero(under).tolist():
        faults.add(
            "bad_range",
            f"The high {high[at]:g} is below the open, close or low.",
            "The high is the highest price of the bar: correct the line.",
            lines[at],
            "high",
        )
    for at in np.flatnonzero(over).tolist():
        faults.add(
            "bad_range",
            f"The low {low[at]:g} is above the open or close.",
            "The low is the lowest price of the bar: correct the line.",
            lines[at],
            "low",
        )
