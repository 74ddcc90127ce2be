"""Reading long series: what is asked for decides how much is read, and nobody waits for others."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from kuber.infra.db import Database, RawPool, raw_pool
from kuber.kernel.ids import UserId, new_id
from kuber.market.calendars import calendar_for
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers import reading
from kuber.market.providers.stored import StoredBars
from kuber.market.repository import EncodedRows, SeriesChanged, SeriesRow, read_rows
from kuber.market.resampling import resample
from kuber.market.series import SizedCache
from kuber.market.types import Bars, Timeframe
from tests.fakes.bars import same, utc

FIRST_AT = utc("2024-01-01T00:00")
MINUTES = 100_000
END = FIRST_AT + timedelta(minutes=MINUTES)

_SERIES = text("""
    WITH made AS (
        INSERT INTO bar_imports (id, user_id, status, source, filename, sha256, size_bytes,
                                 done_bytes, said, found, problems, timeframe, symbols,
                                 bar_count, first_at, last_at, created_at)
        VALUES (:import_id, :user_id, 'done', 'imported', 'a', 'a', 0, 0, '{}', '{}', '[]', '1m',
                array[:symbol], :count, :first_at, :last_at, now())
    )
    INSERT INTO bar_series (id, user_id, symbol, timeframe, source, state, calendar, import_id,
                            bar_count, first_at, last_at)
    VALUES (:id, :user_id, :symbol, '1m', 'imported', 'active', '24/7', :import_id, :count,
            :first_at, :last_at)
""")
_MINUTES = text("""
    INSERT INTO bars (series_id, opened_at, closed_at, open, high, low, close, volume)
    SELECT :id, cast(:first_at AS timestamptz) + make_interval(mins => n),
           cast(:first_at AS timestamptz) + make_interval(mins => n + 1),
           100 + n % 7, 110 + n % 11, 90 + n % 5, 100 + (n + 1) % 7, (n % 13) * 0.37
    FROM generate_series(0, :count - 1) AS n
""")

_IMPORT_AGAIN = text("""
    WITH made AS (
        INSERT INTO bar_imports SELECT (b).* FROM (
            SELECT jsonb_populate_record(i, jsonb_build_object('id', cast(:id AS text))) AS b
            FROM bar_imports AS i
        ) AS copied
        RETURNING id
    )
    UPDATE bar_series SET import_id = made.id FROM made
""")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[RawPool]:
    opened = raw_pool(database.url, size=4, application_name="kuber-test")
    await opened.open()
    yield opened
    await opened.close()


async def add_minutes(database: Database, symbol: str, count: int) -> UserId:
    """Store a series of minutes of a new user."""
    user_id = UserId(new_id())
    values = {
        "id": new_id(),
        "import_id": new_id(),
        "user_id": user_id,
        "symbol": symbol,
        "count": count,
        "first_at": FIRST_AT,
        "last_at": FIRST_AT + timedelta(minutes=count),
    }
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO users (id, email, password_hash, role, tier, created_at)"
                " VALUES (:id, :email, 'x', 'user', 'FREE', now())"
            ),
            {"id": user_id, "email": f"{user_id}@example.com"},
        )
        await session.execute(_SERIES, values)
        await session.execute(_MINUTES, values)
    return user_id


class Parts:
    """Stands before the reading of rows: notes how many each part had, may hold it up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.held: dict[str, asyncio.Event] = {}
        self.waiting: list[str] = []
        self.began = asyncio.Event()
        monkeypatch.setattr(reading, "read_rows", self)

    async def __call__(
        self,
        pool: RawPool,
        row: SeriesRow,
        *,
        before: datetime,
        closed_by: datetime,
        most_before: int,
        most_after: int,
    ) -> EncodedRows:
        if row.symbol in self.held:
            self.waiting.append(row.symbol)
            self.began.set()
            await self.held[row.symbol].wait()
        found = await read_rows(
            pool,
            row,
            before=before,
            closed_by=closed_by,
            most_before=most_before,
            most_after=most_after,
        )
        self.sizes.append(found.before + found.after)
        return found


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(monkeypatch)


async def bars(
    stored: StoredBars, user: UserId, timeframe: Timeframe, as_of: datetime, count: int
) -> Bars:
    found = await stored.bars(user, "BTCUSD", timeframe, as_of, count)
    assert found is not None
    return found


