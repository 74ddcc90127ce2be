"""Files of bars: what is read, and what is refused with line and remedy."""

import io
from contextlib import suppress

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.errors import ImportRefused, ImportTooLarge
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said
from kuber.market.series import RawBars
from kuber.market.types import Source, Timeframe

HEADER = "symbol,time,open,high,low,close,volume"
DAILY = "symbol,date,open,high,low,close,volume"
ROW = "AAPL,2024-01-02T14:30:00Z,10,12,9,11,100"


def read(
    text: str | bytes,
    timeframe: Timeframe = Timeframe.H1,
    timezone: str | None = None,
    filename: str = "bars.csv",
) -> list[RawBars]:
    content = text.encode() if isinstance(text, str) else text
    return parse_bars(filename, content, Said(timeframe, timezone), Source.IMPORTED)


def refusal(
    text: str | bytes,
    timeframe: Timeframe = Timeframe.H1,
    timezone: str | None = None,
    filename: str = "bars.csv",
) -> ImportRefused:
    with pytest.raises(ImportRefused) as caught:
        read(text, timeframe, timezone, filename)
    error = caught.value
    assert "Nothing was imported." in error.detail
    assert all(problem.message and problem.remedy for problem in error.problems)
    return error


def lines(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def test_hourly_bars_are_read_with_their_instants() -> None:
    (one,) = read(lines(ROW, "AAPL,2024-01-02T16:30:00+01:00,11,13,10.5,12,200.5"))
    assert one.bars.opened_at.astype(str).tolist() == [
        "2024-01-02T14:30:00.000000",
        "2024-01-02T15:30:00.000000",
    ]
    assert one.bars.close.tolist() == [11.0, 12.0]
    assert one.bars.volume.tolist() == [100.0, 200.5]
    assert one.adj_close is None


def test_a_time_without_offset_is_in_the_given_zone_or_utc() -> None:
    local = lines("AAPL,2024-07-01 09:30,10,12,9,11,100")
    assert read(local)[0].bars.opened_at[0] == np.datetime64("2024-07-01T09:30")
    (zoned,) = read(local, timezone="America/New_York")
    assert zoned.bars.opened_at[0] == np.datetime64("2024-07-01T13:30")


def test_daily_bars_open_and_close_with_their_session() -> None:
    (one,) = read(
        lines(
            "AAPL,2012-11-21,10,12,9,11,5,1.1",
            "AAPL,2012-11-23,10,12,9,11,5,",
            header=DAILY + ",adj_close",
        ),
        Timeframe.D1,
    )
    assert one.bars.closed_at[1] == np.datetime64("2012-11-23T18:00")
    assert one.adj_close is not None
    assert one.adj_close[0] == 1.1
    assert np.isnan(one.adj_close[1])


def test_a_daily_time_with_offset_means_the_date_as_written() -> None:
    (one,) = read(
        lines(
            "AAPL,2013-03-08T00:00:00-05:00,10,12,9,11,5",
            "AAPL,2013-03-11T00:00:00-04:00,10,12,9,11,5",
        ),
        Timeframe.D1,
    )
    assert one.bars.closed_at.astype("datetime64[D]").astype(str).tolist() == [
        "2013-03-08",
        "2013-03-11",
    ]


def test_symbols_may_be_interleaved_and_are_written_one_way() -> None:
    found = read(
        lines(
            "eur/usd,2024-01-02T14:00Z,1.1,1.2,1.0,1.1,0",
            ROW.replace("14:30", "14:30"),
            "EURUSD,2024-01-02T15:00Z,1.1,1.2,1.0,1.1,0",
        )
    )
    assert [(one.bars.symbol, len(one.bars)) for one in found] == [("AAPL", 1), ("EURUSD", 2)]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_tabs_quotes_and_a_byte_order_mark_are_understood(delimiter: str) -> None:
    text = lines('"AAPL",2024-01-02T14:30:00Z,"10",12,9,11,100').replace(",", delimiter)
    assert read(b"\xef\xbb\xbf" + text.encode())[0].bars.open[0] == 10.0


def test_other_columns_and_blank_lines_are_passed_over() -> None:
    text = f"{HEADER},note\n\n{ROW},x\n\n\nAAPL,2024-01-02T15:30:00Z,10,8,9,11,1,y\n"
    assert refusal(text).problems[0].line == 6


def test_parquet_is_recognised_by_content() -> None:
    frame = pl.DataFrame(
        {
            "symbol": ["AAPL", "AAPL"],
            "date": ["2024-01-02", "2024-01-03"],
            "open": [10.0, 11.0], "high": [12.0, 12.0], "low": [9.0, 9.0],
            "close": [11, 12], "volume": [5, 6],
        }
    ).with_columns(pl.col("date").str.to_date())  # fmt: skip
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    (one,) = read(buffer.getvalue(), Timeframe.D1, filename="whatever.csv")
    assert one.bars.close.tolist() == [11.0, 12.0]
    bad = frame.with_columns(close=pl.Series([11.0, float("nan")]))
    buffer = io.BytesIO()
    bad.write_parquet(buffer)
    problem = refusal(buffer.getvalue(), Timeframe.D1, filename="bars.parquet").problems[0]
    assert (problem.line, problem.code) == (3, "not_finite")


def test_parquet_columns_must_hold_plain_values() -> None:
    frame = pl.DataFrame({"symbol": [["AAPL"]], "date": ["2024-01-02"]})
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    problem = refusal(buffer.getvalue(), Timeframe.D1).problems[0]
    assert (problem.code, problem.field) == ("bad_column", "symbol")


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_parquet_file_is_refused_and_harms_nobody(seed: int) -> None:
    frame = pl.DataFrame({name: ["1"] * 50 for name in DAILY.split(",")})
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    content = bytearray(buffer.getvalue())
    random = np.random.default_rng(seed)
    content[4:-4] = random.permutation(
        np.frombuffer(bytes(content[4:-4]), dtype=np.uint8)
    ).tobytes()
    assert refusal(bytes(content), Timeframe.D1).problems[0].code == "bad_parquet"


def test_a_small_parquet_file_that_unfolds_to_much_is_refused_unread() -> None:
    wide = "1" + "0" * 199
    table = pa.table({name: pa.array([wide] * 100_000) for name in DAILY.split(",")})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", use_dictionary=False)
    assert len(buffer.getvalue()) < 200_000
    with pytest.raises(ImportTooLarge, match="unfolds to more than 100 MB"):
        read(buffer.getvalue(), Timeframe.D1)


def test_a_file_of_very_many_symbols_is_refused() -> None:
    rows = [f"S{at},2024-01-02,1,1,1,1,1" for at in range(2001)]
    problem = refusal(lines(*rows, header=DAILY), Timeframe.D1).problems[0]
    assert (problem.code, problem.field) == ("too_many_symbols", "symbol")


def test_parquet_times_keep_their_zone() -> None:
    frame = pl.DataFrame(
        {"symbol": ["AAPL"], "timestamp": ["2024-07-01T09:30"], "open": [1.0], "high": [1.0],
         "low": [1.0], "close": [1.0], "volume": [0]}
    ).with_columns(
        pl.col("timestamp").str.to_datetime().dt.replace_time_zone("America/New_York")
    )  # fmt: skip
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    assert read(buffer.getvalue())[0].bars.opened_at[0] == np.datetime64("2024-07-01T13:30")


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("AAPL,2024-01-02T15:30:00Z,ten,12,9,11,100", "bad_number", "open"),
        ("AAPL,2024-01-02T15:30:00Z,,12,9,11,100", "missing_value", "open"),
        ("AAPL,2024-01-02T15:30:00Z,NaN,12,9,11,100", "not_finite", "open"),
        ("AAPL,2024-01-02T15:30:00Z,10,inf,9,11,100", "not_finite", "high"),
        ("AAPL,2024-01-02T15:30:00Z,10,12,-9,11,100", "negative_price", "low"),
        ("AAPL,2024-01-02T15:30:00Z,10,12,0,11,100", "zero_price", "low"),
        ("AAPL,2024-01-02T15:30:00Z,10,12,9,11,-1", "bad_volume", "volume"),
        ("AAPL,2024-01-02T15:30:00Z,10,10.5,9,11,100", "bad_range", "high"),
        ("AAPL,2024-01-02T15:30:00Z,10,12,10.5,11,100", "bad_range", "low"),
        ("AAPL,yesterday,10,12,9,11,100", "bad_time", "time"),
        ("AAPL,17042,10,12,9,11,100", "bad_time", "time"),
        ("AAPL,0001-01-02T15:30:00Z,10,12,9,11,100", "bad_time", "time"),
        ("AAPL,,10,12,9,11,100", "missing_value", "time"),
        ("AAPL,2024-01-02T15:30:00,10,12,9,11,100", "mixed_zones", "time"),
        ("AAPL,2024-01-02T14:30:00Z,10,12,9,11,100", "duplicate_time", "time"),
        ("AAPL,2024-01-02T15:30:30Z,10,12,9,11,100", "off_grid_time", "time"),
        ("AAPL,2024-01-02T14:31:00Z,10,12,9,11,100", "wrong_timeframe", "time"),
        ("AAPL,2024-01-03T14:30:00Z,10,12,9,11,100", "wrong_timeframe", "time"),
        ("AAPL,2024-01-02T14:45:00Z,10,12,9,11,100", "wrong_timeframe", "time"),
        ("A APL,2024-01-02T15:30:00Z,10,12,9,11,100", "bad_symbol", "symbol"),
        (",2024-01-02T15:30:00Z,10,12,9,11,100", "bad_symbol", "symbol"),
        ("AAPL,2024-01-02T15:30:00Z,10,12,9,11", "ragged_line", None),
    ],
)
def test_a_bad_line_is_named_with_its_column(row: str, code: str, field: str | None) -> None:
    problem = refusal(lines(ROW, row)).problems[0]
    assert (problem.code, problem.line, problem.field) == (code, 3, field)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (HEADER.encode(), "empty_file"),
        (b"PAR1 not parquet PAR1", "bad_parquet"),
        (b"PK\x03\x04\x00\x00", "not_text"),
        ("symbol,time\nÄPPL".encode("latin-1"), "not_utf8"),
        (lines(ROW).encode("utf-16")[:-1], "not_utf8"),
        (lines('AAPL,"2024'.replace("\n", "")).encode(), "bad_csv"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, code: str) -> None:
    assert refusal(content).problems[0].code == code


