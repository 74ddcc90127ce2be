"""Bars that have not been yet are misread ones: the import says so, line by line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kuber.kernel.errors import Problem
from kuber.market.errors import ImportRefused
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.passes import check, look_at
from kuber.market.importing.said import Label, Said
from kuber.market.types import Timeframe

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # a Monday
HEADER = "symbol,time,open,high,low,close,volume\n"


def file_of(folder: Path, times: list[str], symbol: str = "AAPL") -> Path:
    path = folder / "b.csv"
    rows = "".join(f"{symbol},{time},1,2,1,2,5\n" for time in times)
    path.write_text(HEADER + rows)
    return path


def taken(path: Path, timeframe: Timeframe, label: Label | None = None) -> FileFacts:
    *_, found = check("b.csv", path, Said(timeframe, label=label), NOW)
    assert isinstance(found, FileFacts)
    return found


def refused(path: Path, timeframe: Timeframe) -> list[Problem]:
    with pytest.raises(ImportRefused) as told:
        taken(path, timeframe)
    with pytest.raises(ImportRefused) as looked:
        look_at("b.csv", path, Said(timeframe), NOW)
    assert looked.value.problems == told.value.problems
    return list(told.value.problems)


def test_every_bar_of_the_future_is_named_with_what_was_read(tmp_path: Path) -> None:
    times = ["2026-01-02", "2026-01-05", "2050-03-01", "2050-03-02"]
    first, second = refused(file_of(tmp_path, times), Timeframe.D1)
    assert (first.code, first.line, first.field) == ("future_bar", 4, "time")
    assert first.message == (
        "This bar of AAPL is read to open at 2050-03-01 14:30 UTC, and it is 2026-01-05 15:00 UTC"
        " now."
    )
    assert first.remedy is not None
    assert "unit of numbers" in first.remedy
    assert second.line == 5


@pytest.mark.parametrize(
    ("timeframe", "times"),
    [
        (Timeframe.H1, ["2524662000", "2524665600"]),
        (Timeframe.M1, ["2026-01-06T14:59:00Z", "2026-01-06T15:00:00Z"]),
        (Timeframe.D1, ["2026-01-05", "2026-01-07"]),
        (Timeframe.W1, ["2026-01-05", "2026-01-12"]),
        (Timeframe.MO1, ["2026-01-01", "2026-02-01"]),
    ],
)
def test_a_bar_that_begins_later_is_refused_in_every_timeframe(
    tmp_path: Path, timeframe: Timeframe, times: list[str]
) -> None:
    problems = refused(file_of(tmp_path, times, "BTCUSD"), timeframe)
    assert {one.code for one in problems} == {"future_bar"}
    assert problems[-1].line == 3


@pytest.mark.parametrize(
    ("timeframe", "times", "label"),
    [
        (Timeframe.M1, ["2026-01-06T14:58:00Z", "2026-01-06T14:59:00Z"], None),
        (Timeframe.D1, ["2026-01-05", "2026-01-06"], None),
        (Timeframe.W1, ["2025-12-29", "2026-01-05"], None),
        (Timeframe.W1, ["2026-01-02", "2026-01-09"], Label.CLOSE),
        (Timeframe.MO1, ["2025-12-01", "2026-01-01"], None),
        (Timeframe.MO1, ["2025-12-31", "2026-01-31"], Label.CLOSE),
    ],
)
def test_what_is_under_way_or_tomorrow_elsewhere_is_taken(
    tmp_path: Path, timeframe: Timeframe, times: list[str], label: Label | None
) -> None:
    path = file_of(tmp_path, times, "BTCUSD")
    assert taken(path, timeframe, label).bars == 2


def test_a_file_without_a_now_may_be_of_any_time(tmp_path: Path) -> None:
    path = file_of(tmp_path, [str(NOW.date() + timedelta(days=900))])
    *_, found = check("b.csv", path, Said(Timeframe.D1))
    assert isinstance(found, FileFacts)
    assert found.bars == 1
