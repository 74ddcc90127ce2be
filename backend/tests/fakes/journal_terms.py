"""What market orders of the journal say beside side and quantity, for tests."""

from kuber.kernel.orders import OrderType, TimeInForce
from kuber.trading.order_types import SettlementStatus
from kuber.trading.orders import JournalTerms


def market_terms(settled: SettlementStatus) -> JournalTerms:
    """Return the terms of an order of the day at the market, of which nothing remains."""
    return JournalTerms(
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        extended_hours=False,
        limit_price=None,
        stop_price=None,
        trail_amount=None,
        trail_percent=None,
        expires_at=None,
        remaining=None,
        waits_for=None,
        settlement_status=settled,
    )
