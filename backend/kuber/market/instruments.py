"""Symbols: how they are written, where they trade, in which currency they are priced."""

import re
from dataclasses import dataclass

EXCHANGE = "XNYS"
CURRENCIES = "24/5"
CRYPTO = "24/7"

_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.=^_-]{0,19}")
# fmt: off
_CURRENCY_CODES = frozenset({
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN",
    "CZK", "HUF", "TRY", "ZAR", "MXN", "SGD", "HKD", "CNH", "XAU", "XAG",
})
_CRYPTO_CODES = frozenset({
    "BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "BNB",
    "DOT", "AVAX", "LINK", "BCH", "SHIB", "UNI", "XLM", "ATOM",
})
# fmt: on
_CRYPTO_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "BTC")

# fmt: off
_BY_SECTOR = {
    "Technology": ("AAPL", "MSFT", "NVDA", "AMD", "INTC", "ORCL", "CRM", "ADBE"),
    "Communication": ("GOOG", "META", "NFLX", "DIS"),
    "Consumer": ("AMZN", "TSLA", "NKE", "WMT", "KO", "PG"),
    "Financials": ("JPM", "BAC", "GS", "V"),
    "Health care": ("JNJ", "UNH"),
    "Energy": ("XOM", "CVX"),
    "Industrials": ("BA",),
    "Funds": ("SPY", "QQQ", "IWM", "GLD"),
    "Currencies": (),
    "Crypto": (),
}
# fmt: on
_SECTOR_OF = {symbol: sector for sector, symbols in _BY_SECTOR.items() for symbol in symbols}

SECTORS = tuple(_BY_SECTOR)
"""The sectors there are; pairs are currencies or crypto, a symbol nobody listed has none."""

_NAMES = {
    "AAPL": "Apple",
    "MSFT": "Microsoft",
    "GOOG": "Google",
    "EURUSD": "Euro / US dollar",
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What a symbol alone tells about its instrument."""

    symbol: str
    name: str
    calendar: str
    currency: str
    sector: str | None
    """One of SECTORS, None when it is not known."""


def canonical_symbol(text: str) -> str:
    """Return the one spelling of a symbol: upper case, currency and crypto pairs without a sign.

    `EUR/USD`, `eur-usd` and `EURUSD` are one symbol. Raises ValueError for what is no symbol.
    """
    symbol = text.strip().upper()
    for sign in ("/", "-"):
        base, found, quote = symbol.partition(sign)
        if found and pair_of(base + quote) == (base, quote):
            return base + quote
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError(
            f"{text[:40]!r} is not a symbol: use 1 to 20 letters, digits or the signs . - = ^ _"
        )
    return symbol


def pair_of(symbol: str) -> tuple[str, str] | None:
    """Return base and quote currency when the symbol is a currency or crypto pair."""
    if len(symbol) == 6 and symbol[:3] in _CURRENCY_CODES and symbol[3:] in _CURRENCY_CODES:
        return symbol[:3], symbol[3:]
    for quote in _CRYPTO_QUOTES:
        base = symbol.removesuffix(quote)
        if base in _CRYPTO_CODES and base + quote == symbol:
            return base, quote
    return None


def traits_of(symbol: str) -> Traits:
    """Return name, calendar, currency and sector of a canonical symbol.

    Currency pairs trade 24/5 and crypto pairs 24/7; everything else is taken as listed in New
    York and priced in USD.
    """
    name = _NAMES.get(symbol)
    pair = pair_of(symbol)
    if pair is None:
        return Traits(symbol, name or symbol, EXCHANGE, "USD", _SECTOR_OF.get(symbol))
    base, quote = pair
    calendar, sector = (CRYPTO, "Crypto") if base in _CRYPTO_CODES else (CURRENCIES, "Currencies")
    return Traits(symbol, name or f"{base} / {quote}", calendar, quote, sector)
