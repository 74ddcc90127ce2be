"""Splits and dividends from files: applied to stored bars, kept, and taken back."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from sqlalchemy import select

from kuber.infra.db import Database
from kuber.kernel.ids import UserId
from kuber.market.actions.types import Prices
from kuber.market.errors import ImportConflict
from kuber.market.importing.said import Said
from kuber.market.importing.service import ImportService
from kuber.market.models import BarImport, CorporateActionRow, SeriesSplit
from kuber.market.service import MarketService
from kuber.market.types import Bars, Timeframe
from tests.fakes.bars import same, utc
from tests.integration.market.conftest import HEADER, add_user

# 4:1 on Wednesday the 3rd: as traded the price falls to a quarter. 21:20 on the 9th.
TRADED = {2: 400, 3: 101, 4: 102, 5: 103, 8: 104, 9: 99, 10: 100}
ADJUSTED = {2: 100, 3: 101, 4: 102, 5: 103, 8: 104, 9: 103, 10: 104}
SPLITS = "symbol,ex_date,ratio\nACME,2024-01-03,4:1\nACME,2024-01-09,21:20\n"
SMALL = "symbol,ex_date,ratio\nACME,2024-01-09,21:20\n"
DIVIDENDS = "symbol,ex_date,amount,currency\nACME,2024-01-04,0.25,usd\nACME,2024-01-08,0.3,USD\n"


def rows(closes: dict[int, int]) -> str:
    return HEADER + "".join(
        f"ACME,2024-01-{day:02},{price},{price + 1},{price - 1},{price},1000\n"
        for day, price in closes.items()
    )


async def take(
    database: Database, taking: ImportService, user: UserId, text: str, said: Said | None = None
) -> BarImport:
    async with database.transaction() as session:
        return await taking.import_file(
            session, user, "file.csv", BytesIO(text.encode()), said or Said()
        )


async def undo(database: Database, taking: ImportService, user: UserId, row: BarImport) -> None:
    async with database.transaction() as session:
        await taking.remove(session, user, row.id)


async def bars(service: MarketService, user: UserId, until: str = "2024-02-01") -> Bars:
    return await service.get_bars(user, "ACME", Timeframe.D1, end=utc(until), limit=100)


def uses(row: BarImport) -> list[tuple[str, str, str]]:
    [found] = row.found["symbols"]
    return [(one["ratio"], one["origin"], one["use"]) for one in found["splits"]]


def codes(row: BarImport) -> set[str]:
    return {one["code"] for one in row.found["notes"]}


def close_of(found: Bars) -> list[float]:
    return [round(one, 6) for one in found.close.tolist()]


BOTH = [100 / 1.05, 101 / 1.05, 102 / 1.05, 103 / 1.05, 104 / 1.05, 99, 100]


@pytest.mark.parametrize("bars_first", [True, False])
async def test_bars_and_splits_in_either_order(
    database: Database,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    bars_first: bool,
) -> None:
    files = (rows(TRADED), SPLITS) if bars_first else (SPLITS, rows(TRADED))
    first, second = [await take(database, taking, user, text) for text in files]
    service.forget(user)
    found = await bars(service, user)
    assert close_of(found) == [round(one, 6) for one in BOTH]
    assert round(found.volume[0]) == 4200
    assert found.version == str(second.id), "runs pin the version with the splits"
    assert uses(second) == [("4:1", "file", "applied"), ("21:20", "file", "applied")]
    assert second.found["understood"]["prices"] == {"value": "as_traded", "how": "file"}
    assert "splits_applied" in codes(second)
    if not bars_first:
        assert "splits_wait" in codes(first)
    # as of the evening before each split nothing of it is seen
    assert close_of(await bars(service, user, "2024-01-02T21:00")) == [400]
    assert close_of(await bars(service, user, "2024-01-03T20:59")) == [400]
    assert close_of(await bars(service, user, "2024-01-03T21:00")) == [100, 101]
    assert close_of(await bars(service, user, "2024-01-08T21:00")) == [100, 101, 102, 103, 104]


async def test_undo_of_splits_brings_the_version_before_back(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    plain = await take(database, taking, user, rows(TRADED))
    before = await bars(service, user)
    with_splits = await take(database, taking, user, SPLITS)
    assert (await bars(service, user)).version == str(with_splits.id)
    with pytest.raises(ImportConflict):
        await undo(database, taking, user, plain)
    await undo(database, taking, user, with_splits)
    after = await bars(service, user)
    assert same(after, before)
    assert after.version == str(plain.id)
    async with database.transaction() as session:
        assert (await session.scalars(select(CorporateActionRow))).all() == []
    await undo(database, taking, user, plain)


async def test_undo_of_splits_is_refused_while_bars_stand_on_them(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    splits = await take(database, taking, user, SPLITS)
    stored = await take(database, taking, user, rows(TRADED))
    with pytest.raises(ImportConflict):
        await undo(database, taking, user, splits)
    await undo(database, taking, user, stored)
    await undo(database, taking, user, splits)


async def test_prices_that_are_adjusted_already_stay(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    plain = await take(database, taking, user, rows(ADJUSTED))
    row = await take(database, taking, user, SPLITS)
    found = await bars(service, user)
    assert close_of(found) == list(ADJUSTED.values())
    assert found.version == str(plain.id), "nothing changes: there is no new version"
    assert uses(row) == [("4:1", "file", "adjusted"), ("21:20", "file", "adjusted")]
    assert "prices_adjusted" in codes(row)


async def test_where_prices_do_not_tell_the_user_is_asked(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    closes = {day: price for day, price in TRADED.items() if day > 2}
    await take(database, taking, user, rows(closes))
    async with database.transaction() as session:
        row = await taking.preview(session, user, "s.csv", BytesIO(SMALL.encode()), Said())
    assert row.found["understood"]["prices"] == {"value": "unknown", "how": "guess"}
    silent = await take(database, taking, user, SMALL)
    assert uses(silent) == [("21:20", "file", "undecided")]
    assert "prices_unknown" in codes(silent)
    assert close_of(await bars(service, user)) == list(closes.values())
    async with database.transaction() as session:
        row = await taking.correct(session, user, row.id, Said(prices=Prices.AS_TRADED))
    assert row.found["understood"]["prices"] == {"value": "as_traded", "how": "said"}
    async with database.transaction() as session:
        said = await taking.start(session, user, row.id, row.sha256)
    assert uses(said) == [("21:20", "file", "applied")]
    assert close_of(await bars(service, user)) == [round(one, 6) for one in BOTH[1:]]


async def test_a_swapped_ratio_is_not_applied(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await take(database, taking, user, rows(TRADED))
    row = await take(database, taking, user, SPLITS.replace("4:1", "1:4"))
    assert [use for _, _, use in uses(row)] == ["undecided", "undecided"]
    assert close_of(await bars(service, user)) == list(TRADED.values())


async def test_a_split_that_the_adjusted_close_tells_of_counts_once(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    lines = rows(TRADED).splitlines()
    text = "\n".join(
        f"{line},{'adj_close' if at == 0 else 100 if at == 1 else line.split(',')[5]}"
        for at, line in enumerate(lines)
    )
    await take(database, taking, user, text)
    once = [100, 101, 102, 103, 104, 99, 100]
    assert close_of(await bars(service, user)) == once
    row = await take(database, taking, user, SPLITS.replace("ACME,2024-01-09,21:20\n", ""))
    assert uses(row) == [("4:1", "adjusted_close", "applied")]
    assert close_of(await bars(service, user)) == once
    late = SPLITS.replace("2024-01-03", "2024-01-04")
    row = await take(database, taking, user, late)
    assert uses(row)[1] == ("4:1", "adjusted_close", "applied"), "a day late in the file"
    assert close_of(await bars(service, user)) == [round(one, 6) for one in BOTH]


async def test_dividends_are_kept_and_change_no_price(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await take(database, taking, user, rows(TRADED))
    before = await bars(service, user)
    row = await take(database, taking, user, DIVIDENDS)
    assert (row.bar_count, row.symbols, row.timeframe) == (0, ["ACME"], None)
    assert row.found["symbols"][0]["dividends"] == {
        "count": 2,
        "first": "2024-01-04",
        "last": "2024-01-08",
    }
    assert same(await bars(service, user), before)
    async with database.transaction() as session:
        kept = (await session.scalars(select(CorporateActionRow))).all()
    assert {(one.ex_date, one.amount, one.currency) for one in kept} == {
        (date(2024, 1, 4), Decimal("0.25"), "USD"),
        (date(2024, 1, 8), Decimal("0.3"), "USD"),
    }


async def test_a_later_word_on_the_same_day_counts_and_its_undo_brings_the_earlier_back(
    database: Database, taking: ImportService, user: UserId
) -> None:
    first = await take(database, taking, user, DIVIDENDS)
    second = await take(database, taking, user, DIVIDENDS.replace("0.25", "0.26"))

    async def amounts() -> list[Decimal | None]:
        query = select(CorporateActionRow.amount).where(CorporateActionRow.state == "active")
        async with database.transaction() as session:
            return list(await session.scalars(query.order_by(CorporateActionRow.ex_date)))

    assert await amounts() == [Decimal("0.26"), Decimal("0.3")]
    with pytest.raises(ImportConflict):
        await undo(database, taking, user, first)
    await undo(database, taking, user, second)
    assert await amounts() == [Decimal("0.25"), Decimal("0.3")]
    await undo(database, taking, user, first)
    assert await amounts() == []


async def test_bars_with_columns_of_actions_as_yfinance_writes_them(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    text = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n" + "".join(
        f"2024-01-{day:02} 00:00:00-05:00,{price},{price},{price},{price},10,"
        f"{0.25 if day == 4 else 0.0},{ {3: 4.0, 9: 1.05}.get(day, 0.0) }\n"
        for day, price in TRADED.items()
    )
    row = await take(database, taking, user, text, Said(symbol="ACME"))
    assert uses(row) == [("4:1", "file", "applied"), ("21:20", "file", "applied")]
    assert row.found["symbols"][0]["dividends"]["count"] == 1
    assert close_of(await bars(service, user)) == [round(one, 6) for one in BOTH]
    await undo(database, taking, user, row)
    async with database.transaction() as session:
        assert (await session.scalars(select(CorporateActionRow))).all() == []


async def test_bars_that_are_appended_keep_the_splits_and_are_judged_themselves(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    await take(database, taking, user, SPLITS)
    early = {day: price for day, price in TRADED.items() if day < 8}
    late = {day: price for day, price in TRADED.items() if day >= 8}
    await take(database, taking, user, rows(early))
    row = await take(database, taking, user, rows(late))
    found = await bars(service, user)
    assert close_of(found) == [round(one, 6) for one in BOTH]
    assert found.version == str(row.id)
    again = await take(database, taking, user, rows({8: 104}), Said(Timeframe.D1))
    assert close_of(await bars(service, user)) == [round(one, 6) for one in BOTH]
    await undo(database, taking, user, again)
    async with database.transaction() as session:
        assert len((await session.scalars(select(SeriesSplit))).all()) >= 2


@pytest.mark.parametrize("newest_first", [True, False])
async def test_a_split_at_the_border_of_two_files_is_applied_once(
    database: Database,
    service: MarketService,
    taking: ImportService,
    user: UserId,
    newest_first: bool,
) -> None:
    first = rows({2: TRADED[2]})
    others = rows({day: price for day, price in TRADED.items() if day > 2})
    await take(database, taking, user, SPLITS)
    for text in (others, first) if newest_first else (first, others):
        await take(database, taking, user, text, Said(Timeframe.D1))
    assert close_of(await bars(service, user)) == [round(one, 6) for one in BOTH]


async def test_old_and_new_bars_that_contradict_each_other_are_judged_apart(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    splits = SPLITS.replace("9,21:20", "9,2:1")
    early = {day: price for day, price in ADJUSTED.items() if day < 8}
    late = {8: 208, 9: 103, 10: 104}
    await take(database, taking, user, splits)
    await take(database, taking, user, rows(early))
    row = await take(database, taking, user, rows(late))
    assert uses(row) == [("2:1", "file", "applied")]
    halves = [price / 2 for price in early.values()]
    assert close_of(await bars(service, user)) == [*halves, 104, 103, 104]
    again = await take(database, taking, user, rows(late))
    assert close_of(await bars(service, user)) == [*halves, 104, 103, 104]
    await undo(database, taking, user, again)
    assert close_of(await bars(service, user)) == [*halves, 104, 103, 104]


async def test_the_actions_of_another_user_are_theirs(
    database: Database, service: MarketService, taking: ImportService, user: UserId
) -> None:
    other = await add_user(database)
    await take(database, taking, other, SPLITS)
    await take(database, taking, user, rows(TRADED))
    assert close_of(await bars(service, user)) == list(TRADED.values())


async def test_deleting_a_symbol_deletes_its_actions(
    database: Database, taking: ImportService, user: UserId
) -> None:
    await take(database, taking, user, DIVIDENDS)
    async with database.transaction() as session:
        await taking.delete_symbol(session, user, "ACME")
    async with database.transaction() as session:
        assert (await session.scalars(select(CorporateActionRow))).all() == []
