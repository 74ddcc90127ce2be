"""An adjusted close tells of splits only where nothing else in its file speaks of them."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kuber.market.actions.types import Prices
from kuber.market.adjustment import Split
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.passes import check
from kuber.market.importing.said import Said
from kuber.market.types import Timeframe
from tests.fakes.price_files import read

DAYS = ("2022-03-18", "2022-03-21", "2022-03-22", "2022-03-23")
ZIM = "Date,Open,High,Low,Close,Adj Close,Volume"


def file_of(extra: str = "", values: str = "", dividend: str = "") -> str:
    """Return days of which the adjusted close steps by 5:4 on the third."""
    lines = [ZIM + extra]
    for day, close, adjusted in zip(DAYS, (100, 100, 80, 80), (80, 80, 80, 80), strict=True):
        tail = (dividend or values) if day == DAYS[2] else values
        lines.append(f"{day},{close},{close},{close},{close},{adjusted},1000{tail}")
    return "\n".join(lines)


def splits(text: str, timeframe: Timeframe = Timeframe.D1, **said: Any) -> list[Split]:
    series, _ = read(text, timeframe, symbol="ZIM", **said)
    return list(series.told_by_adjusted_close())


def test_it_tells_where_the_file_says_nothing_of_splits_and_dividends() -> None:
    assert splits(file_of()) == [Split(2, Fraction(5, 4))]


def test_it_is_silent_where_a_column_tells_of_splits() -> None:
    assert splits(file_of(",Stock Splits", ",0.0")) == []


@pytest.mark.parametrize(("paid", "count"), [("20.0", 0), ("8.0", 0), ("7.9", 1), ("", 1)])
def test_it_is_silent_on_the_day_of_a_large_dividend(paid: str, count: int) -> None:
    assert len(splits(file_of(",Dividends", ",0.0", f",{paid}"))) == count


@pytest.mark.parametrize(
    ("text", "prices", "adjusted"),
    [
        (file_of(), None, "yes"),
        (file_of(), Prices.ADJUSTED, "not_used"),
        (file_of(",Stock Splits", ",0.0"), None, "not_used"),
        ("date,open,high,low,close\n2024-01-02,1,1,1,1", None, "no"),
    ],
)
def test_it_is_told_whether_it_is_used(
    tmp_path: Path, text: str, prices: Prices | None, adjusted: str
) -> None:
    path = tmp_path / "b.csv"
    path.write_text(text)
    *_, facts = check("b.csv", path, Said(Timeframe.D1, symbol="ZIM", prices=prices))
    assert isinstance(facts, FileFacts)
    assert facts.understood["adjusted"].value == adjusted


@pytest.mark.parametrize(("prices", "count"), [(Prices.ADJUSTED, 0), (Prices.AS_TRADED, 1)])
def test_it_is_silent_when_the_user_says_that_prices_are_adjusted(
    prices: Prices, count: int
) -> None:
    assert len(splits(file_of(), prices=prices)) == count
