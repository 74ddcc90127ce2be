"""Random lives of a position at a random venue, decoded from bytes, with a host that may fail."""

from dataclasses import replace

from kuber.exchange.behaviour import IDEAL, PAPER_LIKE, REALISTIC, Behaviour
from kuber.exchange.book import Book
from kuber.exchange.events import (
    Adjust,
    Bar,
    Halt,
    In,
    MarketPhase,
    Phase,
    Quote,
    Resume,
    Tick,
)
from kuber.exchange.types import Spec
from kuber.exchange.units import PRICE_ONE, QUANTITY_ONE, SECOND
from kuber.kernel.orders import OrderType, Side
from kuber.trading.management.commands import (
    CloseAtMarket,
    Command,
    MoveStop,
    PlaceGroup,
    PlaceStop,
    Tell,
)
from kuber.trading.management.decide import decide, next_look, outstanding
from kuber.trading.management.facts import CloseAsked, EntryUnwanted, Fact, Told
from kuber.trading.management.judging import STOP_DUE
from kuber.trading.management.levels import levels
from kuber.trading.management.plan import ExitPlan, Protection
from kuber.trading.management.playing import Player
from kuber.trading.management.position import LegStatus, Position, Status, planned
from kuber.trading.management.stored import restored, written
from kuber.trading.switch_table import Switch

