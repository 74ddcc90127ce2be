"""The markets that an instrument may be of, with their names."""

from kuber.market.instruments import CRYPTO, CURRENCIES, CURRENCIES_UTC

MARKETS = {
    "XNYS": "New York Stock Exchange",
    CURRENCIES: "24/5, days end 17:00 New York",
    CURRENCIES_UTC: "24/5, days end 00:00 UTC",
    CRYPTO: "24/7, days end 00:00 UTC",
    "ASEX": "Athens Stock Exchange",
    "BVMF": "B3, São Paulo",
    "CMES": "CME Globex futures, Chicago",
    "XAMS": "Euronext Amsterdam",
    "XASX": "Australian Securities Exchange",
    "XBKK": "Stock Exchange of Thailand",
    "XBOM": "BSE and NSE, Mumbai",
    "XBRU": "Euronext Brussels",
    "XBUD": "Budapest Stock Exchange",
    "XBUE": "Buenos Aires Stock Exchange",
    "XCSE": "Nasdaq Copenhagen",
    "XDUB": "Euronext Dublin",
    "XDUS": "Düsseldorf Stock Exchange",
    "XETR": "Xetra, Frankfurt",
    "XFRA": "Frankfurt Stock Exchange",
    "XHAM": "Hamburg Stock Exchange",
    "XHEL": "Nasdaq Helsinki",
    "XHKG": "Hong Kong Stock Exchange",
    "XICE": "Nasdaq Iceland",
    "XIDX": "Indonesia Stock Exchange",
    "XIST": "Borsa Istanbul",
    "XJSE": "Johannesburg Stock Exchange",
    "XKLS": "Bursa Malaysia",
    "XKRX": "Korea Exchange",
    "XLIS": "Euronext Lisbon",
    "XLON": "London Stock Exchange",
    "XMAD": "Madrid Stock Exchange",
    "XMEX": "Mexican Stock Exchange",
    "XMIL": "Borsa Italiana, Milan",
    "XNZE": "New Zealand Exchange",
    "XOSL": "Oslo Stock Exchange",
    "XPAR": "Euronext Paris",
    "XPRA": "Prague Stock Exchange",
    "XSAU": "Saudi Exchange",
    "XSES": "Singapore Exchange",
    "XSGO": "Santiago Stock Exchange",
    "XSHG": "Shanghai and Shenzhen Stock Exchanges",
    "XSTO": "Nasdaq Stockholm",
    "XSWX": "SIX Swiss Exchange",
    "XTAE": "Tel Aviv Stock Exchange",
    "XTAI": "Taiwan Stock Exchange",
    "XTKS": "Tokyo Stock Exchange",
    "XTSE": "Toronto Stock Exchange",
    "XWAR": "Warsaw Stock Exchange",
    "XWBO": "Vienna Stock Exchange",
}
"""Name by code: the one most used first, then what trades through the night, then by code."""


def market_name(code: str) -> str:
    """Return what people call a market; the code itself where nobody gave it a name."""
    return MARKETS.get(code, code)
