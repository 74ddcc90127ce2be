"""The bars of one symbol of a file, block after block."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from kuber.market.actions.types import ToldSplit
from kuber.market.calendars import TradingCalendar
from kuber.market.importing.checks import IndexArray, Numbers
from kuber.market.importing.closing import Bounds, bounds_of, labels_of
from kuber.market.importing.facts import FoundSplit, SymbolFacts
from kuber.market.importing.faults import Faults
from kuber.market.importing.fit import Order, check_minutes, check_repeated
from kuber.market.importing.future import check_not_ahead
from kuber.market.importing.jumps import Jumps
from kuber.market.importing.notes import Notes
from kuber.market.importing.other_zones import BinsOfTimes, expected_bars, fitting_zones
from kuber.market.importing.surroundings import Surroundings
from kuber.market.importing.tables import Table
from kuber.market.importing.times import Times
from kuber.market.instruments import CRYPTO
from kuber.market.series import RawBars, join_raw
from kuber.market.types import (
    Bars,
    FloatArray,
    Source,
    TimeArray,
    Timeframe,
    to_datetime,
    to_datetime64,
)

_NUMBERS = ("open", "high", "low", "close", "volume")
_HELD = (Timeframe.W1, Timeframe.MO1)
"""Few bars, of which the last may have to be merged: they are given when all are read."""
_MOST_SPLITS = 50

Columns = dict[str, FloatArray]


@dataclass(slots=True)
class _Held:
    """The bars of weeks or months before it is known which of them is merged."""

    labels: list[TimeArray]
    lines: list[int]
    columns: list[Columns]


class SymbolBars:
    """Makes bars of one symbol's rows; what is wrong is noted in `faults`."""

    def __init__(
        self,
        symbol: str,
        timeframe: Timeframe,
        calendar: TradingCalendar,
        source: Source,
        faults: Faults,
        notes: Notes,
        *,
        ends: bool,
        splits: Iterable[ToldSplit] = (),
        received_at: datetime | None = None,
    ) -> None:
        """`ends`: the file names each bar by its end; `splits` are those of earlier files. Without
        `received_at`, when the file came, bars may be of any time."""
        self.calendar = calendar
        self.sorted = True
        self.unfinished = 0
        """Bars that were left out, since they were not over when the file came."""
        self._symbol = symbol
        self._timeframe = timeframe
        self._source = source
        self._faults = faults
        self._notes = notes
        self._ends = ends
        self._received_at = received_at
        self._order = Order()
        self._held = _Held([], [], [])
        self._field = ""
        self._count = self._inside = 0
        self._first = self._last = np.datetime64("NaT", "us")
        self._edges: tuple[RawBars, RawBars] | None = None
        self._splits: list[FoundSplit] = []
        self._around = Surroundings()
        self._bins = BinsOfTimes()
        self._jumps = Jumps(symbol)
        for split in splits:
            self._around.watch(split, calendar.midnight(split.ex_date))

    def add(self, table: Table, times: Times, numbers: Numbers, rows: IndexArray) -> RawBars | None:
        """Return the bars of these rows, oldest first; None when there are none to give now."""
        if not len(rows):
            return None
        self._field = table.time_column
        labels = labels_of(
            times, rows, self._timeframe, self.calendar, self._notes, ends=self._ends
        )
        order = np.argsort(labels, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            self.sorted = False
        rows, labels = rows[order], labels[order]
        lines = [table.lines[row] for row in rows]
        columns = _columns_of(numbers, rows)
        if self._timeframe in _HELD:
            self._held.labels.append(labels)
            self._held.lines += lines
            self._held.columns.append(columns)
            return None
        if not check_repeated(labels, lines, self._symbol, self._field, self._faults):
            return None
        if self._timeframe.intraday and not check_minutes(
            labels, lines, self._timeframe, self._field, self._faults
        ):
            return None
        bounds = self._bounds(labels)
        self._check_not_ahead(bounds, lines)
        named_by_end = self._ends and self._timeframe.intraday
        self._order.add(labels, lines, bounds.opened if named_by_end else None)
        return self._made(bounds, columns)

    def tell(self, splits: Iterable[ToldSplit], made: RawBars | None) -> None:
        """Take splits that the rows of the bars made last tell of."""
        for split in splits:
            passed = self._edges or ()
            bars = (*passed, made) if made is not None else passed
            self._around.watch(split, self.calendar.midnight(split.ex_date), *bars)

    def _bounds(self, labels: TimeArray) -> Bounds:
        """Return when bars open and close; the bar before them counts where they follow it."""
        newest = self._order.newest
        follow = not np.isnat(newest) and bool(newest < labels[0])
        named = np.insert(labels, 0, newest) if follow else labels
        found = bounds_of(named, self._timeframe, self.calendar, self._notes, ends=self._ends)
        return Bounds(found.opened[1:], found.closed[1:]) if follow else found

    def _check_not_ahead(self, bounds: Bounds, lines: Sequence[int]) -> None:
        if self._received_at is not None:
            now = self._received_at
            check_not_ahead(
                bounds, lines, self._timeframe, now, self._symbol, self._field, self._faults
            )

    def finish(self, *, whole: bool) -> RawBars | None:
        """Return the bars that were held back, and judge the times of all if there are all."""
        if not self._held.lines:
            if not whole:
                return None
            self._order.finish(self._symbol, self._field, self._faults)
            self._order.steps.check(self._timeframe, self._field, self._faults)
            self._tell_short_ones()
            self.sorted &= self._order.sorted
            return None
        labels = np.concatenate(self._held.labels)
        lines = np.array(self._held.lines)
        held = self._held.columns
        columns = {name: np.concatenate([one[name] for one in held]) for name in held[0]}
        order = np.argsort(labels, kind="stable")
        self.sorted &= np.array_equal(order, np.arange(len(order)))
        labels, lines = labels[order], lines[order]
        columns = {name: column[order] for name, column in columns.items()}
        numbers = lines.tolist()
        if not check_repeated(labels, numbers, self._symbol, self._field, self._faults):
            return None
        bounds = self._bounds(labels)
        self._check_not_ahead(bounds, numbers)
        self._order.add(labels, numbers)
        self._order.steps.check(self._timeframe, self._field, self._faults)
        return self._made(bounds, columns, numbers)

    def tell_jumps(self) -> None:
        """Note where the price jumps and no split that is known explains it."""
        told = [one.split.ex_date for one in self._around.all()]
        self._jumps.tell([*told, *(one.at.date() for one in self._splits)], self._notes)

    def _tell_short_ones(self) -> None:
        if self._timeframe.intraday and self._order.steps.short_ones:
            self._notes.add(
                "short_bars",
                f"{self._symbol}: some bars are shorter than {self._timeframe}, such as the first"
                f" of a session. Each counts as closed after {self._timeframe}, or where its"
                " session opens or closes.",
            )

    @property
    def bars(self) -> int:
        """How many there are so far."""
        return self._count

    @property
    def outside_hours(self) -> int:
        """How many bars open while the market is closed; of days and longer ones none."""
        return self._count - self._inside

    def zones_within_hours(self, read_in: tzinfo) -> tuple[str, ...]:
        """Return the usual zones in which every bar would open while the market trades."""
        return fitting_zones(self._bins.all(), self._count, read_in, self.calendar, self._timeframe)

    def facts(self) -> SymbolFacts | None:
        """Return what there is of the symbol so far, None while there is nothing."""
        if not self._count:
            return None
        return SymbolFacts(
            self._symbol,
            self.calendar.code,
            self._count,
            to_datetime(self._first),
            to_datetime(self._last),
            max(0, self._expected() - self._inside),
            tuple(sorted(self._splits, key=lambda split: split.at)),
            self._around.all(),
        )

    def _made(self, bounds: Bounds, columns: Columns, lines: Sequence[int] = ()) -> RawBars | None:
        opened, closed = bounds
        if self._timeframe in _HELD:
            kept = self._each_once(opened, lines, columns)
            opened, closed = opened[kept], closed[kept]
            columns = {name: column[kept] for name, column in columns.items()}
        had_closed = self._had_closed(closed)
        if not had_closed.any():
            return None
        opened, closed = opened[had_closed], closed[had_closed]
        columns = {name: column[had_closed] for name, column in columns.items()}
        open_, high, low, close, volume = (columns[name] for name in _NUMBERS)
        bars = Bars(
            self._symbol,
            self._timeframe,
            self._source,
            opened,
            closed,
            open_,
            high,
            low,
            close,
            volume,
        )
        made = RawBars(bars, columns.get("adj_close"))
        self._take_notice(made)
        return made

    def _had_closed(self, closed: TimeArray) -> NDArray[np.bool_]:
        """Return which bars were over when the file came: another's prices are not its last."""
        if self._received_at is None:
            return np.ones(len(closed), dtype=np.bool_)
        found: NDArray[np.bool_] = closed <= to_datetime64(self._received_at)
        self.unfinished += int(np.count_nonzero(~found))
        return found

    def _take_notice(self, made: RawBars) -> None:
        bars = made.bars
        self._count += len(bars)
        self._inside += self._trading(bars.opened_at)
        if self._timeframe.intraday and self.calendar.code != CRYPTO:
            self._bins.add(bars.opened_at)
        first, last = bars.opened_at[0], bars.closed_at[-1]
        self._first = first if np.isnat(self._first) else min(self._first, first)
        self._last = last if np.isnat(self._last) else max(self._last, last)
        self._around.take(made)
        self._find_splits(made)

    def _find_splits(self, made: RawBars) -> None:
        """Look for splits in a block, and where it meets the bars before or behind it."""
        joined, opened = made, made.bars.opened_at
        newest, oldest = made.window(len(opened) - 1, len(opened)), made.window(0, 1)
        if self._edges is not None:
            before, behind = self._edges
            if opened[0] > behind.bars.opened_at[0]:
                joined, oldest = join_raw(behind, made), before
            elif opened[-1] < before.bars.opened_at[0]:
                joined, newest = join_raw(made, before), behind
        self._edges = oldest, newest
        self._jumps.look(joined.bars)
        for split in joined.splits():
            if len(self._splits) < _MOST_SPLITS:
                at = to_datetime(joined.bars.opened_at[split.index])
                self._splits.append(FoundSplit(at, split.ratio))

    def _trading(self, opened: TimeArray) -> int:
        """Return how many of these bars open while the market trades."""
        if not self._timeframe.intraday:
            return len(opened)
        return int(np.count_nonzero(self.calendar.trades_at(opened)))

    def _expected(self) -> int:
        """Return how many bars there would be without a gap; 0 for weeks and months."""
        if np.isnat(self._first) or self._timeframe in _HELD:
            return 0
        if self._timeframe is Timeframe.D1:
            days = self.calendar.trading_days(self._first, self._last)
            return int(np.count_nonzero((days.opens >= self._first) & (days.closes <= self._last)))
        return expected_bars(self.calendar, self._first, self._last, self._timeframe)

    def _each_once(
        self, opened: TimeArray, lines: Sequence[int], numbers: Columns
    ) -> NDArray[np.bool_]:
        """Return which bars stay: Yahoo's weekly and monthly files end with a row for the newest
        day, which belongs to the bar before it. Any other that is there twice is noted."""
        span = "week" if self._timeframe is Timeframe.W1 else "month"
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
            self._notes.add(
                f"merged_{span}",
                f"{self._symbol}: line {lines[day]} was merged into the {span} it belongs to.",
            )
            return kept
        for at in again.tolist():
            self._faults.add(
                "duplicate_time",
                f"{self._symbol} has two bars for one {span}.",
                f"Keep one bar for each {span}.",
                lines[at],
                self._field,
            )
        return kept


def _columns_of(numbers: Numbers, rows: IndexArray) -> Columns:
    columns = {name: getattr(numbers, name)[rows] for name in _NUMBERS}
    if numbers.adj_close is not None:
        columns["adj_close"] = numbers.adj_close[rows]
    return columns
