"""Bars that have not been yet are misread ones: the import says so, line by line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from kuber.kernel.errors import Problem
from kuber.market.errors import ImportRefused
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.passes import check, look_at, rows
from kuber.market.importing.said import Label, Said
from kuber.market.types import Source, Timeframe

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
    ("timeframe", "times", "label", "left_out"),
    [
        (Timeframe.M1, ["2026-01-05T14:59:00Z", "2026-01-05T15:00:00Z"], None, 1),
        (Timeframe.M1, ["2026-01-05T14:58Z", "2026-01-05T14:59Z", "2026-01-06T14:59Z"], None, 1),
        (Timeframe.M1, ["2026-01-05T15:00:00Z", "2026-01-05T15:01:00Z"], Label.CLOSE, 1),
        (Timeframe.D1, ["2026-01-04", "2026-01-05", "2026-01-06"], None, 2),
        (Timeframe.W1, ["2025-12-29", "2026-01-05"], None, 1),
        (Timeframe.W1, ["2026-01-02", "2026-01-09"], Label.CLOSE, 1),
        (Timeframe.MO1, ["2025-12-01", "2026-01-01"], None, 1),
        (Timeframe.MO1, ["2025-12-31", "2026-01-31"], Label.CLOSE, 1),
    ],
)
def test_a_bar_that_is_not_over_is_left_out_and_told(
    tmp_path: Path, timeframe: Timeframe, times: list[str], label: Label | None, left_out: int
) -> None:
    path = file_of(tmp_path, times, "BTCUSD")
    found = taken(path, timeframe, label)
    assert found.bars == len(times) - left_out
    count = "1 bar is" if left_out == 1 else f"{left_out} bars are"
    told = f"BTCUSD: {count} left out, not over yet when the file came."
    assert told in [note.message for note in found.notes]
    said = Said(timeframe, label=label)
    parts = list(rows("b.csv", path, said, Source.IMPORTED, {"BTCUSD": UUID(int=1)}, NOW))
    stored = b"".join(part for part in parts if isinstance(part, bytes))
    assert len(stored.splitlines()) == found.bars


def test_a_file_of_nothing_but_a_bar_that_is_not_over_is_refused(tmp_path: Path) -> None:
    (problem,) = refused(file_of(tmp_path, ["2026-01-05"], "BTCUSD"), Timeframe.D1)
    assert problem.code == "no_closed_bar"


def test_a_file_without_a_now_may_be_of_any_time(tmp_path: Path) -> None:
    path = file_of(tmp_path, [str(NOW.date() + timedelta(days=900))])
    *_, found = check("b.csv", path, Said(Timeframe.D1))
    assert isinstance(found, FileFacts)
    assert found.bars == 1
