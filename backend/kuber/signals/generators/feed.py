"""Feeds one detector with the bars of one series: each once, oldest first."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from kuber.market.types import Bars, Timeframe
from kuber.signals.generators.base import (
    MAX_WARM_UP,
    Bar,
    Emission,
    SignalGenerator,
    bars_of,
)
from kuber.signals.generators.errors import DetectorFailed
from kuber.signals.types import SignalDirection

MAX_BARS_AT_ONCE = 500
SLICE = 50
"""Bars fed in one go; after them everything else in the process has its turn."""
_BEFORE = 3
"""Bars read besides the new ones: one that was fed, and two that a session may have cut short."""

ReadBars = Callable[[datetime, int], Awaitable[Bars]]
"""Returns the newest bars that had closed by an instant, at most so many, oldest first."""

Breathe = Callable[[], Awaitable[None]]
"""Lets others work, and does what must not wait for the end of a long look back."""


async def only_breathe() -> None:
    """Let others work."""
    await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a feed came: every bar that closed by `cursor` was looked at.

    `behind` says that more bars may be waiting.
    """

    cursor: datetime
    emissions: tuple[Emission, ...]
    behind: bool


class Watched:
    """A fresh detector; whatever its own code raises is a DetectorFailed."""

    def __init__(self, generator: SignalGenerator[Any], ticker: str) -> None:
        self._ticker = ticker
        try:
            self.warm_up = min(generator.warm_up, MAX_WARM_UP)
            self._detector = generator.detector(ticker)
        except (Exception, SystemExit) as error:  # a plug-in fails as it likes
            raise self._failure(error) from error

    def on_bar(self, bar: Bar) -> Emission | None:
        """Return what the detector found on `bar`, when it can be announced."""
        try:
            found = self._detector.on_bar(bar)
            return None if found is None else _checked(found, self._ticker, bar)
        except (Exception, SystemExit) as error:
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> DetectorFailed:
        return DetectorFailed(f"{self._ticker}: {type(error).__name__}: {error}")


class SeriesFeed:
    """The detector of one series and the last bar that it was given.

    Prices are adjusted for the splits up to the bar's own close and for no later one. When a split
    or an import changes the past, the detector is made anew from the past as it is now, so a split
    is no fall of the price.
    """

    def __init__(
        self,
        generator: SignalGenerator[Any],
        ticker: str,
        timeframe: Timeframe,
        breathe: Breathe = only_breathe,
    ) -> None:
        self._generator = generator
        self._ticker = ticker
        self._span = timeframe.span
        self._breathe = breathe
        self._detector: Watched | None = None
        self._last: Bar | None = None
        self._cursor: datetime | None = None

    async def advance(self, read: ReadBars, cursor: datetime, now: datetime) -> Progress:
        """Look at the bars that closed after `cursor` and by `now`, at most 500 of them.

        When the feed does not stand at `cursor`, it first reads the bars before it, silently.
        Raises DetectorFailed for whatever the generator's own code raises.
        """
        until = min(now, cursor + MAX_BARS_AT_ONCE * self._span)
        behind = until < now
        bars = bars_of(await read(until, ceil((until - cursor) / self._span) + _BEFORE))
        new = [bar for bar in bars if bar.closed_at > cursor]
        if not new:
            return self._stand(until if behind else cursor, [], behind=behind)
        if self._detector is None or self._cursor != cursor:
            await self._rebuild(read, cursor)
        if await self._same_past(read, bars, new[0]):
            found = await self._feed_all(new)
        else:
            found = [await self._step(read, bar.closed_at) for bar in new]
        return self._stand(until if behind else new[-1].closed_at, found, behind=behind)

    def _stand(self, cursor: datetime, found: list[Emission | None], *, behind: bool) -> Progress:
        self._cursor = cursor
        return Progress(cursor, tuple(one for one in found if one is not None), behind)

    async def _feed_all(self, bars: Iterable[Bar]) -> list[Emission | None]:
        found = []
        for at, bar in enumerate(bars, start=1):
            found.append(self._feed(bar))
            if at % SLICE == 0:
                await self._breathe()
        return found

    def _feed(self, bar: Bar) -> Emission | None:
        assert self._detector is not None, "a feed is rebuilt before it is fed"
        self._last = bar
        return self._detector.on_bar(bar)

    async def _rebuild(self, read: ReadBars, as_of: datetime, *, without: int = 0) -> None:
        """Make the detector anew from the bars up to `as_of`, leaving out the last `without`."""
        self._detector, self._last = Watched(self._generator, self._ticker), None
        count = self._detector.warm_up + without
        past = bars_of(await read(as_of, count)) if count else []
        await self._feed_all(past[: len(past) - without])

    async def _same_past(self, read: ReadBars, bars: list[Bar], first: Bar) -> bool:
        """Return whether `bars` are on the basis of what was fed, up to their end."""
        if self._last is None:
            # Nothing came before: does the first bar look the same from its own time?
            return bars_of(await read(first.closed_at, 1))[-1:] == [first]
        return self._last in bars

    async def _step(self, read: ReadBars, closed_at: datetime) -> Emission | None:
        """Feed the one bar that closed at `closed_at` as it looked then."""
        bars = bars_of(await read(closed_at, 2))
        if not bars or bars[-1].closed_at != closed_at:
            return None  # the bar has been taken out of the history meanwhile
        if self._last is not None and self._last not in bars:
            await self._rebuild(read, closed_at, without=1)
        return self._feed(bars[-1])


def silent_until(span: timedelta) -> timedelta:
    """Return how long to leave a series alone: a sixtieth of its bar, from 1 s to 15 s."""
    return min(max(span / 60, timedelta(seconds=1)), timedelta(seconds=15))


def _checked(found: object, ticker: str, bar: Bar) -> Emission:
    """Return what a detector found; raises TypeError or ValueError when it cannot be announced."""
    if not isinstance(found, Emission):
        raise TypeError(f"on_bar returned {type(found).__name__}, not an Emission or None")
    if (found.ticker, found.closed_at) != (ticker, bar.closed_at):
        raise ValueError("the emission is not of the ticker and the bar that were given")
    if not isinstance(found.direction, SignalDirection):
        raise TypeError("the direction of the emission is no SignalDirection")
    if not (math.isfinite(found.confidence) and 0 <= found.confidence <= 100):
        raise ValueError(f"the confidence {found.confidence} is not from 0 to 100")
    if "\\u0000" in json.dumps(dict(found.metadata), allow_nan=False):
        raise ValueError("the metadata has a zero character, which the database cannot store")
    return found
