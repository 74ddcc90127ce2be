"""What a ticket would become, or why it is refused: told before anything is written.

The venue's rules are those of `exchange.checks`, under the venue's codes; the others are Kuber's.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kuber.exchange.checks import Draft, Refusal, Situation, check
from kuber.exchange.rules import OrderClass
from kuber.exchange.types import LIMITED, STOPS, AssetClass
from kuber.exchange.units import (
    QUANTITY_ONE,
    floor_to,
    from_price,
    from_quantity,
    to_price,
    to_quantity,
)
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.ledger.units import plain
from kuber.trading.accounts.schemas import DEFAULT_STOP
from kuber.trading.bounds import CODE, out_of_bounds
from kuber.trading.order_service.admitting import on_tick
from kuber.trading.order_service.traded import Traded
from kuber.trading.quotes import Priced
from kuber.trading.tickets.errors import TicketRefused
from kuber.trading.tickets.schemas import OrderTicket

_FIELDS = {
    "quantity_or_notional": "quantity",
    "fractional_is_simple": "order_class",
    "fractional_minimum": "quantity",
    "fractional_short": "quantity",
    "not_fractionable": "quantity",
    "bracket_entry_type": "type",
    "oco_is_limit": "type",
    "auction_type": "type",
    "coins_types": "type",
    "options_types": "type",
    "extended_is_limit": "type",
    "exits_in_session": "extended_hours",
    "shares_have_no_mleg": "order_class",
    "coins_are_simple": "order_class",
    "options_classes": "order_class",
    "oto_one_exit": "order_class",
    "oco_both": "order_class",
    "bracket_target": "take_profit",
    "exits_in_order": "take_profit",
    "bracket_stop": "stop_loss",
    "stop_below_base": "stop_loss",
    "stop_above_base": "stop_loss",
}
"""The field of each rule; those that are not here are about the time in force."""
_SUB_PENNY = ("take_profit", "stop_loss", "limit_price", "stop_price")
_UNNEEDED = "Leave it out, or choose a type that has it."


@dataclass(frozen=True, slots=True)
class Means:
    """What an account may spend, and where a stop stands that nobody named: a fraction of the
    entry's price."""

    free: Decimal
    default_stop: Decimal = DEFAULT_STOP


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """An order that opens a position, as it goes on record. Prices are on the instrument's tick."""

    quantity: Decimal
    time_in_force: TimeInForce
    reference_price: Decimal
    stop_loss: Decimal
    targets: tuple[Decimal, ...]


def opening(
    ticket: OrderTicket, traded: Traded, price: Priced, means: Means, now: datetime
) -> WantedOrder:
    """Return the order that a ticket becomes, if it opens a position. Raises TicketRefused.

    No position is without a stop (M12, M19): a ticket that names none has that of its account.
    """
    _prices_of_its_type(ticket)
    entry = _entry(ticket, traded, price)
    life = ticket.time_in_force or default_life(traded)
    loss = 1 - means.default_stop if ticket.side is Side.BUY else 1 + means.default_stop
    quantity = _quantity(ticket, traded, entry)
    _check_bounds(ticket, quantity, entry)
    _check_venue(ticket, traded, price, quantity, life, now)
    stop, targets = _levels(ticket, traded, entry, ticket.stop_loss or entry * loss)
    _check_short(ticket, traded)
    _check_money(ticket.side, entry, quantity, means.free, traded.currency)
    return WantedOrder(quantity, life, entry, stop, targets)


def default_life(traded: Traded) -> TimeInForce:
    """Return how long an order lives that does not say it."""
    coin = traded.spec.asset_class is AssetClass.CRYPTO
    return TimeInForce.GTC if coin else TimeInForce.DAY


def _prices_of_its_type(ticket: OrderTicket) -> None:
    kind = ticket.type
    if kind is OrderType.TRAILING_STOP:
        raise TicketRefused(
            "entry_type",
            "A trailing stop opens no position.",
            "Choose market, limit, stop or stop limit.",
            "type",
        )
    if ticket.trail is not None:
        raise TicketRefused("price_unneeded", "Only trailing stops trail.", _UNNEEDED, "trail")
    for field, needed in (("limit_price", kind in LIMITED), ("stop_price", kind in STOPS)):
        given = getattr(ticket, field) is not None
        if given and not needed:
            text = f"An order of type {kind.value} has no {field.replace('_', ' ')}."
            raise TicketRefused("price_unneeded", text, _UNNEEDED, field)
        if needed and not given:
            text = f"An order of type {kind.value} needs a {field.replace('_', ' ')}."
            raise TicketRefused("price_missing", text, f"Give `{field}`.", field)


def _entry(ticket: OrderTicket, traded: Traded, price: Priced) -> Decimal:
    """Return the price that the plan is made for."""
    own = ticket.limit_price or ticket.stop_price
    if own is not None:
        for field in ("limit_price", "stop_price"):
            _check_tick(field, getattr(ticket, field), traded)
        return own
    side = price.ask if ticket.side is Side.BUY else price.bid
    return side or price.last


def _check_tick(field: str, value: Decimal | None, traded: Traded) -> None:
    if value is None:
        return
    units = to_price(value)
    tick = traded.spec.tick_at(units)
    if units % tick:
        text = f"{plain(value)} is not on the price step of {traded.symbol}."
        remedy = f"Use steps of {plain(from_price(tick))}."
        raise TicketRefused("off_tick", text, remedy, field)


