"""Names of files that say which symbol is in them, since their vendors name them so."""

import re
from pathlib import PurePath

from kuber.market.importing.notes import Notes
from kuber.market.symbols import canonical_symbol

_BINANCE = re.compile(r"([A-Z0-9]{5,20})-\d{1,2}(?:s|m|h|d|w|mo)-\d{4}.*")
_TRADINGVIEW = re.compile(r"([A-Z0-9_]{2,20})_([A-Z0-9.!]{1,20}), \w+.*")
_METATRADER = re.compile(r"([A-Z0-9]{3,12})_(?:[MH]\d{1,2}|MN1|Daily|Weekly|Monthly)_\d{12}_\d{12}")
_STOOQ = re.compile(r"([a-z]{1,5}(?:-[a-z])?)(?:_us_[dwm]|\.us)")


def symbol_in_name(filename: str, notes: Notes) -> str | None:
    """Return the symbol that a vendor's way of naming files tells, None for any other name."""
    stem = PurePath(filename.replace("\\", "/")).stem
    if binance := _BINANCE.fullmatch(stem):
        symbol = binance[1]
    elif tradingview := _TRADINGVIEW.fullmatch(stem):
        symbol = f"{tradingview[1]}:{tradingview[2]}"
    elif metatrader := _METATRADER.fullmatch(stem):
        symbol = metatrader[1]
    elif stooq := _STOOQ.fullmatch(stem):
        symbol = canonical_symbol(f"{stooq[1]}.us")
    else:
        return None
    notes.add("symbol_by_file_name", f"The file's name says that it holds {symbol}.")
    return symbol
