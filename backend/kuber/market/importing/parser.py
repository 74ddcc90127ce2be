"""From an uploaded file to bars that can be stored."""

import re
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from kuber.market.calendars import calendar_for
from kuber.market.importing.checks import (
    Numbers,
    check_fit,
    check_repeated,
    read_numbers,
    read_symbols,
)
from kuber.market.importing.closing import bounds_of, labels_of
from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.notes import Notes
from kuber.market.importing.tables import Table, read_table
from kuber.market.importing.times import Times, read_times, zone_of
from kuber.market.instruments import traits_of
from kuber.market.series import RawBars
from kuber.market.types import Bars, FloatArray, Source, TimeArray, Timeframe

IndexArray = NDArray[np.int64]

MAX_SYMBOLS = 2000
_NUMBERS = ("open", "high", "low", "close", "volume")

_BINANCE = re.compile(r"([A-Z0-9]{5,20})-\d{1,2}(?:s|m|h|d|w|mo)-\d{4}.*")
_TRADINGVIEW = re.compile(r"([A-Z0-9_]{2,20})_([A-Z0-9.!]{1,20}), \w+.*")
"""Names of files that say which symbol is in them, since their vendors name them so."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says beside a file; None where the file shall say it."""

    timeframe: Timeframe
    timezone: str | None = None
    symbol: str | None = None


def parse_bars(
    filename: str, content: bytes, said: Said, source: Source, notes: Notes | None = None
) -> list[RawBars]:
    """Return the checked bars of a CSV or Parquet file, one entry for each symbol, by symbol.

    Columns by any usual name: see `columns`. Every guess, and whatever was left out or mended, is
    told in `notes`. Raises ImportRefused naming lines and remedies, ImportTooLarge.
    """
    notes = notes or Notes()
    zone = zone_of(said.timezone)
    table = read_table(filename, content, notes)
    faults = Faults()
    symbols = read_symbols(table, said.symbol or _named_by(filename, table, notes), faults)
    values = table.frame[table.time_column].to_list()
    times = read_times(
        values, table.lines, zone, faults, table.time_column, exact=said.timeframe.intraday
    )
    if said.timeframe.intraday and table.time_column == "date" and not times.has_clock:
        raise refuse(
            "wrong_timeframe",
            f"A 'date' has no time of day, which {said.timeframe} bars need.",
            "Import the file with the timeframe it has, or add a column 'time'.",
            table.lines[0],
            "date",
        )
    numbers = read_numbers(table, faults, notes)
    groups = _by_symbol(symbols, times.instants)
    if len(groups) > MAX_SYMBOLS:
        raise refuse(
            "too_many_symbols",
            f"The file names {len(groups):,} symbols, {MAX_SYMBOLS:,} may be in one.",
            "Split it by symbol.",
            field="symbol",
        )
    reading = _Reading(said.timeframe, source, table, times, numbers, faults, notes)
    series = [reading.series(symbol, rows) for symbol, rows in sorted(groups.items())]
    faults.refuse_if_any()
    return [one for one in series if one is not None]


def _named_by(filename: str, table: Table, notes: Notes) -> str | None:
    """Return the symbol that a vendor's way of naming files tells, None for any other name."""
    if "symbol" in table.frame.columns or table.symbol is not None:
        return None
    stem = PurePath(filename.replace("\\", "/")).stem
    if binance := _BINANCE.fullmatch(stem):
        symbol = binance[1]
    elif tradingview := _TRADINGVIEW.fullmatch(stem):
        symbol = f"{tradingview[1]}:{tradingview[2]}"
    else:
        return None
    notes.add("symbol_by_file_name", f"The file's name says that it holds {symbol}.")
    return symbol


def _by_symbol(symbols: list[str], times: TimeArray) -> dict[str, IndexArray]:
    """Return the readable rows of each symbol, in the order of the file."""
    rows: dict[str, list[int]] = {}
    for row, (symbol, readable) in enumerate(zip(symbols, ~np.isnat(times), strict=True)):
        if symbol and readable:
            rows.setdefault(symbol, []).append(row)
    return {symbol: np.array(found, dtype=np.int64) for symbol, found in rows.items()}


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file on its way to series."""

    timeframe: Timeframe
    source: Source
    table: Table
    times: Times
    numbers: Numbers
    faults: Faults
    notes: Notes

    def series(self, symbol: str, rows: IndexArray) -> RawBars | None:
        """Return the bars of one symbol, oldest first; None when something was noted."""
        calendar = calendar_for(traits_of(symbol).calendar)
        labels = labels_of(self.times, rows, self.timeframe, calendar, self.notes)
        order = np.argsort(labels, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            self.notes.add("sorted", "Bars that did not stand oldest first were sorted.")
        rows, labels = rows[order], labels[order]
        lines = [self.table.lines[row] for row in rows]
        field = self.table.time_column
        if not check_repeated(labels, lines, symbol, field, self.faults):
            return None
        check_fit(labels, lines, self.timeframe, field, self.faults)
        opened, closed = bounds_of(labels, self.timeframe, calendar, self.notes)
        numbers = self._numbers_of(rows)
        if self.timeframe in (Timeframe.W1, Timeframe.MO1):
            kept = self._each_once(symbol, opened, lines, numbers)
            opened, closed = opened[kept], closed[kept]
            numbers = {name: column[kept] for name, column in numbers.items()}
        open_, high, low, close, volume = (numbers[name] for name in _NUMBERS)
        bars = Bars(
            symbol, self.timeframe, self.source, opened, closed, open_, high, low, close, volume
        )
        return RawBars(bars, numbers.get("adj_close"))

    def _numbers_of(self, rows: IndexArray) -> dict[str, FloatArray]:
        columns = {name: getattr(self.numbers, name)[rows] for name in _NUMBERS}
        if self.numbers.adj_close is not None:
            columns["adj_close"] = self.numbers.adj_close[rows]
        return columns

    def _each_once(
        self, symbol: str, opened: TimeArray, lines: list[int], numbers: dict[str, FloatArray]
    ) -> NDArray[np.bool_]:
        """Return which bars stay: Yahoo's weekly and monthly files end with a row for the newest
        day, which belongs to the bar before it. Any other that is there twice is noted."""
        span = "week" if self.timeframe is Timeframe.W1 else "month"
        kept = np.ones(len(opened), dtype=np.bool_)
        again = np.flatnonzero(opened[1:] == opened[:-1]) + 1
        if len(again) == 1 and again[0] == len(opened) - 1 and len(opened) > 1:
            whole, day = len(opened) - 2, len(opened) - 1
            for name, most in (("high", np.maximum), ("low", np.minimum), ("volume", np.maximum)):
                numbers[name][whole] = most(numbers[name][whole], numbers[name][day])
            for name in ("close", "adj_close"):
                if name in numbers:
                    numbers[name][whole] = numbers[name][day]
            kept[day] = False
            self.notes.add(
                f"merged_{span}",
                f"{symbol}: line {lines[day]} was merged into the {span} it belongs to.",
            )
            return kept
        for at in again:
            self.faults.add(
                "duplicate_time",
                f"{symbol} has two bars for one {span}.",
                f"Keep one bar for each {span}.",
                lines[at],
                self.table.time_column,
            )
        return kept
