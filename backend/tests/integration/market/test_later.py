"""The bars that follow a past moment, in what a run was pinned to."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId
from kuber.market import later as module
from kuber.market.errors import PricesReplaced
from kuber.market.importing.service import ImportService
from kuber.market.later import LaterBars, Pinned
from kuber.market.service import MarketService
from kuber.market.types import Source, Timeframe, to_datetime, to_datetime64
from tests.fakes.bars import sample, utc
from tests.integration.market.conftest import NOW, upload

MOMENT = utc("2012-05-16T21:00:00")
ROWS = (
    "TSLA,2012-05-15,10,12,9,11,5\nTSLA,2012-05-16,11,13,10,12,5\n"
    "TSLA,2012-05-17,12,14,11,13,5\nTSLA,2012-05-18,13,15,12,14,5\n"
)


@pytest.fixture
def later(pool: RawPool, service: MarketService) -> LaterBars:
    return LaterBars(pool, service, FixedClock(NOW))


async def pin(
    service: MarketService,
    user: UserId,
    symbol: str,
    timeframe: Timeframe = Timeframe.D1,
    moment: object = None,
) -> Pinned:
    """Return the bars that a run at the moment sees."""
    at = moment or MOMENT
    bars = await service.bars(user, symbol, timeframe, at, 1)  # type: ignore[arg-type]
    return Pinned(
        symbol,
        timeframe,
        bars.source,
        bars.version,
        to_datetime(bars.closed_at[-1]),
        Decimal(str(bars.close[-1])),
    )


async def test_what_follows_is_of_the_runs_own_import_and_ends_with_it(
    database: Database,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    later: LaterBars,
) -> None:
    await upload(database, taking, user, ROWS)
    pinned = await pin(service, user, "TSLA")
    found = await later.after(user, pinned, MOMENT)
    assert (found.bars.close.tolist(), found.splits, found.more) == ([13.0, 14.0], (), False)
    end = to_datetime(found.bars.closed_at[-1])
    assert len((await later.after(user, pinned, end)).bars) == 0


async def test_a_bar_that_was_open_at_the_moment_is_left_out(
    database: Database,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    later: LaterBars,
) -> None:
    await upload(database, taking, user, ROWS)
    during = utc("2012-05-17T18:00:00")
    found = await later.after(user, await pin(service, user, "TSLA", moment=during), during)
    assert found.bars.close.tolist() == [14.0]


async def test_what_closes_after_now_is_not_told(
    database: Database,
    pool: RawPool,
    service: MarketService,
    taking: ImportService,
    user: UserId,
) -> None:
    await upload(database, taking, user, ROWS)
    earlier = LaterBars(pool, service, FixedClock(utc("2012-05-18T16:00:00")))
    found = await earlier.after(user, await pin(service, user, "TSLA"), MOMENT)
    assert found.bars.close.tolist() == [13.0]


async def test_what_was_replaced_since_is_refused(
    database: Database,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    later: LaterBars,
) -> None:
    await upload(database, taking, user, ROWS)
    pinned = await pin(service, user, "TSLA")
    await upload(database, taking, user, ROWS.replace("14,11,13", "14,11,13.5"))
    service.forget(user)
    with pytest.raises(PricesReplaced, match="TSLA until 16 May 2012"):
        await later.after(user, pinned, MOMENT)
    with pytest.raises(PricesReplaced):
        await later.after(user, replace(pinned, source=Source.SAMPLE), MOMENT)


@pytest.mark.usefixtures("seeded")
async def test_a_users_import_does_not_continue_a_run_on_the_sample(
    database: Database,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    later: LaterBars,
) -> None:
    pinned = await pin(service, user, "AAPL")
    await upload(database, taking, user, ROWS.replace("TSLA", "AAPL"))
    service.forget(user)
    found = await later.after(user, pinned, MOMENT)
    raw = sample("AAPL").bars
    assert found.bars.close.tolist() == raw.close[raw.opened_at > to_datetime64(MOMENT)].tolist()


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("moment", "index"),
    [
        ("2005-02-17T21:00:00", 5),  # AAPL split 2:1 on 28 February, a holiday in between
        ("2005-02-25T21:00:00", 0),
        ("2005-02-28T16:00:00", 0),  # on the day: what the run saw was of the day before
    ],
)
async def test_m25_splits_come_with_the_first_bar_on_the_new_basis(
    service: MarketService, user: UserId, later: LaterBars, moment: str, index: int
) -> None:
    at = utc(moment)
    found = await later.after(user, await pin(service, user, "AAPL", moment=at), at)
    [split] = found.splits
    assert (split.index, split.ratio) == (index, Fraction(2))
    assert 40 < found.bars.close[index] < 50
    after = utc("2005-02-28T21:00:00")
    pinned = await pin(service, user, "AAPL", moment=after)
    assert (await later.after(user, pinned, after)).splits == ()


@pytest.mark.usefixtures("seeded")
async def test_coarse_bars_are_followed_in_the_bars_that_they_are_made_of(
    service: MarketService, user: UserId, later: LaterBars
) -> None:
    pinned = await pin(service, user, "AAPL", Timeframe.W1)
    found = await later.after(user, pinned, MOMENT)
    assert found.bars.timeframe is Timeframe.D1
    assert str(found.bars.opened_at[0]).startswith("2012-05-17")


@pytest.mark.usefixtures("seeded")
async def test_long_courses_come_in_parts_without_a_gap(
    service: MarketService, user: UserId, later: LaterBars, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = utc("2005-02-17T21:00:00")
    pinned = await pin(service, user, "AAPL", moment=at)
    whole = await later.after(user, pinned, at)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
    closes, splits, moment = [], [], at
    for part in range(4):
        course = await later.after(user, pinned, moment)
        assert course.more
        closes += course.bars.close.tolist()
        splits += [part * 3 + split.index for split in course.splits]
        moment = to_datetime(course.bars.closed_at[-1])
    assert closes == whole.bars.close[:12].tolist()
    assert splits == [split.index for split in whole.splits]


async def test_a_provider_goes_on_from_the_price_that_the_run_saw(
    service: MarketService, user: UserId, later: LaterBars
) -> None:
    at = utc("2025-12-10T21:00:00")
    pinned = await pin(service, user, "AAPL", moment=at)
    assert pinned.source is Source.SIMULATED
    found = await later.after(user, pinned, at)
    expected = await service.get_bars(user, "AAPL", Timeframe.D1, start=at, limit=500)
    assert found.bars.close.tolist() == expected.close.tolist()
    assert len(found.bars) > 10
    for other in (
        replace(pinned, last_close=pinned.last_close * 2),
        replace(pinned, source=Source.ALPACA),
    ):
        with pytest.raises(PricesReplaced):
            await later.after(user, other, at)
