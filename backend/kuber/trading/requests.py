"""What every desk checks of an order before anything is done with it."""

from decimal import Decimal

from kuber.brokers.port import Side
from kuber.trading.errors import RefusedOrder
from kuber.trading.lifecycle import recorded
from kuber.trading.types import TradeRequest

MOST = Decimal(10) ** 12
"""Quantities and prices from here on are on no record."""

TRADING_MODES = ("simulation", "validation")
"""Modes in which orders are taken in this installation; paper and live need a broker connection."""


def check_request(request: TradeRequest) -> None:
    """Raise RefusedOrder when quantity, prices and side make no sense together."""
    prices = (request.reference_price, request.price_tick, request.stop_loss, *request.targets)
    if not all(price.is_finite() and price > 0 for price in (*prices, request.quantity)):
        raise RefusedOrder("Quantity and every price of an order must be finite and above zero.")
    if max(*prices, request.quantity) >= MOST:
        raise RefusedOrder(f"Quantity and every price of an order must be below {MOST:f}.")
    if not recorded(request.quantity):
        raise RefusedOrder("The quantity is too small to be recorded; it has more than 8 places.")
    gain = 1 if request.side is Side.BUY else -1
    if (request.reference_price - request.stop_loss) * gain <= 0:
        raise RefusedOrder("The stop must lie on the losing side of the price.")
    if any((target - request.reference_price) * gain <= 0 for target in request.targets):
        raise RefusedOrder("Every target must lie on the winning side of the price.")
