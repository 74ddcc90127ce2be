"""How the simulated venue answers an order: a pure function of the order and the options."""

import random
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from kuber.brokers.port import BracketOrder, Fill, OrderReport, OrderStatus, Side, SimulationOptions
from kuber.kernel.money import quantize

COARSE_TICK = 2
"""Decimal places of a fill price from 20 units of currency upwards (cents)."""
FINE_TICK = 5
"""Decimal places below that (currency pairs, small coins)."""


def simulate(order: BracketOrder, options: SimulationOptions, cash: Decimal) -> OrderReport:
    """Return the venue's report on a market order.

    The draw comes from `order.seed` alone. The price moves against the order by
    `options.slippage`; the fill carries the order's `as_of`, because no later price may be seen.
    `cash` is what the account can still spend.
    """
    draw = random.Random(order.seed)  # noqa: S311  must be repeatable
    rejected, partial, part = draw.random(), draw.random(), draw.uniform(0.3, 0.9)
    if rejected < options.rejection_rate:
        return _rejected(order, "The simulated venue rejected the order (rejection rate).")
    price = fill_price(order.side, order.reference_price, options.slippage)
    quantity = order.quantity
    if partial < options.partial_fill_rate:
        quantity = _part_of(order.quantity, Decimal(str(round(part, 4))))
    commission = quantize(quantity * options.commission_per_share, 2, ROUND_HALF_UP)
    if order.side is Side.BUY and quantity * price + commission > cash:
        return _rejected(
            order, f"Not enough cash: {quantity * price + commission:.2f} needed, {cash:.2f} free."
        )
    whole = quantity == order.quantity
    reason = (
        "Filled at the simulated market."
        if whole
        else f"The venue filled {quantity.normalize():f} of {order.quantity.normalize():f} units."
    )
    return OrderReport(
        order.client_order_id,
        OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED,
        reason,
        (Fill(order.as_of, quantity, price, commission),),
    )


def fill_price(side: Side, reference: Decimal, slippage: Decimal) -> Decimal:
    """Return `reference` moved against `side` by the fraction `slippage`, rounded to the tick."""
    move = slippage if side is Side.BUY else -slippage
    places = COARSE_TICK if reference >= 20 else FINE_TICK
    return quantize(reference * (1 + move), places, ROUND_HALF_UP)


def _part_of(quantity: Decimal, part: Decimal) -> Decimal:
    whole_units = quantity == quantity.to_integral_value()
    filled = quantize(quantity * part, 0 if whole_units else 8, ROUND_DOWN)
    return filled if filled > 0 else quantity


def _rejected(order: BracketOrder, reason: str) -> OrderReport:
    return OrderReport(order.client_order_id, OrderStatus.REJECTED, reason)
