"""Plays the management of a position against a book: over bars or quotes, without a clock.

The same rules run here as live. A scratch run's "what happened next" is `play`; a backtest gives a
`Player` the book that its other positions share.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from kuber.exchange import events
from kuber.exchange.behaviour import IDEAL, Behaviour
from kuber.exchange.book import Book
from kuber.exchange.events import Bar, In, MarketPhase, Out, Quote
from kuber.exchange.types import Effect, NewOrder
from kuber.kernel.orders import OrderType, Side, TimeInForce
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
from kuber.trading.management.decide import decide, next_look
from kuber.trading.management.facts import Fact, Seen, Situation, Split, Told
from kuber.trading.management.outcome import Entry, Outcome, PlayedFill, outcome_of
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.position import LegStatus, Position, entered
from kuber.trading.switch_table import Switch

_ROUNDS = 64
"""Far more than one moment ever takes: a loop that does not end is a fault."""


def play(
    plan: ExitPlan, entry: Entry, course: Iterable[In], behaviour: Behaviour = IDEAL
) -> Outcome:
    """Return what happened after an entry, over the bars, quotes and splits that followed it."""
    position = entered(
        "played",
        "played",
        plan,
        quantity=entry.quantity,
        price=entry.price,
        fee=entry.fee,
        at=entry.at,
    )
    player = Player(Book(), position, behaviour=behaviour)
    player.load()
    player.act(entry.at)
    for event in course:
        if player.position.over:
            break
        player.apply(event)
    return player.outcome()


class Player:
    """Carries the commands of one position to a book, and brings back what the book says."""

    __slots__ = (
        "_account",
        "_behaviour",
        "_chain",
        "_ends_at",
        "_filled",
        "_fills",
        "_moves",
        "_owner",
        "_sent",
        "_symbol",
        "_words",
        "book",
        "halted",
        "phase",
        "position",
        "seen",
        "switch",
        "tells",
    )

    def __init__(
        self,
        book: Book,
        position: Position,
        *,
        account: str = "account",
        owner: str = "owner",
        symbol: str = "symbol",
        behaviour: Behaviour = IDEAL,
        ends_at: Callable[[TimeInForce, int], int | None] = lambda _life, _at: None,
    ) -> None:
        """Take a book and a position. `ends_at` tells when an order sent at an instant expires."""
        self.book = book
        self.position = position
        self.seen: Seen | None = None
        self.switch = Switch.RUNNING
        self.phase = MarketPhase.OPEN
        self.halted = False
        self.tells: list[Tell] = []
        self._account, self._owner, self._symbol = account, owner, symbol
        self._behaviour, self._ends_at = behaviour, ends_at
        self._fills: list[PlayedFill] = []
        self._words: list[Fact] = []
        self._sent = set[str]()
        self._filled: dict[str, tuple[int, int, int]] = {}
        """Quantity, value and fee that each order has filled under its own id."""
        self._chain: dict[str, int] = {}
        """What an order had filled under the ids before."""
        self._moves: dict[str, str] = {}

    def load(self) -> None:
        """Tell the book what the position holds, when its entry was not the book's."""
        self._hold(self.position.looked_at, self.position.held)

    def apply(self, event: In) -> None:
        """Let time pass up to an event, apply it, and do what the position wants then."""
        begins = event.opened_at if isinstance(event, Bar) else _at(event)
        self.pass_time(begins)
        if isinstance(event, events.Adjust):
            self._split(event)
            return
        self.hear(self.book.apply(event))
        self.look_at(event)
        self.act(event.closed_at if isinstance(event, Bar) else begins)

    def pass_time(self, until: int) -> None:
        """Do what falls due before an instant."""
        while (due := next_look(self.position)) is not None and due < until:
            self.hear(self.book.apply(events.Tick(due)))
            self.act(due)

    def look_at(self, event: In) -> None:
        """Note what an event of the market shows."""
        match event:
            case Quote():
                self.seen = Seen(event.at, event.last, event.bid, event.ask)
            case Bar():
                self.seen = Seen(event.closed_at, event.close, low=event.low, high=event.high)
            case events.Phase():
                self.phase = event.phase
            case events.Halt():
                self.halted = True
            case events.Resume():
                self.halted = False

    def act(self, now: int, facts: Sequence[Fact] = ()) -> None:
        """Decide and carry out until nothing more is wanted at this instant."""
        self._words.extend(facts)
        for turn in range(_ROUNDS):
            words = self.heard()
            if turn and not words:
                return
            decision = decide(self.position, words, self.situation(now))
            self.position = decision.position
            for command in decision.commands:
                self.carry_out(command, now)
        raise AssertionError("a moment does not end")

    def heard(self) -> list[Fact]:
        """Hand over what was heard since the last decision."""
        words, self._words = self._words, []
        return words

    def situation(self, now: int) -> Situation:
        trading = self.phase is MarketPhase.OPEN and not self.halted
        return Situation(now=now, seen=self.seen, trading=trading, switch=self.switch)

    def carry_out(self, command: Command, now: int) -> None:
        """Send a command to the book, unless its id was sent before."""
        match command:
            case Tell():
                self.tells.append(command)
            case Cancel():
                self.hear(self.book.apply(events.Cancel(command.order_id, now)))
            case MoveStop():
                self._move(command, now)
            case PlaceEntry():
                self._submit((self._entry(command, now),))
            case PlaceStop():
                self._submit((self._exit(command.stop, now),))
            case CloseAtMarket():
                self._submit((self._exit(command.order, now),))
            case PlaceGroup():
                pair = (command.stop, command.target)
                self._submit(tuple(self._exit(one, now, group=command.group) for one in pair))

    def hear(self, answers: Iterable[Out]) -> None:
        """Turn the book's answers about this position's orders into facts."""
        for answer in answers:
            match answer:
                case events.Accepted():
                    self._say(answer.order, LegStatus.WORKING)
                case events.Refused():
                    self._say(answer.order, LegStatus.REFUSED)
                case events.Cancelled():
                    self._say(answer.order, LegStatus.CANCELLED)
                case events.Expired():
                    self._say(answer.order, LegStatus.EXPIRED)
                case events.Filled():
                    self._note_fill(answer)
                case events.Replaced():
                    self._say(answer.old, LegStatus.REPLACED)
                    self._say(answer.new, LegStatus.WORKING)
                case events.ReplaceRefused() if answer.order in self._moves:
                    self._say(self._moves[answer.order], LegStatus.REFUSED)

    def outcome(self) -> Outcome:
        """Return what has become of the position so far."""
        return outcome_of(self.position, tuple(self._fills), self.book.ambiguities)

    def _hold(self, at: int, held: int) -> None:
        signed = held if self.position.plan.long else -held
        for name in (None, self.position.id):
            self.book.apply(events.Holding(at, self._account, signed, name))

    def _split(self, event: events.Adjust) -> None:
        """Apply a split; the fraction of a step is paid at the last price seen."""
        position, up, down = self.position, event.numerator, event.denominator
        self.hear(self.book.apply(event))
        held = position.held_after(up, down)
        self._hold(event.at, held)
        last = position.plan.entry if self.seen is None else self.seen.last
        cash = (position.held * up - held * down) * last // up
        self.seen = None
        self.act(event.at, (Split(up, down, cash=cash),))

    def _say(self, order_id: str, status: LegStatus) -> None:
        if order_id in self._sent:
            self._words.append(Told(order_id, status, *self._filled.get(order_id, (0, 0, 0))))

    def _note_fill(self, fill: events.Filled) -> None:
        if fill.order not in self._sent:
            return
        quantity, value, fee = self._filled.get(fill.order, (0, 0, 0))
        self._filled[fill.order] = (
            quantity + fill.quantity,
            value + fill.quantity * fill.price,
            fee + fill.fee,
        )
        leg = self.position.leg(fill.order)
        if leg is not None and fill.order != self.position.entry_id:
            self._fills.append(PlayedFill(leg.name, fill.quantity, fill.price, fill.fee, fill.at))
        self._say(fill.order, LegStatus.WORKING if fill.remaining else LegStatus.FILLED)

    def _move(self, command: MoveStop, now: int) -> None:
        if command.new_id in self._sent:
            return
        self._sent.add(command.new_id)
        self._moves[command.order_id] = command.new_id
        before = self._chain.get(command.order_id, 0) + command.expected_filled
        self._chain[command.new_id] = before
        self.hear(
            self.book.apply(
                events.Replace(
                    id=command.order_id,
                    new_id=command.new_id,
                    at=now,
                    expected_filled=before,
                    stop_price=command.stop_price,
                )
            )
        )

    def _submit(self, orders: tuple[NewOrder, ...]) -> None:
        if any(order.id in self._sent for order in orders):
            return
        self._sent.update(order.id for order in orders)
        self.hear(self.book.apply(events.Submit(orders)))

    def _entry(self, command: PlaceEntry, now: int) -> NewOrder:
        return self._order(
            command.order_id,
            "entry:1",
            command.side,
            command.quantity,
            now,
            kind=command.type,
            limit_price=command.limit_price,
            ends_at=command.ends_at,
        )

    def _exit(self, one: Exit, now: int, group: str | None = None) -> NewOrder:
        return replace(
            self._order(
                one.order_id,
                f"{one.leg}:{one.attempt}",
                one.side,
                one.quantity,
                now,
                kind=_type_of(one),
                limit_price=one.limit_price,
                ends_at=self._ends_at(one.time_in_force, now),
            ),
            time_in_force=one.time_in_force,
            stop_price=one.stop_price,
            effect=Effect.CLOSE,
            group=group,
        )

    def _order(
        self,
        name: str,
        key: str,
        side: Side,
        quantity: int,
        now: int,
        *,
        kind: OrderType,
        limit_price: int | None,
        ends_at: int | None,
    ) -> NewOrder:
        return NewOrder(
            id=name,
            account=self._account,
            owner=self._owner,
            spec=self.position.plan.spec,
            behaviour=self._behaviour,
            side=side,
            type=kind,
            time_in_force=TimeInForce.GTC,
            quantity=quantity,
            at=now,
            effective_at=now,
            draw_key=f"{self._symbol}:{key}",
            expires_at=ends_at,
            limit_price=limit_price,
            position_id=self.position.id,
        )


def _type_of(one: Exit) -> OrderType:
    if one.stop_price is not None:
        return OrderType.STOP
    return OrderType.MARKET if one.limit_price is None else OrderType.LIMIT


def _at(event: In) -> int:
    if isinstance(event, events.Submit):
        return max(order.at for order in event.orders)
    assert not isinstance(event, Bar), "a bar has two instants"
    return event.at
