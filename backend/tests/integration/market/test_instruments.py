"""What users change of instruments, on a real PostgreSQL: seen where prices are read."""

from decimal import Decimal
from typing import Any

import pytest
from psycopg import AsyncCursor

from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId
from kuber.market.errors import InstrumentRefused, TooManyInstruments
from kuber.market.importing.service import ImportService
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.market.terms import service as terms_service
from kuber.market.terms.changes import calendar_of, calendars_of
from kuber.market.terms.schemas import InstrumentBody, InstrumentOut
from kuber.market.terms.service import Changed, InstrumentService
from kuber.market.terms.types import TermsField
from kuber.market.types import Source, Timeframe
from tests.integration.market.conftest import NOW, add_user, upload

BARS = "ACME,2024-01-02,1,2,1,2,10\nACME,2024-01-03,2,3,2,3,10\n"


@pytest.fixture
def instruments(pool: RawPool, service: MarketService) -> InstrumentService:
    return InstrumentService(pool, FixedClock(NOW), MarketSimulator(7), service.changes)


class Desk:
    """One user at the instruments."""

    def __init__(self, database: Database, service: InstrumentService, user: UserId) -> None:
        self.database, self.service, self.user = database, service, user

    async def change(self, symbol: str, **said: object) -> Changed:
        async with self.database.transaction() as session:
            body = InstrumentBody.model_validate(said)
            return await self.service.change(session, self.user, symbol, body)

    async def reset(self, symbol: str) -> Changed:
        async with self.database.transaction() as session:
            return await self.service.reset(session, self.user, symbol)

    async def all(self, query: str = "", limit: int = 7) -> list[InstrumentOut]:
        found, cursor = [], None
        while True:
            page = await self.service.page(self.user, query, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


@pytest.fixture
async def desk(database: Database, instruments: InstrumentService, user: UserId) -> Desk:
    return Desk(database, instruments, user)


async def test_a_change_is_seen_by_its_user_wherever_instruments_are_asked_for(
    database: Database, service: MarketService, desk: Desk
) -> None:
    other = await add_user(database)
    before = await service.instrument(desk.user, "NVDA")
    await desk.change("nvda", market="24/7", currency="eur", tick="0.05", name="Chips")
    seen = await service.instrument(desk.user, "NVDA")
    assert (seen.calendar, seen.currency, seen.name) == ("24/7", "EUR", "Chips")
    assert (seen.tick, seen.quantity_step, seen.shortable) == (Decimal("0.05"), None, None)
    assert await service.instrument(other, "NVDA") == before
    both = {(desk.user, "NVDA"), (other, "NVDA")}
    assert (await service.instruments(both)).found == {
        (desk.user, "NVDA"): seen,
        (other, "NVDA"): before,
    }
    (listed,) = (await service.symbols(desk.user, "NVDA", limit=5)).items
    assert listed == seen


async def test_null_and_a_reset_go_back_to_what_the_symbol_tells(
    service: MarketService, desk: Desk
) -> None:
    before = await service.instrument(desk.user, "NVDA")
    await desk.change("NVDA", tick="0.05", quantity_step="100")
    back = await desk.change("NVDA", tick=None)
    assert back.fields == (TermsField.TICK,)
    assert back.terms.changed == (TermsField.QUANTITY_STEP,)
    reset = await desk.reset("NVDA")
    assert (reset.fields, reset.terms.changed) == ((TermsField.QUANTITY_STEP,), ())
    assert (await desk.reset("NVDA")).fields == ()
    assert await service.instrument(desk.user, "NVDA") == before


async def test_a_change_to_what_the_symbol_tells_anyway_changes_nothing(desk: Desk) -> None:
    same = await desk.change("AAPL", market="XNYS")
    assert (same.fields, same.terms.changed) == ((), (TermsField.MARKET,))


async def test_imports_go_by_the_market_that_the_user_chose(database: Database, desk: Desk) -> None:
    other = await add_user(database)
    await desk.change("ACME", market="24/5 utc")
    await desk.change("ODD", tick="0.1")
    async with database.transaction() as session:
        assert await calendar_of(session, desk.user, "ACME") == "24/5 UTC"
        assert await calendar_of(session, other, "ACME") == "XNYS"
        assert await calendars_of(session, desk.user, ["ACME", "ODD", "EURUSD"]) == {
            "ACME": "24/5 UTC",
            "ODD": "XNYS",
            "EURUSD": "24/5",
        }


async def test_the_list_has_imports_sample_provider_and_changes_page_by_page(
    database: Database, service: MarketService, taking: ImportService, desk: Desk, seeded: int
) -> None:
    other = await add_user(database)
    await upload(database, taking, desk.user, BARS)
    await upload(database, taking, other, BARS.replace("ACME", "HERS"))
    await desk.change("ZZZ.L", tick="0.5")
    found = await desk.all()
    by_symbol = {one.symbol: one for one in found}
    assert list(by_symbol) == sorted(by_symbol)
    assert {"ACME", "AAPL", "EURUSD", "NVDA", "ZZZ.L"} <= by_symbol.keys()
    assert len(found) == len(by_symbol)
    assert "HERS" not in by_symbol
    assert found == await desk.all(limit=200)
    (acme,) = by_symbol["ACME"].datasets
    assert (acme.source, acme.timeframes, acme.gaps) == (Source.IMPORTED, [Timeframe.D1], 0)
    assert (str(acme.first_at), str(acme.last_at)) == (
        "2024-01-02 14:30:00+00:00",
        "2024-01-03 21:00:00+00:00",
    )
    (nvda,) = by_symbol["NVDA"].datasets
    assert (nvda.source, nvda.simulated, nvda.last_at) == (Source.SIMULATED, True, None)
    assert by_symbol["ZZZ.L"].datasets == []
    assert by_symbol["ZZZ.L"].decided_by.tick == "user"


async def test_each_source_of_a_symbol_is_a_dataset_of_its_own(
    database: Database, service: MarketService, taking: ImportService, desk: Desk, seeded: int
) -> None:
    bars = BARS.replace("ACME", "NVDA")
    await upload(database, taking, desk.user, bars)
    await upload(database, taking, desk.user, bars.splitlines()[0], Timeframe.W1)
    await upload(database, taking, desk.user, BARS.replace("ACME", "AAPL"))
    (nvda,) = await desk.all("NVDA")
    assert [(one.source, one.timeframes) for one in nvda.datasets] == [
        (Source.IMPORTED, [Timeframe.D1, Timeframe.W1]),
        (Source.SIMULATED, list(Timeframe)),
    ]
    (aapl,) = [one for one in await desk.all("AAPL") if one.symbol == "AAPL"]
    assert [one.source for one in aapl.datasets] == [
        Source.IMPORTED,
        Source.SAMPLE,
        Source.SIMULATED,
    ]


@pytest.mark.parametrize(
    ("query", "symbol"),
    [("apple", "AAPL"), ("eur/usd", "EURUSD"), ("Nvid", "NVDA"), ("my own", "ACME")],
)
async def test_instruments_are_found_by_symbol_name_and_other_spellings(
    database: Database,
    service: MarketService,
    taking: ImportService,
    desk: Desk,
    seeded: int,
    query: str,
    symbol: str,
) -> None:
    await upload(database, taking, desk.user, BARS)
    await upload(database, taking, desk.user, BARS.replace("ACME", "NVDA"))
    await desk.change("ACME", name="My own shares")
    assert [one.symbol for one in await desk.all(query)] == [symbol]


async def test_one_query_reads_a_page(
    database: Database,
    service: MarketService,
    taking: ImportService,
    desk: Desk,
    seeded: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AA", "BB", "CC", "DD", "EE"):
        await upload(database, taking, desk.user, BARS.replace("ACME", name))
        await desk.change(name, tick="0.1")
    asked: list[str] = []
    execute = AsyncCursor.execute

    async def counted(cursor: Any, query: str, *args: Any, **options: Any) -> Any:
        asked.extend(filter(None, [query]))  # a pool asks for nothing to see that all is well
        return await execute(cursor, query, *args, **options)

    monkeypatch.setattr(AsyncCursor, "execute", counted)
    page = await desk.service.page(desk.user, limit=200)
    assert len(page.items) > 10
    assert len(asked) == 1


async def test_one_instrument_is_shown_also_without_any_prices(desk: Desk) -> None:
    odd = await desk.service.get(desk.user, "lse:odd")
    assert (odd.symbol, odd.market_name, odd.datasets) == ("ODD.L", "London Stock Exchange", [])
    nvda = await desk.service.get(desk.user, "NVDA")
    assert [one.source for one in nvda.datasets] == [Source.SIMULATED]


@pytest.mark.parametrize(
    ("said", "field", "remedy"),
    [
        ({"market": "XNOW"}, "market", "XNYS, 24/5, 24/5 UTC, 24/7"),
        ({"currency": "EURO"}, "currency", "ISO 4217"),
    ],
)
async def test_what_is_no_market_or_currency_is_refused_with_what_is(
    desk: Desk, said: dict[str, str], field: str, remedy: str
) -> None:
    with pytest.raises(InstrumentRefused) as refused:
        await desk.change("ACME", **said)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert remedy in problem.remedy


async def test_all_faults_are_told_at_once(desk: Desk) -> None:
    with pytest.raises(InstrumentRefused) as refused:
        await desk.change("ACME", market="?", currency="?")
    assert [one.field for one in refused.value.problems] == ["market", "currency"]


async def test_a_user_changes_so_many_instruments_and_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_service, "MAX_CHANGED", 1)
    await desk.change("ACME", tick="0.1")
    await desk.change("ACME", tick="0.2")
    await desk.change("BOLT", tick=None)
    with pytest.raises(TooManyInstruments, match="Reset one"):
        await desk.change("BOLT", tick="0.2")
    await desk.reset("ACME")
    await desk.change("BOLT", tick="0.2")
