"""From an uploaded file to bars that can be stored."""

from datetime import tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kuber.market.calendars import calendar_for
from kuber.market.importing.checks import (
    Numbers,
    check_fit,
    check_order,
    read_numbers,
    read_symbols,
)
from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.tables import Table, read_table
from kuber.market.importing.times import read_dates, read_instants, zone_of
from kuber.market.instruments import traits_of
from kuber.market.series import RawBars
from kuber.market.types import Bars, Source, TimeArray, Timeframe

IndexArray = NDArray[np.int64]

MAX_SYMBOLS = 2000


def parse_bars(
    filename: str, content: bytes, timeframe: Timeframe, timezone: str | None, source: Source
) -> list[RawBars]:
    """Return the checked bars of a CSV or Parquet file, one entry for each symbol, by symbol.

    Columns: `symbol`; one of `time`, `timestamp` (ISO 8601, UTC unless `timezone` or an offset
    says otherwise) or `date`; `open`, `high`, `low`, `close`, `volume`; `adj_close` if known.
    Others are ignored. Raises ImportRefused naming lines and remedies, ImportTooLarge.
    """
    zone = zone_of(timezone)
    table = read_table(filename, content)
    if timeframe.intraday and table.time_column == "date":
        raise refuse(
            "wrong_timeframe",
            f"A 'date' has no time of day, which {timeframe} bars need.",
            "Import the file as 1d, or add a column 'time'.",
            table.lines[0],
            "date",
        )
    faults = Faults()
    symbols = read_symbols(table, faults)
    times = _read_times(table, timeframe, zone, faults)
    numbers = read_numbers(table, faults)
    groups = _by_symbol(symbols, times)
    if len(groups) > MAX_SYMBOLS:
        raise refuse(
            "too_many_symbols",
            f"The file names {len(groups):,} symbols, {MAX_SYMBOLS:,} may be in one.",
            "Split it by symbol.",
            field="symbol",
        )
    for symbol, rows in groups.items():
        lines = [table.lines[row] for row in rows]
        order = check_order(times[rows], lines, symbol, table.time_column, faults)
        if order:
            check_fit(times[rows], lines, timeframe, table.time_column, faults)
    faults.refuse_if_any()
    series = [
        _series(_Labels(symbol, timeframe, source), times[rows], rows, numbers)
        for symbol, rows in sorted(groups.items())
    ]
    if timeframe is Timeframe.W1:
        _check_weeks(series, groups, table)
    return series


def _read_times(table: Table, timeframe: Timeframe, zone: tzinfo, faults: Faults) -> TimeArray:
    values = table.frame[table.time_column].to_list()
    if timeframe.intraday:
        return read_instants(values, table.lines, zone, faults, table.time_column)
    dates = read_dates(values, table.lines, zone, faults, table.time_column)
    return dates.astype("datetime64[us]")


def _by_symbol(symbols: list[str], times: TimeArray) -> dict[str, IndexArray]:
    """Return the readable rows of each symbol, in the order of the file."""
    rows: dict[str, list[int]] = {}
    for row, (symbol, readable) in enumerate(zip(symbols, ~np.isnat(times), strict=True)):
        if symbol and readable:
            rows.setdefault(symbol, []).append(row)
    return {symbol: np.array(found, dtype=np.int64) for symbol, found in rows.items()}


class _Labels(NamedTuple):
    symbol: str
    timeframe: Timeframe
    source: Source


def _series(labels: _Labels, times: TimeArray, rows: IndexArray, numbers: Numbers) -> RawBars:
    symbol, timeframe, _ = labels
    calendar = calendar_for(traits_of(symbol).calendar)
    if timeframe.intraday:
        opened_at, closed_at = times, calendar.intraday_closes(times, timeframe)
    elif timeframe is Timeframe.D1:
        opened_at, closed_at = calendar.daily_bounds(times.astype("datetime64[D]"))
    else:
        opened_at, closed_at = calendar.weekly_bounds(times.astype("datetime64[D]"))
    bars = Bars(
        *labels,
        opened_at,
        closed_at,
        numbers.open[rows],
        numbers.high[rows],
        numbers.low[rows],
        numbers.close[rows],
        numbers.volume[rows],
    )
    return RawBars(bars, None if numbers.adj_close is None else numbers.adj_close[rows])


def _check_weeks(series: list[RawBars], groups: dict[str, IndexArray], table: Table) -> None:
    """Refuse two weekly bars that fall into one trading week."""
    faults = Faults()
    for one in series:
        opened_at, rows = one.bars.opened_at, groups[one.bars.symbol]
        for at in np.flatnonzero(opened_at[1:] == opened_at[:-1]) + 1:
            faults.add(
                "duplicate_time",
                f"{one.bars.symbol} has two bars for one week.",
                "Keep one bar for each week.",
                table.lines[rows[at]],
                table.time_column,
            )
    faults.refuse_if_any()
