"""The terms of instruments: what a symbol tells, what its user said, and why."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import exchange_calendars
import numpy as np
import pytest

from kuber.market.calendars import calendar_for
from kuber.market.exchanges import BY_SUFFIX, INDICES
from kuber.market.instruments import CRYPTO, CURRENCIES, CURRENCIES_UTC, traits_of
from kuber.market.symbols import PRICED_IN, parse_symbol
from kuber.market.terms.changes import changed
from kuber.market.terms.defaults import YOURS, default_terms, effective_terms
from kuber.market.terms.markets import MARKETS
from kuber.market.terms.types import Change, TermsField
from kuber.market.types import Instrument, Source, Timeframe

FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)
SYMBOLS = ("AAPL", "VOD.L", "XNAS:ODD", "^GSPC", "^ODD", "ES1!", "EURUSD", "USDJPY", "BTCUSDT.P")
ACME = Instrument("ACME", "ACME", Source.IMPORTED, "XNYS", "USD", (Timeframe.D1,), FRIDAY, FRIDAY)


@pytest.mark.parametrize(
    ("symbol", "market", "currency", "tick", "step", "shortable"),
    [
        ("AAPL", "XNYS", "USD", "0.01", "1", None),
        ("VOD.L", "XLON", "GBX", None, None, None),
        ("FOO:BAR", CURRENCIES, "USD", None, None, None),
        ("^FTSE", "XLON", "GBP", None, None, False),
        ("ES1!", CURRENCIES, "USD", None, "1", True),
        ("EURUSD", CURRENCIES, "USD", "0.00001", "1", True),
        ("USDJPY", CURRENCIES, "JPY", "0.001", "1", True),
        ("USDINR", CURRENCIES, "INR", None, "1", True),
        ("XAUUSD", CURRENCIES, "USD", None, "1", True),
        ("BTCUSDT", CRYPTO, "USDT", None, None, None),
        ("BTCUSDT.P", CRYPTO, "USDT", None, None, True),
    ],
)
def test_a_symbol_tells_its_terms_and_nothing_is_invented(
    symbol: str,
    market: str,
    currency: str,
    tick: str | None,
    step: str | None,
    shortable: bool | None,
) -> None:
    terms = default_terms(symbol)
    assert (terms.market, terms.currency) == (market, currency)
    assert terms.tick == (None if tick is None else Decimal(tick))
    assert terms.quantity_step == (None if step is None else Decimal(step))
    assert terms.shortable is shortable
    assert terms.changed == ()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_term_has_its_reason_and_what_is_not_known_says_so(symbol: str) -> None:
    terms = default_terms(symbol)
    assert set(terms.reasons) == set(TermsField)
    for field, reason in terms.reasons.items():
        assert reason.endswith(".")
        if getattr(terms, field) is None:
            assert reason.startswith(("Not known:", "None:", "The moment decides:")), (
                field,
                reason,
            )


def test_what_a_user_said_counts_and_the_symbol_tells_the_rest() -> None:
    said = Change("VOD.L", market="24/7", tick=Decimal("0.05"), shortable=False)
    terms = effective_terms("VOD.L", said)
    assert (terms.market, terms.tick, terms.shortable) == ("24/7", Decimal("0.05"), False)
    assert (terms.currency, terms.quantity_step) == ("GBX", None)
    assert terms.changed == (TermsField.MARKET, TermsField.TICK, TermsField.SHORTABLE)
    assert terms.reasons[TermsField.TICK] == YOURS
    assert terms.reasons[TermsField.CURRENCY] != YOURS


def test_zeros_at_the_end_of_a_step_are_not_kept() -> None:
    said = Change("AAPL", tick=Decimal("0.05000000"), quantity_step=Decimal("100.00000000"))
    assert (str(said.tick), str(said.quantity_step)) == ("0.05", "100")


def test_an_instrument_takes_what_its_user_said_and_keeps_the_rest() -> None:
    said = Change("ACME", market="XLON", tick=Decimal("0.5"), shortable=False)
    seen = changed(ACME, said)
    assert seen == replace(ACME, calendar="XLON", tick=Decimal("0.5"), shortable=False)
    assert changed(ACME, None) is ACME


def test_every_market_that_is_offered_is_a_calendar_and_every_calendar_is_offered() -> None:
    round_the_clock = {CURRENCIES, CURRENCIES_UTC, CRYPTO}
    known = set(exchange_calendars.get_calendar_names(include_aliases=False))
    assert set(MARKETS) - round_the_clock <= known
    used = {one.calendar for one in (*BY_SUFFIX.values(), *INDICES.values())}
    assert used <= set(MARKETS)
    assert len(set(MARKETS.values())) == len(MARKETS), "two markets have one name"


def test_every_exchange_prices_in_something_that_a_user_may_choose() -> None:
    assert {one.currency for one in (*BY_SUFFIX.values(), *INDICES.values())} <= PRICED_IN
    pairs = ("EURUSD", "BTCUSDT", "ETHBTC", "USDCNH", "SOLFDUSD")
    assert {traits_of(one).currency for one in pairs} <= PRICED_IN
    assert all(parse_symbol(one).quote for one in pairs)


def test_days_of_24_5_utc_end_at_midnight_and_its_hours_are_those_of_24_5() -> None:
    ends_late, usual = calendar_for(CURRENCIES_UTC), calendar_for(CURRENCIES)
    day = np.datetime64("2026-11-18", "D")
    days = ends_late.trading_days(day, day)
    at = int(np.searchsorted(days.dates, day))
    assert days.closes[at] == np.datetime64("2026-11-19T00:00", "us")
    usual_days = usual.trading_days(day, day)
    at = int(np.searchsorted(usual_days.dates, day))
    assert usual_days.closes[at] == np.datetime64("2026-11-18T22:00", "us")
    hours = np.arange(np.datetime64("2026-11-13T00", "h"), np.datetime64("2026-11-24T00", "h"))
    instants = hours.astype("datetime64[us]")
    assert np.array_equal(ends_late.trades_at(instants), usual.trades_at(instants))
    assert ends_late.clock_aligned
    dates = np.arange(np.datetime64("2026-11-01", "D"), np.datetime64("2026-11-30", "D"))
    assert np.array_equal(ends_late.week_of(dates), usual.week_of(dates))
