"""How the simulated venue answers an order: a pure function of the order and the options."""

import random
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from kuber.brokers.port import (
    Acknowledged,
    BracketOrder,
    Execution,
    OrderState,
    OrderStatus,
    Rejected,
    Side,
)
from kuber.kernel.ids import OrderId
from kuber.kernel.money import quantize

COARSE_TICK = 2
"""Decimal places of a fill price from 20 units of currency upwards (cents)."""
FINE_TICK = 5
"""Decimal places below that (currency pairs, small coins)."""


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """How unkind the simulated venue is.

    `slippage`, `partial_fill_rate` and `rejection_rate` are fractions in [0, 1];
    `commission_per_share` and `starting_balance` are in the account's currency.
    """

    slippage: Decimal = Decimal("0.001")
    commission_per_share: Decimal = Decimal("0.005")
    partial_fill_rate: Decimal = Decimal("0.20")
    rejection_rate: Decimal = Decimal("0.05")
    starting_balance: Decimal = Decimal(100000)


@dataclass(frozen=True, slots=True)
class SimulatedMoment:
    """When an order meets the market, and the seed from which its chance is drawn."""

    as_of: datetime
    seed: int


def simulate(
    order: BracketOrder, moment: SimulatedMoment, options: SimulationOptions, cash: Decimal
) -> Acknowledged | Rejected:
    """Return the venue's answer to a market order.

    The draw comes from the moment's seed alone. The price moves against the order by
    `options.slippage`; the execution carries the moment's `as_of`, because no later price may be
    seen. What is not filled at once is cancelled. `cash` is what the account can still spend.
    """
    draw = random.Random(moment.seed)  # noqa: S311  must be repeatable
    rejected, partial, part = draw.random(), draw.random(), draw.uniform(0.3, 0.9)
    if rejected < options.rejection_rate:
        return Rejected("The simulated venue rejected the order (rejection rate).")
    price = fill_price(order.side, order.reference_price, options.slippage)
    quantity = order.quantity
    if partial < options.partial_fill_rate:
        quantity = _part_of(order.quantity, Decimal(str(round(part, 4))))
    commission = quantize(quantity * options.commission_per_share, 2, ROUND_HALF_UP)
    if order.side is Side.BUY and quantity * price + commission > cash:
        return Rejected(
            f"Not enough cash: {quantity * price + commission:.2f} needed, {cash:.2f} free."
        )
    whole = quantity == order.quantity
    reason = (
        "Filled at the simulated market."
        if whole
        else f"The venue filled {quantity.normalize():f} of {order.quantity.normalize():f} units."
    )
    return Acknowledged(
        OrderState(
            order.client_order_id,
            OrderStatus.FILLED if whole else OrderStatus.CANCELLED,
            quantity,
            reason,
        ),
        (
            Execution(
                execution_id_for(order.client_order_id, 1),
                order.client_order_id,
                moment.as_of,
                quantity,
                price,
                commission,
            ),
        ),
    )


def execution_id_for(order_id: OrderId, number: int) -> str:
    """Return the id that the simulated venue gives the execution `number`, from 1, of an order."""
    return f"{order_id}-{number}"


def fill_price(side: Side, reference: Decimal, slippage: Decimal) -> Decimal:
    """Return `reference` moved against `side` by the fraction `slippage`, rounded to the tick."""
    move = slippage if side is Side.BUY else -slippage
    places = COARSE_TICK if reference >= 20 else FINE_TICK
    return quantize(reference * (1 + move), places, ROUND_HALF_UP)


def _part_of(quantity: Decimal, part: Decimal) -> Decimal:
    whole_units = quantity == quantity.to_integral_value()
    filled = quantize(quantity * part, 0 if whole_units else 8, ROUND_DOWN)
    return filled if filled > 0 else quantity
