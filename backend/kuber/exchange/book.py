"""The order book of one instrument from one price source: events in, events out.

A book has no clock, no chance of its own and no memory outside of `state()`: the same events give
the same answers. One book is for one (price source, owner of the dataset if any, symbol).

    book = Book()
    answers = book.apply(Submit((order,)))
    answers += book.apply(Quote(at, last, bid, ask))

Every event first ends what has `expires_at` at or before it. Orders reach the exchange at their
`effective_at`; only a quote of then or later fills them, or a bar that opened then or later.
"""

from collections.abc import Callable
from heapq import heappop
from typing import Any

from kuber.exchange.engine import bars, calls, changes, prices
from kuber.exchange.engine.admission import submit
from kuber.exchange.engine.arrivals import arrive
from kuber.exchange.engine.lifecycle import end
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import (
    Adjust,
    Auction,
    Bar,
    Cancel,
    Halt,
    Holding,
    Ignored,
    In,
    MarketPhase,
    Out,
    Phase,
    Quote,
    Reason,
    Replace,
    Resume,
    Submit,
    Tick,
)
from kuber.exchange.state import BookState, restored, written


class Book:
    """Matches the orders of one instrument with its prices and, where allowed, with each other."""

    __slots__ = ("_store",)

    def __init__(self) -> None:
        self._store = Store()

    @classmethod
    def of(cls, state: BookState) -> "Book":
        """Return the book that `state` was taken from. Raises BadState."""
        book = cls()
        book._store = restored(state)
        return book

    def state(self) -> BookState:
        """Return everything the book knows; `Book.of` makes an equal book of it."""
        return written(self._store)

    def apply(self, event: In) -> list[Out]:
        """Apply one event and return what came of it, in order."""
        store = self._store
        assert not store.out, "answers are handed over at once"
        kind, at = type(event), _begins_at(event)
        store.now = max(store.now, at)
        if (store.expiring or store.due) and store.may_end_by(at):
            self._pass_time(at, with_a_price=kind is Quote or kind is Bar)
        _APPLY[kind](store, event)
        answers, store.out = store.out, []
        return answers

    def acts_on(self, quote: Quote) -> bool:
        """Return, in O(1), whether a quote may change more than the last price.

        After False, `apply` returns nothing; a host that skips such quotes applies the newest of
        them before it applies anything but a quote.
        """
        store = self._store
        if prices.fault_of(store, quote) is not None:
            return True
        for at in (store.next_end(), store.next_arrival()):
            if at is not None and at <= quote.at:
                return True
        if store.halted or store.phase is MarketPhase.CLOSED:
            return False
        if store.fresh or store.waiting:
            return True
        low, high = prices.span(quote)
        return (
            store.bids.reaches(quote.last if quote.ask is None else quote.ask)
            or store.asks.reaches(quote.last if quote.bid is None else quote.bid)
            or store.buy_stops.reaches(high)
            or store.sell_stops.reaches(low)
            or store.sell_marks.reaches(high - 1)
            or store.buy_marks.reaches(low + 1)
        )

    @property
    def phase(self) -> MarketPhase:
        """The phase of the market as the book was told it last."""
        return self._store.phase

    @property
    def last(self) -> tuple[int, int] | None:
        """The last price that was applied, and when it was; None before the first."""
        last, at = self._store.last, self._store.price_at
        return None if last is None or at is None else (last, at)

    def working(self) -> tuple[str, ...]:
        """Return the ids of the orders in the book, oldest first."""
        return tuple(self._store.orders)

    def remaining(self, order: str) -> int | None:
        """Return what of an order may still be filled, None when it is not in the book."""
        found = self._store.orders.get(order)
        return None if found is None else found.quantity - found.filled

    def holding(self, account: str, position_id: str | None = None) -> int:
        """Return what an account, or one position of it, holds here; negative is short."""
        if position_id is None:
            return self._store.held_by_account.get(account, 0)
        return self._store.held_by_position.get((account, position_id), 0)

    def holders(self) -> list[tuple[str, str | None]]:
        """Return the accounts that hold something here, in all and by position."""
        store = self._store
        return [*((account, None) for account in store.held_by_account), *store.held_by_position]

    @property
    def ambiguities(self) -> int:
        """How often a bar left open what happened first."""
        return self._store.ambiguities

    def _pass_time(self, at: int, *, with_a_price: bool) -> None:
        store = self._store
        _expire(store, at)
        while True:
            due = store.next_arrival()
            if due is None or due > at:
                return
            _, _, name = heappop(store.due)
            order = store.orders[name]
            store.put(order, Place.NOWHERE)
            arrive(store, order, with_a_price=with_a_price)


def _expire(store: Store, at: int) -> None:
    while True:
        due = store.next_end()
        if due is None or due > at:
            return
        _, _, name = heappop(store.expiring)
        order = store.orders[name]
        end(store, order, Reason.NO_FRESH_PRICE if order.impatient else None)


def _begins_at(event: In) -> int:
    if isinstance(event, Submit):
        orders = event.orders
        return orders[0].at if len(orders) == 1 else max((one.at for one in orders), default=0)
    return event.opened_at if isinstance(event, Bar) else event.at


def _quote(store: Store, event: Quote) -> None:
    fault = prices.fault_of(store, event)
    if fault is None:
        prices.apply_quote(store, event)
    else:
        store.out.append(Ignored(fault))


def _bar(store: Store, event: Bar) -> None:
    fault = bars.fault_of(store, event)
    if fault is not None:
        store.out.append(Ignored(fault))
        return
    bars.apply_bar(store, event)
    _expire(store, event.closed_at)


def _auction(store: Store, event: Auction) -> None:
    fault = calls.fault_of(store, event)
    if fault is None:
        calls.hold_auction(store, event)
    else:
        store.out.append(Ignored(fault))


def _phase(store: Store, event: Phase) -> None:
    if event.phase is not store.phase:
        store.quote = None  # a price of one phase fills nothing in the next
    store.phase = event.phase
    _shut_out(store)
    prices.meet_again(store)
    prices.uncross(store)


def _halt(store: Store, _event: Halt) -> None:
    store.halted = True
    _shut_out(store)


def _resume(store: Store, _event: Resume) -> None:
    if store.halted:
        store.quote = None  # what was quoted in the halt could not be had
    store.halted = False
    prices.meet_again(store)
    prices.uncross(store)


def _shut_out(store: Store) -> None:
    """Cancel what cannot wait for a market that has closed or stopped."""
    for order in sorted(store.fresh.values(), key=_turn):
        shut = store.shut(order)
        if order.impatient and shut is not None:
            end(store, order, Reason(shut.value))


def _holding(store: Store, event: Holding) -> None:
    store.hold(event.account, event.position_id, event.quantity)


def _tick(_store: Store, _event: Tick) -> None:
    """Time has passed already."""


def _turn(order: Working) -> int:
    return order.sequence


_APPLY: dict[type[In], Callable[[Store, Any], None]] = {
    Submit: submit,
    Replace: changes.replace,
    Cancel: changes.cancel,
    Quote: _quote,
    Bar: _bar,
    Auction: _auction,
    Phase: _phase,
    Halt: _halt,
    Resume: _resume,
    Holding: _holding,
    Adjust: changes.adjust,
    Tick: _tick,
}
