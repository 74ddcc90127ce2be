"""One round over one instrument: events go into the book, its answers to the positions, and their
commands into the book again, until nothing more is wanted at this moment. In memory only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from kuber.brokers.port import OrderStatus
from kuber.exchange import events
from kuber.exchange.events import In, MarketPhase, Quote
from kuber.exchange.lifetimes import expires_at
from kuber.exchange.types import Effect, NewOrder
from kuber.exchange.units import from_instant, to_instant
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.trading.errors import PositionFailed
from kuber.trading.management.commands import (
    Cancel,
    CloseAtMarket,
    Command,
    Exit,
    MoveStop,
    PlaceEntry,
    PlaceGroup,
    PlaceStop,
    Tell,
)
from kuber.trading.management.decide import decide
from kuber.trading.management.facts import Fact, Seen, Situation
from kuber.trading.management.position import LegStatus, Position
from kuber.trading.order_service.answering import Answers
from kuber.trading.order_service.held import Hosted, LiveOrder, Terms, Tracked
from kuber.trading.order_service.sending import exit_of, new_order
from kuber.trading.switch_table import Switch

_TURNS = 64
"""Far more than one moment ever takes: a round that does not end is a fault."""
FOLLOWED_WITHIN_S = 30
"""So long a new entry waits for the first price of its symbol."""
_PHASE_AGAIN = timedelta(minutes=1)


class Round(Answers):
    """Works one instrument at one moment. `switch_of` says what a position may do."""

    def __init__(
        self,
        hosted: Hosted,
        now: datetime,
        switch_of: Callable[[Tracked], Switch],
        *,
        entries_wait: bool = False,
        unwatched_since: int | None = None,
    ) -> None:
        super().__init__(hosted)
        self.now = to_instant(now)
        self._switch_of = switch_of
        self._entries_wait = entries_wait
        self._unwatched_since = unwatched_since
        everywhere = hosted.switched or unwatched_since is not None
        self._look: set[str] = set(hosted.tracked) if everywhere else set()

    def quote(self, quote: Quote) -> None:
        """Take a price: the book first, then whoever waits for such a price."""
        hosted = self.hosted
        if quote.at <= hosted.quoted_at:
            return
        hosted.quoted_at = quote.at
        hosted.seen = Seen(quote.at, quote.last, quote.bid, quote.ask)
        if hosted.book.acts_on(quote):
            self.apply(quote)
        else:
            hosted.book.apply(quote)
        for name, one in hosted.tracked.items():
            if one.levels is None or one.levels.touched(one.position, hosted.seen):
                self._look.add(name)

    def phase(self, phase: MarketPhase) -> None:
        """Take a change of the market's hours."""
        if phase is not self.hosted.phase:
            self.hosted.phase = phase
            self.apply(events.Phase(self.now, phase))
            self._look.update(self.hosted.tracked)

    def pass_hours(self, now: datetime) -> None:
        """Let the market open or close, if its hours say so at `now`."""
        hosted = self.hosted
        if hosted.phase_until is None or now >= hosted.phase_until:
            phase, until = hosted.traded.phase(now)
            hosted.phase_until = min(until, now + _PHASE_AGAIN)
            self.phase(phase)

    def look_at_all(self) -> None:
        """Decide again for every position: a switch was changed."""
        self._look.update(self.hosted.tracked)

    def tell(self, position_id: str, fact: Fact) -> None:
        """Hand a fact to a position."""
        self._facts[position_id].append(fact)

    def admit(self, tracked: Tracked, order: LiveOrder) -> None:
        """Begin to manage a position; its order has arrived and is sent when management says so."""
        name, order_id = tracked.position.id, str(order.intent.id)
        self.hosted.tracked[name] = tracked
        self.hosted.orders[order_id] = order
        self.changes.positions[name] = tracked
        self.word(order_id, OrderStatus.SUBMITTED)
        self._look.add(name)

    def take_entries(self) -> list[tuple[Tracked, LiveOrder]]:
        """Return the entries that want to be sent, once each."""
        entries, self.changes.entries = self.changes.entries, []
        return entries

    def pass_time(self) -> None:
        """End the orders whose time is over."""
        ends = [order.terms.expires_at for order in self.hosted.orders.values()]
        if any(end is not None and end <= self.now for end in ends):
            self.apply(events.Tick(self.now))

    def apply(self, event: In) -> None:
        """Put an event into the book, and hear what came of it."""
        answers = self.hosted.book.apply(event)
        self.changes.book = self.changes.book or bool(answers)
        for answer in answers:
            self._hear(answer)

    def work(self) -> None:
        """Decide and carry out until nothing more is wanted now. Raises PositionFailed."""
        due: list[Tracked] = []
        for _ in range(_TURNS):
            due = [one for one in self.hosted.tracked.values() if self._due(one)]
            if not due:
                return
            for one in due:
                try:
                    self._decide(one)
                except Exception as error:
                    raise PositionFailed(one.name) from error
        raise PositionFailed(due[0].name) from AssertionError("a round does not end")

    def take_back(self) -> None:
        """Take up the positions that were set aside: what they had in the book has ended."""
        for order_id in self.hosted.lost_orders():
            self._hear_status(order_id, OrderStatus.CANCELLED, LegStatus.CANCELLED, "set_aside")
            self.changes.book = True
        self._look.update(self.hosted.returned)
        self.hosted.returned = frozenset()

    def enter(self, order: LiveOrder, reserved: Decimal, units: int) -> None:
        """Send an entry for which money is held: `reserved`, in the exchange's unit `units`."""
        order.reserved = reserved
        tracked = self.hosted.tracked[order.position_id]
        self._submit([new_order(order, tracked, self.now, reserved=units)])

    def refuse(self, order: LiveOrder, reason: str) -> None:
        """Do not send an entry, since there is no money for it."""
        self.word(str(order.intent.id), OrderStatus.REJECTED, reason)
        self._say(str(order.intent.id), LegStatus.REFUSED)

    def valued(self, tracked: Tracked, order: LiveOrder) -> tuple[NewOrder, int | None]:
        """Return an entry as the book would get it, and the price that it would meet."""
        seen = self.hosted.seen
        ask = None if seen is None else (seen.last if seen.ask is None else seen.ask)
        return new_order(order, tracked, self.now), ask

    def _due(self, one: Tracked) -> bool:
        name = one.position.id
        if self._facts.get(name) or name in self._look:
            return True
        return one.look_at is not None and one.look_at <= self.now

    def _decide(self, one: Tracked) -> None:
        name = one.position.id
        self._look.discard(name)
        before = one.position
        decision = decide(before, self._facts.pop(name, ()), self._situation(one))
        one.keep(decision.position)
        self._look_if_not_followed(one)
        if decision.position.version != before.version:
            self.changes.positions[name] = one
        for command in decision.commands:
            self._carry_out(one, command)
        self._withdraw(one)
        one.unwatched_since = None

    def _situation(self, one: Tracked) -> Situation:
        hosted = self.hosted
        waited = self.now - to_instant(one.created_at)
        return Situation(
            now=self.now,
            seen=hosted.seen,
            trading=hosted.phase is MarketPhase.OPEN,
            switch=self._switch_of(one),
            entries_wait=self._entries_wait,
            followed=hosted.quoted_at > 0 or waited < FOLLOWED_WITHIN_S * 1_000_000,
            unwatched_since=one.unwatched_since or self._unwatched_since,
        )

    def _look_if_not_followed(self, one: Tracked) -> None:
        """Look again when an entry has waited long enough for a first price (M9)."""
        given_up_at = to_instant(one.created_at) + FOLLOWED_WITHIN_S * 1_000_000
        waits = one.position.entry is None and not self.hosted.quoted_at
        if waits and given_up_at > self.now and not one.position.over:
            one.look_at = min(given_up_at, one.look_at or given_up_at)

    def _withdraw(self, one: Tracked) -> None:
        """End the order of an entry that management will never send."""
        position = one.position
        why = position.entry_end or (position.reason if position.over else None)
        if position.entry is None and why and position.entry_id in self.hosted.orders:
            reason = f"not_sent: {why}".replace("_", " ")
            self.word(position.entry_id, OrderStatus.CANCELLED, reason)

    def _carry_out(self, one: Tracked, command: Command) -> None:
        match command:
            case Tell():
                self.changes.tells.append((one, command))
            case Cancel():
                self.apply(events.Cancel(command.order_id, self.now))
            case MoveStop():
                self._move(one, command)
            case PlaceEntry():
                self.changes.entries.append((one, self.hosted.orders[command.order_id]))
            case PlaceStop():
                self._exits(one, (command.stop,))
            case CloseAtMarket():
                self._exits(one, (command.order,))
            case PlaceGroup():
                self._exits(one, (command.stop, command.target), command.group)

    def _exits(self, one: Tracked, exits: Iterable[Exit], group: str | None = None) -> None:
        made = []
        for wanted in exits:
            terms = Terms(
                type=_type_of(wanted),
                time_in_force=wanted.time_in_force,
                limit_price=wanted.limit_price,
                stop_price=wanted.stop_price,
                effect=Effect.CLOSE,
                expires_at=self._ends_at(wanted.time_in_force),
            )
            order = self._exit(one, wanted.order_id, wanted.quantity, terms)
            place = (wanted.leg, wanted.attempt, group, None)
            self.changes.new_orders.append((order, one, *place))
            made.append(new_order(order, one, self.now, group=group))
        self._submit(made)

    def _move(self, one: Tracked, command: MoveStop) -> None:
        leg, old = one.position.leg(command.new_id), self.hosted.orders.get(command.order_id)
        assert leg is not None, "management keeps the leg that it asks for"
        if old is None:
            self._say(command.new_id, LegStatus.REFUSED)
            return
        terms = replace(old.terms, stop_price=command.stop_price)
        order = self._exit(one, command.new_id, leg.quantity, terms)
        place = (leg.name, leg.attempt, None, old.intent.id)
        self.changes.new_orders.append((order, one, *place))
        before = _filled_before(one.position, command.order_id)
        self.apply(
            events.Replace(
                id=command.order_id,
                new_id=command.new_id,
                at=self.now,
                expected_filled=before + command.expected_filled,
                stop_price=command.stop_price,
            )
        )

    def _exit(self, one: Tracked, order_id: str, quantity: int, terms: Terms) -> LiveOrder:
        order = exit_of(one, self.hosted.symbol, order_id, quantity, terms)
        self.hosted.orders[order_id] = order
        return order

    def _submit(self, orders: list[NewOrder]) -> None:
        self.apply(events.Submit(tuple(orders)))

    def _ends_at(self, life: TimeInForce) -> int | None:
        ends = expires_at(life, from_instant(self.now), self.hosted.traded.calendar)
        return None if ends is None else to_instant(ends)


def chain_of(position: Position, order_id: str) -> Iterator[str]:
    """Yield an order and those that it replaced, the newest first."""
    leg = position.leg(order_id)
    while leg is not None:
        yield leg.order_id
        leg = None if leg.replaces is None else position.leg(leg.replaces)


def _filled_before(position: Position, order_id: str) -> int:
    """Return what an order's predecessors had filled under their own ids."""
    older = list(chain_of(position, order_id))[1:]
    return sum(leg.heard for leg in position.legs if leg.order_id in older)


def _type_of(wanted: Exit) -> OrderType:
    if wanted.stop_price is not None:
        return OrderType.STOP
    return OrderType.MARKET if wanted.limit_price is None else OrderType.LIMIT
