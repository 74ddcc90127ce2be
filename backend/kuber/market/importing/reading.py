"""Reading a file of bars block by block: what its first block shows holds for all that follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np

from kuber.market.actions.types import CorporateAction
from kuber.market.calendars import ROUND_THE_WEEK, TradingCalendar, calendar_for
from kuber.market.errors import ImportRefused
from kuber.market.importing.actions.beside_bars import ActionsBeside
from kuber.market.importing.actions.collecting import Actions
from kuber.market.importing.adjusted_close import adjusted_close_of, tells_of_splits
from kuber.market.importing.checks import (
    IndexArray,
    has_decimal_comma,
    read_numbers,
    read_symbols,
)
from kuber.market.importing.facts import SymbolFacts
from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.fit import Steps
from kuber.market.importing.layout import Layout, read_layout
from kuber.market.importing.moments import day_first
from kuber.market.importing.naming import symbol_in_name
from kuber.market.importing.notes import Notes
from kuber.market.importing.other_zones import as_advice
from kuber.market.importing.said import DateOrder, How, Known, Label, Said, zone_as_kept, zone_of
from kuber.market.importing.symbol_bars import SymbolBars
from kuber.market.importing.tables import Table, read_block, without_empty_bars
from kuber.market.importing.text import Block
from kuber.market.importing.times import TimeReader, Times
from kuber.market.instruments import traits_of
from kuber.market.series import RawBars
from kuber.market.terms.markets import MARKETS
from kuber.market.types import Source, Timeframe, to_datetime

MAX_SYMBOLS = 2000
_MANY_OUTSIDE = 0.1
"""Of an exchange's bars: fewer outside of its hours are those before the opening and after the
close. Currencies have none at the weekend."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the first block has shown."""

    layout: Layout
    decimal_comma: bool
    symbol: str | None
    timeframe: Timeframe
    timeframe_how: How
    times: TimeReader
    day_is_first: bool | None
    """Of dates that begin with the day or the month; None of all others."""


