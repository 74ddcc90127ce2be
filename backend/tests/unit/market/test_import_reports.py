"""Files that people could not load, or that loaded wrongly, elsewhere: by public bug reports."""

from datetime import date
from fractions import Fraction

import pytest

from kuber.market.actions.types import ToldSplit
from kuber.market.errors import ImportRefused
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said
from kuber.market.types import Source, Timeframe
from tests.fakes.price_files import days, read, refused

D1, H1, M1 = Timeframe.D1, Timeframe.H1, Timeframe.M1
ROWS = [f"2024-01-{day:02},10,12,9,11,5" for day in (2, 3, 4, 5, 8)]
HEAD = "date,open,high,low,close,volume"


def text_of(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *rows]) + "\n"


@pytest.mark.parametrize("none", ["", "NaN", "null", "-"])
def test_a_day_without_any_price_is_left_out_and_counted(none: str) -> None:
    """yfinance 2925: days on which Yahoo has nothing yet."""
    empty = f"2024-01-09,{none},{none},{none},{none},"
    series, notes = read(text_of(*ROWS, empty, empty.replace("-09", "-10")), D1, symbol="AAPL")
    assert days(series)[-1] == "2024-01-08"
    assert "no_price" in notes


def test_rows_of_an_indicator_drawn_into_the_future_are_left_out() -> None:
    head = "time,open,high,low,close,Leading Span A"
    future = [f"2099-01-{day:02},NaN,NaN,NaN,NaN,1.5" for day in (6, 7)]
    series, _ = read(text_of(*ROWS, *future, head=head), D1, "NASDAQ_AAPL, 1D.csv")
    assert len(series.bars) == len(ROWS)


@pytest.mark.parametrize("row", ["2024-01-09,10,12,9,NaN,5", "2024-01-09,,12,9,11,5"])
def test_a_bar_that_lacks_one_price_is_still_refused(row: str) -> None:
    assert refused(text_of(*ROWS, row), D1, symbol="AAPL").line == len(ROWS) + 2


def test_a_row_without_prices_that_tells_of_a_split_is_not_passed_over() -> None:
    head = f"{HEAD},Stock Splits"
    rows = [f"{row},0.0" for row in ROWS]
    assert refused(text_of(*rows, "2024-01-09,,,,,,4.0", head=head), D1, symbol="AAPL").line == 7
    assert (
        len(read(text_of(*rows, "2024-01-09,,,,,,0.0", head=head), D1, symbol="AAPL")[0].bars) == 5
    )


def test_a_file_of_nothing_but_empty_rows_is_refused() -> None:
    assert refused(text_of("2024-01-09,,,,,"), D1, symbol="AAPL").code == "missing_value"


@pytest.mark.parametrize("name", ["split", "Split Ratio", "Splits"])
def test_splits_are_found_under_any_usual_name(name: str) -> None:
    """zipline 2162: `Dividend;Split` beside the bars."""
    head = f"{HEAD},{name}"
    rows = [f"{row},0" for row in ROWS]
    with pytest.raises(ImportRefused) as caught:
        read(text_of(*rows, "2024-01-09,3,4,2,3,5,x", head=head), D1, symbol="AAPL")
    assert caught.value.problems[0].field == "splits"


def test_the_windows_of_polygon_are_read() -> None:
    head = "ticker,volume,open,close,high,low,window_start,transactions"
    rows = [f"AAPL,5,10,11,12,9,{1744810200000000000 + 60 * 10**9 * at},7" for at in range(6)]
    series, _ = read(text_of(*rows, head=head), M1)
    assert str(series.bars.opened_at[0])[:16] == "2025-04-16T13:30"


def test_what_is_wrong_with_times_that_cannot_be_read_is_said_first() -> None:
    rows = [f"2024-07-02 {hour}:00 EST,10,12,9,11,5" for hour in (10, 11, 12)]
    with pytest.raises(ImportRefused) as caught:
        read(text_of(*rows), None, symbol="SPY")  # type: ignore[arg-type]
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("bad_time", 2)
    assert refused(text_of(*rows), H1, symbol="SPY").code == "bad_time"


POUNDS = ["2024-01-09,0.11,0.12,0.10,0.11,5", "2024-01-10,0.11,0.12,0.10,0.11,5"]
"""Behind ROWS, which are in pence: yfinance 280."""


def jumps(*rows: str, head: str = HEAD, **said: object) -> list[str]:
    notes = Notes()
    text = text_of(*rows, head=head).encode()
    parse_bars("b.csv", text, Said(D1, symbol="EZJ.L", **said), Source.IMPORTED, notes)  # type: ignore[arg-type]
    return [note.message for note in notes.all() if note.code == "price_jump"]


def test_a_price_that_falls_to_a_hundredth_is_told_of() -> None:
    [message] = jumps(*ROWS, *POUNDS)
    assert "falls to 1/100 from one bar to the next on 2024-01-09" in message


def test_of_several_jumps_the_largest_is_named_and_the_others_counted() -> None:
    [message] = jumps(*ROWS, POUNDS[0], "2024-01-10,10,12,9,11,5", "2024-01-11,30,31,29,30,5")
    assert "falls to 1/100 from one bar to the next on 2024-01-09, and jumps on 2" in message


@pytest.mark.parametrize("row", ["2024-01-09,20,21,19,20,5", "2024-01-09,6,7,5,6,5"])
def test_what_prices_do_in_a_day_is_no_jump(row: str) -> None:
    assert jumps(*ROWS, row) == []


def test_a_jump_that_a_split_explains_is_not_told_of() -> None:
    rows = [*(f"{row},0" for row in ROWS), "2024-01-09,1.1,1.2,1.0,1.1,5,0"]
    assert len(jumps(*rows, head=f"{HEAD},Stock Splits")) == 1
    for day in ("2024-01-08", "2024-01-09"):
        told = {"EZJ.L": (ToldSplit(date.fromisoformat(day), Fraction(10)),)}
        assert jumps(*rows, head=f"{HEAD},Stock Splits", splits=told) == []
    rows[-1] = rows[-1].removesuffix("0") + "10.0"
    assert jumps(*rows, head=f"{HEAD},Stock Splits") == []
    early = {"EZJ.L": (ToldSplit(date(2024, 1, 2), Fraction(10)),)}
    assert (
        len(
            jumps(
                *rows[:-1],
                "2024-01-09,1.1,1.2,1.0,1.1,5,0",
                head=f"{HEAD},Stock Splits",
                splits=early,
            )
        )
        == 1
    )
