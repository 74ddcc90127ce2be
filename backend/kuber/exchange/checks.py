"""Whether a venue would refuse an order, told before it is sent: the table and the numbers.

The same check serves the editor, the simulation and what goes to a broker.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from kuber.exchange.lifetimes import too_late_for
from kuber.exchange.rules import TABLE, VALUES, OrderClass, Row, Verdict
from kuber.exchange.types import AUCTIONED, LIMITED, AssetClass
from kuber.exchange.units import AMOUNT_ONE, PRICE_ONE, QUANTITY_ONE, from_price
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.market.calendars import TradingCalendar

CENT = PRICE_ONE // 100
_FINE_TICK = PRICE_ONE // 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order as somebody wants it, exits included; units as in `kuber.exchange.units`.

    `notional` is an amount of money in place of a quantity. `opens` tells whether it opens or adds
    to a position rather than closing one.
    """

    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: int | None = None
    notional: int | None = None
    asset_class: AssetClass = AssetClass.EQUITY
    order_class: OrderClass = OrderClass.SIMPLE
    limit_price: int | None = None
    stop_price: int | None = None
    target: int | None = None
    """The limit of the exit that takes profit. An OCO's own limit may stand for it."""
    stop_loss: int | None = None
    stop_loss_limit: int | None = None
    extended_hours: bool = False
    opens: bool = True
    fractionable: bool = True

    @property
    def fractional(self) -> bool:
        return self.notional is not None or bool((self.quantity or 0) % QUANTITY_ONE)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the venue looks at: the last price (None when it has none), the time and the market."""

    last: int | None = None
    at: datetime | None = None
    calendar: TradingCalendar | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the venue would not take an order. `rule` names the row of the table."""

    rule: str
    status: int
    code: str
    text: str
    source: str


def check(draft: Draft, situation: Situation) -> Refusal | None:
    """Return the first reason for which the venue would refuse an order, None when it takes it."""
    return next(refusals(draft, situation), None)


def refusals(draft: Draft, situation: Situation) -> Iterator[Refusal]:
    """Yield every reason, the table's first."""
    for row in TABLE:
        if _applies(row, draft):
            yield _refusal(row.rule, row.verdict)
    for rules in _VALUE_RULES:
        for rule in rules(draft, situation):
            yield _refusal(rule, VALUES[rule])
    if draft.asset_class is AssetClass.EQUITY:
        yield from _sub_pennies(draft)


def _applies(row: Row, draft: Draft) -> bool:
    return (
        (row.assets is None or draft.asset_class in row.assets)
        and (row.classes is None or draft.order_class in row.classes)
        and (row.types is None or draft.type in row.types)
        and (row.times is None or draft.time_in_force in row.times)
        and (row.fractional is None or draft.fractional is row.fractional)
        and (row.extended is None or draft.extended_hours is row.extended)
    )


def _refusal(rule: str, verdict: Verdict, **words: str) -> Refusal:
    text = verdict.text.format(**words) if words else verdict.text
    return Refusal(rule, verdict.status, verdict.code, text, verdict.source)


def _quantities(draft: Draft, situation: Situation) -> Iterator[str]:
    if (draft.quantity is None) is (draft.notional is None):
        yield "quantity_or_notional"
        return
    if not draft.fractional or draft.asset_class is not AssetClass.EQUITY:
        return
    if not draft.fractionable:
        yield "not_fractionable"
    if draft.opens and draft.side is Side.SELL:
        yield "fractional_short"
    price = draft.limit_price if draft.limit_price is not None else situation.last
    value = draft.notional
    if value is None and price is not None and draft.quantity is not None:
        value = draft.quantity * price
    if value is not None and value < AMOUNT_ONE:
        yield "fractional_minimum"


def _prices(draft: Draft, _situation: Situation) -> Iterator[str]:
    needs_limit = draft.type in LIMITED
    needs_stop = draft.type in (OrderType.STOP, OrderType.STOP_LIMIT)
    has_limit = draft.limit_price is not None or draft.order_class is OrderClass.OCO
    if (needs_limit and not has_limit) or (needs_stop and draft.stop_price is None):
        yield "price_missing"


def _exits(draft: Draft, _situation: Situation) -> Iterator[str]:
    target, stop = _target(draft), draft.stop_loss
    if draft.order_class is OrderClass.BRACKET:
        if target is None:
            yield "bracket_target"
        if stop is None:
            yield "bracket_stop"
        if not draft.opens:
            yield "bracket_opens"
    elif draft.order_class is OrderClass.OTO and (target is None) is (stop is None):
        yield "oto_one_exit"
    elif draft.order_class is OrderClass.OCO and (target is None or stop is None):
        yield "oco_both"
    if target is None or stop is None:
        return
    if (target <= stop) if _long(draft) else (target >= stop):
        yield "exits_in_order"


def _base_prices(draft: Draft, situation: Situation) -> Iterator[str]:
    """Compare the stop with every base: target (OCO), the entry's limit, the live price."""
    if draft.stop_loss is None or draft.order_class is OrderClass.SIMPLE:
        return
    entry = _target(draft) if draft.order_class is OrderClass.OCO else draft.limit_price
    bases = [price for price in (entry, situation.last) if price is not None]
    if _long(draft) and any(draft.stop_loss > base - CENT for base in bases):
        yield "stop_below_base"
    elif not _long(draft) and any(draft.stop_loss < base + CENT for base in bases):
        yield "stop_above_base"


def _auctions(draft: Draft, situation: Situation) -> Iterator[str]:
    if draft.time_in_force not in AUCTIONED or not situation.at or not situation.calendar:
        return
    if too_late_for(draft.time_in_force, situation.at, situation.calendar):
        yield f"{draft.time_in_force}_window"


_VALUE_RULES: tuple[Callable[[Draft, Situation], Iterator[str]], ...] = (
    _quantities,
    _prices,
    _exits,
    _base_prices,
    _auctions,
)


def _sub_pennies(draft: Draft) -> Iterator[Refusal]:
    for field, price in (
        ("limit_price", draft.limit_price),
        ("stop_price", draft.stop_price),
        ("take_profit.limit_price", draft.target),
        ("stop_loss.stop_price", draft.stop_loss),
        ("stop_loss.limit_price", draft.stop_loss_limit),
    ):
        if price is not None and price % (CENT if price >= PRICE_ONE else _FINE_TICK):
            told = str(from_price(price))
            yield _refusal("sub_penny", VALUES["sub_penny"], field=field, price=told)


def _long(draft: Draft) -> bool:
    """Return whether the exits of an order protect a long: an OCO is on the side of the exit."""
    closes = draft.order_class is OrderClass.OCO
    return draft.side is (Side.SELL if closes else Side.BUY)


def _target(draft: Draft) -> int | None:
    if draft.order_class is OrderClass.OCO and draft.target is None:
        return draft.limit_price
    return draft.target