async def test_one_bar_of_a_long_series_takes_a_few_hundred_rows(
    database: Database, pool: RawPool, parts: Parts
) -> None:
    user = await add_minutes(database, "BTCUSD", MINUTES)
    for as_of in (END, FIRST_AT + timedelta(minutes=MINUTES // 2), FIRST_AT):
        found = await bars(StoredBars(pool), user, Timeframe.M1, as_of, 1)
        assert found.closed_at.tolist() == (
            [as_of.replace(tzinfo=None)] if as_of > FIRST_AT else []
        )
    assert len(parts.sizes) == 3
    assert max(parts.sizes) < 1_000


async def test_coarse_bars_are_read_in_small_parts_and_are_those_of_the_whole(
    database: Database, pool: RawPool, parts: Parts
) -> None:
    user = await add_minutes(database, "BTCUSD", MINUTES)
    minutes = await bars(StoredBars(pool), user, Timeframe.M1, END, MINUTES)
    assert len(minutes) == MINUTES
    assert max(parts.sizes) <= 2 * reading.ROWS_AT_ONCE
    parts.sizes.clear()
    days = await bars(StoredBars(pool), user, Timeframe.D1, END, 20)
    assert sum(parts.sizes) < 25 * 1440
    whole = resample(minutes, Timeframe.D1, calendar_for("24/7")).closed_by(END)
    assert same(days, whole.last(20))
    everything = await bars(StoredBars(pool), user, Timeframe.D1, END, 10_000)
    assert same(everything, whole)


async def test_a_run_that_moves_forward_reads_ahead(
    database: Database, pool: RawPool, parts: Parts
) -> None:
    user, stored = await add_minutes(database, "BTCUSD", MINUTES), StoredBars(pool)
    for hour in range(100, 200):
        as_of = FIRST_AT + timedelta(hours=hour)
        found = await bars(stored, user, Timeframe.H1, as_of, 50)
        assert (len(found), found.closed_at[-1]) == (50, np.datetime64(as_of.replace(tzinfo=None)))
    assert len(parts.sizes) < 15


async def test_no_answer_is_made_of_more_rows_than_allowed(
    database: Database, pool: RawPool, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 20_000)
    user, stored = await add_minutes(database, "BTCUSD", MINUTES), StoredBars(pool)
    found = await bars(stored, user, Timeframe.D1, END, 60)
    assert 10 < len(found) < 40
    read = len(parts.sizes)
    again = await bars(stored, user, Timeframe.D1, END + timedelta(hours=1), 60)
    assert same(found, again)
    assert len(parts.sizes) == read, "that there is no more to be had is known by then"


async def test_nobody_waits_for_another_series(
    database: Database, pool: RawPool, parts: Parts
) -> None:
    slow = await add_minutes(database, "BTCUSD", 1_000)
    quick, stored = await add_minutes(database, "ETHUSD", 1_000), StoredBars(pool)
    parts.held["BTCUSD"] = asyncio.Event()
    reading_slowly = asyncio.create_task(bars(stored, slow, Timeframe.M1, END, 1))
    await parts.began.wait()
    found = await stored.bars(quick, "ETHUSD", Timeframe.M1, END, 1)
    assert found is not None
    assert len(found) == 1
    parts.held["BTCUSD"].set()
    assert len(await reading_slowly) == 1


async def test_many_that_ask_for_the_same_read_it_once(
    database: Database, pool: RawPool, parts: Parts
) -> None:
    user, stored = await add_minutes(database, "BTCUSD", 1_000), StoredBars(pool)
    await asyncio.gather(*(bars(stored, user, Timeframe.M5, END, 10) for _ in range(5)))
    assert len(parts.sizes) == 1


async def test_a_user_with_many_long_reads_has_one_part_read_at_a_time(
    pool: RawPool,
) -> None:
    turns = StoredBars(pool)._deep
    ann, bob, entered = UserId(new_id()), UserId(new_id()), []
    go_on, bob_reads = asyncio.Event(), asyncio.Event()

    async def take(user: UserId) -> None:
        async with turns.of(user):
            entered.append(user)
            if user == bob:
                bob_reads.set()
            await go_on.wait()

    tasks = [asyncio.create_task(take(user)) for user in (ann, ann, ann, bob)]
    await bob_reads.wait()
    assert entered == [ann, bob]
    go_on.set()
    await asyncio.gather(*tasks)
    assert entered.count(ann) == 3


async def test_bars_that_an_import_replaces_meanwhile_are_read_anew(
    database: Database, pool: RawPool, parts: Parts
) -> None:
    user, stored = await add_minutes(database, "BTCUSD", 1_000), StoredBars(pool)
    parts.held["BTCUSD"] = asyncio.Event()
    asking = asyncio.create_task(bars(stored, user, Timeframe.H1, END, 1_000))
    await parts.began.wait()
    async with database.transaction() as session:
        await session.execute(_IMPORT_AGAIN, {"id": new_id()})
        await session.execute(text("UPDATE bars SET close = 105"))
    parts.held["BTCUSD"].set()
    assert set((await asking).close.tolist()) == {105.0}
    assert parts.waiting == ["BTCUSD"] * 2


async def test_bars_that_never_stay_the_same_are_refused(
    database: Database, pool: RawPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, stored = await add_minutes(database, "BTCUSD", 10), StoredBars(pool)

    async def changing(pool: RawPool, row: SeriesRow, **asked: object) -> EncodedRows:
        raise SeriesChanged

    monkeypatch.setattr(reading, "read_rows", changing)
    with pytest.raises(ProviderUnavailable, match="replaced by imports"):
        await bars(stored, user, Timeframe.M1, END, 1)


async def test_what_is_kept_of_many_short_series_is_bounded_too(
    database: Database, pool: RawPool
) -> None:
    stored = StoredBars(pool, cache_bytes=50_000)
    for number in range(40):
        user = await add_minutes(database, f"S{number}", 1)
        await stored.bars(user, f"S{number}", Timeframe.M1, END, 1)
    kept: SizedCache[object] = stored._stretches  # type: ignore[assignment]
    assert len(kept._values) < 40
