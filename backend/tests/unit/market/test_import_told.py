"""What a file tells by itself: the timeframe of its bars, and how it writes decimals."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.market.errors import ImportRefused
from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said, zone_of
from kuber.market.series import RawBars
from kuber.market.types import Source, Timeframe
from tests.fakes.price_files import read

HEAD = "symbol,time,open,high,low,close,volume\n"
START = datetime(2024, 1, 1, tzinfo=UTC)


def told(content: str) -> RawBars:
    """Return the bars of a file beside which nothing is said."""
    [found] = parse_bars("b.csv", content.encode(), Said(), Source.IMPORTED, Notes())
    return found


def problems(content: str) -> list[tuple[str | None, str]]:
    with pytest.raises(ImportRefused) as caught:
        told(content)
    return [(one.code, one.remedy) for one in caught.value.problems]


def moments(timeframe: Timeframe, count: int = 20) -> list[datetime]:
    if timeframe is Timeframe.MO1:
        return [START.replace(year=2022 + at // 12, month=1 + at % 12) for at in range(count)]
    return [START + timeframe.span * at for at in range(count)]


def file_of(times: list[datetime], prices: str = "1,2,1,1") -> str:
    return HEAD + "".join(f"BTCUSD,{at.isoformat()},{prices},5\n" for at in times)


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_every_timeframe_is_told_from_the_file(timeframe: Timeframe) -> None:
    assert told(file_of(moments(timeframe))).bars.timeframe is timeframe


@pytest.mark.parametrize("timeframe", [one for one in Timeframe if one.intraday])
def test_gaps_do_not_change_the_timeframe_that_is_told(timeframe: Timeframe) -> None:
    times = moments(timeframe)
    kept = times[:3] + times[5:9] + times[15:]
    assert told(file_of(kept)).bars.timeframe is timeframe


@settings(max_examples=150, deadline=None)
@given(
    minutes=st.integers(1, 1000),
    left_out=st.sets(st.integers(0, 19), max_size=8),
)
def test_what_is_told_is_never_shorter_than_the_bars(minutes: int, left_out: set[int]) -> None:
    times = [START + timedelta(minutes=minutes * at) for at in range(20) if at not in left_out]
    with suppress(ImportRefused):
        assert told(file_of(times)).bars.timeframe.span >= timedelta(minutes=minutes)


def test_a_single_bar_tells_no_timeframe() -> None:
    [(code, remedy)] = problems(file_of(moments(Timeframe.H1, 1)))
    assert code == "unknown_timeframe"
    assert "Name the timeframe" in remedy


def test_lengths_that_are_not_supported_are_not_rounded() -> None:
    for minutes in (7, 20, 45, 90, 180):
        times = [START + timedelta(minutes=minutes * at) for at in range(20)]
        assert [code for code, _ in problems(file_of(times))] == ["unknown_timeframe"]


@pytest.mark.parametrize(
    "price",
    ["1,2345", "12,34", "1,23,4", ",123", "1,234,56", "12345,678", "1,,234", "1.234,567", "1,2.5"],
)
def test_a_comma_in_an_impossible_place_is_refused(price: str) -> None:
    content = HEAD.replace(",", ";")
    content += "BTCUSD;2024-01-01T00:00Z;1.5;9999999;1;2.5;5\n"
    content += f"BTCUSD;2024-01-01T01:00Z;{price};9999999;1;2.5;5\n"
    codes = [code for code, _ in problems(content)]
    assert codes
    assert set(codes) <= {"bad_number", "mixed_decimals"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1,234.5", 1234.5),
        ("1,234,567.25", 1234567.25),
        ("12,34,567.5", 1234567.5),
        ("1,23,45,678.75", 12345678.75),
        ("$1,234.5", 1234.5),
    ],
)
def test_thousands_are_read_as_the_world_writes_them(written: str, read: float) -> None:
    content = HEAD.replace(",", ";")
    for hour in (0, 1):
        content += f"BTCUSD;2024-01-01T0{hour}:00Z;1.5;{written};1;2.5;5\n"
    assert told(content).bars.high.tolist() == [read, read]


@pytest.mark.parametrize(
    ("written", "read"), [("1234,5", 1234.5), ("1.234,5", 1234.5), ("1.234.567,25", 1234567.25)]
)
def test_decimals_behind_a_comma(written: str, read: float) -> None:
    content = HEAD.replace(",", ";")
    for hour in (0, 1):
        at = f"2024-01-01T0{hour}:00Z"
        content += f"BTCUSD;{at};{written};{written};{written};{written};5\n"
    assert told(content).bars.close.tolist() == [read, read]


def test_bars_outside_of_the_hours_of_a_market_are_told() -> None:
    rows = [f"2024-01-02T{hour:02}:00:00Z,1,2,1,2,5" for hour in range(24)]
    text = "\n".join(["time,open,high,low,close,volume", *rows])
    assert "outside_hours" in read(text, Timeframe.H1, symbol="XAGXYZ")[1]
    assert "outside_hours" not in read(text, Timeframe.H1, symbol="BTCUSD")[1]


@pytest.mark.parametrize(
    "header",
    [
        "Datum;Erster;Hoch;Tief;Schlusskurs;St\u00fccke",
        "Datum;Er\u00f6ffnung;H\u00f6chst;Tiefst;Schlu\u00df;Volumen",
        "Date;Ouverture;Plus haut;Plus bas;Cl\u00f4ture;Volume",
        "Data;Apertura;Massimo;Minimo;Ultimo;Volume",
        "Data;Abertura;M\u00e1xima;M\u00ednima;Fechamento;Volume",
        "Fecha;Apertura;M\u00e1ximo;M\u00ednimo;\u00daltimo;Volumen",
    ],
)
def test_columns_have_their_names_in_other_languages(header: str) -> None:
    series, _ = read(
        f"{header}\n02.01.2024;138,50;139,20;136,80;137,10;1.500", Timeframe.D1, symbol="SAP"
    )
    bars = series.bars
    read_as = [bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]]
    assert read_as == [138.5, 139.2, 136.8, 137.1, 1500.0]


@pytest.mark.parametrize("zone", ["localtime", "right/UTC", "posixrules", "Factory", "Nowhere"])
def test_a_zone_of_no_place_is_refused(zone: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        zone_of(zone)
    assert caught.value.problems[0].code == "unknown_timezone"
    assert str(zone_of("Asia/Tokyo")) == "Asia/Tokyo"
