"""Why nothing happens, in words."""

from datetime import UTC, datetime

import pytest

from kuber.trading.positions.waiting import opens_again, waits_of_order, waits_of_position

SUNDAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("symbol", "now", "said"),
    [
        ("AAPL", SUNDAY, "NYSE opens Mon 14:30 UTC"),
        ("AAPL", MONDAY, None),
        ("BTCUSD", SUNDAY, None),
        ("EURUSD", SUNDAY, "The currency market opens Sun 22:00 UTC"),
        ("VOD.L", SUNDAY, "London Stock Exchange opens Mon 08:00 UTC"),
    ],
)
def test_m22_a_closed_market_says_when_it_opens(
    symbol: str, now: datetime, said: str | None
) -> None:
    assert opens_again(symbol, now) == said


def test_an_order_says_what_it_waits_for() -> None:
    assert waits_of_order("AAPL", "market_closed", SUNDAY) == "NYSE opens Mon 14:30 UTC."
    assert waits_of_order("AAPL", None, SUNDAY) == "NYSE opens Mon 14:30 UTC."
    assert waits_of_order("AAPL", None, MONDAY) is None
    assert waits_of_order("BTCUSD", None, SUNDAY) is None
    assert waits_of_order("AAPL", "market_closed", SUNDAY, live=False) is None
    assert waits_of_order("AAPL", "halted", MONDAY) == (
        "Trading in AAPL is halted; it goes on when the halt ends."
    )


def test_an_order_for_extended_hours_waits_for_the_open_outside_of_them_only() -> None:
    def waits(now: datetime) -> str | None:
        return waits_of_order("AAPL", None, now, extended_hours=True)

    assert waits(MONDAY.replace(hour=13)) is None
    assert waits_of_order("AAPL", None, MONDAY.replace(hour=13)) == "NYSE opens Mon 14:30 UTC."
    assert waits(SUNDAY) == "NYSE opens Mon 14:30 UTC."


def test_a_position_says_each_reason_once_and_a_closed_one_none() -> None:
    def waits(status: str, *reasons: str, priced: bool = True) -> list[str]:
        return waits_of_position("AAPL", status, reasons, priced=priced, now=SUNDAY)

    assert waits("closing", "market_closed") == ["NYSE opens Mon 14:30 UTC."]
    assert waits("open") == []
    assert waits("closed", priced=False) == []
    assert waits("frozen")[0].startswith("Kuber does nothing more with it by itself")
    assert waits("open", priced=False) == [
        "There is no new price of AAPL; it goes on with the next one."
    ]