def _quantity(ticket: OrderTicket, traded: Traded, entry: Decimal) -> Decimal:
    lot = traded.spec.lot
    step = plain(from_quantity(lot))
    if (ticket.quantity is None) is (ticket.notional is None):
        raise TicketRefused(
            "40010001",
            "An order has a quantity or a notional value, not both.",
            "Give one of `quantity` and `notional`.",
            "quantity",
        )
    if ticket.notional is not None:
        units = to_price(ticket.notional) * QUANTITY_ONE // to_price(entry)
        rounded = floor_to(units, lot)
        if rounded <= 0:
            text = f"{plain(ticket.notional)} buys less than {step} of {traded.symbol}."
            raise TicketRefused("notional_too_small", text, "Give a larger amount.", "notional")
        return from_quantity(rounded)
    assert ticket.quantity is not None, "one of the two is given"
    if to_quantity(ticket.quantity) % lot:
        text = f"{plain(ticket.quantity)} is not on the quantity step of {traded.symbol}."
        raise TicketRefused("bad_quantity", text, f"Use multiples of {step}.", "quantity")
    return ticket.quantity


def _check_bounds(ticket: OrderTicket, quantity: Decimal, entry: Decimal) -> None:
    prices = {
        "limit_price": ticket.limit_price,
        "stop_price": ticket.stop_price,
        "stop_loss": ticket.stop_loss,
        "take_profit": max(ticket.targets, default=None),
        "price": entry,
    }
    beyond = out_of_bounds(quantity, prices)
    if beyond is not None:
        raise TicketRefused(CODE, beyond.text, beyond.remedy, beyond.field)


def _check_venue(
    ticket: OrderTicket,
    traded: Traded,
    price: Priced,
    quantity: Decimal,
    life: TimeInForce,
    now: datetime,
) -> None:
    """Ask the rule table, as the venue would see the order."""
    bare = ticket.order_class is OrderClass.SIMPLE
    targets = ticket.targets
    draft = Draft(
        side=ticket.side,
        type=ticket.type,
        time_in_force=life,
        quantity=to_quantity(quantity),
        asset_class=traded.spec.asset_class,
        order_class=ticket.order_class,
        limit_price=_units(ticket.limit_price),
        stop_price=_units(ticket.stop_price),
        target=None if bare or not targets else to_price(targets[0]),
        stop_loss=None if bare else _units(ticket.stop_loss),
        extended_hours=ticket.extended_hours,
    )
    if ticket.order_class in (OrderClass.OCO, OrderClass.MLEG):
        raise TicketRefused(
            "42210000",
            f"An order of class {ticket.order_class.value} opens no position.",
            "Leave `order_class` out: stop and targets are placed for you.",
            "order_class",
        )
    refusal = check(draft, Situation(to_price(price.last), now, traded.calendar))
    if refusal is not None:
        raise refused(refusal)


def refused(refusal: Refusal) -> TicketRefused:
    """Return the refusal of a venue's rule, naming the field that it is about."""
    field = _FIELDS.get(refusal.rule, "time_in_force")
    if refusal.rule == "sub_penny":
        field = next((one for one in _SUB_PENNY if f"invalid {one}" in refusal.text), "limit_price")
    remedy = f"Change `{field}`; the venue would answer {refusal.code}."
    return TicketRefused(refusal.code, refusal.text, remedy, field)


def _levels(
    ticket: OrderTicket, traded: Traded, entry: Decimal, stop_loss: Decimal
) -> tuple[Decimal, tuple[Decimal, ...]]:
    """Return stop and targets on the tick, each on its side of the entry."""
    long, spec = ticket.side is Side.BUY, traded.spec
    stop = from_price(on_tick(spec, stop_loss, up=long))
    targets = [from_price(on_tick(spec, one, up=not long)) for one in ticket.targets]
    way, other = ("below", "above") if long else ("above", "below")
    if (stop >= entry) if long else (stop <= entry):
        raise TicketRefused(
            "stop_loss_side",
            f"The stop loss lies {way} the price of the entry, {plain(entry)}.",
            f"Give a `stop_loss` {way} {plain(entry)}.",
            "stop_loss",
        )
    before = entry
    for target in targets:
        if (target <= before) if long else (target >= before):
            raise TicketRefused(
                "take_profit_side",
                f"A target lies {other} the entry, and the second beyond the first.",
                f"Give a `take_profit` {other} {plain(before)}.",
                "take_profit",
            )
        before = target
    return stop, tuple(targets)


def _check_short(ticket: OrderTicket, traded: Traded) -> None:
    if ticket.side is Side.SELL and not traded.spec.shortable:
        raise TicketRefused(
            "short_not_allowed",
            f"{traded.symbol} is not sold short.",
            "Sell only what you hold, or change the instrument's settings.",
            "side",
        )


def _check_money(
    side: Side, entry: Decimal, quantity: Decimal, free: Decimal, currency: str
) -> None:
    """Refuse what the account cannot pay; the order service reckons it to the cent, with fees."""
    cost = entry * quantity
    needed = cost if side is Side.BUY else cost / 2  # of a short its margin
    if needed > free:
        raise TicketRefused(
            "insufficient_buying_power",
            f"It is worth {plain(cost.quantize(Decimal('0.01')))} {currency}, and"
            f" {plain(free)} {currency} are free.",
            "Give a smaller quantity, or pay into the account.",
            "quantity",
        )


def _units(price: Decimal | None) -> int | None:
    return None if price is None else to_price(price)
