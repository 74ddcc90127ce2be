"""Exchanges as symbols name them: by a suffix (`VOD.L`) or a prefix (`LSE:VOD`).

Suffixes are Yahoo's (help.yahoo.com/kb/SLN2310), prefixes TradingView's; calendars are those of
`exchange-calendars`. Prices in London and Johannesburg are in hundredths of the currency.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where a symbol with a suffix is listed, and in what it is priced."""

    calendar: str
    currency: str


BY_SUFFIX = {
    "AS": Exchange("XAMS", "EUR"),
    "AT": Exchange("ASEX", "EUR"),
    "AX": Exchange("XASX", "AUD"),
    "BA": Exchange("XBUE", "ARS"),
    "BD": Exchange("XBUD", "HUF"),
    "BK": Exchange("XBKK", "THB"),
    "BO": Exchange("XBOM", "INR"),
    "BR": Exchange("XBRU", "EUR"),
    "CO": Exchange("XCSE", "DKK"),
    "DE": Exchange("XETR", "EUR"),
    "DU": Exchange("XDUS", "EUR"),
    "F": Exchange("XFRA", "EUR"),
    "HE": Exchange("XHEL", "EUR"),
    "HK": Exchange("XHKG", "HKD"),
    "HM": Exchange("XHAM", "EUR"),
    "IC": Exchange("XICE", "ISK"),
    "IR": Exchange("XDUB", "EUR"),
    "IS": Exchange("XIST", "TRY"),
    "JK": Exchange("XIDX", "IDR"),
    "JO": Exchange("XJSE", "ZAC"),
    "KL": Exchange("XKLS", "MYR"),
    "KQ": Exchange("XKRX", "KRW"),
    "KS": Exchange("XKRX", "KRW"),
    "L": Exchange("XLON", "GBX"),
    "LS": Exchange("XLIS", "EUR"),
    "MC": Exchange("XMAD", "EUR"),
    "MI": Exchange("XMIL", "EUR"),
    "MX": Exchange("XMEX", "MXN"),
    "NS": Exchange("XBOM", "INR"),
    "NZ": Exchange("XNZE", "NZD"),
    "OL": Exchange("XOSL", "NOK"),
    "PA": Exchange("XPAR", "EUR"),
    "PR": Exchange("XPRA", "CZK"),
    "SA": Exchange("BVMF", "BRL"),
    "SI": Exchange("XSES", "SGD"),
    "SN": Exchange("XSGO", "CLP"),
    "SR": Exchange("XSAU", "SAR"),
    "SS": Exchange("XSHG", "CNY"),
    "ST": Exchange("XSTO", "SEK"),
    "SW": Exchange("XSWX", "CHF"),
    "SZ": Exchange("XSHG", "CNY"),
    "T": Exchange("XTKS", "JPY"),
    "TA": Exchange("XTAE", "ILS"),
    "TO": Exchange("XTSE", "CAD"),
    "TW": Exchange("XTAI", "TWD"),
    "TWO": Exchange("XTAI", "TWD"),
    "V": Exchange("XTSE", "CAD"),
    "VI": Exchange("XWBO", "EUR"),
    "WA": Exchange("XWAR", "PLN"),
}
"""Suffixes without their point. NSE and BSE, Shanghai and Shenzhen keep the same days and hours."""

NEW_YORK_SUFFIX = ".US"
"""Of shares in New York as Stooq and EODHD write them; without it is the normal form."""


class Venue(StrEnum):
    """What a prefix without a suffix of its own stands for."""

    NEW_YORK = "new_york"
    PAIRS = "pairs"
    FUTURES = "futures"
    INDICES = "indices"


PREFIXES: dict[str, str | Venue] = {
    **dict.fromkeys(
        ("NASDAQ", "NYSE", "AMEX", "ARCA", "NYSEARCA", "BATS", "CBOE", "IEX", "OTC", "US", "EQ"),
        Venue.NEW_YORK,
    ),
    **dict.fromkeys(
        (
            *("BINANCE", "BINANCEUS", "BITFINEX", "BITGET", "BITMEX", "BITSTAMP", "BYBIT"),
            *("COINBASE", "CRYPTO", "CRYPTOCOM", "DERIBIT", "GATEIO", "GEMINI", "HUOBI", "HTX"),
            *("KRAKEN", "KUCOIN", "MEXC", "OKX", "PHEMEX", "POLONIEX", "UPBIT", "X"),
            *("C", "FOREXCOM", "FX", "FX_IDC", "FXCM", "ICMARKETS", "OANDA", "PEPPERSTONE"),
            *("CAPITALCOM", "EIGHTCAP", "SAXO"),
        ),
        Venue.PAIRS,
    ),
    **dict.fromkeys(
        ("CBOT", "CBOT_MINI", "CME", "CME_MINI", "COMEX", "COMEX_MINI", "EUREX", "ICEUS"),
        Venue.FUTURES,
    ),
    **dict.fromkeys(("CFE", "ICEEUR", "NYMEX", "NYMEX_MINI"), Venue.FUTURES),
    "I": Venue.INDICES,
    "ASX": "AX",
    "ATHEX": "AT",
    "BCBA": "BA",
    "BIST": "IS",
    "BME": "MC",
    "BMFBOVESPA": "SA",
    "BMV": "MX",
    "BSE": "BO",
    "GPW": "WA",
    "HKEX": "HK",
    "IDX": "JK",
    "JSE": "JO",
    "LSE": "L",
    "MIL": "MI",
    "MYX": "KL",
    "NSE": "NS",
    "NZX": "NZ",
    "OMXCOP": "CO",
    "OMXHEX": "HE",
    "OMXSTO": "ST",
    "OSL": "OL",
    "SET": "BK",
    "SGX": "SI",
    "SIX": "SW",
    "SSE": "SS",
    "SZSE": "SZ",
    "TASE": "TA",
    "TPEX": "TWO",
    "TSE": "T",
    "TSX": "TO",
    "TSXV": "V",
    "TWSE": "TW",
    "VIE": "VI",
    "XETR": "DE",
}
"""What is listed under a prefix that is not here keeps it: another exchange's share of that name
would be another share. `EURONEXT` is not: it stands for four exchanges."""

INDICES = {
    **dict.fromkeys(("^GSPC", "^DJI", "^IXIC", "^NDX", "^RUT", "^VIX"), Exchange("XNYS", "USD")),
    "^AXJO": Exchange("XASX", "AUD"),
    "^BSESN": Exchange("XBOM", "INR"),
    "^FCHI": Exchange("XPAR", "EUR"),
    "^FTSE": Exchange("XLON", "GBP"),
    "^GDAXI": Exchange("XETR", "EUR"),
    "^GSPTSE": Exchange("XTSE", "CAD"),
    "^HSI": Exchange("XHKG", "HKD"),
    "^N225": Exchange("XTKS", "JPY"),
    "^NSEI": Exchange("XBOM", "INR"),
}
"""Where the shares of an index trade."""

ALIASES = {
    "CBOE:VIX": "^VIX",
    "DJ:DJI": "^DJI",
    "NASDAQ:IXIC": "^IXIC",
    "NASDAQ:NDX": "^NDX",
    "NSE:M_M": "M&M.NS",
    "NSE:M_MFIN": "M&MFIN.NS",
    "SP:SPX": "^GSPC",
    "TVC:DXY": "^DXY",
    "TVC:NDX": "^NDX",
    "TVC:RUT": "^RUT",
    "TVC:SPX": "^GSPC",
    "TVC:VIX": "^VIX",
    "^SPX": "^GSPC",
}
"""Other names of one thing that no rule gives."""
