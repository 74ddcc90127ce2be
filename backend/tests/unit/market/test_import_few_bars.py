"""Two bars or three: what their times tell of the timeframe, and what is asked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.errors import ImportRefused
from kuber.market.importing.passes import look_at
from kuber.market.importing.said import How, Said
from kuber.market.types import Timeframe
from tests.fakes.price_files import read, refused

NOW = datetime(2026, 1, 5, tzinfo=UTC)
D1, W1, MO1 = Timeframe.D1, Timeframe.W1, Timeframe.MO1


def file_of(days: list[str], symbols: tuple[str, ...] = ("AAPL",)) -> str:
    rows = "".join(f"{symbol},{day},1,2,1,1,5\n" for symbol in symbols for day in days)
    return "symbol,date,open,high,low,close,volume\n" + rows


def told(text: str, folder: Path) -> tuple[str, How]:
    """Return the timeframe that is told of a file, and how it is known."""
    path = folder / "b.csv"
    path.write_text(text)
    found = look_at("b.csv", path, Said(), NOW).understood["timeframe"]
    return found.value, found.how


@pytest.mark.parametrize(
    "days",
    [
        ["2023-02-17", "2023-02-21"],
        ["2024-03-28", "2024-04-01"],
        ["2024-03-28", "2024-04-02"],
        ["2025-09-22", "2025-09-24"],
        ["2025-09-15", "2025-09-22", "2025-09-24"],
        ["2025-08-01", "2025-09-01", "2025-09-03"],
        ["2025-09-01", "2025-09-08"],
        ["2024-03-28", "2024-04-01", "2024-04-05"],
    ],
)
def test_few_bars_that_may_be_of_two_timeframes_are_asked_about(
    days: list[str], tmp_path: Path
) -> None:
    for symbols in (("AAPL",), ("AAPL", "MSFT", "GOOG", "TSLA")):
        with pytest.raises(ImportRefused) as caught:
            told(file_of(days, symbols), tmp_path)
        [problem] = caught.value.problems
        assert (problem.code, problem.field) == ("unknown_timeframe", "timeframe")


@pytest.mark.parametrize(
    ("days", "timeframe"),
    [
        (["2024-01-02", "2024-01-03", "2024-01-04"], "1d"),
        (["2024-01-05", "2024-01-08", "2024-01-09"], "1d"),
        (["2024-01-01", "2024-01-08", "2024-01-15"], "1w"),
        (["2024-01-01", "2024-02-01"], "1mo"),
        (["2024-01-01", "2024-02-01", "2024-03-01"], "1mo"),
    ],
)
def test_what_few_bars_tell_is_a_guess(days: list[str], timeframe: str, tmp_path: Path) -> None:
    assert told(file_of(days), tmp_path) == (timeframe, How.GUESS)
    first = date.fromisoformat(days[0])
    if timeframe == "1d":
        many = [(first + timedelta(days=at)).isoformat() for at in range(4)]
        assert told(file_of(many), tmp_path) == ("1d", How.FILE)


def test_two_hours_are_a_guess_as_well(tmp_path: Path) -> None:
    text = file_of(["2024-01-02 15:00", "2024-01-02 16:00"])
    assert told(text, tmp_path) == ("1h", How.GUESS)


@pytest.mark.parametrize(
    ("days", "timeframe"),
    [
        (["2023-02-17", "2023-02-21"], D1),
        (["2024-03-28", "2024-04-02"], D1),
        (["2024-03-28", "2024-04-01"], W1),
        (["2025-09-15", "2025-09-22", "2025-09-24"], W1),
        (["2025-08-01", "2025-09-01", "2025-09-03"], MO1),
    ],
)
def test_whichever_of_them_is_said_is_taken(days: list[str], timeframe: Timeframe) -> None:
    series, _ = read(file_of(days), timeframe)
    assert series.bars.timeframe is timeframe


@pytest.mark.parametrize("days", [["2024-01-01", "2024-01-08"], ["2024-01-01", "2024-02-01"]])
def test_two_bars_a_week_or_more_apart_are_no_days(days: list[str]) -> None:
    assert refused(file_of(days), D1).code == "wrong_timeframe"


@given(weeks=st.integers(1, 2), newest=st.integers(1, 4), timeframe=st.sampled_from([W1, MO1]))
def test_the_newest_day_behind_weeks_or_months_makes_no_days_of_them(
    weeks: int, newest: int, timeframe: Timeframe
) -> None:
    months = ["2025-08-01", "2025-09-01"]
    mondays = ["2025-08-25", "2025-09-01"]
    labels = (mondays if timeframe is W1 else months)[-weeks:]
    with pytest.raises(ImportRefused) as caught:
        read(file_of([*labels, f"2025-09-{1 + newest:02d}"]), None)  # type: ignore[arg-type]
    assert {one.code for one in caught.value.problems} == {"unknown_timeframe"}
