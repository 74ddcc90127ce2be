"""One parser and one normal form for symbols, whoever writes them: people, files, alerts, vendors.

| Written | Normal form |
|---|---|
| `aapl`, `NASDAQ:AAPL`, `AAPL.US` | `AAPL` |
| `BRK-B`, `BRK/B` | `BRK.B` (a class from A to D) |
| `VOD.L`, `LSE:VOD` | `VOD.L` |
| `^GSPC`, `SP:SPX` | `^GSPC` |
| `EUR/USD`, `eur-usd`, `EURUSD=X`, `OANDA:EUR_USD` | `EURUSD` |
| `BTC/USDT`, `BTC-USDT`, `BTC_USDT`, `BINANCE:BTCUSDT` | `BTCUSDT` |
| `BTC/USDT:USDT`, `BTCUSDT.P`, `BTC-USDT-SWAP` | `BTCUSDT.P` |
| `ES=F`, `/ES`, `CME_MINI:ES1!` | `ES1!` |
| `ESZ24`, `ESZ2024` | `ESZ2024` |

What cannot be told is refused with what to write instead.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from iso4217 import raw_table

from kuber.market.exchanges import ALIASES, BY_SUFFIX, NEW_YORK_SUFFIX, PREFIXES, Venue

MAX_LENGTH = 32
"""Of the normal form."""

MAX_WRITTEN = 48
"""Characters of a symbol as somebody may write it."""

_KNOWN = 20_000
"""Parsed texts that a process keeps."""


class SymbolKind(StrEnum):
    """What kind of thing a symbol names."""

    LISTED = "listed"
    """A share, a fund, whatever an exchange lists under a name of its own."""
    INDEX = "index"
    FUTURE = "future"
    CURRENCY_PAIR = "currency_pair"
    CRYPTO_PAIR = "crypto_pair"
    PERPETUAL = "perpetual"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol in its normal form; `text` is what is stored, compared and shown."""

    text: str
    kind: SymbolKind
    base: str = ""
    quote: str = ""
    """Of a pair or perpetual: what is traded, and in what it is priced."""
    suffix: str = ""
    """Of a listed one: a key of `exchanges.BY_SUFFIX`, empty for New York."""
    exchange: str = ""
    """What stood before a colon; part of `text` only where the exchange is not known."""


_CURRENCIES = frozenset(code for code in raw_table if code) - {"XTS", "XXX"} | {"CNH"}
"""ISO 4217, precious metals among them, and the yuan outside China."""
_STABLE = ("USDT", "USDC", "FDUSD", "USDD", "DAI", "TUSD", "BUSD")
_COIN_QUOTES = ("BTC", "ETH", "BNB")
_FIAT_QUOTES = ("USD", "EUR", "GBP", "JPY", "TRY", "BRL", "AUD", "KRW")
# fmt: off
_COINS = frozenset({
    "BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "BNB", "DOT", "AVAX", "LINK", "BCH", "SHIB",
    "UNI", "XLM", "ATOM", "TRX", "TON",
})
# fmt: on
"""What may also be written in fewer than six letters with its quote, such as `TONBTC`."""
PRICED_IN = _CURRENCIES | {"GBX", "ILA", "ZAC"} | {*_STABLE} | _COINS
"""In what an instrument may be priced: ISO 4217, the hundredths in which London, Tel Aviv and
Johannesburg quote, and coins."""
_COIN_ALIASES = {"XBT": "BTC", "XDG": "DOGE", "XXBT": "BTC", "XETH": "ETH"}

