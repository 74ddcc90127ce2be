"""A time of day in a column of its own, beside a date, as vendors write it."""

import pytest

from kuber.market.errors import ImportRefused
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Label, Said
from kuber.market.series import RawBars
from kuber.market.types import Source, Timeframe
from tests.fakes.price_files import opened, read

STOOQ = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
PRICES = "187,188,183,185,824"


def told(text: str, **said: str) -> RawBars:
    """Return the bars of a file without a word on its timeframe."""
    [series] = parse_bars("b.txt", text.encode(), Said(**said), Source.IMPORTED, Notes())  # type: ignore[arg-type]
    return series


def beside(dates: list[str], clocks: list[str]) -> str:
    rows = zip(dates, clocks, strict=True)
    return "symbol,date,time,open,high,low,close,volume\n" + "".join(
        f"BTCUSD,{day},{clock},{PRICES}\n" for day, clock in rows
    )


def test_a_daily_file_of_stooq_loads_by_itself() -> None:
    days = ("20240102", "20240103", "20240104")
    series = told(STOOQ + "".join(f"AAPL.US,D,{day},000000,{PRICES},0\n" for day in days))
    assert series.bars.timeframe is Timeframe.D1
    assert [str(at)[:10] for at in series.bars.closed_at] == [
        "2024-01-02",
        "2024-01-03",
        "2024-01-04",
    ]


def test_a_file_of_minutes_of_stooq_loads_by_itself() -> None:
    clocks = ("153000", "153500", "154000")
    series = told(STOOQ + "".join(f"AAPL.US,5,20240102,{one},{PRICES},0\n" for one in clocks))
    assert series.bars.timeframe is Timeframe.M5
    assert opened(series) == ["2024-01-02T15:30", "2024-01-02T15:35", "2024-01-02T15:40"]


@pytest.mark.parametrize("day", ["20240115", "2024-01-15", "2024.01.15", "01/15/2024", "2024/1/15"])
@pytest.mark.parametrize(
    "clocks",
    [
        ["093000", "103000", "233000"],
        ["0930", "1030", "2330"],
        ["930", "1030", "2330"],
        ["93000", "103000", "233000"],
        ["9:30", "10:30", "23:30"],
        ["9:30 AM", "10:30 AM", "11:30 PM"],
        ["9:30:00 AM", "10:30:00 AM", "11:30:00 PM"],
        ["09:30:00.000", "10:30:00.000", "23:30:00.000"],
    ],
)
def test_a_time_of_day_is_read_however_it_is_written(day: str, clocks: list[str]) -> None:
    series, _ = read(beside([day] * 3, clocks), Timeframe.H1)
    assert opened(series) == ["2024-01-15T09:30", "2024-01-15T10:30", "2024-01-15T23:30"]


@pytest.mark.parametrize("zeros", ["000000", "0000", "0"])
def test_zeros_beside_a_date_mean_whole_days_whichever_end_they_name(zeros: str) -> None:
    text = beside(["20240102", "20240103"], [zeros] * 2)
    for said in ({}, {"label": Label.CLOSE}):
        series, _ = read(text, Timeframe.D1, **said)
        assert opened(series) == ["2024-01-02T00:00", "2024-01-03T00:00"]


def test_zeros_that_a_spreadsheet_left_out_are_put_back() -> None:
    text = beside(["20240102"] * 3, ["500", "235500", "0"])
    series, _ = read(text, Timeframe.M5)
    assert opened(series) == ["2024-01-02T00:00", "2024-01-02T00:05", "2024-01-02T23:55"]


@pytest.mark.parametrize(
    "clocks", [["100", "200", "300"], ["900", "1000", "1100"], ["9", "10", "11"]]
)
def test_what_may_be_hours_or_minutes_is_refused(clocks: list[str]) -> None:
    with pytest.raises(ImportRefused) as caught:
        read(beside(["20240102"] * 3, clocks), Timeframe.H1)
    assert {one.code for one in caught.value.problems} == {"bad_time"}


@pytest.mark.parametrize("clock", ["2460", "9930", "240000", "096100"])
def test_digits_that_are_no_time_of_day_are_refused(clock: str) -> None:
    with pytest.raises(ImportRefused):
        read(beside(["20240102"] * 2, ["093000", clock]), Timeframe.H1)


