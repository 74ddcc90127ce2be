"""Quotes over PostgreSQL: each once and in order, and what was missed is in `market_quotes`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import psycopg
import pytest

from kuber.infra.db import Database
from kuber.market.feed.notifying import QUOTES_CHANNEL, quotes_of
from kuber.market.feed.types import Quote
from kuber.realtime.database_channels import DatabaseChannels
from tests.fakes.feeds import Feeds, ScriptedSource, price_is, stored
from tests.fixtures.waiting import until_async

MANY = 400
"""So many quotes take more than one notification."""


@dataclass
class Ear:
    """Hears quotes, and reads the stored ones whenever it comes back."""

    database: Database
    heard: list[Quote] = field(default_factory=list)
    payloads: list[str] = field(default_factory=list)
    returns: int = 0

    def take(self, payload: str) -> None:
        self.payloads.append(payload)
        self.heard += quotes_of(payload)

    def returned(self) -> None:
        self.returns += 1


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[Ear]:
    ear = Ear(database)
    channels = DatabaseChannels(database.url)
    channels.take(QUOTES_CHANNEL, ear.take, ear.returned)
    channels.start()
    try:
        await until_async(lambda: _is(ear.returns == 1), "the listener")
        yield ear
    finally:
        await channels.close()


async def _is(condition: bool) -> bool:
    return condition


async def test_a_listener_hears_each_believed_quote_once_and_in_order(
    database: Database, feeds: Feeds
) -> None:
    source = ScriptedSource()
    batches = [
        [feeds.quote(("NVDA", "AMD")[at % 2], 100 + at / 100, at / 1000) for at in range(MANY)],
        [feeds.quote("NVDA", 105, 1.0), feeds.quote("NVDA", -1, 1.2), feeds.quote("AMD", 105, 1.1)],
    ]
    believed = [quote for batch in batches for quote in batch if quote.price > 0]
    async with listening(database) as ear, feeds.run(source):
        for batch in batches:
            source.script.put_nowait(batch)
        await until_async(lambda: _is(len(ear.heard) >= len(believed)), "the quotes")
        source.script.put_nowait([feeds.quote("AMD", 106, 1.5)])
        await until_async(lambda: _is(len(ear.heard) > len(believed)), "the last quote")
    assert ear.heard[:-1] == believed
    assert len(ear.payloads) > 3, "a batch that is too large is told in several notifications"
    assert await stored(database) == {"NVDA": Decimal(105), "AMD": Decimal(106)}


async def test_who_hears_of_a_quote_finds_it_stored(database: Database, feeds: Feeds) -> None:
    source = ScriptedSource()
    async with listening(database) as ear, feeds.run(source):
        for number in range(1, 20):
            source.script.put_nowait([feeds.quote("NVDA", 100 + number / 10, number / 100)])
            await until_async(lambda: _is(len(ear.heard) == number), "the quote")  # noqa: B023
            assert (await stored(database))["NVDA"] == ear.heard[-1].price


async def test_a_listener_that_was_away_finds_the_newest_quotes_stored(
    database: Database, feeds: Feeds
) -> None:
    source = ScriptedSource()
    async with listening(database) as ear, feeds.run(source):
        source.script.put_nowait([feeds.quote("NVDA", 100)])
        await until_async(lambda: _is(len(ear.heard) == 1), "the first quote")
        with psycopg.connect(database.url, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'kuber-channels'"
            )
        source.script.put_nowait([feeds.quote("NVDA", 101, 0.5)])
        await until_async(price_is(database, "NVDA", 101), "the quote that nobody heard")
        await until_async(lambda: _is(ear.returns == 2), "the listener's return")
        assert await stored(database) == {"NVDA": Decimal(101)}
        source.script.put_nowait([feeds.quote("NVDA", 102, 1)])
        await until_async(lambda: _is(len(ear.heard) == 2), "the next quote")
    assert [quote.price for quote in ear.heard] == [100, 102]


async def test_what_is_held_is_followed_first_however_much_else_is(feeds: Feeds) -> None:
    source = ScriptedSource(most=3)
    feeds.symbols = {"AAA", "BBB", "CCC", "DDD"}
    feeds.held = {"YYY", "z-z"}
    async with feeds.run(source) as feed:
        await until_async(lambda: _is(source.following == {"YYY", "Z-Z", "AAA"}), "the first three")
        assert feed.status()["held_but_not_quoted"] == []
        feeds.held = {"WWW", "XXX", "YYY", "ZZZ"}
        await until_async(lambda: _is(source.following == {"WWW", "XXX", "YYY"}), "what is held")
        assert feed.status()["held_but_not_quoted"] == ["ZZZ"]
        assert feed.status()["not_quoted_by_source"] == ["AAA", "BBB", "CCC", "DDD", "ZZZ"]


class PatientSource(ScriptedSource):
    """Waits for a quote as long as it takes; `broken_off` counts who did not wait for it."""

    broken_off = 0

    async def receive(self) -> list[Quote]:
        try:
            given = await self.script.get()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        assert not isinstance(given, Exception)
        return given


async def test_a_call_is_heard_while_the_source_is_waited_for_and_loses_no_quote(
    database: Database, feeds: Feeds
) -> None:
    source = PatientSource()
    async with feeds.run(source, options=feeds.slow) as feed:
        source.script.put_nowait([feeds.quote("NVDA", 100)])
        await until_async(price_is(database, "NVDA", 100), "the price of NVDA")
        feed.look_again()  # nothing has changed
        feeds.held = {"HELD"}
        feed.look_again()
        await until_async(lambda: _is("HELD" in source.following), "the held symbol", within_s=1)
        assert source.broken_off == 1
        source.script.put_nowait([feeds.quote("HELD", 50), feeds.quote("NVDA", 101, 0.5)])
        await until_async(price_is(database, "HELD", 50), "the price of HELD")
        assert (await stored(database))["NVDA"] == 101


@pytest.mark.parametrize("calls", [1, 50])
async def test_calls_without_a_change_break_nothing_off(
    database: Database, feeds: Feeds, calls: int
) -> None:
    source = PatientSource()
    async with feeds.run(source, options=feeds.slow) as feed:
        await until_async(lambda: _is(source.following == feeds.symbols), "the symbols")
        for _ in range(calls):
            looks = feeds.looks
            feed.look_again()
            await until_async(lambda: _is(feeds.looks > looks), "the next look")  # noqa: B023
        assert source.broken_off == 0
