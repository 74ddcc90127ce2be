"""Reading as much of a stored series as a number of bars takes, part by part."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from kuber.infra.db import RawPool
from kuber.market.assembly import Assembly, Stretch
from kuber.market.calendars import calendar_for
from kuber.market.repository import EncodedRows, SeriesRow, read_rows
from kuber.market.types import Timeframe, to_datetime, to_datetime64

ROWS_AT_ONCE = 16_384
"""The largest part: about a megabyte, and a tenth of a second of PostgreSQL's time."""

MOST_ROWS = 5_000_000
"""No answer is made of more stored bars: nine years of minutes round the clock."""

_FEWEST_ROWS = 256
_FEWEST_AHEAD = 64
_AHEAD_SHARE = 4
"""A part of what is read before an instant is read after it: replays go forward."""

Turn = Callable[[], AbstractAsyncContextManager[None]]


async def read_stretch(
    pool: RawPool, row: SeriesRow, timeframe: Timeframe, as_of: datetime, count: int, turn: Turn
) -> Stretch:
    """Return the `count` newest bars of `timeframe` closed by `as_of`, and what is near them.

    Fewer when MOST_ROWS stored bars make no more. Every part after the first is read in a `turn`.
    Raises SeriesChanged.
    """
    work = _Reading(pool, row, timeframe, as_of, count)
    await work.begin()
    while not work.done:
        async with turn():
            await work.go_on()
    return work.assembly.stretch()


class _Reading:
    def __init__(
        self, pool: RawPool, row: SeriesRow, timeframe: Timeframe, as_of: datetime, count: int
    ) -> None:
        self._pool = pool
        self._row = row
        self._as_of = as_of
        self._count = count
        self._ratio = timeframe.span / row.timeframe.span
        self._read = 0
        self._before = as_of
        calendar = calendar_for(row.calendar)
        self.assembly = Assembly(timeframe, calendar, to_datetime64(as_of), count)

    @property
    def done(self) -> bool:
        return self.assembly.done or self._read >= MOST_ROWS

    async def begin(self) -> None:
        rows = self._size(self._count * self._ratio)
        ahead = max(_FEWEST_AHEAD, min(ROWS_AT_ONCE, int(self._count * self._ratio / _AHEAD_SHARE)))
        found = await self._part(rows, ahead)
        await asyncio.to_thread(self._begin, found, found.before < rows, found.after < ahead)

    async def go_on(self) -> None:
        missing = self._count - self.assembly.found
        rows = self._size(missing * self._read / max(1, self.assembly.found))
        found = await self._part(rows, 0)
        await asyncio.to_thread(self._add, found, found.before < rows)

    async def _part(self, rows: int, ahead: int) -> EncodedRows:
        found = await read_rows(
            self._pool,
            self._row,
            before=self._before,
            closed_by=self._as_of,
            most_before=rows,
            most_after=ahead,
        )
        self._read += found.before
        return found

    def _size(self, wanted: float) -> int:
        # Two more: the first bar is given once it is known to be whole.
        return min(ROWS_AT_ONCE, max(_FEWEST_ROWS, int(wanted + 2 * self._ratio)))

    def _begin(self, found: EncodedRows, oldest: bool, newest: bool) -> None:
        rows = found.decode()
        if found.before:
            self._before = to_datetime(rows.bars.opened_at[0])
        self.assembly.begin(rows, oldest=oldest, newest=newest)

    def _add(self, found: EncodedRows, oldest: bool) -> None:
        rows = found.decode()
        if found.before:
            self._before = to_datetime(rows.bars.opened_at[0])
        self.assembly.add(rows, oldest=oldest)