HARD = replace(REALISTIC, slippage=0, rejection_rate=300_000, partial_rate=500_000)
BEHAVIOURS: tuple[Behaviour, ...] = (
    IDEAL,
    HARD,
    replace(HARD, rejection_rate=0, depth=2 * QUANTITY_ONE),
    replace(PAPER_LIKE, partial_rate=500_000, rejection_rate=100_000),
    replace(IDEAL, rejection_rate=700_000),
)
STEPS = (QUANTITY_ONE, QUANTITY_ONE, QUANTITY_ONE // 10)
ENTRY = 100
"""Stop and targets lie around it: whole prices, so that they are met often."""


class Bytes:
    def __init__(self, data: bytes) -> None:
        self._bytes, self.left = iter(data), len(data)

    def pick(self, count: int) -> int:
        self.left -= 1
        return next(self._bytes, 0) % count


def random_plan(source: Bytes) -> ExitPlan:
    long = source.pick(2) == 0
    way = 1 if long else -1
    lot = STEPS[source.pick(3)]
    minimum = QUANTITY_ONE if lot < QUANTITY_ONE and source.pick(2) else 0
    targets = tuple((ENTRY + way * step) * PRICE_ONE for step in (2, 4)[: source.pick(4) or 2])
    shape = source.pick(8)
    return ExitPlan(
        side=Side.BUY if long else Side.SELL,
        spec=Spec(tick=PRICE_ONE // 4, lot=lot, minimum_quantity=minimum),
        quantity=max((1 + source.pick(9)) * lot * (7 if minimum else 1), minimum),
        entry=ENTRY * PRICE_ONE,
        stop=(ENTRY - way * 2) * PRICE_ONE,
        targets=targets[: 0 if shape == 7 else 2],
        protection=tuple(Protection)[shape % 3],
        entry_type=OrderType.LIMIT if shape & 4 else OrderType.MARKET,
        entry_ends_at=60 * SECOND if shape & 2 else None,
    )


class Life:
    """A position, its host and its venue; every step is checked against the book."""

    def __init__(self, data: bytes, *, shaky: bool) -> None:
        self.source = Bytes(data)
        plan = random_plan(self.source)
        behaviour = BEHAVIOURS[self.source.pick(len(BEHAVIOURS))]
        position = planned("p", "pipeline", plan, 0)
        self.host = Host(Book(), position, behaviour=behaviour)
        self.at = SECOND
        self.shaky = shaky

    def run(self) -> "Host":
        """Play the course, then calm weather until the position is over."""
        while self.source.left > 0:
            self.at += (0, 1, 1, 2, 5, 30)[self.source.pick(6)] * SECOND
            self._step(self.source.pick(32))
        self._calm()
        return self.host

    def _step(self, kind: int) -> None:
        host = self.host
        if self.shaky and kind >= 27:
            self._trouble(kind)
        elif kind == 24:
            host.switch = tuple(Switch)[self.source.pick(4)]
        elif kind == 25:
            facts: tuple[Fact, ...] = (CloseAsked(), EntryUnwanted(), EntryUnwanted())
            host.act(self.at, (facts[self.source.pick(3)],))
        elif kind == 26 and not self.shaky:
            self._split()
        else:
            host.apply(self._event(kind))
            self.at = max(self.at, host.now)

    def _trouble(self, kind: int) -> None:
        host = self.host
        if kind == 27:
            host.muted = not host.muted
        elif kind == 28:
            host.dies_after = self.source.pick(3)
        elif kind == 29:
            host.echoes = not host.echoes
        else:
            host.recover(self.at)

    def _event(self, kind: int) -> In:
        if kind < 18:
            size = (None, 1, 2, 20)[self.source.pick(4)]
            size = None if size is None else size * self.host.position.plan.spec.lot
            last = self._price()
            return Quote(self.at, last, last, last, size, size)
        if kind < 20:
            ends = sorted(self._price() for _ in range(4))
            opening, closing = (ends[1], ends[2]) if self.source.pick(2) else (ends[2], ends[1])
            return Bar(self.at, self.at + 5 * SECOND, opening, ends[3], ends[0], closing)
        if kind == 20:
            return Halt(self.at)
        if kind == 21:
            return Resume(self.at)
        if kind == 22:
            phases = (MarketPhase.OPEN, MarketPhase.CLOSED)
            return Phase(self.at, phases[self.source.pick(2)])
        return Tick(self.at)

    def _price(self) -> int:
        base, basis = self.source.pick(12), self.host.basis
        if self.host.position.entry is None:
            base = 4 + base % 3 if base else 0  # mostly near enough to enter
        price = (ENTRY - 5 + base) * PRICE_ONE * basis[1] // basis[0]
        return price // (PRICE_ONE // 4) * (PRICE_ONE // 4)

    def _split(self) -> None:
        if self.host.position.entry_ended:
            self.host.split(self.at, *((2, 1), (1, 2), (3, 2))[self.source.pick(3)])

    def _calm(self) -> None:
        host = self.host
        host.muted = host.echoes = False
        host.dies_after = None
        host.recover(self.at)
        host.switch = Switch.HALTED
        for event in (Phase(self.at, MarketPhase.OPEN), Resume(self.at)):
            host.apply(event)
        host.act(self.at, (CloseAsked(),))
        for _ in range(60):
            self.at += 61 * SECOND
            price = ENTRY * PRICE_ONE
            host.apply(Quote(self.at, price, price, price))
            if host.position.status in (Status.CLOSED, Status.DUST):
                break


class Host(Player):
    """A player that checks each step, and can be deaf, hear twice, and die between commands."""

    def __init__(self, book: Book, position: Position, *, behaviour: Behaviour) -> None:
        super().__init__(book, position, behaviour=behaviour)
        self.muted = self.echoes = self.dead = False
        self.dies_after: int | None = None
        self.basis = (1, 1)
        self.now = self.looks = 0
        self.looked = self.situation(0)
        self.ends = 0
        self.level: int | None = position.plan.stop
        """The tightest stop so far; None in the moment of a split."""
        self.standing: dict[str, LegStatus] = {}
        self.orders: dict[str, Command] = {}
        self.area = 0
        self.bare = 0
        self.open_since: int | None = 0

    # ---- what may fail

    def heard(self) -> list[Fact]:
        if self.muted:
            return []
        words = super().heard()
        return [*reversed(words), *words] if self.echoes else words

    def act(self, now: int, facts: tuple[Fact, ...] = ()) -> None:  # type: ignore[override]
        if self.dead:
            return
        self.area += self.bare * (now - self.now)
        self.now = now
        was = self.position.over
        self.looks += 1
        if self.looks % 2 == 0:
            self.check_silence(now, facts)
        if self.looks % 4 == 0:
            situation = self.situation(now)
            again = decide(self.position, facts, situation)
            assert again == decide(self.position, facts, situation), "the same gives the same"
        super().act(now, facts)
        self.looked = self.situation(now)
        self.ends += self.position.over and not was
        self.check(now)

    def carry_out(self, command: Command, now: int) -> None:
        if self.dead:
            return
        if self.dies_after is not None:
            if self.dies_after == 0:
                self.dead, self.dies_after = True, None
                return
            self.dies_after -= 1
        self.check_command(command)
        super().carry_out(command, now)
        assert self.level is None or self.resting() <= self.holding(), command

    def pass_time(self, until: int) -> None:
        while not self.dead:
            due = next_look(self.position)
            if due is None or due >= until:
                return
            super().pass_time(due + 1)

    def recover(self, now: int) -> None:
        """Start again from what was stored: ask how every order stands, repeat what is open."""
        self.dead = False
        super().heard()
        self.position = restored(written(self.position))
        for command in outstanding(self.position):
            self.carry_out(command, now)
        if self.dead:
            return
        for order_id, status in self.standing.items():
            self._words.append(Told(order_id, status, *self._filled.get(order_id, (0, 0, 0))))
        self.act(now)

    def split(self, now: int, numerator: int, denominator: int) -> None:
        if self.dead or self.muted:
            return
        self.basis = (self.basis[0] * numerator, self.basis[1] * denominator)
        self.level = None
        self.apply(Adjust(now, numerator, denominator))
        self.level = self.position.stop

    def _say(self, order_id: str, status: LegStatus) -> None:
        super()._say(order_id, status)
        if order_id in self._sent:
            self.standing[order_id] = status

    # ---- what is checked

    def holding(self) -> int:
        held = self.book.holding("account", "p")
        held = held if self.position.plan.long else -held
        assert held >= 0, "it never flips"
        return held

    def resting(self) -> int:
        """Return what the exits in the book may sell; the orders of a part count once."""
        parts: dict[int | str, int] = {}
        for order_id in self.book.working():
            leg = self.position.leg(order_id)
            if leg is None or order_id == self.position.entry_id:
                continue
            key = leg.part or order_id
            parts[key] = max(parts.get(key, 0), self.book.remaining(order_id) or 0)
        return sum(parts.values())

    def covered(self) -> int:
        """Return what stops and exits at the market in the book stand for."""
        parts: dict[int | str, int] = {}
        for order_id in self.book.working():
            leg = self.position.leg(order_id)
            if leg is not None and leg.role.value in ("stop", "trim", "close"):
                key = leg.part or order_id
                parts[key] = max(parts.get(key, 0), self.book.remaining(order_id) or 0)
        return sum(parts.values())

    def check_command(self, command: Command) -> None:
        match command:
            case PlaceStop():
                ids, stop = [command.stop.order_id], command.stop.stop_price
            case PlaceGroup():
                ids, stop = (
                    [command.stop.order_id, command.target.order_id],
                    command.stop.stop_price,
                )
            case CloseAtMarket():
                ids, stop = [command.order.order_id], None
            case MoveStop():
                ids, stop = [command.new_id], command.stop_price
            case Tell():
                assert [one.key for one in self.tells].count(command.key) == 0, "told once"
                return
            case _:
                return
        for order_id in ids:
            known = self.orders.setdefault(order_id, command)
            assert known == command, "an id stands for one order"
        if stop is not None and self.level is not None:
            plan = self.position.plan
            assert plan.tighter(stop, self.level) == stop, "a stop is never loosened"
            if self.position.status is not Status.CLOSING:
                self.level = stop

    def check_silence(self, now: int, facts: tuple[Fact, ...]) -> None:
        """A price between the levels, before the next look is due, changes nothing."""
        position = self.position
        waits = levels(position)
        due = next_look(position)
        if facts or self._words or waits is None or (due is not None and due <= now):
            return
        situation = self.situation(now)
        if situation.seen is None or waits.touched(position, situation.seen):
            return
        if situation.switch is self.looked.switch and situation.trading is self.looked.trading:
            silent = decide(position, (), situation)
            assert silent.commands == ()
            assert silent.position.version == position.version

    def check(self, now: int) -> None:
        position = self.position
        assert position.held >= 0
        assert position.status is not Status.FROZEN
        if self.level is not None:
            assert position.plan.tighter(position.stop, self.level) == position.stop
        assert self.resting() <= self.holding()
        if self.muted or self.dead or self.echoes or self._words:
            return
        if position.bare_since is not None and position.status is not Status.CLOSING:
            assert now - position.bare_since < STOP_DUE, "ten seconds without a stop"
        entry = position.entry
        if entry is not None and entry.live and position.held_since is not None:
            late = now - position.held_since >= 2 * SECOND
            assert not late or entry.asked_at is not None, "two seconds of a partial entry"
        assert position.held == self.holding()
        self._measure(position)

    def _measure(self, position: Position) -> None:
        """Compare the figure of M12 with the book's own account of it."""
        over = position.status in (Status.CLOSED, Status.DUST)
        watched = position.plan.protection is Protection.MONITOR
        watched = watched and position.status is not Status.CLOSING
        bare = 0 if over or watched else max(self.holding() - self.covered(), 0)
        self.bare = bare if position.plan.sellable(bare) else 0
        assert self.bare == position.bare
