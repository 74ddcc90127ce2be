"""Names of files that say which symbol is in them."""

import pytest

from kuber.market.importing.naming import symbol_in_name
from kuber.market.importing.notes import Notes


@pytest.mark.parametrize(
    ("filename", "symbol"),
    [
        ("aapl.us.txt", "AAPL"),
        ("aapl_us_d.csv", "AAPL"),
        ("brk-b.us.txt", "BRK.B"),
        ("brk-b_us_w.csv", "BRK.B"),
        ("stooq/aapl.us.txt", "AAPL"),
    ],
)
def test_stooqs_names_of_files_say_the_share(filename: str, symbol: str) -> None:
    notes = Notes()
    assert symbol_in_name(filename, notes) == symbol
    assert symbol in notes.all()[0].message


@pytest.mark.parametrize(
    ("filename", "symbol"),
    [
        ("EURUSD_H1_202401020000_202406282300.csv", "EURUSD"),
        ("XAUUSD_M15_202401020000_202406282345.csv", "XAUUSD"),
        ("AAPL_Daily_202001020000_202406280000.csv", "AAPL"),
    ],
)
def test_metatraders_names_of_files_say_the_symbol(filename: str, symbol: str) -> None:
    notes = Notes()
    assert symbol_in_name(filename, notes) == symbol
    assert symbol in notes.all()[0].message


@pytest.mark.parametrize(
    "filename",
    [
        *("about_us.csv", "AAPL.csv", "prices.txt", "a_us_x.csv", "EURUSD_H1.csv"),
        "EURUSD.m_H1_202401020000_202406282300.csv",  # the broker's own name for it
        "PRICES_H1_2024_2025.csv",
    ],
)
def test_other_names_say_nothing(filename: str) -> None:
    notes = Notes()
    assert symbol_in_name(filename, notes) is None
    assert notes.all() == ()
