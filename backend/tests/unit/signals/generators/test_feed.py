"""Feeding a detector: each bar once, in order, on the prices of its own time."""

import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from kuber.market.series import RawSeries
from kuber.market.types import Bars, Timeframe, to_datetime
from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)
from kuber.signals.generators.errors import DetectorFailed
from kuber.signals.generators.feed import SeriesFeed, silent_until
from kuber.signals.types import SignalDirection
from tests.fakes.bars import sample, utc

APPLE = RawSeries.of(sample("AAPL"), "XNYS")
SPLIT_AT = utc("2005-02-28 21:00")
FRAMES: dict[int, Bars] = {}


async def read(as_of: datetime, count: int) -> Bars:
    """Return the real history of AAPL as it looked at `as_of`, as the market service does."""
    splits = APPLE.splits_by(as_of)
    if splits not in FRAMES:
        FRAMES[splits] = APPLE.frame(Timeframe.D1, splits)
    return FRAMES[splits].closed_by(as_of).last(count)


class Recorder(Detector):
    """Emits on every bar, and keeps all that it was fed."""

    def __init__(self, ticker: str, fed: list[Bar]) -> None:
        super().__init__(ticker)
        self.fed = fed

    def on_bar(self, bar: Bar) -> Emission | None:
        self.fed.append(bar)
        return self.emission(bar, SignalDirection.NEUTRAL, {"seen": 1.0}, close=bar.close)


class Recording(SignalGenerator[GeneratorConfig]):
    metadata = GeneratorMetadata("recording", "Recording", "Records.", "mock")

    def __init__(self, warm_up: int = 5) -> None:
        super().__init__(GeneratorConfig())
        self._warm_up = warm_up
        self.detectors: list[list[Bar]] = []

    @property
    def warm_up(self) -> int:
        return self._warm_up

    def detector(self, ticker: str) -> Detector:
        self.detectors.append([])
        return Recorder(ticker, self.detectors[-1])


def feed_of(generator: SignalGenerator[Any]) -> SeriesFeed:
    return SeriesFeed(generator, "AAPL", Timeframe.D1)


async def walk(feed: SeriesFeed, start: datetime, end: datetime, step: timedelta) -> list[Emission]:
    """Advance the feed as a service does, from poll to poll."""
    found: list[Emission] = []
    cursor, now = start, start
    behind = False
    while now < end or behind:
        now = now if behind else min(now + step, end)
        progress = await feed.advance(read, cursor, now)
        cursor, behind = progress.cursor, progress.behind
        found += progress.emissions
    return found


def closes(start: str, end: str) -> list[datetime]:
    every = map(to_datetime, APPLE.bars.closed_at)
    return [at for at in every if utc(start) < at <= utc(end)]


@pytest.mark.parametrize("step_days", [1, 7, 30, 4000])
async def test_t22_every_bar_is_given_once_and_in_order_however_often_it_looks(
    step_days: int,
) -> None:
    found = await walk(
        feed_of(Recording()), utc("2004-12-01"), utc("2006-06-01"), timedelta(days=step_days)
    )
    assert [one.closed_at for one in found] == closes("2004-12-01", "2006-06-01")


@pytest.mark.parametrize("step_days", [1, 10, 4000])
async def test_a_split_is_no_fall_of_the_price(step_days: int) -> None:
    generator = Recording(warm_up=30)
    await walk(feed_of(generator), utc("2005-01-03"), utc("2005-04-01"), timedelta(days=step_days))
    fed = generator.detectors[-1]
    steps = [after.close / before.close for before, after in pairwise(fed)]
    assert min(steps) > 0.9
    assert len(generator.detectors) == 2, "made anew once, for the split"


async def test_prices_are_those_of_their_own_time_and_not_of_a_later_split() -> None:
    found = await walk(
        feed_of(Recording()), utc("2004-01-01"), utc("2006-01-01"), timedelta(days=4000)
    )
    raw = {
        to_datetime(at): float(c)
        for at, c in zip(APPLE.bars.closed_at, APPLE.bars.close, strict=True)
    }
    assert all(
        one.metadata["close"] == raw[one.closed_at] for one in found if one.closed_at < SPLIT_AT
    )


