"""What a provider answered outlives processes: on a real PostgreSQL, with a server to ask."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import text

from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import DataChanged, ProviderUnavailable
from kuber.market.importing.importer import FileImporter
from kuber.market.importing.uploads import Uploads
from kuber.market.importing.worker import ImportWorker
from kuber.market.providers.alpaca import AlpacaBars
from kuber.market.providers.answer_store import AnswerSeries, News
from kuber.market.providers.answer_tables import PostgresAnswers, delete_outdated
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.service import MarketService
from kuber.market.types import Timeframe
from kuber.runs.pinned import PinnedMarket, RunMarket
from tests.fakes.alpaca_server import AlpacaServer, alpaca_server
from tests.fakes.bars import same, utc
from tests.fakes.giving_provider import Giving, Process, hour

USER = UserId(new_id())
NOW = utc("2025-11-19T18:10:00")
FRAMES = (Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1)


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with alpaca_server() as running:
        yield running


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def other_pool(database: Database) -> AsyncIterator[RawPool]:
    """The connections of another process."""
    opened = raw_pool(database.url, size=2, application_name="kuber-other")
    await opened.open()
    yield opened
    await opened.close()


def market(pool: RawPool, clock: FixedClock, server: AlpacaServer) -> MarketService:
    """Return the market as a process has it that has just started."""
    answers = ProviderAnswers(PostgresAnswers(pool), clock)
    return MarketService(pool, clock, AlpacaBars("key", "secret", clock, answers, url=server.url))


async def counted(database: Database) -> tuple[int, int]:
    """Return how many series and bars are stored."""
    async with database.transaction() as session:
        query = (
            "SELECT (SELECT count(*) FROM provider_series), (SELECT count(*) FROM provider_bars)"
        )
        series, bars = (await session.execute(text(query))).one()
    return series, bars


async def test_after_a_restart_answers_are_equal_bit_for_bit_and_nothing_is_asked(
    pool: RawPool, other_pool: RawPool, clock: FixedClock, server: AlpacaServer
) -> None:
    server.split_at = utc("2025-11-12T00:00:00")
    before, after = market(pool, clock, server), market(other_pool, clock, server)
    told = [await before.bars(USER, "NVDA", frame, NOW, 40) for frame in FRAMES]
    asked = len(server.requests)
    for first in told:
        again = await after.bars(USER, "NVDA", first.timeframe, NOW, 40)
        assert same(first, again)
        assert first.version == again.version
    assert len(server.requests) == asked


async def test_a_provider_that_is_down_does_not_matter_for_what_is_covered(
    pool: RawPool, other_pool: RawPool, clock: FixedClock, server: AlpacaServer
) -> None:
    first = await market(pool, clock, server).bars(USER, "NVDA", Timeframe.D1, NOW, 40)
    server.status = 500
    after = market(other_pool, clock, server)
    assert (await after.instrument(USER, "NVDA", NOW)).symbol == "NVDA"
    assert same(await after.bars(USER, "NVDA", Timeframe.D1, NOW, 30), first.last(30))
    with pytest.raises(ProviderUnavailable, match="HTTP 500"):
        await after.bars(USER, "NVDA", Timeframe.D1, NOW, 400)


async def test_the_next_day_only_the_tail_is_asked(
    pool: RawPool, clock: FixedClock, server: AlpacaServer
) -> None:
    await market(pool, clock, server).bars(USER, "NVDA", Timeframe.D1, NOW, 40)
    asked = len(server.requests)
    clock.advance(timedelta(days=1))
    found = await market(pool, clock, server).bars(USER, "NVDA", Timeframe.D1, clock.now(), 40)
    assert found.closed_at[-1] == found.closed_at.dtype.type("2025-11-19T21:00")
    raw, _ = server.requests[asked:]
    assert raw["start"].startswith("2025-11-18T00:00")


class DyingAnswers(PostgresAnswers):
    """A store whose process dies before it writes, or when it has written half."""

    half = False

    async def add(self, before: AnswerSeries, news: News) -> AnswerSeries | None:
        if self.half:
            news.bars.bars.low[-1] = -1.0
            return await super().add(before, news)
        raise asyncio.CancelledError


@pytest.mark.parametrize("half", [False, True])
async def test_who_dies_between_fetching_and_having_written_leaves_nothing(
    pool: RawPool, database: Database, half: bool
) -> None:
    clock = FixedClock(hour(500))
    dying = DyingAnswers(pool)
    dying.half = half
    giving = Giving.with_hours(*range(600))
    with pytest.raises((asyncio.CancelledError, CheckViolation)):
        await Process(dying, clock, giving).bars(clock.now(), 40)
    assert await counted(database) == (0, 0)
    process = Process(PostgresAnswers(pool), clock, giving)
    assert await process.hours(clock.now(), 3) == [497, 498, 499]


async def test_processes_that_ask_together_end_with_one_state(
    pool: RawPool, other_pool: RawPool, database: Database
) -> None:
    clock, giving = FixedClock(hour(500)), Giving.with_hours(*range(600))
    processes = [Process(PostgresAnswers(one), clock, giving) for one in (pool, other_pool)]
    for count in (5, 60, 400):
        both = asyncio.Barrier(2)
        asked = len(giving.asked)

        async def together(both: asyncio.Barrier = both, asked: int = asked) -> None:
            if len(giving.asked) <= asked + 2:
                await both.wait()

        giving.before = together
        one, other = await asyncio.gather(
            *(process.bars(hour(500), count) for process in processes)
        )
        assert same(one, other)
        assert one.version == other.version
        assert len(one) == count
    series, _ = await counted(database)
    assert series == 1


async def test_what_was_replaced_is_deleted_after_thirty_days(
    pool: RawPool, database: Database, tmp_path: Path
) -> None:
    clock, giving = FixedClock(hour(500)), Giving.with_hours(*range(600))
    process = Process(PostgresAnswers(pool), clock, giving)
    old = await process.bars(clock.now(), 40)
    _, old_bars = await counted(database)
    giving.has[hour(499)][3] *= 1.0001
    clock.advance(timedelta(hours=1))
    await process.bars(clock.now(), 40)
    service = MarketService(pool, clock, AlpacaBars("k", "s", clock, process.answers))
    kept = await service.bars_of_version(old.version, Timeframe.H1, hour(500), 40)
    assert kept is not None
    assert same(kept, old)
    assert await delete_outdated(pool) == 0
    series, bars = await counted(database)
    assert series == 2
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE provider_series SET replaced_at = now() - interval '31 days'"
                " WHERE state = 'replaced'"
            )
        )
    worker = ImportWorker(
        database, pool, cast(FileImporter, None), Uploads(tmp_path / "uploads"), clock
    )
    assert await worker.run_once() == 0
    assert await counted(database) == (1, bars - old_bars)
    assert await service.bars_of_version(old.version, Timeframe.H1, hour(500), 40) is None
    assert await delete_outdated(pool) == 0
    assert (await process.hours(clock.now(), 2)) == [499, 500]


async def test_a_run_goes_on_with_its_version_when_a_correction_comes_in_between(
    pool: RawPool, other_pool: RawPool, clock: FixedClock, server: AlpacaServer
) -> None:
    as_of = clock.now()
    service = market(pool, clock, server)
    run = RunMarket(service, kept=service.bars_of_version)
    loads = PinnedMarket(run, {}, loads=True)
    first = await loads.bars(USER, "NVDA", Timeframe.D1, as_of, 40)
    pins = {("NVDA", Timeframe.D1): first.version}
    server.split_at = utc("2025-11-19T00:00:00")
    clock.advance(timedelta(days=1))
    corrected = await market(other_pool, clock, server).bars(
        USER, "NVDA", Timeframe.D1, clock.now(), 40
    )
    assert corrected.version != first.version
    reads = PinnedMarket(run, pins, loads=False)
    again = await reads.bars(USER, "NVDA", Timeframe.D1, as_of, 30)
    assert same(again, first.last(30))
    assert again.version == first.version
    with pytest.raises(DataChanged, match="The 1d bars of NVDA were replaced"):
        await PinnedMarket(RunMarket(service), pins, loads=False).bars(
            USER, "NVDA", Timeframe.D1, as_of, 30
        )


async def test_a_series_of_each_fetched_timeframe_is_everybodys(
    pool: RawPool, database: Database, clock: FixedClock, server: AlpacaServer
) -> None:
    service = market(pool, clock, server)
    for user_id in (USER, UserId(new_id())):
        for frame in FRAMES:
            await service.bars(user_id, "NVDA", frame, NOW, 20)
    async with database.transaction() as session:
        query = "SELECT source, provider, symbol, timeframe, state FROM provider_series ORDER BY 4"
        rows = [tuple(row) for row in await session.execute(text(query))]
    assert rows == [("alpaca", "alpaca", "NVDA", frame, "active") for frame in ("15m", "1d")]
