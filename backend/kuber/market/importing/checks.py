"""Checks of the values of a file: numbers, prices, order of times, fit to the timeframe."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kuber.market.importing.faults import Faults
from kuber.market.importing.tables import Table
from kuber.market.symbols import canonical_symbol
from kuber.market.types import FloatArray, TimeArray, Timeframe

PRICES = ("open", "high", "low", "close")
_PRICE_LIMIT = 1e12
_VOLUME_LIMIT = 1e18
_SMALLEST_PRICE = 1e-8
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The numeric columns of a file, NaN where a value was refused; `adj_close` may be absent."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    adj_close: FloatArray | None


def read_symbols(table: Table, faults: Faults) -> list[str]:
    """Return the canonical symbol of each row; a bad one is noted at its first line."""
    known: dict[str, str] = {}
    symbols = table.frame["symbol"].to_list()
    for text, line in zip(symbols, table.lines, strict=True):
        if (text or "") in known:
            continue
        try:
            known[text or ""] = canonical_symbol(text or "")
        except ValueError as error:
            known[text or ""] = ""
            message = f"{error}." if text else "The symbol is missing."
            faults.add(
                "bad_symbol", message, "Write the ticker, such as AAPL or EURUSD.", line, "symbol"
            )
    return [known[text or ""] for text in symbols]


def read_numbers(table: Table, faults: Faults) -> Numbers:
    """Return the prices and volumes of a file, having noted whatever cannot be one."""
    columns = {name: _read_column(table, name, faults) for name in (*PRICES, "volume")}
    adj_close = None
    if "adj_close" in table.frame.columns:
        adj_close = _read_column(table, "adj_close", faults)
    _check_range(columns, table.lines, faults)
    return Numbers(**columns, adj_close=adj_close)


def _read_column(table: Table, name: str, faults: Faults) -> FloatArray:
    text = table.frame[name]
    values: FloatArray = text.cast(pl.Float64, strict=False).to_numpy(writable=True)
    values = values.astype(np.float64)
    limit = _VOLUME_LIMIT if name == "volume" else _PRICE_LIMIT
    lowest = 0.0 if name == "volume" else _SMALLEST_PRICE
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(values) & (values >= lowest) & (values < limit))
    if name == "adj_close":
        bad &= (text.fill_null("") != "").to_numpy()
    for at in np.flatnonzero(bad):
        faults.add(*_explain(name, text[int(at)], float(values[at])), table.lines[at], name)
    values[bad] = np.nan
    return values


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
            "Prices are above 0: leave the line out, or write the true price.",
        )
    what = "smaller than 0.00000001" if value < 1 else "larger than a price can be"
    return "bad_price", f"The {name} {shown} is {what}.", "Check the unit of the prices."


def _check_range(columns: dict[str, FloatArray], lines: list[int], faults: Faults) -> None:
    open_, high, low, close = (columns[name] for name in PRICES)
    known = np.isfinite(open_) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close)
    with np.errstate(invalid="ignore"):
        under = known & (high < np.maximum(np.maximum(open_, close), low))
        over = known & ~under & (low > np.minimum(open_, close))
    for at in np.flatnonzero(under):
        faults.add(
            "bad_range",
            f"The high {high[at]:g} is below the open, close or low.",
            "The high is the highest price of the bar: correct the line.",
            lines[at],
            "high",
        )
    for at in np.flatnonzero(over):
        faults.add(
            "bad_range",
            f"The low {low[at]:g} is above the open or close.",
            "The low is the lowest price of the bar: correct the line.",
            lines[at],
            "low",
        )


def check_order(
    times: TimeArray, lines: list[int], symbol: str, field: str, faults: Faults
) -> bool:
    """Note every time that is not after the one before it; returns whether there was none.

    times: one symbol's, in the order of the file, no NaT.
    """
    repeated = np.ones(len(times), dtype=np.bool_)
    repeated[np.unique(times, return_index=True)[1]] = False
    late = np.flatnonzero(repeated[1:] | (times[1:] <= times[:-1])) + 1
    for at in late:
        shown = str(times[at].astype("datetime64[s]")).replace("T", " ")
        if repeated[at]:
            faults.add(
                "duplicate_time",
                f"{symbol} has two bars for {shown}.",
                "Keep one bar for each time.",
                lines[at],
                field,
            )
        else:
            faults.add(
                "unsorted_time",
                f"The {symbol} bar of {shown} comes after a later one.",
                "Sort the lines by time, oldest first.",
                lines[at],
                field,
            )
    return not len(late)


def check_fit(
    times: TimeArray, lines: list[int], timeframe: Timeframe, field: str, faults: Faults
) -> None:
    """Note when the times of one symbol (sorted, shape (n,)) are not those of `timeframe`."""
    unit = timedelta(minutes=1) if not timeframe.intraday else min(timeframe.span, _QUARTER)
    if timeframe.intraday:
        since_midnight = times - times.astype("datetime64[D]")
        off_grid = np.flatnonzero(since_midnight % np.timedelta64(unit) != np.timedelta64(0))
        for at in off_grid:
            faults.add(
                "off_grid_time",
                f"A {timeframe} bar cannot open at {times[at].astype('datetime64[s]')}Z.",
                f"Give the opening time of each bar, and the timeframe that the file has"
                f" (chosen: {timeframe}).",
                lines[at],
                field,
            )
        if len(off_grid):
            return
    steps = np.diff(times)
    if not len(steps):
        return
    # Weeks are labelled by their first or last session, which a holiday moves by some days.
    slack = timedelta(days=3) if timeframe is Timeframe.W1 else timedelta(0)
    nearest = np.argmin(steps)
    smallest = steps[nearest].astype("timedelta64[us]").astype(timedelta)
    fitting = [one for one in Timeframe if one.span <= smallest + slack]
    if smallest + slack < timeframe.span or fitting[-1] is not timeframe:
        found = f"'{fitting[-1]}'" if fitting else "a finer one"
        faults.add(
            "wrong_timeframe",
            f"These bars are {_words(smallest)} apart, which is not the timeframe {timeframe}.",
            f"Import the file with the timeframe it has, here {found}.",
            lines[nearest + 1],
            field,
        )


_QUARTER = timedelta(minutes=15)


def _words(step: timedelta) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if step.total_seconds() >= size:
            count = step.total_seconds() / size
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return f"{step.total_seconds():g} seconds"
