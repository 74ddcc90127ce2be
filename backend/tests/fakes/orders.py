"""Orders and prices for tests of the exchange, in the numbers that people write."""

from dataclasses import replace
from typing import Any

from kuber.exchange.behaviour import IDEAL, Behaviour
from kuber.exchange.book import Book
from kuber.exchange.events import Bar, Filled, In, Out, Quote, Submit
from kuber.exchange.types import Effect, NewOrder, Spec
from kuber.exchange.units import SECOND, from_price, from_quantity, to_price, to_quantity
from kuber.kernel.orders import OrderType, Side, TimeInForce

SHARE = Spec(tick=to_price("0.01"), lot=to_quantity("1"), fine_tick=to_price("0.0001"))
COIN = Spec(tick=to_price("0.01"), lot=to_quantity("0.0001"), minimum_quantity=to_quantity("0.001"))

AMOUNTS = ("limit_price", "stop_price", "trail_amount")


def order(name: str, side: str, quantity: str, **terms: Any) -> NewOrder:
    """Return an order of account `a` that reaches the exchange at second 0.

    Prices are texts; the type follows from them. `at` is in seconds.
    """
    for field in AMOUNTS:
        if field in terms:
            terms[field] = to_price(terms[field])
    at = terms.pop("at", 0) * SECOND
    account = terms.pop("account", "a")
    return NewOrder(
        id=name,
        account=account,
        owner=terms.pop("owner", account),
        spec=terms.pop("spec", SHARE),
        behaviour=terms.pop("behaviour", IDEAL),
        side=Side(side),
        type=terms.pop("type", None) or _type_of(terms),
        time_in_force=TimeInForce(terms.pop("tif", "gtc")),
        quantity=to_quantity(quantity),
        at=at,
        effective_at=at + int(terms.pop("latency", 0) * SECOND),
        draw_key=terms.pop("draw_key", name),
        **terms,
    )


def _type_of(terms: dict[str, Any]) -> OrderType:
    if "trail_amount" in terms or "trail_percent" in terms:
        return OrderType.TRAILING_STOP
    if "stop_price" in terms:
        return OrderType.STOP_LIMIT if "limit_price" in terms else OrderType.STOP
    return OrderType.LIMIT if "limit_price" in terms else OrderType.MARKET


def closing(name: str, side: str, quantity: str, **terms: Any) -> NewOrder:
    """Return an order that only reduces."""
    return order(name, side, quantity, effect=Effect.CLOSE, **terms)


def bracket(
    quantity: str, stop: str, target: str, behaviour: Behaviour = IDEAL, **terms: Any
) -> Submit:
    """Return a buy with a stop and a target: `entry`, `stop`, `target`."""
    exits = {"parent": "entry", "group": "exits", "behaviour": behaviour, "at": terms.get("at", 0)}
    return Submit(
        (
            order("entry", "buy", quantity, behaviour=behaviour, **terms),
            closing("stop", "sell", quantity, stop_price=stop, **exits),
            closing("target", "sell", quantity, limit_price=target, **exits),
        )
    )


def quote(at: float, last: str, bid: str | None = None, ask: str | None = None) -> Quote:
    """Return a quote; without bid and ask both are the last price."""
    return Quote(int(at * SECOND), to_price(last), to_price(bid or last), to_price(ask or last))


def sized(at: float, last: str, size: str) -> Quote:
    """Return a quote that offers `size` on both sides."""
    one = to_quantity(size)
    return replace(quote(at, last), bid_size=one, ask_size=one)


def bar(at: float, prices: str, *, volume: str = "0", length: float = 60) -> Bar:
    """Return a bar from `open high low close`; `at` and `length` in seconds."""
    opening, high, low, close = (to_price(price) for price in prices.split())
    begins = int(at * SECOND)
    ends = begins + int(length * SECOND)
    return Bar(begins, ends, opening, high, low, close, int(to_quantity(volume)))


def play(book: Book, *events: In) -> list[Out]:
    """Apply events in turn and return all that came of them."""
    return [answer for event in events for answer in book.apply(event)]


def fills(answers: list[Out]) -> list[tuple[str, str, str]]:
    """Return order, quantity and price of each fill."""
    return [
        (one.order, f"{from_quantity(one.quantity):f}", f"{from_price(one.price):f}")
        for one in answers
        if isinstance(one, Filled)
    ]
