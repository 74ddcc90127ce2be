"""The estimated entry of a scratch run: at once, at the last price known, moved by slippage."""

from dataclasses import dataclass

from kuber.exchange.behaviour import Behaviour
from kuber.exchange.types import NewOrder
from kuber.exchange.units import MILLION, half_up_to
from kuber.kernel.orders import Side


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order would have cost. No exchange filled it: whoever shows it says so.

    `quantity`, `price` and `fee` in their units (`kuber.exchange.units`).
    """

    quantity: int
    price: int
    fee: int
    estimated: bool = True


def estimate(order: NewOrder, last_price: int, behaviour: Behaviour) -> Estimate | None:
    """Return the whole order at `last_price`, moved against it by slippage, on the tick.

    None for a limit order that this price does not reach; its limit bounds the slippage. Hours,
    chance and volume play no part (rule M22).
    """
    buys = order.side is Side.BUY
    limit = order.limit_price
    if limit is not None and ((last_price > limit) if buys else (last_price < limit)):
        return None
    moved = last_price * (MILLION + (behaviour.slippage if buys else -behaviour.slippage))
    price = moved // MILLION
    tick = order.spec.tick_at(price)
    price = max(half_up_to(price, tick), tick)
    if limit is not None:
        price = min(price, limit) if buys else max(price, limit)
    fee = behaviour.fees.total(order.quantity, price * order.quantity)
    return Estimate(order.quantity, price, fee)
