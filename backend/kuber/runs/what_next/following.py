"""Plays a trade forward over the bars that followed it. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np

from kuber.exchange.book import Book
from kuber.exchange.events import Adjust, Bar
from kuber.exchange.types import Spec
from kuber.exchange.units import (
    ceil_to,
    floor_to,
    from_price,
    to_amount,
    to_instant,
    to_price,
    to_quantity,
)
from kuber.kernel.money import exact, quantize
from kuber.kernel.orders import Side
from kuber.market.later import Course
from kuber.market.types import Bars, FloatArray, to_datetime
from kuber.trading.management.levels import Levels, levels
from kuber.trading.management.outcome import Entry, Outcome
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.playing import Player
from kuber.trading.management.position import Role, entered
from kuber.trading.orders import JournalOrder
from kuber.trading.scratch import ESTIMATED

_PLACES = 8
"""Decimal places of a bar's prices: those of stored bars. A provider's have more."""
_SLACK = 1e-9
"""Relative: which bars come near a level is looked up in floats."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The smallest steps of an instrument's prices and quantities, as the run went by them."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class PlayedSplit:
    """A split that took effect while the position was open: in microseconds, new shares to old."""

    at: int
    ratio: Fraction


class Following:
    """One position from its entry on. Take the courses in their order with `go_on`."""

    def __init__(self, order: JournalOrder, steps: Steps) -> None:
        """Take a filled entry. Raises RefusedOrder when its prices do not go together."""
        entry = entry_of(order)
        position = entered(
            "played",
            "played",
            plan_of(order, steps),
            quantity=entry.quantity,
            price=entry.price,
            fee=entry.fee,
            at=entry.at,
        )
        self._player = Player(Book(), position, behaviour=ESTIMATED)
        self._player.load()
        self._player.act(entry.at)
        self._rests = False
        """Whether its orders have met a bar already: they come to rest then."""
        self.quantity = entry.quantity
        """What was entered, in the quantities of that time."""
        self.splits: list[PlayedSplit] = []
        self.bars = 0
        """How many bars the position has seen."""
        self.last_at: int | None = None
        """Close of the last of them."""
        self.last: int | None = None

    @property
    def over(self) -> bool:
        return self._player.position.over

    @property
    def outcome(self) -> Outcome:
        return self._player.outcome()

    def go_on(self, course: Course) -> None:
        """Let the position live through these bars, or up to its end."""
        bars, splits = course.bars, {split.index: split.ratio for split in course.splits}
        begins = [0, *(index for index in sorted(splits) if index), len(bars)]
        for start, stop in pairwise(begins):
            if start in splits and not self.over:
                self._split(bars, start, splits[start])
            self._through(bars.window(start, stop))

    def _through(self, bars: Bars) -> None:
        """Apply every bar that may matter, and the last one, so that its close is known."""
        place, count = 0, len(bars)
        while place < count and not self.over:
            place = min(place + self._quiet(bars.window(place, count)), count - 1)
            before = self._resting()
            self._player.apply(bar_at(bars, place))
            self._rests = self._resting() == before
            place += 1
        self.bars += place
        if place:
            self.last_at = to_instant(to_datetime(bars.closed_at[place - 1]))
            self.last = price_at(bars.close, place - 1)

    def _quiet(self, bars: Bars) -> int:
        """Return how many bars pass before one reaches an order that rests."""
        position = self._player.position
        if not self._rests or levels(position) != Levels():
            return 0  # the book or the manager has something to do, whatever the price
        near = np.zeros(len(bars), dtype=np.bool_)
        for leg in position.legs:
            if leg.live and leg.price is not None:
                price = float(from_price(leg.price))
                if position.plan.long is (leg.role is Role.STOP):
                    near |= bars.low <= price * (1 + _SLACK)
                else:
                    near |= bars.high >= price * (1 - _SLACK)
        return int(np.argmax(near)) if near.any() else len(bars)

    def _resting(self) -> set[str]:
        return {leg.order_id for leg in self._player.position.legs if leg.live}

    def _split(self, bars: Bars, index: int, ratio: Fraction) -> None:
        at = to_instant(to_datetime(bars.opened_at[index]))
        self._player.apply(Adjust(at, ratio.numerator, ratio.denominator))
        self._rests = False
        self.splits.append(PlayedSplit(at, ratio))


def entry_of(order: JournalOrder) -> Entry:
    """Return the filled entry of an order, at the average price of its fills."""
    average = order.average_fill_price
    assert average is not None, "the order was filled"
    return Entry(
        quantity=to_quantity(order.filled_quantity),
        price=to_price(average),
        at=to_instant(max(fill.time for fill in order.fills)),
        fee=to_amount(order.commission),
    )


def plan_of(order: JournalOrder, steps: Steps) -> ExitPlan:
    """Return the exit plan of an order, exits put on the tick so that they come earlier.

    Stop and target rest together: what bars can tell of a monitor that acts at the touch, too.
    """
    quantity, step = to_quantity(order.filled_quantity), to_quantity(steps.quantity)
    tick, long = to_price(steps.price), order.side == Side.BUY
    spec = Spec(tick=tick, lot=step if quantity % step == 0 else 1)
    nearer, earlier = (ceil_to, floor_to) if long else (floor_to, ceil_to)
    return ExitPlan(
        side=Side(order.side),
        spec=spec,
        quantity=quantity,
        entry=to_price(order.reference_price),
        stop=nearer(to_price(order.stop_loss), tick),
        targets=tuple(earlier(to_price(target), tick) for target in order.targets[:2]),
    )


def bar_at(bars: Bars, place: int) -> Bar:
    """Return one of the bars as the book takes it."""
    return Bar(
        opened_at=to_instant(to_datetime(bars.opened_at[place])),
        closed_at=to_instant(to_datetime(bars.closed_at[place])),
        open=price_at(bars.open, place),
        high=price_at(bars.high, place),
        low=price_at(bars.low, place),
        close=price_at(bars.close, place),
    )


def price_at(prices: FloatArray, place: int) -> int:
    """Return a bar's price in its unit."""
    return to_price(quantize(exact(float(prices[place])), _PLACES))
