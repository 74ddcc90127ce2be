"""A new quote, or one moment of a bar: stops, trailing stops and orders that meet it."""

from collections.abc import Callable
from operator import attrgetter

from kuber.exchange.engine.arrivals import (
    hold,
    meet,
    set_mark,
    settle_down,
    start_stop,
)
from kuber.exchange.engine.lifecycle import alive
from kuber.exchange.engine.matching import Offer, execute, quoted
from kuber.exchange.engine.store import Store, watched_price
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import HoldReason, MarketPhase, Quote

_OPEN, _RESTS = MarketPhase.OPEN, Place.RESTS

Offers = Callable[[Working, bool], Offer]
"""What an order is offered; the flag tells whether it rested before."""


def fault_of(store: Store, quote: Quote) -> str | None:
    """Return why a quote is not applied, None when it is."""
    prices = [price for price in (quote.last, quote.bid, quote.ask) if price is not None]
    if min(prices) <= 0:
        return "not_positive"
    if min(quote.bid_size or 0, quote.ask_size or 0) < 0:
        return "negative_size"
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return "crossed"
    if store.price_at is not None and quote.at < store.price_at:
        return "older_than_the_last_price"
    return None


def apply_quote(store: Store, quote: Quote) -> None:
    """Make a quote the current one and let every order that it concerns meet it."""
    remember(store, quote)
    if store.halted or store.phase is MarketPhase.CLOSED:
        return
    _hold_late(store)
    sweep(store, quote, lambda order, passive: quoted(store, order, quote, passive=passive))


def remember(store: Store, quote: Quote) -> None:
    """Keep a quote as the last one; what the one before had given is forgotten."""
    store.quote, store.last, store.price_at = quote, quote.last, quote.at
    store.price_number += 1
    store.consumed.clear()


def sweep(store: Store, quote: Quote, offers: Offers) -> None:
    """Let stops and orders meet one moment's prices: markets first, then by limit, then in turn."""
    sleepers = [
        order for order in store.fresh.values() if order.dormant and order.effective_at <= quote.at
    ]
    sleepers.sort(key=_turn)
    for order in sleepers:
        if store.shut(order) is None:
            start_stop(store, order, quote)
    fire(store, quote)
    trail(store, quote)
    all_day = store.phase is _OPEN and not store.halted
    for order in _concerned(store, quote):
        if order.open == 0 or not alive(store, order):
            continue
        if not all_day and store.shut(order) is not None:
            continue
        passive = order.place is _RESTS
        execute(store, order, offers(order, passive))
        if not passive and order.open > 0 and alive(store, order):
            settle_down(store, order)


def fire(store: Store, quote: Quote) -> None:
    """Trigger the stops that the quote has reached; outside of the session they sleep."""
    if store.phase is not _OPEN:
        return
    low, high = span(quote)
    reached: list[Working] = []
    for levels, bound in ((store.buy_stops, high), (store.sell_stops, low)):
        if levels.reaches(bound):
            reached.extend(levels.until(bound))
    for order in sorted(reached, key=_turn):
        start_stop(store, order, quote)


def trail(store: Store, quote: Quote) -> None:
    """Move the marks that the quote has passed."""
    if store.phase is not _OPEN or not (store.sell_marks or store.buy_marks):
        return
    low, high = span(quote)
    passed: list[Working] = []
    for levels, bound in ((store.sell_marks, high - 1), (store.buy_marks, low + 1)):
        if levels.reaches(bound):
            passed.extend(levels.until(bound))
    for order in sorted(passed, key=_turn):
        price = watched_price(order, quote)
        assert order.mark is not None, "it stands among the marks"
        if (price < order.mark) if order.buys else (price > order.mark):
            set_mark(store, order, price)


def span(quote: Quote) -> tuple[int, int]:
    """Return the lowest and the highest price that a stop may watch."""
    bid = quote.last if quote.bid is None else quote.bid
    ask = quote.last if quote.ask is None else quote.ask
    return min(quote.last, bid), max(quote.last, ask)


def _concerned(store: Store, quote: Quote) -> list[Working]:
    """Return the orders that may trade at a moment, in the order in which they are served."""
    found = [
        order
        for order in store.fresh.values()
        if order.effective_at <= quote.at and not order.dormant
    ]
    found.extend(store.waiting.values())
    ask = quote.last if quote.ask is None else quote.ask
    bid = quote.last if quote.bid is None else quote.bid
    if store.bids.reaches(ask):
        found.extend(store.bids.until(ask))
    if store.asks.reaches(bid):
        found.extend(store.asks.until(bid))
    found.sort(key=_priority)
    return found


def _priority(order: Working) -> tuple[int, int, int]:
    if order.limit is None:
        return (0, 0, order.sequence)
    return (1, -order.limit, order.sequence) if order.buys else (2, order.limit, order.sequence)


_turn: Callable[[Working], int] = attrgetter("sequence")


def _hold_late(store: Store) -> None:
    """Tell the fresh orders for which this quote is too old."""
    quote = store.quote
    assert quote is not None, "a quote was just applied"
    for order in sorted(store.fresh.values(), key=_turn):
        if order.effective_at > quote.at and order.limit is None:
            hold(store, order, HoldReason.NO_FRESH_PRICE)


def meet_again(store: Store) -> None:
    """Let all fresh orders try again, after the market has opened or resumed."""
    for order in sorted(store.fresh.values(), key=_turn):
        if alive(store, order) and order.place is Place.FRESH:
            meet(store, order)


def uncross(store: Store) -> None:
    """Let orders of different users that rested apart, in different sessions, meet."""
    for order in sorted(store.crossing(), key=_turn):
        if alive(store, order) and order.open > 0 and store.shut(order) is None:
            execute(store, order, None)
