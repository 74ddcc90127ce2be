"""Why nothing happens with a position or an order, in words."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from kuber.exchange.events import HoldReason
from kuber.exchange.lifetimes import in_extended_hours
from kuber.market.calendars import calendar_for
from kuber.market.instruments import CURRENCIES, CURRENCIES_UTC, traits_of
from kuber.market.terms.markets import market_name
from kuber.trading.management.position import Status

_SHORT_NAMES = {"XNYS": "NYSE", CURRENCIES: "The currency market", CURRENCIES_UTC: "The market"}
_FROZEN = "Kuber does nothing more with it by itself. Decide what to do: close it, or wait."
_DUST = "Too little is left to be sold. Close it by hand to try all the same."
_NO_PRICE = "There is no new price of {symbol}; it goes on with the next one."
_WAITS: dict[str, str] = {
    HoldReason.HALTED: "Trading in {symbol} is halted; it goes on when the halt ends.",
    HoldReason.NO_FRESH_PRICE: _NO_PRICE,
    HoldReason.NO_LIQUIDITY: "What the last price offered is used up; it waits for the next one.",
}


def waits_of_position(
    symbol: str, status: str, waits_for: Iterable[str], *, priced: bool, now: datetime
) -> list[str]:
    """Return why nothing happens with a position, nothing when all goes its way.

    waits_for: what its live orders wait for at the venue. priced: whether a fresh price is known.
    """
    return list(dict.fromkeys(_reasons(symbol, status, waits_for, priced=priced, now=now)))


def waits_of_order(
    symbol: str,
    waits_for: str | None,
    now: datetime,
    *,
    live: bool = True,
    extended_hours: bool = False,
) -> str | None:
    """Return why an order does not trade, None when it waits for nothing but its price.

    waits_for: what the venue says. live: whether the order may still be filled.
    """
    if not live:
        return None
    if waits_for is not None:
        return _sentence(symbol, waits_for, now)
    calendar = calendar_for(traits_of(symbol).calendar)
    if extended_hours and not calendar.clock_aligned and in_extended_hours(now, calendar):
        return None
    opens = opens_again(symbol, now)
    return None if opens is None else f"{opens}."


def opens_again(symbol: str, now: datetime) -> str | None:
    """Return when a symbol's market opens, None while it trades: `NYSE opens Mon 14:30 UTC`."""
    code = traits_of(symbol).calendar
    calendar = calendar_for(code)
    if calendar.is_open(now):
        return None
    name = _SHORT_NAMES.get(code) or market_name(code)
    return f"{name} opens {calendar.next_open(now):%a %H:%M} UTC"


def _reasons(
    symbol: str, status: str, waits_for: Iterable[str], *, priced: bool, now: datetime
) -> Iterator[str]:
    if status == Status.FROZEN:
        yield _FROZEN
    if status == Status.DUST:
        yield _DUST
    if status == Status.CLOSED:
        return
    for reason in waits_for:
        yield _sentence(symbol, reason, now)
    acts = status in (Status.OPENING, Status.CLOSING)
    opens = opens_again(symbol, now) if acts else None
    if opens is not None:
        yield f"{opens}."
    elif not priced:
        yield _NO_PRICE.format(symbol=symbol)


def _sentence(symbol: str, waits_for: str, now: datetime) -> str:
    if waits_for == HoldReason.MARKET_CLOSED:
        opens = opens_again(symbol, now)
        return "It waits for the market." if opens is None else f"{opens}."
    return _WAITS.get(waits_for, waits_for.replace("_", " ")).format(symbol=symbol)
