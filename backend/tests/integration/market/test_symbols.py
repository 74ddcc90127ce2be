"""Which symbols there are: found, paged and limited in the database."""

import pytest
from sqlalchemy import update

from kuber.identity.errors import QuotaReached
from kuber.identity.models import LimitRow
from kuber.infra.db import Database
from kuber.kernel.cursors import BadCursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.market.importing.service import ImportService
from kuber.market.providers.universe import UNIVERSE
from kuber.market.schemas import SymbolOut
from kuber.market.service import MarketService
from kuber.market.types import Source, Timeframe
from tests.fakes.bars import utc
from tests.integration.market.conftest import NOW, add_user, upload


@pytest.mark.usefixtures("seeded")
async def test_symbols_lists_imports_sample_and_provider_once(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await upload(database, taking, user, "TSLA,2024-01-02,10,12,9,11,5\n")
    found = {one.symbol: one for one in (await service.symbols(user, limit=99)).items}
    assert found["TSLA"].source is Source.IMPORTED
    assert found["AAPL"].source is Source.SIMULATED
    assert found["SPY"].simulated
    assert await found_by(service, user, "eurusd") == ["EURUSD"]
    assert await found_by(service, user, "nvid") == ["NVDA"]
    shown = SymbolOut.of(found["AAPL"], NOW).model_dump(mode="json")
    assert (shown["simulated"], shown["last_at"], shown["ended"]) == (True, None, False)
    assert SymbolOut.of(found["TSLA"], NOW).ended
    assert not SymbolOut.of(found["TSLA"], utc("2024-01-03T12:00")).ended
    (besides,) = shown["others"]
    assert (besides["source"], besides["simulated"]) == ("sample", False)
    assert besides["timeframes"] == ["1d", "1w", "1mo"]
    assert besides["last_at"] == "2013-03-01T21:00:00Z"
    other = await add_user(database)
    tesla = (await service.symbols(other, "TSLA", limit=9)).items[0]
    assert tesla.source is Source.SIMULATED


async def found_by(service: MarketService, user: UserId, query: str) -> list[str]:
    return [one.symbol for one in (await service.symbols(user, query, limit=99)).items]


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7, 40])
async def test_the_pages_of_symbols_are_the_list_without_gaps_or_repetitions(
    database: Database, service: MarketService, taking: ImportService, user: UserId, limit: int
) -> None:
    await upload(database, taking, user, "ZZZ,2024-01-02,1,2,1,2,5\nTSLA,2024-01-02,1,2,1,2,5\n")
    await upload(database, taking, user, "ZZZ,2024-01-01,1,2,1,2,5\n", Timeframe.W1)
    expected = [
        "AAPL",
        "EURUSD",
        "GOOG",
        "MSFT",
        "TSLA",
        "ZZZ",
        *sorted(UNIVERSE.keys() - {"AAPL", "EURUSD", "GOOG", "MSFT", "TSLA"}),
    ]
    found, cursor = [], None
    for _ in range(2 * len(expected)):  # a page may be empty
        page = await service.symbols(user, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += [one.symbol for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == expected
    with pytest.raises(BadCursor):
        await service.symbols(user, limit=limit, cursor=encode_cursor("other", "AAPL"))


@pytest.mark.usefixtures("seeded")
async def test_an_import_is_found_by_the_name_that_the_provider_knows(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await upload(database, taking, user, "NVDA,2024-01-02,1,2,1,2,5\n")
    page = await service.symbols(user, "nvidia", limit=5)
    assert [(one.symbol, one.source) for one in page.items] == [("NVDA", Source.IMPORTED)]


@pytest.mark.usefixtures("seeded")
async def test_of_other_symbols_those_are_visible_that_the_list_holds(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await upload(database, taking, await add_user(database), "SECRET,2024-01-02,1,2,1,2,5\n")
    await upload(database, taking, user, "OURS,2024-01-02,1,2,1,2,5\n")
    asked = ["AAPL", "NVDA", "OURS", "SECRET", "NOSUCH"]
    assert await service.visible(user, asked) == {"AAPL", "NVDA", "OURS"}


async def test_no_more_symbols_are_imported_than_allowed(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    async with database.transaction() as session:
        session.add(LimitRow(scope=f"user:{user}", name="imported_symbols", value=2))
    await upload(database, taking, user, "A,2024-01-02,1,2,1,2,5\nB,2024-01-02,1,2,1,2,5\n")
    with pytest.raises(QuotaReached, match="3 symbols of your own; 2 may be") as refused:
        await upload(database, taking, user, "C,2024-01-02,1,2,1,2,5\n")
    assert refused.value.problems[0].code == "imported_symbols"
    await upload(database, taking, user, "A,2024-01-03,1,2,1,2,5\n")
    await upload(database, taking, user, "A,2024-01-01,1,2,1,2,5\n", Timeframe.W1)
    async with database.transaction() as session:
        await taking.delete_symbol(session, user, "B")
    await upload(database, taking, user, "C,2024-01-02,1,2,1,2,5\n")
    assert (await service.instrument(user, "C")).source is Source.IMPORTED
    async with database.transaction() as session:
        mine = update(LimitRow).where(LimitRow.scope == f"user:{user}")
        await session.execute(mine.values(value=1))
    await upload(database, taking, user, "C,2024-01-03,1,2,1,2,5\n")
    with pytest.raises(QuotaReached):
        await upload(database, taking, user, "D,2024-01-03,1,2,1,2,5\n")
