"""One normal form for a symbol, whoever writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.exchanges import ALIASES, BY_SUFFIX, INDICES, PREFIXES
from kuber.market.instruments import CRYPTO, CURRENCIES, EXCHANGE, pair_of, traits_of
from kuber.market.symbols import (
    MAX_LENGTH,
    MAX_WRITTEN,
    BadSymbol,
    SymbolKind,
    canonical_symbol,
    parse_symbol,
    stored_symbol,
)

K = SymbolKind
SAME = {
    "AAPL": ("aapl", " AAPL ", "NASDAQ:AAPL", "EQ:AAPL", "AAPL.US", "aapl.us", "US:AAPL.US"),
    "BRK.B": ("BRK-B", "BRK/B", "NYSE:BRK.B", "brk.b", "BRK-B.US", "BRK.B.US"),
    "BAC-PL": ("BAC/PL", "BAC.PRL", "BAC-PL.US"),
    "VOD.L": ("LSE:VOD", "LSE:VOD.L"),
    "RCI-B.TO": ("TSX:RCI.B", "TSX:RCI_B"),
    "0700.HK": ("HKEX:0700",),
    "BAJAJ-AUTO.NS": ("NSE:BAJAJ_AUTO",),
    "M&M.NS": ("NSE:M_M",),
    "^GSPC": ("SP:SPX", "TVC:SPX", "^SPX"),
    "^VIX": ("CBOE:VIX", "I:VIX"),
    "EURUSD": ("EUR/USD", "eur-usd", "EUR_USD", "EURUSD=X", "OANDA:EUR_USD", "FX:EURUSD"),
    "USDJPY": ("JPY=X", "USD/JPY"),
    "BTCUSD": ("BTC/USD", "XBTUSD", "XXBTZUSD", "COINBASE:BTCUSD", "X:BTC-USD"),
    "BTCUSDT": ("BTC/USDT", "BTC-USDT", "BTC_USDT", "BINANCE:BTCUSDT"),
    "DOTUSD": ("DOT/USD",),
    "BTCTUSD": ("BTC/TUSD",),
    "BTCUSDT.P": (
        "BTC/USDT:USDT",
        "BTC-USDT-SWAP",
        "BTCUSDTPERP",
        "BYBIT:BTCUSDT.P",
        "BTCUSDT_PERP",
    ),
    "ES1!": ("ES=F", "/ES", "CME_MINI:ES1!", "CME_MINI_DL:ES1!"),
    "ES2!": ("CME:ES2!",),
    "ESZ2024": ("ESZ24", "/ESZ24", "CME:ESZ2024"),
    "6EH2025": ("6EH25",),
    "EURONEXT:AIR": (),
    "OANDA:US30": (),
    "V": ("V.US",),
    "STOOQ:AAPL.US": (),
    "BTCUSD.US": (),
    "A.US.US": (),
}


@pytest.mark.parametrize(
    ("symbol", "written"), [(one, text) for one, texts in SAME.items() for text in (one, *texts)]
)
def test_each_way_of_writing_a_symbol_has_one_normal_form(symbol: str, written: str) -> None:
    assert canonical_symbol(written) == symbol


@pytest.mark.parametrize(
    ("symbol", "kind", "calendar", "currency"),
    [
        ("AAPL", K.LISTED, EXCHANGE, "USD"),
        ("BRK.B", K.LISTED, EXCHANGE, "USD"),
        ("VOD.L", K.LISTED, "XLON", "GBX"),
        ("7203.T", K.LISTED, "XTKS", "JPY"),
        ("EURONEXT:AIR", K.LISTED, CURRENCIES, "USD"),
        ("^GSPC", K.INDEX, EXCHANGE, "USD"),
        ("^N225", K.INDEX, "XTKS", "JPY"),
        ("^STOXX", K.INDEX, CURRENCIES, "USD"),
        ("ES1!", K.FUTURE, CURRENCIES, "USD"),
        ("ESZ2024", K.FUTURE, CURRENCIES, "USD"),
        ("EURUSD", K.CURRENCY_PAIR, CURRENCIES, "USD"),
        ("USDINR", K.CURRENCY_PAIR, CURRENCIES, "INR"),
        ("USDBRL", K.CURRENCY_PAIR, CURRENCIES, "BRL"),
        ("XAUUSD", K.CURRENCY_PAIR, CURRENCIES, "USD"),
        *((f"{coin}USDT", K.CRYPTO_PAIR, CRYPTO, "USDT") for coin in ("TRX", "PEPE", "TON", "WIF")),
        ("MATICUSDT", K.CRYPTO_PAIR, CRYPTO, "USDT"),
        ("1000PEPEUSDT", K.CRYPTO_PAIR, CRYPTO, "USDT"),
        ("BTCFDUSD", K.CRYPTO_PAIR, CRYPTO, "FDUSD"),
        ("EURUSDT", K.CRYPTO_PAIR, CRYPTO, "USDT"),
        ("USDCUSDT", K.CRYPTO_PAIR, CRYPTO, "USDT"),
        ("TONBTC", K.CRYPTO_PAIR, CRYPTO, "BTC"),
        ("BTCUSDT.P", K.PERPETUAL, CRYPTO, "USDT"),
    ],
)
def test_a_symbol_tells_its_kind_its_market_and_its_currency(
    symbol: str, kind: SymbolKind, calendar: str, currency: str
) -> None:
    assert parse_symbol(symbol).kind is kind
    traits = traits_of(symbol)
    assert (traits.calendar, traits.currency) == (calendar, currency)


@pytest.mark.parametrize(
    "symbol", ["V", "A", "GOLD", "BETH", "FUSD", "GBTC", "SPY", "AAPL240119C00150000"]
)
def test_a_short_name_that_ends_like_a_pair_is_listed(symbol: str) -> None:
    assert parse_symbol(symbol).kind is K.LISTED
    assert pair_of(symbol) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a symbol"),
        ("A B", "is not a symbol"),
        ("AAPL/", "is not a symbol"),
        ("$AAPL", "is not a symbol"),
        ("<script>", "is not a symbol"),
        ("ÄPFEL", "is not a symbol"),
        ("M\u017fFT", "is not a symbol"),
        ("AAPL\u00a0X", "is not a symbol"),
        ("\u00df", "is not a symbol"),
        ("USD/USD", "is not a symbol"),
        ("LSE:BMW.DE", "is not a symbol"),
        ("LSE:VOD.US", "is not a symbol"),
        ("A" * (MAX_LENGTH + 1), "is not a symbol"),
        ("A" * (MAX_WRITTEN + 1), "is not a symbol"),
        ("BTC-PERP", "write BTCUSDT.P or BTCUSD.P"),
    ],
)
def test_what_is_no_symbol_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(BadSymbol, match=says):
        parse_symbol(text)


@given(st.text("ABCDEFGHUSTXZ0129.-/_:=!^&", min_size=1, max_size=14))
def test_a_normal_form_is_its_own(text: str) -> None:
    try:
        found = parse_symbol(text)
    except BadSymbol:
        return
    again = parse_symbol(found.text)
    assert (again.text, again.kind, again.base, again.quote, again.suffix) == (
        found.text,
        found.kind,
        found.base,
        found.quote,
        found.suffix,
    )
    traits_of(found.text)


def test_the_tables_name_what_there_is() -> None:
    assert {one for one in PREFIXES.values() if isinstance(one, str) and one.isupper()} <= set(
        BY_SUFFIX
    )
    for target in ALIASES.values():
        assert canonical_symbol(target) == target
    for index in INDICES:
        assert parse_symbol(index).kind is K.INDEX
    import exchange_calendars

    known = set(exchange_calendars.get_calendar_names())
    assert {one.calendar for one in (*BY_SUFFIX.values(), *INDICES.values())} <= known


def test_a_stored_name_that_is_no_symbol_any_more_harms_nobody() -> None:
    assert stored_symbol("FOO=BAR") == "FOO=BAR"
    assert stored_symbol("BRK-B") == "BRK.B"
    assert traits_of("FOO=BAR").calendar == CURRENCIES
    assert pair_of("FOO=BAR") is None


def test_a_no_break_space_around_a_symbol_counts_as_a_space() -> None:
    assert canonical_symbol("\u00a0aapl\u00a0") == "AAPL"