def test_a_date_in_a_column_named_by_its_form() -> None:
    text = "<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n"
    text += "EURUSD,20240102,230100,1.1,1.2,1,1.1\nEURUSD,20240102,230200,1.1,1.2,1,1.1\n"
    assert opened(told(text)) == ["2024-01-02T23:01", "2024-01-02T23:02"]


@pytest.mark.parametrize(
    "start", ["20240102,093000", "2024.01.02,0930", "20240102,09:30", "01/15/2024,09:30"]
)
def test_date_and_time_of_day_without_names(start: str) -> None:
    series, notes = read(f"{start},{PRICES}\n", Timeframe.H1, symbol="BTCUSD")
    assert opened(series)[0][11:] == "09:30"
    assert (series.bars.open[0], series.bars.volume[0], "no_header" in notes) == (187, 824, True)


@pytest.mark.parametrize("price", ["1530", "153000", "0930"])
def test_a_price_that_looks_like_a_time_of_day_stays_a_price(price: str) -> None:
    high, low = float(price) + 5, float(price) - 5
    text = f"20240102,{price},{high},{low},{price},7\n"
    series, _ = read(text, Timeframe.D1, symbol="BTCUSD")
    assert series.bars.open[0] == float(price)


@pytest.mark.parametrize(
    "header",
    [
        "Datum;Zeit;Eröffnung;Hoch;Tief;Schluss;Volumen",
        "Datum;Uhrzeit;Eröffnung;Hoch;Tief;Schluss;Volumen",
        "Date;Heure;Ouverture;Plus haut;Plus bas;Clôture;Volume",
        "Fecha;Hora;Apertura;Máximo;Mínimo;Cierre;Volumen",
        "Data;Ora;Apertura;Massimo;Minimo;Chiusura;Volume",
        "Data;Hora;Abertura;Máxima;Mínima;Fechamento;Volume",
        "Data;Horário;Abertura;Máxima;Mínima;Fechamento;Volume",
    ],
)
def test_a_time_of_day_is_named_in_other_languages(header: str) -> None:
    rows = "".join(f"15.01.2024;{hour:02}:00;1,5;2,5;1,5;1,5;5\n" for hour in (9, 10, 11))
    series = told(f"{header}\n{rows}", symbol="EURUSD")
    assert series.bars.timeframe is Timeframe.H1
    assert opened(series) == ["2024-01-15T09:00", "2024-01-15T10:00", "2024-01-15T11:00"]


def times_under(name: str, *, days: int = 2, **said: object) -> list[tuple[str | None, str]]:
    rows = "".join(
        f"{day}.01.2024;{hour:02}:00;1,5;2,5;1,5;1,5;5\n"
        for day in range(15, 15 + days)
        for hour in (9, 10, 11)
    )
    text = f"Datum;{name};Open;High;Low;Close;Volume\n{rows}"
    with pytest.raises(ImportRefused) as caught:
        parse_bars("b.csv", text.encode(), Said(symbol="EURUSD", **said), Source.IMPORTED)  # type: ignore[arg-type]
    return [(one.code, one.remedy) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("days", "said", "code"),
    [
        (5, {}, "duplicate_time"),
        (1, {}, "unknown_timeframe"),
        (2, {"timeframe": Timeframe.D1}, "duplicate_time"),
        (2, {"timeframe": Timeframe.H1}, "wrong_timeframe"),
    ],
)
def test_a_column_of_times_with_an_unknown_name_is_named(
    days: int, said: dict[str, object], code: str
) -> None:
    remedy = "Rename the column 'Tidpunkt' to 'time': it holds times of the day."
    assert set(times_under("Tidpunkt", days=days, **said)) == {(code, remedy)}


def test_a_column_of_something_else_is_not_taken_for_times() -> None:
    text = "date,note,open,high,low,close\n" + "2024-01-15,9 o'clock,1,2,1,1\n" * 2
    with pytest.raises(ImportRefused) as caught:
        parse_bars("b.csv", text.encode(), Said(Timeframe.D1, symbol="EURUSD"), Source.IMPORTED)
    assert caught.value.problems[0].remedy == "Keep one bar for each time."
