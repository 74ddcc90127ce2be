"""What every desk checks of an order before anything is done with it."""

from kuber.brokers.port import Side
from kuber.trading.bounds import out_of_bounds
from kuber.trading.errors import RefusedOrder
from kuber.trading.types import TradeRequest

TRADING_MODES = ("simulation", "validation")
"""Modes in which orders are taken in this installation; paper and live need a broker connection."""


def check_request(request: TradeRequest) -> None:
    """Raise RefusedOrder when quantity, prices and side make no sense together."""
    prices = {
        "reference_price": request.reference_price,
        "price_tick": request.price_tick,
        "stop_loss": request.stop_loss,
        **{f"targets.{number}": price for number, price in enumerate(request.targets)},
    }
    beyond = out_of_bounds(request.quantity, prices)
    if beyond is not None:
        raise RefusedOrder(f"{beyond}", [beyond.problem])
    gain = 1 if request.side is Side.BUY else -1
    if (request.reference_price - request.stop_loss) * gain <= 0:
        raise RefusedOrder("The stop must lie on the losing side of the price.")
    if any((target - request.reference_price) * gain <= 0 for target in request.targets):
        raise RefusedOrder("Every target must lie on the winning side of the price.")
