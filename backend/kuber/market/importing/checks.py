"""Checks of the values of a file: numbers, prices, order of times, fit to the timeframe."""

from dataclasses import dataclass
from datetime import timedelta

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
from kuber.market.types import FloatArray, TimeArray, Timeframe

PRICES = ("open", "high", "low", "close")
_PRICE_LIMIT = 1e12
_VOLUME_LIMIT = 1e18
_SMALLEST_PRICE = 1e-8
_ROUNDING = 1e-9
"""Of a price: what is off by less is the same price."""
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


def read_symbols(table: Table, said: str | None, faults: Faults) -> list[str]:
    """Return the canonical symbol of each row; a bad one is noted at its first line.

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
        return [_named(named)] * len(table.lines)
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


def _named(symbol: str) -> str:
    try:
        return canonical_symbol(symbol)
    except ValueError as error:
        raise refuse(
            "bad_symbol", f"{error}.", "Write the ticker, such as AAPL or EURUSD.", field="symbol"
        ) from error


def read_numbers(table: Table, faults: Faults, notes: Notes) -> Numbers:
    """Return the prices and volumes of a file, having noted whatever cannot be one."""
    frame = table.frame
    comma = is_decimal_comma(sample_of(frame[name] for name in PRICES), table.lines[0])
    if comma:
        notes.add("decimal_comma", "Decimals stand behind a comma.")
    texts = {name: plain_numbers(frame[name], decimal_comma=comma) for name in PRICES}
    if "volume" in frame.columns:
        texts["volume"] = plain_volumes(frame["volume"], decimal_comma=comma, notes=notes)
    else:
        notes.add("no_volume", "The file has no volume, which counts as 0.")
        texts["volume"] = pl.Series(["0"] * frame.height)
    columns = {name: _read_column(text, name, table.lines, faults) for name, text in texts.items()}
    adj_close = None
    if "adj_close" in frame.columns:
        text = plain_numbers(frame["adj_close"], decimal_comma=comma)
        adj_close = _read_column(text, "adj_close", table.lines, faults)
    _mend_rounding(columns, notes)
    _check_range(columns, table.lines, faults)
    return Numbers(**columns, adj_close=adj_close)


def _read_column(text: pl.Series, name: str, lines: list[int], faults: Faults) -> FloatArray:
    values: FloatArray = text.cast(pl.Float64, strict=False).to_numpy(writable=True)
    values = values.astype(np.float64)
    limit = _VOLUME_LIMIT if name == "volume" else _PRICE_LIMIT
    lowest = 0.0 if name == "volume" else _SMALLEST_PRICE
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(values) & (values >= lowest) & (values < limit))
    if name == "adj_close":
        bad &= (text.fill_null("") != "").to_numpy()
    for at in np.flatnonzero(bad):
        faults.add(*_explain(name, text[int(at)], float(values[at])), lines[at], name)
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
        notes.add("rounded", f"{count:,} highs or lows were off by rounding, and were mended.")


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


def check_repeated(
    times: TimeArray, lines: list[int], symbol: str, field: str, faults: Faults
) -> bool:
    """Note every time that is there twice; returns whether there was none.

    times: one symbol's, oldest first, no NaT.
    """
    again = np.flatnonzero(times[1:] == times[:-1]) + 1
    for at in again:
        shown = str(times[at].astype("datetime64[s]")).replace("T", " ")
        faults.add(
            "duplicate_time",
            f"{symbol} has two bars for {shown}.",
            "Keep one bar for each time.",
            max(lines[at], lines[at - 1]),
            field,
        )
    return not len(again)


def check_fit(
    times: TimeArray, lines: list[int], timeframe: Timeframe, field: str, faults: Faults
) -> None:
    """Note when the times of one symbol (sorted, shape (n,)) are not those of `timeframe`.

    A bar that is longer than its timeframe would count as closed before it is over, so what is
    advised never is shorter than the bars.
    """
    if len(times) < 2:
        return
    steps = np.diff(times)
    if timeframe.intraday:
        _check_intraday(times, steps, lines, timeframe, field, faults)
        return
    nearest = int(np.argmin(steps))
    smallest_days = int(steps[nearest] // np.timedelta64(1, "D"))
    typical_days = float(np.median(steps) / np.timedelta64(1, "D"))
    # Holidays move the label of a week by some days; a day has at most some days off behind it.
    fitting = {
        Timeframe.D1: max(smallest_days, typical_days) < _WEEK_DAYS - 3,
        Timeframe.W1: smallest_days >= 1 and _WEEK_DAYS - 3 <= typical_days <= _WEEK_DAYS + 3,
        Timeframe.MO1: _MONTH_DAYS[0] <= typical_days <= _MONTH_DAYS[1],
    }
    if not fitting[timeframe]:
        found = next((one for one, fits in fitting.items() if fits), None)
        _wrong_timeframe(
            round(typical_days) * 1440, found, timeframe, lines[nearest + 1], field, faults
        )


def _check_intraday(
    times: TimeArray,
    steps: NDArray[np.timedelta64],
    lines: list[int],
    timeframe: Timeframe,
    field: str,
    faults: Faults,
) -> None:
    minute = np.timedelta64(1, "m")
    uneven = np.flatnonzero((times - times.astype("datetime64[D]")) % minute != np.timedelta64(0))
    for at in uneven:
        faults.add(
            "off_grid_time",
            f"A {timeframe} bar cannot open at {times[at].astype('datetime64[s]')}Z.",
            "Give the opening time of each bar.",
            lines[at],
            field,
        )
    if len(uneven):
        return
    minutes = (steps // minute).astype(np.int64)
    # Between sessions a clock change may lie: only steps within half a day tell how long bars are.
    near = minutes[minutes <= _HALF_DAY] if (minutes <= _HALF_DAY).any() else minutes
    apart = int(np.gcd.reduce(near))
    span = timeframe.span // timedelta(minutes=1)
    known = [one.span // timedelta(minutes=1) for one in Timeframe if one.intraday]
    longest = max((one for one in known if apart % one == 0), default=0)
    if longest == span and (apart == span or apart != int(near.min())):
        return
    nearest = int(np.argmin(minutes))
    found = next((one for one in Timeframe if one.span == timedelta(minutes=apart)), None)
    _wrong_timeframe(apart, found, timeframe, lines[nearest + 1], field, faults)


def _wrong_timeframe(
    minutes: int,
    found: Timeframe | None,
    timeframe: Timeframe,
    line: int,
    field: str,
    faults: Faults,
) -> None:
    remedy = (
        f"Import the file with the timeframe it has, here '{found}'."
        if found and found is not timeframe
        else "Bars of this length are not supported: export them with another timeframe."
    )
    faults.add(
        "wrong_timeframe",
        f"These bars are {_words(minutes)} apart, which is not the timeframe {timeframe}.",
        remedy,
        line,
        field,
    )


_HALF_DAY = 12 * 60
_WEEK_DAYS = 7
_MONTH_DAYS = (27, 32)


def _words(minutes: int) -> str:
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            count = minutes / size
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
