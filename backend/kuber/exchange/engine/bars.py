"""A bar: what happened inside it is not known, so the worse is taken.

In this order: the open; stops that were reached; limits of groups whose stop was not; children of
entries that filled inside. What changes after a fill begins with the next bar.
"""

from dataclasses import dataclass, field

from kuber.exchange.engine.arrivals import set_mark, settle_down, trigger
from kuber.exchange.engine.lifecycle import alive
from kuber.exchange.engine.matching import barred, execute
from kuber.exchange.engine.prices import remember, sweep
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import Ambiguous, Bar, Filled, MarketPhase, Quote, Released


@dataclass(slots=True)
class Inside:
    """What is known of one bar while it is worked through."""

    bar: Bar
    stopped_groups: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    """Orders that have had their turn in this bar."""
    doubted: set[tuple[str, str]] = field(default_factory=set)
    """Positions, or orders without one, whose course in this bar was in doubt."""


def fault_of(store: Store, bar: Bar) -> str | None:
    """Return why a bar is not applied, None when it is."""
    if bar.low <= 0:
        return "not_positive"
    inner = (bar.open, bar.close)
    if not bar.low <= min(inner) <= max(inner) <= bar.high or bar.volume < 0:
        return "crossed"
    if bar.closed_at < bar.opened_at:
        return "crossed"
    if store.price_at is not None and bar.opened_at < store.price_at:
        return "older_than_the_last_price"
    return None


def apply_bar(store: Store, bar: Bar) -> None:
    """Let every order that was there at the open meet the bar."""
    opening = Quote(bar.opened_at, bar.open, bar.open, bar.open)
    remember(store, opening)
    if not store.halted and store.phase is not MarketPhase.CLOSED:
        _work_through(store, bar, opening)
    store.now = max(store.now, bar.closed_at)
    store.quote, store.last, store.price_at = None, bar.close, bar.closed_at


def _work_through(store: Store, bar: Bar, opening: Quote) -> None:
    inside = Inside(bar)
    sweep(store, opening, lambda one, passive: barred(one, bar.open, bar.volume, passive=passive))
    _children_of_the_open(store, opening)
    store.now = max(store.now, bar.closed_at)
    began = len(store.out)
    if store.phase is MarketPhase.OPEN:
        _stops(store, inside)
    limits_began = len(store.out)
    _limits(store, inside)
    if store.phase is MarketPhase.OPEN:
        _late_children(store, inside, began, limits_began)


def _children_of_the_open(store: Store, opening: Quote) -> None:
    """Put the exits of entries that filled at the open where the rest of the bar can meet them."""
    for order in sorted(store.fresh.values(), key=_turn):
        if order.effective_at > opening.at or store.shut(order) is not None:
            continue
        if not order.dormant:
            settle_down(store, order)
            continue
        if order.trails:
            set_mark(store, order, opening.last)
        store.put(order, Place.TRIGGER)


def _stops(store: Store, inside: Inside) -> None:
    """Fill what was stopped, at its stop, for all that is open of it."""
    bar = inside.bar
    reached = [*store.buy_stops.until(bar.high), *store.sell_stops.until(bar.low)]
    for order in sorted(reached, key=_turn):
        if alive(store, order) and order.dormant and order.open > 0:
            assert order.stop is not None, "a stop has its price"
            # The exit of an entry at the open may have its stop beyond the open already.
            price = (max if order.buys else min)(order.stop, bar.open)
            doubt = _target_reached(store, bar, order)
            _stop_out(store, inside, order, price, in_doubt=doubt)
    trails = [*store.sell_marks.until(bar.high - 1), *store.buy_marks.until(bar.low + 1)]
    for order in sorted(trails, key=_turn):
        if alive(store, order) and order.dormant:
            set_mark(store, order, bar.low if order.buys else bar.high)
            _trailed(store, inside, order)


def _trailed(store: Store, inside: Inside, order: Working) -> None:
    """Test a trailing stop again after its mark has moved inside the bar.

    When the bar closes beyond the new stop it was surely hit; when only the far end is beyond it,
    that may have been before the mark moved.
    """
    bar, stop = inside.bar, order.stop
    assert stop is not None, "a trailing stop has a stop once it has a mark"
    surely = bar.close >= stop if order.buys else bar.close <= stop
    perhaps = bar.high >= stop if order.buys else bar.low <= stop
    if surely or perhaps:
        _stop_out(store, inside, order, stop, in_doubt=not surely)


def _stop_out(store: Store, inside: Inside, order: Working, price: int, *, in_doubt: bool) -> None:
    if in_doubt:
        _doubt(store, inside, order)
    if order.group is not None:
        inside.stopped_groups.add(order.group)
    inside.done.add(order.id)
    trigger(store, order, price)
    execute(store, order, barred(order, price, inside.bar.volume, passive=False))
    if alive(store, order) and order.open > 0:
        settle_down(store, order)


def _target_reached(store: Store, bar: Bar, stop: Working) -> bool:
    """Return whether the bar also reached the target of a stop's group."""
    if stop.group is None:
        return False
    legs = (store.orders[name] for name in store.groups[stop.group].legs)
    return any(not leg.dormant and _touches(bar, leg) for leg in legs)


def _touches(bar: Bar, order: Working) -> bool:
    """Return whether a bar reached an order's limit."""
    if order.limit is None:
        return False
    return bar.low <= order.limit if order.buys else bar.high >= order.limit


def _limits(store: Store, inside: Inside) -> None:
    """Fill the limits that the bar touched, except in groups whose stop it reached."""
    bar = inside.bar
    touched = [*store.bids.until(bar.low), *store.asks.until(bar.high)]
    for order in touched:
        barred_group = order.group is not None and order.group in inside.stopped_groups
        if order.id in inside.done or barred_group or not alive(store, order):
            continue
        if order.place is not Place.RESTS or order.open == 0 or store.shut(order) is not None:
            continue
        assert order.limit is not None, "what rests has a limit"
        execute(store, order, barred(order, order.limit, bar.volume, passive=True))


def _late_children(store: Store, inside: Inside, began: int, limits_began: int) -> None:
    """Stop what an entry opened inside the bar; its target waits for the next bar.

    `began` and `limits_began` are where the events of the stops and of the limits start.
    """
    bar = inside.bar
    born = [event.order for event in store.out[began:] if isinstance(event, Released)]
    by_limit = {event.order for event in store.out[limits_began:] if isinstance(event, Filled)}
    for name in dict.fromkeys(born):
        order = store.orders.get(name)
        if order is None or order.open == 0 or order.place is not Place.FRESH or order.trails:
            continue
        if order.dormant:
            assert order.stop is not None, "a stop has its price"
            if bar.high >= order.stop if order.buys else bar.low <= order.stop:
                # Surely after the entry: the bar closed beyond it, or the entry was a limit that
                # lies before the stop on the way from the open.
                closed = bar.close >= order.stop if order.buys else bar.close <= order.stop
                surely = closed or order.parent in by_limit
                _stop_out(store, inside, order, order.stop, in_doubt=not surely)
        elif _touches(bar, order):
            _doubt(store, inside, order)


def _doubt(store: Store, inside: Inside, order: Working) -> None:
    """Count a doubtful course, once for each position and bar."""
    terms = order.order
    key = (terms.account, terms.position_id or order.group or order.id)
    if key in inside.doubted:
        return
    inside.doubted.add(key)
    store.ambiguities += 1
    store.out.append(Ambiguous(order.id, inside.bar.opened_at))


def _turn(order: Working) -> int:
    return order.sequence
