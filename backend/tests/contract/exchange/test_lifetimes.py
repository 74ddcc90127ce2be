"""Until when an order lives, by the market's calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kuber.exchange.lifetimes import expires_at, in_extended_hours, too_late_for
from kuber.kernel.orders import TimeInForce
from kuber.market.calendars import calendar_for

NEW_YORK = ZoneInfo("America/New_York")
STOCKS = calendar_for("XNYS")


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("sent", "extended", "ends"),
    [
        ("2026-11-30T10:00", False, "2026-11-30T16:00"),
        ("2026-11-30T16:00", False, "2026-12-01T16:00"),
        ("2026-11-30T08:00", False, "2026-11-30T16:00"),
        ("2026-11-27T10:00", False, "2026-11-27T13:00"),  # a half day
        ("2026-11-27T13:00", False, "2026-11-30T16:00"),  # and the weekend after it
        ("2026-11-30T17:00", True, "2026-11-30T20:00"),
        ("2026-11-27T14:00", True, "2026-11-27T17:00"),
        ("2026-11-30T20:00", True, "2026-12-01T20:00"),
    ],
)
def test_a_day_order_ends_with_its_session(sent: str, ends: str, *, extended: bool) -> None:
    found = expires_at(TimeInForce.DAY, ny(sent), STOCKS, extended_hours=extended)
    assert found == ny(ends)


def test_daylight_saving_moves_the_end_in_utc() -> None:
    summer = expires_at(TimeInForce.DAY, ny("2026-10-30T10:00"), STOCKS)
    winter = expires_at(TimeInForce.DAY, ny("2026-11-02T10:00"), STOCKS)
    assert summer is not None
    assert winter is not None
    assert (summer.hour, winter.hour) == (20, 21)


def test_a_gtc_order_ends_after_90_days_at_a_quarter_past_four() -> None:
    found = expires_at(TimeInForce.GTC, ny("2026-09-01T10:00"), STOCKS)
    assert found == ny("2026-11-30T16:15")


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_orders_that_cannot_wait_have_no_end(tif: TimeInForce) -> None:
    assert expires_at(tif, ny("2026-11-30T10:00"), STOCKS) is None


def test_a_day_of_coins_ends_at_midnight_utc() -> None:
    found = expires_at(TimeInForce.DAY, ny("2026-11-28T10:00"), calendar_for("24/7"))
    assert found == datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tif", "sent", "auction"),
    [
        (TimeInForce.OPG, "2026-11-30T09:00", "2026-11-30T09:45"),
        (TimeInForce.OPG, "2026-11-30T19:30", "2026-12-01T09:45"),
        (TimeInForce.CLS, "2026-11-30T15:00", "2026-11-30T16:15"),
        (TimeInForce.CLS, "2026-11-27T12:00", "2026-11-27T13:15"),
        (TimeInForce.CLS, "2026-11-30T19:30", "2026-12-01T16:15"),
    ],
)
def test_an_order_for_an_auction_waits_for_the_next_one(
    tif: TimeInForce, sent: str, auction: str
) -> None:
    assert expires_at(tif, ny(sent), STOCKS) == ny(auction)


def test_on_days_without_a_session_all_orders_for_auctions_are_queued() -> None:
    for tif in (TimeInForce.OPG, TimeInForce.CLS):
        assert not too_late_for(tif, ny("2026-11-28T12:00"), STOCKS)
        assert not too_late_for(tif, ny("2026-11-26T12:00"), STOCKS)  # Thanksgiving


@pytest.mark.parametrize(
    ("clock", "extended"),
    [
        ("03:59", False),
        ("04:00", True),
        ("09:29", True),
        ("09:30", False),
        ("16:00", True),
        ("19:59", True),
        ("20:00", False),
    ],
)
def test_extended_hours_lie_before_and_after_the_session(clock: str, *, extended: bool) -> None:
    assert in_extended_hours(ny(f"2026-11-30T{clock}"), STOCKS) is extended