def test_other_kinds_of_file_are_refused_by_extension() -> None:
    assert refusal(lines(ROW), filename="bars.xlsx").problems[0].code == "unknown_format"
    assert refusal(lines(ROW), filename="bars.parquet").problems[0].code == "unknown_format"


def test_every_missing_column_is_named() -> None:
    error = refusal("symbol,open,high,low\nAAPL,1,1,1\n")
    assert {problem.field for problem in error.problems} == {"time", "close"}
    assert {problem.line for problem in error.problems} == {1}


def test_a_column_that_is_there_twice_is_refused() -> None:
    assert (
        refusal(lines(ROW + ",1", header=HEADER + ",open")).problems[0].code == "duplicate_column"
    )


def test_at_most_twenty_problems_are_listed_in_line_order() -> None:
    rows = [f"AAPL,2024-01-02T{hour:02}:30:00Z,-1,12,9,x,100" for hour in range(24)]
    error = refusal(lines(*rows))
    assert len(error.problems) == 20
    found = [problem.line or 0 for problem in error.problems]
    assert found == sorted(found)
    assert "48 problems" in error.detail


def test_a_date_column_cannot_make_intraday_bars() -> None:
    error = refusal(lines("AAPL,2024-01-02,10,12,9,11,100", header=DAILY))
    assert error.problems[0].code == "wrong_timeframe"