_CHARACTERS = re.compile(r"[A-Z0-9^.&=_!:/+-]+")
_PREFIXED = re.compile(r"([A-Z][A-Z0-9_]{0,19}):(.+)")
_SETTLED = re.compile(r"([A-Z0-9]{2,15})/([A-Z0-9]{2,6}):([A-Z0-9]{2,6})")
_SIGNED_PAIR = re.compile(r"([A-Z0-9]{2,15})[-/_]([A-Z0-9]{2,6})")
_PERPETUAL = re.compile(r"(.+?)(?:\.P|[-_]?PERP|-SWAP)")
_YAHOO_CURRENCY = re.compile(r"([A-Z]{3})?([A-Z]{3})=X")
_KRAKEN = re.compile(r"X([A-Z]{3})Z([A-Z]{3})")
_CONTINUOUS = re.compile(r"(?:([A-Z0-9]{1,5})=F|([A-Z0-9]{1,5}?)([1-9])!)")
_CONTRACT = re.compile(r"([A-Z0-9]{1,4})([FGHJKMNQUVXZ])((?:19|20)[0-9]{2})")
_SHORT_CONTRACT = re.compile(r"([A-Z0-9]{1,4})([FGHJKMNQUVXZ])([0-9]{2})")
# fmt: off
_ROOTS = frozenset({
    "ES", "NQ", "YM", "RTY", "MES", "MNQ", "MYM", "M2K", "VX", "DX", "BTC", "MBT", "ETH", "MET",
    "CL", "MCL", "NG", "RB", "HO", "BZ", "GC", "MGC", "SI", "SIL", "HG", "PL", "PA",
    "ZB", "ZN", "ZF", "ZT", "ZC", "ZS", "ZW", "ZL", "ZM", "ZO", "HE", "LE", "GF",
    "KC", "SB", "CC", "CT", "OJ", "6A", "6B", "6C", "6E", "6J", "6M", "6N", "6S",
})
# fmt: on
"""Of which two digits after a month's letter are a year."""
_INDEX = re.compile(r"\^[A-Z0-9][A-Z0-9.-]{0,14}")
_CLASS = re.compile(r"([A-Z]{1,5})[.\-/]([A-D])")
_PREFERRED = re.compile(r"([A-Z]{1,5})(?:[-/]P|\.PR)([A-Z])")
_LISTED = re.compile(r"[A-Z0-9][A-Z0-9&_+-]*(?:\.[A-Z0-9]+)*")

_HELP = "use a ticker such as AAPL, BRK.B, VOD.L, EURUSD, BTCUSDT, ES1! or ^GSPC"


class BadSymbol(ValueError):
    """A text that is no symbol, or that could be several; the message says what to write."""


@lru_cache(maxsize=_KNOWN)
def parse_symbol(text: str) -> Symbol:
    """Return the symbol that `text` names; raises BadSymbol."""
    written = text[: MAX_WRITTEN + 1].strip().upper()
    # Capitals of other letters may be ours: those of a long s are an S.
    if len(text) > MAX_WRITTEN or not text.strip().isascii() or not _CHARACTERS.fullmatch(written):
        raise BadSymbol(f"{text[:40]!r} is not a symbol: {_HELP}")
    found = _parse(ALIASES.get(written, written))
    if found is None or len(found.text) > MAX_LENGTH:
        raise BadSymbol(f"{text[:40]!r} is not a symbol: {_HELP}")
    return found


def canonical_symbol(text: str) -> str:
    """Return the normal form of a symbol; raises BadSymbol."""
    return parse_symbol(text).text


def stored_symbol(text: str) -> str:
    """Return the normal form of a symbol that was stored before there was one; a text that is no
    symbol any more stays as it is, and has no prices."""
    try:
        return canonical_symbol(text)
    except BadSymbol:
        return text


def written_symbol(text: str) -> str:
    """Return what to look for when somebody filters by a symbol: its normal form, and in capitals
    what is no symbol here."""
    try:
        return canonical_symbol(text)
    except BadSymbol:
        return text.upper()


def _parse(text: str) -> Symbol | None:
    if settled := _SETTLED.fullmatch(text):
        pair = _pair(settled[1], settled[2])
        return _perpetual(pair) if pair and settled[3] in (pair.base, pair.quote) else None
    if prefixed := _PREFIXED.fullmatch(text):
        return _of_exchange(prefixed[1].removesuffix("_DL"), prefixed[2])
    return _new_york_in(text) or _bare(text)


def _bare(text: str) -> Symbol | None:
    """Return the symbol without a prefix; the first kind whose form it has."""
    for read in (_pair_in, _perpetual_in, _future_in, _index_in, _listed_in):
        found = read(text)
        if found is not None:
            return found
    return None


def _new_york_in(text: str) -> Symbol | None:
    """Return the share in New York that has the suffix of Stooq and EODHD: `BRK-B.US`."""
    root = text.removesuffix(NEW_YORK_SUFFIX)
    if root == text or root.endswith(NEW_YORK_SUFFIX):
        return None
    found = _bare(root)
    return found if found and found.kind is SymbolKind.LISTED and not found.suffix else None


def _of_exchange(name: str, rest: str) -> Symbol | None:
    venue = PREFIXES.get(name)
    if venue is Venue.INDICES:
        index = f"^{rest.removeprefix('^')}"
        found = _index_in(ALIASES.get(index, index))
    elif venue in (None, Venue.PAIRS, Venue.FUTURES):
        found = _bare(rest)
    elif rest.endswith(NEW_YORK_SUFFIX):
        found = _new_york_in(rest) if venue is Venue.NEW_YORK else None
    else:
        found = _listed_in(rest)
    if found is None:
        return None
    found = replace(found, exchange=name)
    if found.kind is not SymbolKind.LISTED or venue is Venue.NEW_YORK:
        return found
    if venue is None or isinstance(venue, Venue):
        return replace(found, text=f"{name}:{found.text}")
    if found.suffix:
        return found if found.suffix == venue else None
    # TradingView writes a sign within a name as an underscore or a point, Yahoo as a hyphen.
    root = found.text.replace("_", "-").replace(".", "-")
    return replace(found, text=f"{root}.{venue}", suffix=venue)


