"""Random courses of a market, decoded from bytes: Hypothesis draws and shrinks those quickly."""

from collections.abc import Iterator
from dataclasses import replace

from kuber.exchange.behaviour import IDEAL, PAPER_LIKE, REALISTIC, Behaviour, Children, TriggerBy
from kuber.exchange.events import (
    Adjust,
    Auction,
    AuctionKind,
    Bar,
    Cancel,
    Halt,
    Holding,
    In,
    MarketPhase,
    Phase,
    Quote,
    Replace,
    Resume,
    Submit,
    Tick,
)
from kuber.exchange.fees import FeeSchedule
from kuber.exchange.types import Effect, NewOrder, Spec
from kuber.exchange.units import AMOUNT_ONE, PRICE_ONE, QUANTITY_ONE, SECOND
from kuber.kernel.orders import OrderType, Side, TimeInForce

SPEC = Spec(tick=PRICE_ONE, lot=QUANTITY_ONE)
"""Whole prices and shares: collisions are what is looked for."""

FEES = FeeSchedule(per_share=PRICE_ONE // 100, percent=500, minimum=AMOUNT_ONE)
BEHAVIOURS: tuple[Behaviour, ...] = (
    IDEAL,
    replace(REALISTIC, rejection_rate=20_000, slippage=10_000, fees=FEES),
    replace(REALISTIC, depth=3 * QUANTITY_ONE, trigger_by=TriggerBy.QUOTE, rejection_rate=0),
    replace(PAPER_LIKE, partial_rate=400_000),
    replace(IDEAL, children=Children.COMPLETE, half_spread=10_000, patience=2 * SECOND),
)
ACCOUNTS = (("a", "u1", False), ("b", "u2", True), ("c", "u3", True), ("d", "u2", True))
"""Name, owner, and whether it trades with others."""

PLAIN = (OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT)
TIMES = (*[TimeInForce.GTC] * 3, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG)


class Course:
    """Reads bytes as events, and remembers which orders it has sent."""

    def __init__(self, data: bytes, *, only_quotes: bool = False, splits: bool = True) -> None:
        self._bytes = iter(data)
        self._end = len(data)
        self._read = self._made = 0
        self._only_quotes, self._splits = only_quotes, splits
        self.at = 10 * SECOND
        self.sent: dict[str, NewOrder] = {}

    def events(self) -> Iterator[In]:
        while self._read < self._end:
            self.at += self._pick(4) * SECOND
            yield self._event()

    def _name(self) -> str:
        self._made += 1
        return f"o{self._made}"

    def _next(self) -> int:
        self._read += 1
        return next(self._bytes, 0)

    def _pick(self, count: int) -> int:
        return self._next() % count

    def _price(self) -> int:
        return (96 + self._pick(9)) * PRICE_ONE

    def _event(self) -> In:
        kind = self._pick(40)
        if kind < 12:
            return Submit((self._order(),))
        if kind < 15:
            return Submit(self._bracket())
        if kind < 17:
            return Submit(self._pair())
        if kind < 28:
            return self._quote()
        if kind < 31:
            return self._replace()
        if kind < 34:
            return Cancel(self._known(), self.at)
        return self._rare(kind)

    def _rare(self, kind: int) -> In:
        if kind == 34:
            return self._quote() if self._only_quotes else self._bar()
        if kind == 35:
            return self._quote() if self._only_quotes else self._bar()
        if kind == 36:
            phases = (MarketPhase.OPEN, MarketPhase.OPEN, MarketPhase.CLOSED, MarketPhase.PRE)
            return Phase(self.at, phases[self._pick(4)])
        if kind == 37:
            return Halt(self.at) if self._pick(3) == 0 else Resume(self.at)
        if kind == 38:
            account = ACCOUNTS[self._pick(4)][0]
            return Holding(self.at, account, (self._pick(21) - 10) * QUANTITY_ONE)
        choice = self._pick(4)
        if choice == 0 and self._splits:
            return Adjust(self.at, *((2, 1), (1, 2), (3, 2), (1, 10))[self._pick(4)])
        if choice == 1:
            return Auction(self.at, AuctionKind.OPEN, self._price())
        return Tick(self.at)

    def _order(self, **terms: object) -> NewOrder:
        account, owner, crossing = ACCOUNTS[self._pick(4)]
        flags = self._next()
        kind = OrderType.TRAILING_STOP if flags % 16 == 15 else PLAIN[flags // 16 % 4]
        impatient = TIMES[self._pick(7)]
        stop_like = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
        order = NewOrder(
            id=self._name(),
            account=account,
            owner=owner,
            spec=SPEC,
            behaviour=BEHAVIOURS[self._pick(5)],
            side=Side.BUY if flags & 1 else Side.SELL,
            type=kind,
            time_in_force=TimeInForce.GTC if kind not in PLAIN[:2] else impatient,
            quantity=(1 + self._pick(9)) * QUANTITY_ONE,
            at=self.at,
            effective_at=self.at + (self._pick(8) // 6) * SECOND,
            draw_key=f"k{self._made}",
            limit_price=self._price() if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
            stop_price=self._price() if stop_like else None,
            trail_percent=20_000 if kind is OrderType.TRAILING_STOP else None,
            effect=Effect.CLOSE if flags & 6 == 6 else Effect.OPEN,
            position_id="p" if flags & 18 == 18 else None,
            expires_at=self.at + 20 * SECOND if flags & 8 else None,
            reserved=self._pick(800) * AMOUNT_ONE if flags & 64 else None,
            crossing=crossing,
            extended_hours=bool(flags & 128),
        )
        order = replace(order, **terms)  # type: ignore[arg-type]
        self.sent[order.id] = order
        return order

    def _bracket(self) -> tuple[NewOrder, ...]:
        entry = self._order()
        if entry.closes or entry.time_in_force is TimeInForce.OPG:
            entry = replace(entry, effect=Effect.OPEN, time_in_force=TimeInForce.GTC)
            self.sent[entry.id] = entry
        return (entry, *self._exits(entry, f"g{entry.id}", entry.id))

    def _pair(self) -> tuple[NewOrder, ...]:
        account = ACCOUNTS[self._pick(4)]
        like = self._order(account=account[0], owner=account[1], crossing=account[2])
        del self.sent[like.id]
        return self._exits(like, f"g{like.id}", None)

    def _exits(self, like: NewOrder, group: str, parent: str | None) -> tuple[NewOrder, ...]:
        made = []
        for kind in (OrderType.STOP, OrderType.LIMIT):
            exit_order = replace(
                like,
                id=self._name(),
                draw_key=f"k{self._made}",
                side=like.side.opposite,
                type=kind,
                time_in_force=TimeInForce.GTC,
                effect=Effect.CLOSE,
                limit_price=self._price() if kind is OrderType.LIMIT else None,
                stop_price=self._price() if kind is OrderType.STOP else None,
                trail_percent=None,
                reserved=None,
                group=group,
                parent=parent,
            )
            self.sent[exit_order.id] = exit_order
            made.append(exit_order)
        return tuple(made)

    def _known(self) -> str:
        names = list(self.sent)[-8:]
        return names[self._pick(len(names))] if names else "none"

    def _replace(self) -> Replace:
        old = self._known()
        new = self._name()
        terms = self.sent.get(old)
        flags = self._next()
        change = Replace(
            id=old,
            new_id=new,
            at=self.at,
            expected_filled=0,
            remaining=(1 + self._pick(9)) * QUANTITY_ONE if flags & 1 else None,
            limit_price=self._price() if flags & 2 else None,
            stop_price=self._price() if flags & 4 else None,
        )
        if terms is not None:
            self.sent[new] = replace(
                terms,
                id=new,
                quantity=max(terms.quantity, change.remaining or 0),
                limit_price=change.limit_price or terms.limit_price,
            )
        return change

    def _quote(self) -> Quote:
        flags = self._next()
        last = self._price()
        at = self.at - (SECOND if flags % 32 == 31 else 0)
        bid = last - (flags >> 1 & 1) * PRICE_ONE if flags & 1 else None
        ask = last + (flags >> 2 & 1) * PRICE_ONE if flags & 4 else None
        size = self._pick(12) * QUANTITY_ONE if flags & 64 else None
        return Quote(at, last, bid, ask, size, size)

    def _bar(self) -> Bar:
        prices = [self._price() for _ in range(4)]
        begins = self.at
        self.at += SECOND
        low, high = min(prices), max(prices)
        volume = self._pick(3) * 20 * QUANTITY_ONE
        return Bar(begins, self.at, prices[0], high, low, prices[1], volume)
