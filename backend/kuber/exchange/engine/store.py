"""Everything a book knows, and where in it each order waits."""

from heapq import heappop, heappush

from kuber.exchange.behaviour import TriggerBy
from kuber.exchange.engine.levels import Levels
from kuber.exchange.engine.working import Group, Place, Working
from kuber.exchange.events import HoldReason, MarketPhase, Out, Quote

COMMON_POOL = ""
"""The pool of liquidity of all accounts that trade with each other; others have their own."""

_NOWHERE, _FRESH, _TRIGGER = Place.NOWHERE, Place.FRESH, Place.TRIGGER
_RESTS, _WAITS, _TRAVELS = Place.RESTS, Place.WAITS, Place.TRAVELS
_OPEN, _CLOSED = MarketPhase.OPEN, MarketPhase.CLOSED
_LAST = TriggerBy.LAST
"""Names of this module: to look a member of an enum up takes as long as two calls."""

Due = tuple[int, int, str]
"""An instant, the order's number (`born`, or its turn) and its id."""


class Store:
    """The mutable state of one book. `engine` modules change it; `state` writes it down."""

    __slots__ = (
        "_cross_asks",
        "_cross_bids",
        "ambiguities",
        "asks",
        "bids",
        "buy_marks",
        "buy_stops",
        "by_account",
        "children",
        "consumed",
        "due",
        "expiring",
        "fresh",
        "groups",
        "halted",
        "held_by_account",
        "held_by_position",
        "last",
        "now",
        "orders",
        "out",
        "phase",
        "price_at",
        "price_number",
        "quote",
        "sell_marks",
        "sell_stops",
        "sequence",
        "waiting",
    )

    def __init__(self) -> None:
        self.now = 0
        self.sequence = 0
        self.phase = MarketPhase.OPEN
        self.halted = False
        self.quote: Quote | None = None
        """The last quote, None after a bar, a split, a halt or a change of phase:
        then nothing from outside fills until the next."""
        self.last: int | None = None
        self.price_at: int | None = None
        self.price_number = 0
        """Counts prices that matter to an order; see `Working.met`."""
        self.consumed: dict[str, int] = {}
        """What the last price has given, by pool and side."""
        self.orders: dict[str, Working] = {}
        self.by_account: dict[str, dict[str, Working]] = {}
        self.groups: dict[str, Group] = {}
        self.children: dict[str, list[str]] = {}
        """The groups of each parent, in the order in which its fills release them."""
        self.held_by_account: dict[str, int] = {}
        self.held_by_position: dict[tuple[str, str], int] = {}
        self.fresh: dict[int, Working] = {}
        """By sequence, as `waiting`."""
        self.waiting: dict[int, Working] = {}
        self.due: list[Due] = []
        self.expiring: list[Due] = []
        self.bids = Levels(best_is_high=True)
        self.asks = Levels(best_is_high=False)
        self._cross_bids = Levels(best_is_high=True)
        self._cross_asks = Levels(best_is_high=False)
        self.buy_stops = Levels(best_is_high=False)
        self.sell_stops = Levels(best_is_high=True)
        self.buy_marks = Levels(best_is_high=True)
        self.sell_marks = Levels(best_is_high=False)
        self.ambiguities = 0
        self.out: list[Out] = []

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def add(self, order: Working) -> None:
        """Make an order known by its id, its account and its end."""
        self.orders[order.id] = order
        mine = self.by_account.get(order.order.account)
        if mine is None:
            self.by_account[order.order.account] = {order.id: order}
        else:
            mine[order.id] = order
        if order.expires_at is not None:
            heappush(self.expiring, (order.expires_at, order.born, order.id))

    def forget(self, order: Working) -> None:
        """Take an order out of everything but its group and its parent's children."""
        if order.place is not _NOWHERE:
            self._leave(order)
        del self.orders[order.id]
        account = order.order.account
        mine = self.by_account[account]
        if len(mine) == 1:
            del self.by_account[account]
        else:
            del mine[order.id]

    def put(self, order: Working, place: Place) -> None:
        """Move an order to another place; its prices and sequence must be those it keeps there."""
        if order.place is not _NOWHERE:
            self._leave(order)
        order.place = place
        limit = order.limit
        if place is _FRESH:
            self.fresh[order.sequence] = order
            if limit is not None and order.order.crossing and not order.dormant:
                (self._cross_bids if order.buys else self._cross_asks).put(limit, order)
        elif place is _RESTS:
            assert limit is not None, "what rests has a limit"
            (self.bids if order.buys else self.asks).put(limit, order)
            if order.order.crossing:
                (self._cross_bids if order.buys else self._cross_asks).put(limit, order)
        elif place is _WAITS:
            self.waiting[order.sequence] = order
        elif place is _TRIGGER:
            self._arm(order)
        elif place is _TRAVELS:
            heappush(self.due, (order.effective_at, order.sequence, order.id))

    def _leave(self, order: Working) -> None:
        place, limit = order.place, order.limit
        if place is _FRESH:
            del self.fresh[order.sequence]
            if limit is not None and order.order.crossing and not order.dormant:
                (self._cross_bids if order.buys else self._cross_asks).take(limit, order)
        elif place is _RESTS:
            assert limit is not None, "what rests has a limit"
            (self.bids if order.buys else self.asks).take(limit, order)
            if order.order.crossing:
                (self._cross_bids if order.buys else self._cross_asks).take(limit, order)
        elif place is _WAITS:
            del self.waiting[order.sequence]
        elif place is _TRIGGER:
            assert order.stop is not None, "what waits for its stop has one"
            (self.buy_stops if order.buys else self.sell_stops).take(order.stop, order)
            if order.mark is not None:
                (self.buy_marks if order.buys else self.sell_marks).take(order.mark, order)
        order.place = _NOWHERE

    def _arm(self, order: Working) -> None:
        assert order.stop is not None, "what waits for its stop has one"
        (self.buy_stops if order.buys else self.sell_stops).put(order.stop, order)
        if order.mark is not None:
            (self.buy_marks if order.buys else self.sell_marks).put(order.mark, order)

    def hold(self, account: str, position: str | None, quantity: int) -> None:
        """Keep what an account holds, in all (None) or of one position; nothing is not kept."""
        if position is None:
            self.held_by_account[account] = quantity
            if quantity == 0:
                del self.held_by_account[account]
        else:
            self.held_by_position[account, position] = quantity
            if quantity == 0:
                del self.held_by_position[account, position]

    def opposite(self, order: Working) -> Levels:
        """Return the orders of other accounts that an order could trade with."""
        return self._cross_asks if order.buys else self._cross_bids

    def crossing(self) -> list[Working]:
        """Return the orders whose price meets one of the other side's, whoever may trade."""
        bid, ask = self._cross_bids.best(), self._cross_asks.best()
        if bid is None or ask is None or bid < ask:
            return []
        return [*self._cross_bids.until(ask), *self._cross_asks.until(bid)]

    def shut(self, order: Working) -> HoldReason | None:
        """Return why an order cannot trade now, None when it can."""
        if self.phase is not _OPEN and (
            self.phase is _CLOSED or not order.order.extended_hours or order.dormant
        ):
            return HoldReason.MARKET_CLOSED
        return HoldReason.HALTED if self.halted else None

    def price_for(self, order: Working) -> Quote | None:
        """Return the quote that may fill an order now: one that is no older than the order."""
        quote = self.quote
        return quote if quote is not None and quote.at >= order.effective_at else None

    def may_end_by(self, at: int) -> bool:
        """Return whether an order may expire, or arrive, until `at`; False is certain."""
        expiring, due = self.expiring, self.due
        return bool((expiring and expiring[0][0] <= at) or (due and due[0][0] <= at))

    def next_end(self) -> int | None:
        """Return when the next order expires."""
        heap = self.expiring
        while heap:
            at, born, name = heap[0]
            order = self.orders.get(name)
            if order is not None and order.expires_at == at and order.born == born:
                return at
            heappop(heap)
        return None

    def next_arrival(self) -> int | None:
        """Return when the next order reaches the exchange."""
        heap = self.due
        while heap:
            at, turn, name = heap[0]
            order = self.orders.get(name)
            if (
                order is not None
                and order.place is _TRAVELS
                and order.effective_at == at
                and order.sequence == turn
            ):
                return at
            heappop(heap)
        return None


def watched_price(order: Working, quote: Quote) -> int:
    """Return the price that a stop looks at."""
    if order.order.behaviour.trigger_by is _LAST:
        return quote.last
    side = quote.ask if order.buys else quote.bid
    return quote.last if side is None else side


def pool_of(order: Working) -> str:
    """Return whose liquidity an order uses up."""
    return COMMON_POOL if order.order.crossing else order.order.account
