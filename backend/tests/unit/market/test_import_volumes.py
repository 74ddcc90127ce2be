"""Which of several volumes is that of the bars: the one in what the pair trades."""

import pytest

from kuber.market.importing.notes import Notes
from kuber.market.importing.parser import parse_bars
from kuber.market.importing.said import Said
from kuber.market.types import Source, Timeframe
from tests.fakes.price_files import read

H1 = Timeframe.H1
ROW = "2024-01-02 09:30:00,{pair}1.5,2,1,1.5,{volumes}\n"


def volume_of(names: str, volumes: str, *, pair: str = "", **said: str) -> tuple[float, set[str]]:
    text = f"date,{'symbol,' if pair else ''}open,high,low,close,{names}\n"
    text += ROW.format(pair=f"{pair}," if pair else "", volumes=volumes)
    series, notes = read(text, H1, **said)
    return float(series.bars.volume[0]), notes


@pytest.mark.parametrize(
    ("names", "volumes"),
    [("Volume BTC,Volume USD", "7,300000"), ("Volume USD,Volume BTC", "300000,7")],
)
@pytest.mark.parametrize("pair", ["BTC/USD", "BTCUSD", "XBTUSD"])
def test_the_volume_of_the_base_is_taken_in_whichever_place(
    names: str, volumes: str, pair: str
) -> None:
    beside = volume_of(names, volumes, symbol=pair)
    assert beside == volume_of(names, volumes, pair=pair)
    assert beside == (7, {"column_left_out"})


@pytest.mark.parametrize(
    ("names", "pair"),
    [
        ("Volume USDT,Volume ETH", "ETHUSDT"),
        ("Volume USDT,Volume XBT", "BTCUSDT.P"),
        ("Volume BTC,Volume ETH", "ETHBTC"),
        ("Volume_(Currency),Volume_(ETH)", "ETH/USD"),
    ],
)
def test_the_base_is_known_by_the_pair(names: str, pair: str) -> None:
    assert volume_of(names, "300000,7", symbol=pair)[0] == 7


def test_shares_are_the_volume_and_not_their_price() -> None:
    assert volume_of("Stuecke,Volumen", "1000,10300", symbol="SAP")[0] == 1000


def test_a_note_says_of_zeros_only_where_they_are_why() -> None:
    text = f"date,open,high,low,close,Volume USD,Volume BTC\n{ROW.format(pair='', volumes='999,5')}"
    notes = Notes()
    parse_bars("b.csv", text.encode(), Said(H1, symbol="BTCUSD"), Source.IMPORTED, notes)
    assert [one.message for one in notes.all() if one.code == "column_left_out"] == [
        "'Volume BTC' is read as volume, 'Volume USD' is not."
    ]


def test_the_base_is_known_by_the_name_of_the_file() -> None:
    name = "BINANCE_ETHUSDT, 60.csv"
    assert volume_of("Volume USDT,Volume ETH", "300000,7", filename=name)[0] == 7


def test_the_volume_of_the_base_is_taken_also_where_it_is_zero() -> None:
    assert volume_of("Volume USD,Volume BTC", "300000,0", symbol="BTCUSD")[0] == 0


@pytest.mark.parametrize("symbol", ["AAPL", "SOLEUR"])
def test_where_no_volume_is_of_the_base_the_first_is_taken_and_told(symbol: str) -> None:
    volume, codes = volume_of("Volume USD,Volume BTC", "300000,7", symbol=symbol)
    assert (volume, codes - {"outside_hours"}) == (300000, {"column_left_out"})
