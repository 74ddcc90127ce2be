"""Files as vendors and spreadsheets write them: the same bars come of each, guesses are told."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.importing.layout import read_layout
from kuber.market.importing.notes import Notes
from kuber.market.importing.records import said_as_json, said_from_json
from kuber.market.importing.said import DateOrder, Said
from kuber.market.types import Timeframe
from tests.fakes.price_files import days, opened, read, refused

H1, D1, W1, M1 = Timeframe.H1, Timeframe.D1, Timeframe.W1, Timeframe.M1


YAHOO = """Date,Open,High,Low,Close,Adj Close,Volume
2024-01-02,187.15,188.44,183.89,185.64,184.94,82488700
2024-01-03,184.22,185.88,183.43,184.25,183.55,58414500
"""


def test_a_file_without_a_symbol_needs_one_beside_it() -> None:
    problem = refused(YAHOO, D1, "AAPL.csv")
    assert (problem.code, problem.field) == ("missing_column", "symbol")
    series, notes = read(YAHOO, D1, symbol="nasdaq:aapl")
    assert (series.bars.symbol, days(series)) == ("AAPL", ["2024-01-02", "2024-01-03"])
    assert series.adj_close is not None
    assert series.adj_close.tolist() == [184.94, 183.55]
    assert notes == set()
    assert refused(YAHOO, D1, symbol="A B").field == "symbol"


def test_yfinance_with_three_lines_of_names() -> None:
    text = (
        "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n"
        "2024-01-02,185.64,188.44,183.89,187.15,82488700\n"
    )
    series, _ = read(text, D1)
    assert (series.bars.symbol, series.bars.open.tolist()) == ("AAPL", [187.15])
    two = text.replace("AAPL,AAPL\n", "AAPL,MSFT\n")
    assert refused(two, D1).code == "several_symbols"


def test_tradingview_and_binance_name_the_symbol_by_the_file() -> None:
    chart = "time,open,high,low,close,Volume,RSI\n1704205800,187,188,183,185,824,47.1\n"
    series, notes = read(chart, D1, "NASDAQ_AAPL, 1D.csv")
    assert (series.bars.symbol, opened(series)) == ("AAPL", ["2024-01-02T14:30"])
    assert notes == {"symbol_by_file_name"}
    rows = "{0},42283.5,42554.5,42261.0,42475.2,1271.6,{0},5,47,6,2,0\n"
    for start in (1704067200000, 1704067200000000):
        klines = rows.format(start) + rows.format(start + start // 1704067200 * 3600)
        series, notes = read(klines, H1, "BTCUSDT-1h-2024-01.csv")
        assert series.bars.symbol == "BTCUSDT"
        assert opened(series) == ["2024-01-01T00:00", "2024-01-01T01:00"]
        assert notes == {"symbol_by_file_name", "no_header"}
        named = "open_time,open,high,low,close,volume,close_time,a,b,c,d,ignore\n" + klines
        assert opened(read(named, H1, symbol="BTCUSDT")[0]) == opened(series)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2024.01.02,09:30,1.5,2,1,1.5,7\n2024.01.02,10:30,1.5,2,1,1.5,7\n", "09:30"),
        (
            (
                "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<SPREAD>\n"
                "2024.01.02\t09:30:00\t1.5\t2\t1\t1.5\t7\t3\n"
            ),
            "09:30",
        ),
        (
            (
                "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,"
                "Volume BTC,Volume USD\n1704187800,2024-01-02 09:30:00,BTC/USD,1.5,2,1,1.5,7,9\n"
            ),
            "09:30",
        ),
        ("Gmt time,Open,High,Low,Close,Volume\n02.01.2024 09:30:00.000,1.5,2,1,1.5,7\n", "09:30"),
        ("1704187800,1.5,2,1,1.5,7,12\n", "09:30"),
        ("Datetime,Open,High,Low,Close\n2024-01-02 09:30:00+00:00,1.5,2,1,1.5\n", "09:30"),
        (",open,high,low,close,volume\n2024-01-02 09:30:00,1.5,2,1,1.5,7\n", "09:30"),
        ("time,o,h,l,c,v\n20240102  09:30:00,1.5,2,1,1.5,7\n", "09:30"),
        ("time,o,h,l,c,v\n20240102 09:30:00 US/Eastern,1.5,2,1,1.5,7\n", "14:30"),
        ("time,o,h,l,c,v\n1/13/2024 9:30 AM,1.5,2,1,1.5,7\n", "09:30"),
        ("time,o,h,l,c,v\n13/01/2024 9:30 PM,1.5,2,1,1.5,7\n", "21:30"),
    ],
)
def test_vendors_write_time_and_columns_their_own_way(text: str, first: str) -> None:
    said = {} if "BTC/USD" in text else {"symbol": "BTCUSD"}
    series, _ = read(text, H1, **said)
    assert opened(series)[0][11:] == first
    assert (series.bars.open[0], series.bars.close[0]) == (1.5, 1.5)


def test_daily_exports_of_web_sites() -> None:
    nasdaq = 'Date,Close/Last,Volume,Open,High,Low\n01/13/2024,"$185.64",824,$187.15,$188,$183\n'
    series, _ = read(nasdaq, D1, symbol="AAPL")
    assert (series.bars.close[0], series.bars.volume[0]) == (185.64, 824)
    investing = '"Date","Price","Open","High","Low","Vol.","Change %"\n'
    investing += '"Jan 05, 2024","185.64","187.15","188.00","183.00","82.49M","-3.58%"\n'
    series, _ = read(investing, D1, symbol="AAPL")
    assert (days(series), series.bars.volume[0]) == (["2024-01-05"], 82.49e6)


GERMAN = "symbol;date;open;high;low;close;volume\n"
SAP = "SAP;2024-01-02;138,50;139,20;136,80;137,10;15\n"
DAX = "DAX;2024-01-02;16.828,57;16.963,47;16.644,12;16.769,36;1.500.000\n"
QUOTED = 'DAX,2024-01-02,"16,828.57","16,963.47","16,644.12","16,769.36","1,500,000"\n'


@pytest.mark.parametrize(
    ("text", "close", "volume"),
    [
        (GERMAN + SAP, 137.10, 15),
        (f"sep=;\n{GERMAN}{SAP}", 137.10, 15),
        (GERMAN + DAX, 16769.36, 1.5e6),
        (GERMAN.replace(";", ",") + QUOTED, 16769.36, 1.5e6),
    ],
)
def test_decimals_and_thousands_as_spreadsheets_write_them(
    text: str, close: float, volume: float
) -> None:
    series, _ = read(text, D1)
    assert (series.bars.close[0], series.bars.volume[0]) == (close, volume)


def test_numbers_that_may_mean_two_things_are_asked_about() -> None:
    head = "symbol;date;open;high;low;close;volume\n"
    assert refused(f"{head}X;2024-01-02;1,234;1,300;1,200;1,250;5\n", D1).code == (
        "doubtful_decimals"
    )
    mixed = f"{head}X;2024-01-02;1,5;2,5;1,2;1,7;5\nX;2024-01-03;1.25;2.5;1.2;1.7;5\n"
    assert refused(mixed, D1).code == "mixed_decimals"


@pytest.mark.parametrize(
    ("order", "day"),
    [(DateOrder.DAY_FIRST, "2024-04-03"), (DateOrder.MONTH_FIRST, "2024-03-04")],
)
def test_dates_that_may_mean_two_things_are_asked_about(order: DateOrder, day: str) -> None:
    text = "date,o,h,l,c\n03/04/2024,1,2,1,1\n"
    problem = refused(text, D1, symbol="X")
    assert (problem.code, problem.field) == ("doubtful_dates", "date_order")
    assert all(one in problem.remedy for one in DateOrder)
    series, _ = read(text, D1, symbol="X", date_order=order)
    assert days(series) == [day]


def test_what_a_file_tells_of_its_dates_counts_before_what_is_said() -> None:
    text = "date,o,h,l,c\n03/13/2024,1,2,1,1\n"
    series, _ = read(text, D1, symbol="X", date_order=DateOrder.DAY_FIRST)
    assert days(series) == ["2024-03-13"]


@pytest.mark.parametrize("order", [None, *DateOrder])
def test_the_order_of_dates_is_kept_with_what_is_said(order: DateOrder | None) -> None:
    said = Said(D1, "UTC+02:00", date_order=order)
    assert said_from_json(said_as_json(said)) == said


@pytest.mark.parametrize("volume", ["", "NaN", "-", "null"])
def test_no_volume_is_none(volume: str) -> None:
    text = f"symbol,date,open,high,low,close,volume\nEURUSD,2024-01-02,1.1,1.2,1,1.1,{volume}\n"
    series, notes = read(text, D1)
    assert (series.bars.volume[0], notes) == (0, {"no_volume"})
    without = "symbol,date,open,high,low,close\nEURUSD,2024-01-02,1.1,1.2,1,1.1\n"
    assert read(without, D1)[1] == {"no_volume"}


@pytest.mark.parametrize("name", ["Adj Close", "adjusted_close", "adjClose", "Adj. Close"])
def test_an_adjusted_close_is_read_by_any_name(name: str) -> None:
    text = f"symbol,date,open,high,low,close,{name},volume\nX,2024-01-02,4,4,4,4,1,100\n"
    adjusted = read(text, D1)[0].adj_close
    assert adjusted is not None
    assert adjusted[0] == 1


def test_bars_are_sorted_and_a_time_that_is_there_twice_is_refused() -> None:
    head = "symbol,date,open,high,low,close,volume\n"
    rows = [f"X,2024-01-0{day},1,2,1,1,{day}\n" for day in (4, 2, 3)]
    series, notes = read(head + "".join(rows), D1)
    assert (days(series), series.bars.volume.tolist()) == (
        ["2024-01-02", "2024-01-03", "2024-01-04"],
        [2, 3, 4],
    )
    assert notes == {"sorted"}
    problem = refused(head + "".join([*rows, rows[1]]), D1)
    assert (problem.code, problem.line) == ("duplicate_time", 5)


def test_rounding_is_mended_and_what_is_wrong_is_not() -> None:
    head = "symbol,date,open,high,low,close,volume\n"
    series, notes = read(
        f"{head}X,2024-01-02,186,187.31547924179753,182,187.31547924179756,5\n", D1
    )
    assert series.bars.high[0] == series.bars.close[0] == 187.31547924179756
    assert notes == {"rounded"}
    assert refused(f"{head}X,2024-01-02,186,187,182,187.5,5\n", D1).code == "bad_range"
    negative = refused(f"{head}X,2024-01-02,18,18,-40,-37,5\n", D1)
    assert "not supported" in negative.remedy


def test_yahoos_last_line_of_a_weekly_file_belongs_to_the_week_before() -> None:
    rows = [
        ("2025-09-15", 20, 21, 19, 20, 35),
        ("2025-09-22", 22, 26, 16, 17, 41),
        ("2025-09-26", 18, 27, 15, 17.5, 9),
    ]
    text = "symbol,date,open,high,low,close,volume\n"
    text += "".join(f"MBX,{','.join(map(str, row))}\n" for row in rows)
    series, notes = read(text, W1)
    bars = series.bars
    assert [column[-1] for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == [
        22,
        27,
        15,
        17.5,
        41,
    ]
    assert (len(bars), notes) == (2, {"merged_week"})


BASE = [date(2024, 1, 2) + timedelta(days=number) for number in (0, 1, 2, 6, 7)]
PRICES = [(1234.5 + at, 1300.25 + at, 1200.125 + at, 1250.75 + at, 1000.0 + at) for at in range(5)]
DATES: dict[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "compact": lambda day: f"{day:%Y%m%d}",
    "slashes": lambda day: f"{day:%Y/%m/%d}",
    "points": lambda day: f"{day:%d.%m.%Y}",
    "epoch": lambda day: str(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())),
    "words": lambda day: f"{day:%b %d, %Y}",
    "midnight": lambda day: f"{day.isoformat()} 00:00:00",
}
NAMES = (
    ("symbol", "date", "open", "high", "low", "close", "volume"),
    ("Ticker", "Date", "Open", "High", "Low", "Close", "Volume"),
    ("<TICKER>", "<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
    ("instrument", "timestamp", "1. open", "2. high", "3. low", "4. close", "5. volume"),
    ("pair", "Trade Date", "O", "H", "L", "Close/Last", "Vol."),
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_however_a_file_is_written_the_same_bars_come_of_it(data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    comma = data.draw(st.booleans())
    names = list(data.draw(st.sampled_from(NAMES)))
    written = DATES[data.draw(st.sampled_from(sorted(DATES)))]
    places = data.draw(st.permutations(range(7)))
    order = data.draw(st.permutations(range(5)))
    decimals = 3

    def number(value: float) -> str:
        text = f"{value:,.{decimals}f}" if data.draw(st.booleans()) else f"{value:.{decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if comma else text

    rows = [names]
    rows += [["BTCUSD", written(BASE[at]), *map(number, PRICES[at])] for at in order]
    lines = [separator.join(f'"{row[place]}"' for place in places) for row in rows]
    if data.draw(st.booleans()):
        lines.insert(0, f"sep={separator}")
    text = data.draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    series, _ = read(text.encode(encoding), D1)
    assert opened(series) == [f"{day}T00:00" for day in BASE]
    bars = series.bars
    found = zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    assert [tuple(map(float, row)) for row in found] == PRICES


def test_parquet_columns_go_by_any_usual_name() -> None:
    frame = pl.DataFrame(
        {"date": ["2024-01-02"], "Open": [4.0], "High": [4.0], "Low": [4.0], "Close": [4.0],
         "Adj Close": [1.0], "Volume": [5]}
    )  # fmt: skip
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    series, _ = read(buffer.getvalue(), D1, "x.parquet", symbol="AAPL")
    assert series.adj_close is not None
    assert series.adj_close[0] == 1.0


@pytest.mark.parametrize(
    ("volumes", "read_as", "note"),
    [
        (
            ((7, 0), (9, 0)),
            [7, 9],
            "'<TICKVOL>' is read as volume, '<VOL>' is not, where nothing but zeros was found.",
        ),
        (((7, 0), (9, 120)), [0, 120], "'<VOL>' is read as volume, '<TICKVOL>' is not."),
        (((0, 0), (0, 0)), [0, 0], "'<VOL>' is read as volume, '<TICKVOL>' is not."),
    ],
)
def test_metatraders_ticks_are_the_volume_where_its_volume_is_all_zero(
    volumes: tuple[tuple[int, int], ...], read_as: list[float], note: str
) -> None:
    names = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    rows = "".join(
        f"2024.01.0{2 + at}\t09:30:00\t1.5\t2\t1\t1.5\t{ticks}\t{volume}\t3\n"
        for at, (ticks, volume) in enumerate(volumes)
    )
    series, codes = read(names + rows, D1, symbol="EURCHF")
    assert series.bars.volume.tolist() == read_as
    assert "column_left_out" in codes
    notes = Notes()
    read_layout(names + rows, notes)
    assert note in [told.message for told in notes.all()]
