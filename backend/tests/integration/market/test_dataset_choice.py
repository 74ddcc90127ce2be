"""Which of a symbol's datasets answers, on a real PostgreSQL."""

import pytest

from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId
from kuber.market.errors import DataChanged, DataEnded, ProviderUnavailable
from kuber.market.importing.service import ImportService
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.market.terms.repository import put
from kuber.market.terms.types import Change
from kuber.market.types import DatasetKind, Instrument, Source, Timeframe
from kuber.runs.pinned import RunMarket
from tests.fakes.bars import utc
from tests.integration.market.conftest import NOW, add_user, upload


@pytest.mark.usefixtures("seeded")
async def test_an_import_is_never_continued_and_says_where_it_ends(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await upload(database, taking, user, "TSLA,2024-01-02,10,12,9,11,5\n")
    at = utc("2024-01-03T21:00")
    assert (await service.bars(user, "TSLA", Timeframe.D1, at, 9)).close.tolist() == [11.0]
    with pytest.raises(DataEnded, match="imported prices of TSLA in 1d end on 2 Jan 2024"):
        await service.bars(user, "TSLA", Timeframe.D1, NOW, 9)
    assert (await service.get_bars(user, "TSLA", Timeframe.D1)).close.tolist() == [11.0]
    hours = "TSLA,2026-01-05T14:30:00Z,900,900,900,900,5\n"
    await upload(database, taking, user, hours, Timeframe.M30)
    with pytest.raises(DataEnded, match="in 1d end on 2 Jan 2024"):
        await service.bars(user, "TSLA", Timeframe.D1, NOW, 9)
    fresh = await service.bars(user, "TSLA", Timeframe.M30, NOW, 9)
    assert fresh.close.tolist() == [900.0]
    found = await service.instruments({(user, "TSLA"), (user, "AAPL")})
    sources = {key[1]: one.source for key, one in found.found.items()}
    assert sources == {"TSLA": Source.IMPORTED, "AAPL": Source.SIMULATED}


@pytest.mark.usefixtures("seeded")
async def test_a_users_choice_answers_at_every_moment(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await upload(database, taking, user, "AAPL,2012-05-15,10,12,9,11,5\n")
    at = utc("2012-05-15T21:00")
    other = await add_user(database)
    assert (await service.bars(user, "AAPL", Timeframe.D1, at, 1)).source is Source.IMPORTED
    for kind, source in (
        (DatasetKind.SAMPLE, Source.SAMPLE),
        (DatasetKind.PROVIDER, Source.SIMULATED),
    ):
        async with database.transaction() as session:
            await put(session, user, Change("AAPL", dataset=kind), NOW)
            service.changes.forget_after_commit(session, user)
        assert (await service.bars(user, "AAPL", Timeframe.D1, at, 1)).source is source
        assert (await service.instrument(user, "AAPL", at)).source is source
        assert (await service.symbols(user, "AAPL", limit=1)).items[0].source is source
        assert (await service.bars(other, "AAPL", Timeframe.D1, at, 1)).source is Source.SAMPLE
    found = await service.instruments({(user, "AAPL")})
    assert found.found[user, "AAPL"].source is Source.SIMULATED


@pytest.mark.usefixtures("seeded")
async def test_a_run_reads_on_what_it_read_first_also_when_another_choice_is_made(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await upload(database, taking, user, "AAPL,2012-05-15,10,12,9,11,5\n")
    at = utc("2012-05-15T21:00")
    run = RunMarket(service)
    first = await run.bars(user, "AAPL", Timeframe.D1, at, 1)
    async with database.transaction() as session:
        await put(session, user, Change("AAPL", dataset=DatasetKind.SAMPLE), NOW)
        service.changes.forget_after_commit(session, user)
    assert (await service.bars(user, "AAPL", Timeframe.D1, at, 1)).source is Source.SAMPLE
    again = await run.bars(user, "AAPL", Timeframe.D1, at, 1)
    assert (again.source, again.version) == (first.source, first.version)
    async with database.transaction() as session:
        await taking.delete_symbol(session, user, "AAPL")
    service.forget(user)
    with pytest.raises(DataChanged, match="1d bars of AAPL were replaced"):
        await run.bars(user, "AAPL", Timeframe.D1, at, 1)


class AwayMarket(MarketSimulator):
    """A provider that does not answer."""

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        raise ProviderUnavailable("Nobody answered.")


@pytest.mark.usefixtures("seeded")
async def test_a_chart_of_stored_prices_needs_no_provider(pool: RawPool, user: UserId) -> None:
    service = MarketService(pool, FixedClock(NOW), AwayMarket(7))
    kept = await service.get_bars(user, "AAPL", Timeframe.D1, dataset=DatasetKind.SAMPLE, limit=1)
    assert kept.close.tolist() == [430.47]
    with pytest.raises(ProviderUnavailable):
        await service.get_bars(user, "AAPL", Timeframe.D1, dataset=DatasetKind.PROVIDER)
