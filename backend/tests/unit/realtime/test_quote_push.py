"""Who watches a symbol hears its newest quote at once, and then each."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kuber.kernel.clock import FixedClock
from kuber.market.feed.types import FeedSource, Quote
from kuber.realtime import quote_push as push_module
from kuber.realtime.quote_push import QuotePush
from tests.fakes.bars import utc
from tests.fakes.quotes import payload, quote
from tests.fixtures.waiting import LIMIT_S

NOW = utc("2026-01-05T15:00:00")


class Stored:
    """The stored quotes; `fails` is how often reading fails first, `may_read` holds it up."""

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.reads: list[set[str]] = []
        self.fails = 0
        self.reading = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def read(self, symbols: Collection[str]) -> list[Quote]:
        self.reads.append(set(symbols))
        found = [one for symbol, one in self.quotes.items() if symbol in symbols]
        self.reading.set()
        await self.may_read.wait()
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        return found


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def now() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def push(
    stored: Stored, now: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[QuotePush]:
    monkeypatch.setattr(push_module, "_AGAIN_AFTER_S", 0.01)
    monkeypatch.setattr(push_module, "STALE_EVERY_S", 0.01)
    made = QuotePush(stored.read, now)
    made.start()
    yield made
    await made.close()


class Ear:
    """One connection that watches a symbol."""

    def __init__(self, push: QuotePush, symbol: str = "NVDA") -> None:
        self.told: asyncio.Queue[Quote] = asyncio.Queue()
        push.join(symbol, self.told.put_nowait)

    async def next(self) -> float:
        async with asyncio.timeout(LIMIT_S):
            return float((await self.told.get()).price)


async def test_the_first_reads_the_newest_and_later_ones_are_told_it_at_once(
    push: QuotePush, stored: Stored
) -> None:
    stored.quotes["NVDA"] = quote("NVDA", 100, NOW)
    first = Ear(push)
    assert await first.next() == 100
    second = Ear(push)
    assert second.told.qsize() == 1
    push.heard(payload(quote("AMD", 50, NOW), quote("NVDA", 101, NOW + timedelta(seconds=1))))
    assert (await first.next(), await second.next(), await second.next()) == (101, 100, 101)
    assert stored.reads == [{"NVDA"}]
    assert first.told.empty()


async def test_what_is_heard_while_reading_is_newer_than_what_was_read(
    push: QuotePush, stored: Stored
) -> None:
    stored.quotes["NVDA"] = quote("NVDA", 100, NOW, FeedSource.ALPACA)
    stored.may_read.clear()
    ear = Ear(push)
    async with asyncio.timeout(LIMIT_S):
        await stored.reading.wait()
    push.heard(payload(quote("NVDA", 90, NOW - timedelta(days=1), FeedSource.REPLAY)))
    stored.may_read.set()
    push.look_again()
    stored.quotes["NVDA"] = quote("NVDA", 91, NOW - timedelta(hours=1), FeedSource.REPLAY)
    assert [await ear.next(), await ear.next()] == [90, 91]


async def test_what_was_read_already_is_not_told_again_when_it_is_heard_late(
    push: QuotePush, stored: Stored
) -> None:
    stored.quotes["NVDA"] = quote("NVDA", 101, NOW)
    ear = Ear(push)
    assert await ear.next() == 101
    push.heard(payload(quote("NVDA", 100, NOW - timedelta(seconds=1)), quote("NVDA", 101, NOW)))
    push.heard(payload(quote("NVDA", 102, NOW + timedelta(seconds=1))))
    assert await ear.next() == 102


async def test_after_a_lost_connection_what_was_missed_is_told_and_nothing_twice(
    push: QuotePush, stored: Stored
) -> None:
    stored.quotes["NVDA"] = quote("NVDA", 100, NOW)
    nvidia, other = Ear(push), Ear(push, "AMD")
    assert await nvidia.next() == 100
    push.heard(payload(quote("AMD", 50, NOW)))
    assert await other.next() == 50
    stored.quotes["AMD"] = replace(quote("AMD", 50, NOW), volume=Decimal(1000))
    stored.quotes["NVDA"] = quote("NVDA", 105, NOW + timedelta(seconds=3))
    stored.fails = 2
    push.look_again()
    assert await nvidia.next() == 105
    assert other.told.empty()


async def test_a_symbol_that_nobody_watches_any_more_is_read_anew(
    push: QuotePush, stored: Stored
) -> None:
    stored.quotes["NVDA"] = quote("NVDA", 100, NOW)
    told: asyncio.Queue[Quote] = asyncio.Queue()
    with push.watching("NVDA", told.put_nowait):
        async with asyncio.timeout(LIMIT_S):
            await told.get()
    push.heard(payload(quote("NVDA", 101, NOW + timedelta(seconds=1))))
    stored.quotes["NVDA"] = quote("NVDA", 102, NOW + timedelta(seconds=2))
    assert await Ear(push).next() == 102
    assert told.empty()


async def test_a_quote_that_has_become_stale_is_told_once_more_and_says_so(
    push: QuotePush, stored: Stored, now: FixedClock
) -> None:
    stored.quotes["NVDA"] = quote("NVDA", 100, NOW)
    ear, later = Ear(push), Ear(push, "AMD")
    assert await ear.next() == 100
    push.heard(payload(quote("AMD", 50, NOW + timedelta(seconds=1))))
    assert await later.next() == 50
    assert not push.message(stored.quotes["NVDA"]).data.stale
    now.advance(timedelta(seconds=91))
    assert await ear.next() == 100
    now.advance(timedelta(seconds=1))
    assert await later.next() == 50, "another look, which comes to this one last"
    assert ear.told.empty(), "a stale one is told once"
    message = push.message(stored.quotes["NVDA"])
    assert (message.data.stale, message.data.simulated, message.at) == (True, True, now.now())
    push.heard(payload(quote("NVDA", 101, now.now())))
    assert await ear.next() == 101
    now.advance(timedelta(seconds=91))
    assert await ear.next() == 101


async def test_after_the_close_nothing_becomes_stale(push: QuotePush, now: FixedClock) -> None:
    now.instant = utc("2026-01-05T23:00:00")
    closing = quote("NVDA", 100, utc("2026-01-05T21:00:00"))
    assert not push.message(closing).data.stale
