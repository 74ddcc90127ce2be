"""Instruments: what a symbol alone tells of where it trades and in which currency it is priced."""

from dataclasses import dataclass

from kuber.market.exchanges import BY_SUFFIX, INDICES
from kuber.market.symbols import BadSymbol, Symbol, SymbolKind, parse_symbol

EXCHANGE = "XNYS"
CURRENCIES = "24/5"
"""Days end at 17:00 New York."""
CURRENCIES_UTC = "24/5 UTC"
"""Days end at 00:00 UTC."""
CRYPTO = "24/7"

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
    "AMZN": "Amazon",
    "META": "Meta Platforms",
    "NVDA": "Nvidia",
    "TSLA": "Tesla",
    "NFLX": "Netflix",
    "AMD": "Advanced Micro Devices",
    "INTC": "Intel",
    "ORCL": "Oracle",
    "CRM": "Salesforce",
    "ADBE": "Adobe",
    "JPM": "JPMorgan Chase",
    "BAC": "Bank of America",
    "GS": "Goldman Sachs",
    "V": "Visa",
    "WMT": "Walmart",
    "KO": "Coca-Cola",
    "PG": "Procter & Gamble",
    "JNJ": "Johnson & Johnson",
    "UNH": "UnitedHealth",
    "XOM": "Exxon Mobil",
    "CVX": "Chevron",
    "BA": "Boeing",
    "DIS": "Walt Disney",
    "NKE": "Nike",
    "SPY": "S&P 500 fund",
    "QQQ": "Nasdaq 100 fund",
    "IWM": "Russell 2000 fund",
    "GLD": "Gold fund",
    "GBPUSD": "British pound / US dollar",
    "USDJPY": "US dollar / Japanese yen",
    "AUDUSD": "Australian dollar / US dollar",
    "USDCHF": "US dollar / Swiss franc",
    "BTCUSD": "Bitcoin / US dollar",
    "ETHUSD": "Ether / US dollar",
    "SOLUSD": "Solana / US dollar",
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


def pair_of(symbol: str) -> tuple[str, str] | None:
    """Return base and quote currency when the symbol is a currency or crypto pair."""
    try:
        found = parse_symbol(symbol)
    except BadSymbol:
        return None
    pair = found.kind in (SymbolKind.CURRENCY_PAIR, SymbolKind.CRYPTO_PAIR)
    return (found.base, found.quote) if pair else None


def symbols_named(text: str) -> list[str]:
    """Return the symbols whose usual name contains `text`, in whatever case."""
    wanted = text.upper()
    return [symbol for symbol, name in _NAMES.items() if wanted in name.upper()]


def traits_of(symbol: str) -> Traits:
    """Return name, calendar, currency and sector of a symbol.

    Crypto trades 24/7, currencies and futures 24/5. A listed symbol with a suffix trades at that
    exchange, one without in New York. Of what is listed elsewhere nothing is known: it is taken to
    trade 24/5, so that its days end no earlier than they do; so is a name that is no symbol any
    more.
    """
    try:
        found = parse_symbol(symbol)
    except BadSymbol:
        return Traits(symbol, symbol, CURRENCIES, "USD", None)
    calendar, currency = _market_of(found)
    return Traits(symbol, _name_of(found), calendar, currency, _sector_of(found))


def _market_of(symbol: Symbol) -> tuple[str, str]:
    market = None
    match symbol.kind:
        case SymbolKind.CRYPTO_PAIR | SymbolKind.PERPETUAL:
            return CRYPTO, symbol.quote
        case SymbolKind.CURRENCY_PAIR:
            return CURRENCIES, symbol.quote
        case SymbolKind.FUTURE:
            return CURRENCIES, "USD"
        case SymbolKind.INDEX:
            market = INDICES.get(symbol.text)
        case SymbolKind.LISTED:
            if ":" not in symbol.text and not symbol.suffix:
                return EXCHANGE, "USD"
            market = BY_SUFFIX.get(symbol.suffix)
    return (market.calendar, market.currency) if market else (CURRENCIES, "USD")


def _name_of(symbol: Symbol) -> str:
    name = f"{symbol.base} / {symbol.quote}" if symbol.base else symbol.text
    if symbol.kind is SymbolKind.PERPETUAL:
        name = f"{name} perpetual"
    return _NAMES.get(symbol.text, name)


def _sector_of(symbol: Symbol) -> str | None:
    match symbol.kind:
        case SymbolKind.CRYPTO_PAIR | SymbolKind.PERPETUAL:
            return "Crypto"
        case SymbolKind.CURRENCY_PAIR:
            return "Currencies"
    return _SECTOR_OF.get(symbol.text)
