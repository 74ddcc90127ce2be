"""The zones of markets, against those of the library that knows their hours."""

from importlib import import_module

import pytest

from kuber.market.exchanges import BY_SUFFIX, INDICES
from kuber.market.instruments import CRYPTO, CURRENCIES_UTC, EXCHANGE
from kuber.market.terms.markets import MARKETS
from kuber.market.zones import zone_of

EXCHANGES = sorted(
    {
        EXCHANGE,
        "CMES",
        *(one.calendar for one in (*BY_SUFFIX.values(), *INDICES.values())),
    }
)


@pytest.mark.parametrize("code", EXCHANGES)
def test_an_exchange_has_the_zone_of_its_calendar(code: str) -> None:
    module = import_module(f"exchange_calendars.exchange_calendar_{code.lower()}")
    zone = getattr(module, f"{code}ExchangeCalendar").tz
    # To make a calendar takes a second: the zone of most is a property that needs none.
    if isinstance(zone, property):
        assert zone.fget is not None
        zone = zone.fget(None)
    assert zone_of(code) == str(zone)


def test_every_market_that_is_offered_has_a_zone() -> None:
    named = {code for code in MARKETS if zone_of(code) != "UTC"}
    assert set(MARKETS) - named == {CRYPTO, CURRENCIES_UTC}


def test_coins_go_by_utc_and_currencies_by_new_york() -> None:
    assert (zone_of("24/7"), zone_of("24/5")) == ("UTC", "America/New_York")


def test_a_market_that_is_not_known_goes_by_utc() -> None:
    assert zone_of("XXXX") == "UTC"