def _pair_in(text: str) -> Symbol | None:
    if yahoo := _YAHOO_CURRENCY.fullmatch(text):
        return _pair(yahoo[1] or "USD", yahoo[2])
    if signed := _SIGNED_PAIR.fullmatch(text):
        return _pair(signed[1], signed[2])
    if len(text) == 8 and (kraken := _KRAKEN.fullmatch(text)):
        return _pair(kraken[1], kraken[2])
    if len(text) == 6 and text[:3] in _CURRENCIES and text[3:] in _CURRENCIES:
        return _pair(text[:3], text[3:])
    return _joined_crypto(text)


def _joined_crypto(text: str) -> Symbol | None:
    """Return the pair of a coin whose quote stands right behind it.

    Shares listed in New York have at most five letters, so that more of them with a quote at the
    end are a coin's; with fewer it is one of the coins that everybody knows.
    """
    if not text.isalnum():
        return None
    splits = [
        (text.removesuffix(quote), quote)
        for quote in (*_STABLE[:5], *_FIAT_QUOTES, *_COIN_QUOTES, *_STABLE[5:])
        if text.endswith(quote) and not text.removesuffix(quote).isdecimal() and text != quote
    ]
    # DOTUSD is DOT in USD, although DO in TUSD would do as well.
    splits.sort(key=lambda split: _COIN_ALIASES.get(split[0], split[0]) not in _COINS)
    for base, quote in splits:
        if len(text) >= 6 or base in _COINS:
            return _pair(base, quote)
    return None


def _pair(base: str, quote: str) -> Symbol | None:
    base, quote = _COIN_ALIASES.get(base, base), _COIN_ALIASES.get(quote, quote)
    if base == quote:
        return None
    if base in _CURRENCIES and quote in _CURRENCIES:
        return Symbol(base + quote, SymbolKind.CURRENCY_PAIR, base, quote)
    if quote in _STABLE or quote in _COIN_QUOTES or quote in _FIAT_QUOTES:
        return Symbol(base + quote, SymbolKind.CRYPTO_PAIR, base, quote)
    return None


def _perpetual_in(text: str) -> Symbol | None:
    match = _PERPETUAL.fullmatch(text)
    if match is None:
        return None
    pair = _pair_in(match[1])
    if pair is None and match[1] in _COINS:
        raise BadSymbol(f"{text!r} names no currency: write {match[1]}USDT.P or {match[1]}USD.P")
    return _perpetual(pair) if pair else None


def _perpetual(pair: Symbol) -> Symbol:
    return replace(pair, text=f"{pair.base}{pair.quote}.P", kind=SymbolKind.PERPETUAL)


def _future_in(text: str) -> Symbol | None:
    if text.startswith("/"):
        text = text.removeprefix("/")
        return _future_in(text) or (_future_in(f"{text}=F") if text in _ROOTS else None)
    if continuous := _CONTINUOUS.fullmatch(text):
        root, number = continuous[1] or continuous[2], continuous[3] or "1"
        return Symbol(f"{root}{number}!", SymbolKind.FUTURE)
    if _CONTRACT.fullmatch(text):
        return Symbol(text, SymbolKind.FUTURE)
    short = _SHORT_CONTRACT.fullmatch(text)
    if short and short[1] in _ROOTS:
        return Symbol(f"{short[1]}{short[2]}20{short[3]}", SymbolKind.FUTURE)
    return None


def _index_in(text: str) -> Symbol | None:
    return Symbol(text, SymbolKind.INDEX) if _INDEX.fullmatch(text) else None


def _listed_in(text: str) -> Symbol | None:
    if share := _CLASS.fullmatch(text):
        return Symbol(f"{share[1]}.{share[2]}", SymbolKind.LISTED)
    if preferred := _PREFERRED.fullmatch(text):
        return Symbol(f"{preferred[1]}-P{preferred[2]}", SymbolKind.LISTED)
    if not _LISTED.fullmatch(text):
        return None
    suffix = text.rpartition(".")[2] if "." in text else ""
    return Symbol(text, SymbolKind.LISTED, suffix=suffix if suffix in BY_SUFFIX else "")
