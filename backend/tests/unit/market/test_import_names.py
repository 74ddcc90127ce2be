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


@pytest.mark.parametrize("filename", ["about_us.csv", "AAPL.csv", "prices.txt", "a_us_x.csv"])
def test_other_names_say_nothing(filename: str) -> None:
    notes = Notes()
    assert symbol_in_name(filename, notes) is None
    assert notes.all() == ()
