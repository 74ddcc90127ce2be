"""Asking a provider for the bars of a series that are not stored yet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kuber.market.errors import ProviderUnavailable
from kuber.market.instruments import Traits
from kuber.market.providers.answer_store import AnswerSeries, AnswerStore, News, SeriesKey
from kuber.market.providers.fetching import asked_from, raw_bars
from kuber.market.providers.spans import Span, Spans
from kuber.market.series import RawBars, join_raw, no_bars
from kuber.market.types import (
    FloatArray,
    Source,
    TimeArray,
    Timeframe,
    to_datetime,
    to_datetime64,
)

Fetch = Callable[[datetime, datetime], Awaitable[tuple[TimeArray, FloatArray]]]
"""Gets the bars that open from one instant to another, in the form that `raw_bars` takes."""

_MOST_PIECES = 3
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose bars are wanted, of what, and in which timeframe they are fetched."""

    source: Source
    provider: str
    traits: Traits
    fetched: Timeframe

    @property
    def key(self) -> SeriesKey:
        return SeriesKey(self.source, self.provider, self.traits.symbol, self.fetched)


@dataclass(frozen=True, slots=True)
class _Window:
    """A piece that is missing, and what is asked for: the stored bars beside it too.

    `closes` says that bars are stored behind it, which have to come again.
    """

    piece: Span
    start: datetime
    end: datetime
    closes: bool


class Asking:
    """Asks for bars that had closed by `until`."""

    def __init__(self, store: AnswerStore, asked: Asked, fetch: Fetch, until: datetime) -> None:
        self._store = store
        self._asked = asked
        self._fetch = fetch
        self._until = until

    async def missing(self, series: AnswerSeries, needed: Spans) -> News | None:
        """Return what is needed and not covered, as far as the provider gives it.

        None when it gives stored bars with other prices than before.
        """
        pieces = (needed - series.covered).parts
        if len(pieces) > _MOST_PIECES:
            pieces = needed.parts
        news = News(self._none(), Spans(), needed)
        for piece in pieces:
            window = await self._window(series, piece)
            found = await self._received(window.start, window.end)
            if not len(found.bars):
                self._require_newest(window)
                continue
            known = series.covered.hold(found.bars.opened_at)
            if not await self._agrees(series, window, found.only(known)):
                return None
            bars = join_raw(news.bars, found.only(~known))
            news = News(bars, news.covered | _covered(window.piece, found), needed)
        return news

    async def anew(self, needed: Spans) -> News:
        """Return all that is needed, whatever is stored."""
        if not needed:
            return News(self._none(), Spans(), needed)
        start = needed.parts[0][0]
        found = await self._received(start, self._until)
        return News(found, _covered((start, self._until), found), needed)

    async def _window(self, series: AnswerSeries, piece: Span) -> _Window:
        """Return a piece with the nearest stored bars of the covered spans that it touches.

        A piece that touches none at its end is the newest there is: it goes on until now.
        """
        start, end = piece
        first, last = start, end
        for low, high in series.covered.parts:
            if low < start <= high:
                opened = await self._store.opening_before(series, start)
                first = start if opened is None else max(low, opened)
            if low <= end < high:
                closed = await self._store.close_after(series, end)
                last = end if closed is None else min(high, closed)
        if last > end:
            return _Window(piece, first, last, closes=True)
        return _Window((start, self._until), first, self._until, closes=False)

    async def _received(self, start: datetime, end: datetime) -> RawBars:
        """Return the bars that open at `start` or later and had closed by `end`.

        Raises ProviderUnavailable.
        """
        asked = self._asked
        times, table = await self._fetch(asked_from(asked.fetched, start), end)
        found = raw_bars(asked.traits, asked.fetched, asked.source, times, table)
        opened_at, closed_at = found.bars.opened_at, found.bars.closed_at
        wanted = (opened_at >= to_datetime64(start)) & (closed_at <= to_datetime64(end))
        found = found.only(wanted)
        if not _are_sane(found):
            raise ProviderUnavailable(
                f"The provider of {asked.traits.symbol} gave prices or volumes that cannot be.",
                retry_after_s=30,
            )
        return found

    async def _agrees(self, series: AnswerSeries, window: _Window, again: RawBars) -> bool:
        """Return whether bars that came again are the stored ones."""
        if not series.covered.within((window.start, window.end)):
            return True
        stored = await self._store.read(series, (window.start, window.end), window.end)
        return stored is not None and _same_prices(stored, again)

    def _require_newest(self, window: _Window) -> None:
        """Raise ProviderUnavailable when there must be bars: a hole is never read through."""
        if window.closes:
            raise ProviderUnavailable(
                f"The provider of {self._asked.traits.symbol} does not give bars that it gave"
                " before. Try again later.",
                retry_after_s=30,
            )

    def _none(self) -> RawBars:
        asked = self._asked
        return RawBars(no_bars(asked.traits.symbol, asked.fetched, asked.source), None)


def _covered(piece: Span, found: RawBars) -> Spans:
    """Return what is known for good: until the close of the last bar, since others may be late."""
    if not len(found.bars):
        return Spans()
    return Spans.of([(piece[0], min(piece[1], to_datetime(found.bars.closed_at[-1])))])


def _same_prices(left: RawBars, right: RawBars) -> bool:
    """Return whether prices and adjusted closes are equal to the last bit.

    Volumes are not compared: they are corrected for minutes after a close.
    """
    if not np.array_equal(left.bars.opened_at, right.bars.opened_at):
        return False
    traded = all(
        np.array_equal(getattr(left.bars, name), getattr(right.bars, name)) for name in _PRICES
    )
    return traded and np.array_equal(_adjusted(left), _adjusted(right), equal_nan=True)


def _adjusted(raw: RawBars) -> FloatArray:
    return np.full(len(raw.bars), np.nan) if raw.adj_close is None else raw.adj_close


def _are_sane(raw: RawBars) -> bool:
    bars = raw.bars
    numbers = np.stack([bars.open, bars.high, bars.low, bars.close, bars.volume])
    sane = np.isfinite(numbers).all() and (bars.low > 0).all() and (bars.high >= bars.low).all()
    return bool(sane and (bars.volume >= 0).all() and not np.isinf(_adjusted(raw)).any())
