"""What every store of providers' bars must do; PostgreSQL and the one in memory pass the same."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kuber.infra.db import raw_pool
from kuber.kernel.ids import new_id
from kuber.market.providers.answer_store import AnswerSeries, AnswerStore, News
from kuber.market.providers.answer_tables import PostgresAnswers
from kuber.market.providers.fetching import raw_bars
from kuber.market.providers.spans import Spans
from kuber.market.types import Source, Timeframe
from tests.fakes.bars import same
from tests.fakes.giving_provider import ASKED, SYMBOL, Giving, hour
from tests.fakes.memory_answers import MemoryAnswers

FAR = hour(10_000)


@pytest.fixture(params=["memory", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else ""


@pytest.fixture
async def store(url: str) -> AsyncIterator[AnswerStore]:
    if not url:
        yield MemoryAnswers()
        return
    pool = raw_pool(url, size=4, application_name="kuber-test")
    await pool.open()
    yield PostgresAnswers(pool)
    await pool.close()


@pytest.fixture
def fresh() -> AnswerSeries:
    return AnswerSeries(ASKED.key, "24/7")


async def news(*numbers: int, answered: int | None = None) -> News:
    """Return the bars of hours that follow each other, and that they are covered."""
    times, table = await Giving.with_hours(*numbers).fetch(hour(0), FAR)
    raw = raw_bars(ASKED.traits, ASKED.fetched, ASKED.source, times, table)
    first = min(numbers, default=0)
    covered = Spans.of([(hour(first), hour(max(numbers, default=-1) + 1))])
    return News(raw, covered, Spans.of([(hour(first), hour(answered))]) if answered else covered)


async def hours(
    store: AnswerStore, series: AnswerSeries, start: int = 0, end: int = 900, **other: int
) -> list[int]:
    found = await store.read(series, (hour(start), hour(end)), FAR, **other)
    assert found is not None
    since = (found.bars.opened_at - np.datetime64("2026-01-01")) / np.timedelta64(1, "h")
    return [int(one) for one in since]


async def added(store: AnswerStore, before: AnswerSeries, what: News) -> AnswerSeries:
    after = await store.add(before, what)
    assert after is not None
    assert await store.find(before.key) == after
    return after


async def test_nothing_is_there_at_first(store: AnswerStore, fresh: AnswerSeries) -> None:
    assert await store.find(ASKED.key) is None
    assert await store.kept(fresh.id) is None
    assert not await store.knows(Source.PLUGIN, "giving", SYMBOL)


async def test_bars_come_back_to_the_last_bit(store: AnswerStore, fresh: AnswerSeries) -> None:
    told = await news(*range(50))
    told.bars.bars.close[3] = told.bars.bars.low[3] = 1.2345678901234567e-9
    told.bars.bars.volume[4] = 12345678901234567890.0
    adjusted = np.full(50, np.nan)
    adjusted[7:] = told.bars.bars.close[7:] / 3
    told = replace(told, bars=replace(told.bars, adj_close=adjusted))
    series = await added(store, fresh, told)
    found = await store.read(series, (hour(0), hour(50)), FAR)
    assert found is not None
    assert same(found.bars, told.bars.bars)
    assert found.adj_close is not None
    assert np.array_equal(found.adj_close, adjusted, equal_nan=True)
    assert found.bars.version == series.version
    assert (found.bars.symbol, found.bars.source) == (SYMBOL, Source.PLUGIN)


async def test_a_read_is_within_its_span_and_of_what_had_closed(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(*range(50)))
    assert await hours(store, series, 10, 13) == [10, 11, 12]
    found = await store.read(series, (hour(10), hour(30)), hour(12) + timedelta(minutes=59))
    assert found is not None
    assert len(found.bars) == 2
    nothing = await store.read(series, (hour(60), hour(70)), FAR)
    assert nothing is not None
    assert len(nothing.bars) == 0
    assert nothing.bars.version == series.version


async def test_the_bars_beside_an_instant_are_found(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(10, 12))
    assert await store.opening_before(series, hour(12)) == hour(10)
    assert await store.opening_before(series, hour(10)) is None
    assert await store.close_after(series, hour(12)) == hour(13)
    assert await store.close_after(series, hour(13)) is None


async def test_what_is_added_is_joined_to_what_is_there(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(0, 1))
    series = await added(store, series, await news(2, 3))
    series = await added(store, series, await news(8, 9))
    assert series.covered == Spans.of([(hour(0), hour(4)), (hour(8), hour(10))])
    assert await hours(store, series) == [0, 1, 2, 3, 8, 9]
    assert series.vintage == 0
    assert await store.knows(Source.PLUGIN, "giving", SYMBOL)
    assert not await store.knows(Source.PLUGIN, "another", SYMBOL)
    assert not await store.knows(Source.ALPACA, "giving", SYMBOL)


async def test_an_answer_without_bars_is_remembered_and_makes_nothing_known(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(answered=9))
    assert series.answered == Spans.of([(hour(0), hour(9))])
    assert not series.covered
    assert not await store.knows(Source.PLUGIN, "giving", SYMBOL)


async def test_bars_that_were_answered_without_are_of_a_later_vintage(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(0, 1, answered=4))
    series = await added(store, series, await news(2, 3, 4, 5))
    assert series.vintage == 1
    assert await hours(store, series) == [0, 1, 2, 3, 4, 5]
    assert await hours(store, series, vintage=0) == [0, 1, 4, 5]
    old = await store.read(series, (hour(0), hour(9)), FAR, vintage=0)
    assert old is not None
    assert old.bars.version == fresh.version


async def test_who_knew_less_than_is_covered_stores_nothing(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(0, 1))
    await added(store, series, await news(2))
    assert await store.add(series, await news(2, 3)) is None
    assert await store.add(AnswerSeries(ASKED.key, "24/7"), await news(7)) is None
    now = await store.find(ASKED.key)
    assert now is not None
    assert await hours(store, now) == [0, 1, 2]


async def test_what_is_replaced_is_kept_beside_what_answers(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    old = await added(store, fresh, await news(0, 1))
    new = await store.replace(old, "24/5", await news(1, 2))
    assert new is not None
    assert await store.find(ASKED.key) == new
    assert (new.calendar, new.vintage) == ("24/5", 0)
    assert await hours(store, new) == [1, 2]
    assert await store.kept(old.id) == old
    assert await store.kept(new.id) == new
    assert await hours(store, old) == [0, 1]
    assert await store.replace(old, "24/7", await news(5)) is None
    assert await store.add(old, await news(2)) is None
    assert await store.find(ASKED.key) == new


async def test_series_differ_by_provider_symbol_and_timeframe(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    await added(store, fresh, await news(0))
    for other in (
        replace(ASKED.key, provider="another"),
        replace(ASKED.key, source=Source.ALPACA),
        replace(ASKED.key, symbol="ETHUSD"),
        replace(ASKED.key, timeframe=Timeframe.D1),
    ):
        assert await store.find(other) is None
        await added(store, AnswerSeries(other, "24/7"), await news(answered=5))


async def test_of_those_who_begin_together_one_is_stored(store: AnswerStore) -> None:
    made = [AnswerSeries(ASKED.key, "24/7") for _ in range(4)]
    told = await news(0, 1)
    found = await asyncio.gather(*(store.add(one, told) for one in made))
    [first] = [one for one in found if one is not None]
    assert await store.find(ASKED.key) == first
    assert await hours(store, first) == [0, 1]


async def test_of_those_who_add_together_one_is_stored(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    series = await added(store, fresh, await news(0, 1))
    told = [await news(2, *range(3, last)) for last in (3, 4, 5, 6)]
    found = await asyncio.gather(*(store.add(series, one) for one in told))
    [first] = [one for one in found if one is not None]
    assert await store.find(ASKED.key) == first
    assert Spans.of([(hour(0), hour(len(await hours(store, first))))]) == first.covered


async def test_of_those_who_replace_together_one_is_stored(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    old = await added(store, fresh, await news(0, 1))
    told = await news(0, 1)
    found = await asyncio.gather(*(store.replace(old, "24/7", told) for _ in range(4)))
    [first] = [one for one in found if one is not None]
    assert await store.find(ASKED.key) == first


async def test_of_adding_and_replacing_together_no_bar_is_lost_or_mixed(
    store: AnswerStore, fresh: AnswerSeries
) -> None:
    old = await added(store, fresh, await news(0, 1))
    await asyncio.gather(
        store.add(old, await news(2)), store.replace(old, "24/7", await news(5, 6))
    )
    now = await store.find(ASKED.key)
    assert now is not None
    assert await hours(store, now) == [5, 6]
    assert await hours(store, old) in ([0, 1], [0, 1, 2])


async def test_what_was_never_stored_is_not_read(store: AnswerStore) -> None:
    unknown = AnswerSeries(ASKED.key, "24/7", new_id())
    assert await store.read(unknown, (hour(0), hour(1)), FAR) is None