@pytest.mark.parametrize(
    ("timeframe", "dates"),
    [
        (Timeframe.D1, ("2024-01-05", "2024-01-12", "2024-01-19")),
        (Timeframe.W1, ("2024-01-02", "2024-01-03", "2024-01-04")),
    ],
)
def test_days_and_weeks_are_not_taken_for_each_other(
    timeframe: Timeframe, dates: tuple[str, ...]
) -> None:
    rows = [f"AAPL,{day},10,12,9,11,100" for day in dates]
    assert refusal(lines(*rows, header=DAILY), timeframe).problems[0].code == "wrong_timeframe"


def test_two_bars_of_one_week_are_refused() -> None:
    days = ("2024-01-08", "2024-01-12", "2024-01-16", "2024-01-23")
    rows = [f"AAPL,{day},10,12,9,11,100" for day in days]
    problem = refusal(lines(*rows, header=DAILY), Timeframe.W1).problems[0]
    assert (problem.code, problem.line) == ("duplicate_time", 3)


def test_weeks_named_by_their_last_session_may_be_six_days_apart() -> None:
    # Good Friday of 2024 was the 29th of March.
    rows = [f"AAPL,{day},10,12,9,11,100" for day in ("2024-03-22", "2024-03-28", "2024-04-05")]
    (one,) = read(lines(*rows, header=DAILY), Timeframe.W1)
    assert one.bars.closed_at[1] == np.datetime64("2024-03-28T20:00")


@settings(max_examples=150, deadline=None)
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet="AAPL,;\t\"'\n0123456789.-+:TZeEnaif \u00e9", max_size=200).map(
            lambda text: (HEADER + "\n" + ROW + "\n" + text).encode()
        ),
    ),
    timeframe=st.sampled_from(Timeframe),
    name=st.sampled_from(["a.csv", "b.parquet", "c", "d.txt"]),
)
def test_whatever_bytes_come_they_are_read_or_refused(
    body: bytes, timeframe: Timeframe, name: str
) -> None:
    with suppress(ImportRefused):
        assert all(len(one.bars) for one in read(body, timeframe, filename=name))


@pytest.mark.parametrize(
    ("time", "code"),
    [("2024-11-03 01:30", "ambiguous_time"), ("2024-03-10 02:30", "nonexistent_time")],
)
def test_a_local_time_that_the_clock_change_blurs_is_refused(time: str, code: str) -> None:
    error = refusal(lines(f"AAPL,{time},10,12,9,11,100"), timezone="America/New_York")
    assert error.problems[0].code == code
    assert "offset" in error.problems[0].remedy
    read(lines(f"AAPL,{time},10,12,9,11,100"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "\0"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    assert refusal(lines(ROW), timezone=zone).problems[0].field == "timezone"


def test_a_file_name_is_never_opened() -> None:
    (one,) = read(lines(ROW), filename="/etc/passwd")
    assert one.bars.symbol == "AAPL"