async def test_the_past_is_read_silently_before_the_first_new_bar() -> None:
    generator = Recording(warm_up=5)
    found = await walk(feed_of(generator), utc("2006-01-04"), utc("2006-01-06"), timedelta(days=1))
    assert [one.closed_at for one in found] == closes("2006-01-04", "2006-01-06")
    assert len(generator.detectors[0]) == 5 + len(found)


async def test_a_feed_that_does_not_stand_at_the_cursor_reads_its_past_again() -> None:
    generator = Recording()
    feed = feed_of(generator)
    await feed.advance(read, utc("2006-01-04"), utc("2006-01-10"))
    progress = await feed.advance(read, utc("2006-01-05"), utc("2006-01-10"))
    assert [one.closed_at for one in progress.emissions] == closes("2006-01-05", "2006-01-10")
    assert len(generator.detectors) == 2


async def test_a_long_absence_is_caught_up_in_parts_over_gaps_too() -> None:
    feed = feed_of(Recording(warm_up=0))
    first = await feed.advance(read, utc("2000-01-01"), utc("2006-01-01"))
    assert first.behind
    assert first.emissions == ()
    found = await walk(feed, first.cursor, utc("2006-01-01"), timedelta(days=900))
    assert [one.closed_at for one in found] == closes("2000-01-01", "2006-01-01")


async def test_t22_without_new_bars_the_cursor_stays_so_that_a_late_bar_is_not_missed() -> None:
    progress = await feed_of(Recording()).advance(read, utc("2013-03-02"), utc("2013-06-01"))
    assert (progress.cursor, progress.emissions) == (utc("2013-03-02"), ())


async def test_t22_bars_that_come_days_late_are_given_once_and_in_order() -> None:
    dice = random.Random(22)
    start, end = utc("2005-02-01"), utc("2005-06-01")
    there = start

    async def late(as_of: datetime, count: int) -> Bars:
        return await read(min(as_of, there), count)

    feed, found, cursor, now = feed_of(Recording()), list[Emission](), start, start
    while there < end:
        now += timedelta(hours=8)
        there = max(there, min(now - timedelta(hours=dice.randrange(120)), end))
        progress = await feed.advance(late, cursor, now)
        cursor = progress.cursor
        found += progress.emissions
    assert [one.closed_at for one in found] == closes("2005-02-01", "2005-06-01")


async def test_t22_bars_that_come_again_or_a_clock_that_goes_back_give_nothing_twice() -> None:
    generator = Recording()
    feed, now = feed_of(generator), utc("2006-01-10 22:00")
    first = await feed.advance(read, utc("2006-01-04"), now)
    assert len(first.emissions) == 5
    for again in (now, now - timedelta(hours=3), now - timedelta(days=3), now):
        progress = await feed.advance(read, first.cursor, again)
        assert (progress.emissions, progress.cursor) == ((), first.cursor)
    later = await feed.advance(read, first.cursor, now + timedelta(days=1))
    assert [one.closed_at for one in later.emissions] == closes(
        "2006-01-10 22:00", "2006-01-11 22:00"
    )
    assert len(generator.detectors) == 1, "what was seen is not seen again"


async def test_a_fault_of_a_plug_in_is_named() -> None:
    class Broken(Recording):
        def detector(self, ticker: str) -> Detector:
            class Fails(Detector):
                def on_bar(self, bar: Bar) -> Emission | None:
                    raise ZeroDivisionError("by me")

            return Fails(ticker)

    with pytest.raises(DetectorFailed, match="AAPL: ZeroDivisionError: by me"):
        await feed_of(Broken()).advance(read, utc("2006-01-04"), utc("2006-01-10"))


def test_short_bars_are_looked_for_every_second_and_long_ones_every_fifteen() -> None:
    assert silent_until(Timeframe.M1.span) == timedelta(seconds=1)
    assert silent_until(Timeframe.M5.span) == timedelta(seconds=5)
    assert silent_until(Timeframe.D1.span) == timedelta(seconds=15)