class FileReading:
    """Reads the blocks of one file, in their order."""

    def __init__(
        self,
        filename: str,
        said: Said,
        source: Source,
        notes: Notes,
        received_at: datetime | None = None,
    ) -> None:
        """Of a file that came at `received_at`, bars of the future are refused, and those that were
        not over are left out."""
        self._filename = filename
        self._said = said
        self._source = source
        self._notes = notes
        self._received_at = received_at
        self._zone: tzinfo = zone_of(said.timezone)
        self._faults = Faults()
        self._plan: _Plan | None = None
        self._symbols: dict[str, SymbolBars] = {}
        self._actions = Actions(self._faults, notes)
        self._beside = ActionsBeside(self._actions, notes)

    def read(self, block: Block) -> list[RawBars]:
        """Return the bars of a block by symbol, oldest first; weeks and months come at the end.

        Raises ImportRefused naming lines and remedies.
        """
        if self._plan is None:
            beside = self._said.symbol or symbol_in_name(self._filename, Notes())
            layout = read_layout(block.text, self._notes, beside)
            table = read_block(block, layout)
            if table is None:
                return []
            table = without_empty_bars(table, self._notes)
            self._plan = self._plan_of(layout, table)
        else:
            table = read_block(block, self._plan.layout)
            if table is None:
                return []
            table = without_empty_bars(table, self._notes)
        plan = self._plan
        rows = read_symbols(table, plan.symbol, self._faults)
        times = plan.times.column(table.frame[table.time_column], table.lines)
        readable_times = not np.isnat(times.instants).all()
        only_dates = table.time_column == "date" and readable_times and not times.has_clock
        if plan.timeframe.intraday and only_dates:
            raise refuse(
                "wrong_timeframe",
                f"A 'date' has no time of day, which {plan.timeframe} bars need.",
                _name_clock(unread)
                if (unread := plan.layout.columns.unread_clock) is not None
                else "Import the file with the timeframe it has, or add a column 'time'.",
                table.lines[0],
                "date",
            )
        comma = plan.decimal_comma
        numbers = read_numbers(table, self._faults, self._notes, decimal_comma=comma)
        numbers = adjusted_close_of(numbers, table, plan.timeframe, self._said.prices, comma=comma)

        def readable(places: IndexArray) -> IndexArray:
            return _readable(places, times)

        found = []
        for symbol, places in sorted(rows.items()):
            one, known = self._symbol(symbol, plan), readable(places)
            bars = one.add(table, times, numbers, known)
            one.tell(self._beside.take(symbol, table, times, known, plan.timeframe), bars)
            if bars is not None:
                found.append(bars)
        self._require_few_symbols()
        if self._faults.many:
            self._faults.refuse_if_any()
        return found

    def finish(self, *, whole: bool = True) -> list[RawBars]:
        """Return the bars that were held back; raises ImportRefused when anything was wrong.

        Not `whole`: only the beginning was read, which does not show how far apart bars are.
        """
        if self._plan is None:
            raise refuse("empty_file", "The file is empty.", "Choose a file with bars.")
        found = [bars for one in self._symbols.values() if (bars := one.finish(whole=whole))]
        if any(not one.sorted for one in self._symbols.values()):
            self._notes.add("sorted", "Bars that did not stand oldest first were sorted.")
        self._faults.refuse_if_any()
        self._tell_unfinished()
        self._tell_outside_hours()
        for one in self._symbols.values():
            one.tell_jumps()
        return found

    def _tell_unfinished(self) -> None:
        """Say how many bars were left out; raises ImportRefused when there is no other."""
        waiting = {name: one.unfinished for name, one in self._symbols.items() if one.unfinished}
        if waiting and not any(one.bars for one in self._symbols.values()):
            raise refuse(
                "no_closed_bar",
                "No bar of the file was over when it came.",
                "Export it anew and import it once the first of its bars has closed.",
            )
        for name, count in sorted(waiting.items()):
            bars = "1 bar is" if count == 1 else f"{count:,} bars are"
            self._notes.add(
                "unfinished_bar", f"{name}: {bars} left out, not over yet when the file came."
            )

    def _tell_outside_hours(self) -> None:
        """Say where a market may not be the right one, or the times be of another zone."""
        for name, one in sorted(self._symbols.items()):
            few = 0 if one.calendar.code in ROUND_THE_WEEK else _MANY_OUTSIDE * one.bars
            if not one.outside_hours or one.outside_hours < few:
                continue
            market = MARKETS.get(one.calendar.code, one.calendar.code)
            self._notes.add(
                "outside_hours",
                f"{name}: {one.outside_hours:,} of {one.bars:,} bars open while the market"
                f" ({market}) is closed. Look whether the market and the zone of the times are"
                f" right.{self._zones_advised(one)}",
            )

    def _zones_advised(self, one: SymbolBars) -> str:
        """Return the sentence that names a zone in which all bars fit; times with an offset have
        theirs."""
        if self._plan is None or self._plan.times.aware:
            return ""
        return as_advice(one.zones_within_hours(self._zone))

    def span(self, block: Block) -> tuple[datetime, datetime] | None:
        """Return the first and last time in another block, None where it cannot be read."""
        assert self._plan is not None, "a block was read"
        plan = self._plan
        try:
            table = read_block(block, plan.layout)
        except ImportRefused:
            return None
        if table is None:
            return None
        reader = plan.times.apart(Faults())
        instants = reader.column(table.frame[table.time_column], table.lines).instants
        known = instants[~np.isnat(instants)]
        return (to_datetime(known.min()), to_datetime(known.max())) if len(known) else None

    @property
    def timeframe(self) -> Timeframe:
        assert self._plan is not None, "a block was read"
        return self._plan.timeframe

    def actions(self) -> tuple[CorporateAction, ...]:
        """Return the splits and dividends beside the bars so far."""
        return self._actions.all()

    def facts(self) -> list[SymbolFacts]:
        """Return what there is of each symbol so far, by symbol."""
        found = (self._symbols[symbol].facts() for symbol in sorted(self._symbols))
        return [one for one in found if one is not None]

    def understood(self) -> Mapping[str, Known]:
        """Return what is taken for true of the file, and how each thing is known."""
        assert self._plan is not None, "a block was read"
        plan, said = self._plan, self._said
        layout = plan.layout
        symbols = sorted(self._symbols)
        calendars = sorted({one.calendar.code for one in self._symbols.values()})
        separator = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
        return {
            "separator": Known(separator.get(layout.separator, layout.separator), How.FILE),
            "decimals": Known("comma" if plan.decimal_comma else "point", How.FILE),
            "columns": Known(_columns(layout), How.FILE if layout.header else How.GUESS),
            "symbol": Known(
                ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if symbols[3:] else ""),
                How.SAID if said.symbol and "symbol" not in layout.columns.places else How.FILE,
            ),
            "timeframe": Known(plan.timeframe, plan.timeframe_how),
            "timezone": Known(
                zone_as_kept(said.timezone) or "UTC",
                How.SAID if said.timezone else How.FILE if plan.times.aware else How.GUESS,
            ),
            **self._date_order(plan),
            "label": Known(said.label or Label.OPEN, How.SAID if said.label else How.GUESS),
            "market": Known(", ".join(calendars), How.SAID if said.market else How.GUESS),
            "adjusted": Known(self._adjusted(plan), How.FILE),
        }

    def _date_order(self, plan: _Plan) -> dict[str, Known]:
        """Return what comes first in dates that do not begin with the year."""
        if plan.day_is_first is None:
            return {}
        order = DateOrder.DAY_FIRST if plan.day_is_first else DateOrder.MONTH_FIRST
        said = self._said.date_order
        return {"date_order": Known(order, How.SAID if said is order else How.FILE)}

    def _adjusted(self, plan: _Plan) -> str:
        """Return whether there is an adjusted close: `no`, `yes` or `not_used` for splits."""
        places = plan.layout.columns.places
        if "adj_close" not in places:
            return "no"
        return "yes" if tells_of_splits(places, plan.timeframe, self._said.prices) else "not_used"

    def _plan_of(self, layout: Layout, table: Table) -> _Plan:
        column, field = table.frame[table.time_column], table.time_column
        if layout.columns.unread_clock is not None:
            self._faults.advise("duplicate_time", _name_clock(layout.columns.unread_clock))
        year_last = bool(column.str.contains(r"^\s*\d{1,2}[./-]\d{1,2}[./-]\d{4}").any())
        first_day = year_last and day_first(
            column.to_list(), table.lines[0], said=self._said.day_is_first
        )
        has_symbol = "symbol" in table.frame.columns or table.symbol is not None
        symbol = self._said.symbol
        if symbol is None and not has_symbol:
            symbol = symbol_in_name(self._filename, self._notes)
        timeframe, how = self._said.timeframe, How.SAID
        if timeframe is None:
            timeframe, how = self._told(
                table, symbol, layout.columns.unread_clock, day_is_first=first_day
            )
        reader = TimeReader(
            self._zone, self._faults, field, day_is_first=first_day, exact=timeframe.intraday
        )
        return _Plan(
            layout,
            has_decimal_comma(table),
            symbol,
            timeframe,
            how,
            reader,
            first_day if year_last else None,
        )

    def _told(
        self, table: Table, symbol: str | None, unread_clock: str | None, *, day_is_first: bool
    ) -> tuple[Timeframe, How]:
        """Return the timeframe that the times of the first block are of: a guess where no symbol
        has more than a few; raises ImportRefused."""
        field = table.time_column
        faults = Faults()
        reader = TimeReader(self._zone, faults, field, day_is_first=day_is_first, exact=False)
        times = reader.column(table.frame[field], table.lines)
        if np.isnat(times.instants).all():
            faults.refuse_if_any()
        steps, widest = Steps(), Steps()
        rows = read_symbols(table, symbol, Faults())
        shown = times.instants if times.has_clock else times.written
        for found in sorted(rows.values(), key=len):
            places, widest = _readable(found, times), Steps()
            lines = [table.lines[at] for at in places]
            for one in (steps, widest):
                one.add(np.unique(shown[places]), lines)
        told = steps.timeframe(clock=times.has_clock)
        if widest.few and not (told and told.intraday):
            # One step of many symbols, between two days, tells no more than that of one.
            told = widest.timeframe(clock=times.has_clock)
        if told is None:
            if steps.note_mixed(field, faults):
                faults.refuse_if_any()
            raise refuse(
                "unknown_timeframe",
                "The file does not show which timeframe its bars have.",
                _name_clock(unread_clock)
                if unread_clock is not None
                else "Name the timeframe beside the file, such as 1h or 1d.",
                field="timeframe",
            )
        self._notes.add("timeframe", f"The times of the file show bars of {told}.")
        return told, How.GUESS if widest.few else How.FILE

    def _symbol(self, symbol: str, plan: _Plan) -> SymbolBars:
        found = self._symbols.get(symbol)
        if found is None:
            ends = self._said.label is Label.CLOSE
            found = self._symbols[symbol] = SymbolBars(
                symbol,
                plan.timeframe,
                self._calendar(symbol),
                self._source,
                self._faults,
                self._notes,
                ends=ends,
                splits=self._said.splits.get(symbol, ()),
                received_at=self._received_at,
            )
        return found

    def _calendar(self, symbol: str) -> TradingCalendar:
        said = self._said
        code = said.market or said.markets.get(symbol) or traits_of(symbol).calendar
        return calendar_for(code)

    def _require_few_symbols(self) -> None:
        if len(self._symbols) > MAX_SYMBOLS:
            raise refuse(
                "too_many_symbols",
                f"The file names {len(self._symbols):,} symbols, {MAX_SYMBOLS:,} may be in one.",
                "Split it by symbol.",
                field="symbol",
            )


def _readable(rows: IndexArray, times: Times) -> IndexArray:
    return rows[~np.isnat(times.instants[rows])]


def _name_clock(column: str) -> str:
    """Return the remedy for a file whose times of day stand in a column of an unknown name."""
    if not column:
        return "Name the column without a name, which holds times of the day, 'time'."
    return f"Rename the column {column[:40]!r} to 'time': it holds times of the day."


def _columns(layout: Layout) -> str:
    """Return which column is what, in the order of the file: 'Date' is date, ..."""
    places = sorted((at, role) for role, at in layout.columns.places.items())
    if not layout.header:
        return ", ".join(role for _, role in places)
    return ", ".join(f"{layout.header[at]} = {role}" for at, role in places)
