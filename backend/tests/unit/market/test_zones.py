"""The zones of markets, against those of the library that knows their hours."""

import pytest

from kuber.market.exchanges import BY_SUFFIX, INDICES
from kuber.market.instruments import EXCHANGE
from kuber.market.zones import zone_of

EXCHANGES = sorted({EXCHANGE, *(one.calendar for one in (*BY_SUFFIX.values(), *INDICES.values()))})


@pytest.mark.parametrize("code", EXCHANGES)
def test_an_exchange_has_the_zone_of_its_calendar(code: str) -> None:
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(code, start="2024-01-01", end="2024-02-01")
    assert zone_of(code) == str(calendar.tz)


def test_coins_go_by_utc_and_currencies_by_new_york() -> None:
    assert (zone_of("24/7"), zone_of("24/5")) == ("UTC", "America/New_York")


def test_a_market_that_is_not_known_goes_by_utc() -> None:
    assert zone_of("XXXX") == "UTC"
