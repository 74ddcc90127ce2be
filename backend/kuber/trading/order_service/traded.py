"""What an instrument is traded under, as the simulated venue needs it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kuber.exchange.events import MarketPhase
from kuber.exchange.lifetimes import in_extended_hours
from kuber.exchange.types import AssetClass, Spec
from kuber.exchange.units import to_price, to_quantity
from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.symbols import SymbolKind, parse_symbol
from kuber.market.terms.types import Terms

_PRE_OPENS = timedelta(hours=6)
"""Extended hours within this of the open are those before it."""
_FINE = Decimal("0.0001")
_CENT = Decimal("0.01")
_UNKNOWN_TICK = Decimal("0.00001")
_COIN_STEP = Decimal("0.000001")
_CLASSES = {
    SymbolKind.CRYPTO_PAIR: AssetClass.CRYPTO,
    SymbolKind.PERPETUAL: AssetClass.CRYPTO,
    SymbolKind.CURRENCY_PAIR: AssetClass.CURRENCY,
}


@dataclass(frozen=True, slots=True)
class Traded:
    """Steps, class and hours of one instrument as one user sees it."""

    symbol: str
    spec: Spec
    currency: str
    calendar: TradingCalendar

    def phase(self, now: datetime) -> tuple[MarketPhase, datetime]:
        """Return the market's phase, and until when it is that at most."""
        calendar = self.calendar
        if calendar.is_open(now):
            return MarketPhase.OPEN, calendar.session_close(now)
        until = calendar.next_open(now)
        if calendar.clock_aligned or not in_extended_hours(now, calendar):
            return MarketPhase.CLOSED, until
        return MarketPhase.PRE if until - now < _PRE_OPENS else MarketPhase.POST, until


def traded_as(terms: Terms) -> Traded | None:
    """Return how an instrument is traded, None when it cannot be (an index).

    Steps that are not known are those that plans are rounded to (see `market.terms.defaults`): for
    coins 0.00001 and 0.000001 units, for shares 0.01 (below 1.00 0.0001) and whole ones.
    """
    kind = parse_symbol(terms.symbol).kind
    if kind is SymbolKind.INDEX:
        return None
    asset_class = _CLASSES.get(kind, AssetClass.EQUITY)
    tick, fine = terms.tick, None
    if asset_class is AssetClass.EQUITY and tick in (None, _CENT):
        tick, fine = _CENT, _FINE
    step = _COIN_STEP if asset_class is AssetClass.CRYPTO else Decimal(1)
    spec = Spec(
        tick=to_price(tick or _UNKNOWN_TICK, "tick"),
        lot=to_quantity(terms.quantity_step or step, "quantity_step"),
        currency=terms.currency,
        asset_class=asset_class,
        shortable=terms.shortable is not False,
        fine_tick=None if fine is None else to_price(fine, "tick"),
    )
    return Traded(terms.symbol, spec, terms.currency, calendar_for(terms.market))
