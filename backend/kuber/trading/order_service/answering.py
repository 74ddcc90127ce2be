"""What the book answers, as words about orders and facts for the positions."""

from collections import defaultdict

from kuber.brokers.port import Execution, OrderStatus
from kuber.exchange import events
from kuber.exchange.events import Out
from kuber.exchange.units import (
    from_amount,
    from_amount_up,
    from_instant,
    from_price,
    from_quantity,
)
from kuber.trading.management.facts import Fact, Told
from kuber.trading.management.position import LegStatus
from kuber.trading.order_service.changes import Changes, Word
from kuber.trading.order_service.held import Hosted


class Answers:
    """Hears the book of one instrument in a round."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.changes = Changes()
        self._facts: defaultdict[str, list[Fact]] = defaultdict(list)
        self._sums: dict[str, tuple[int, int, int]] = {}

    def word(self, order_id: str, status: OrderStatus, reason: str = "") -> Word:
        """Note what became of an order; return what is said of it in this round."""
        word = self.changes.words.setdefault(order_id, Word(status))
        word.status = status
        if reason:
            word.reason = reason
        return word

    def _hear(self, answer: Out) -> None:
        match answer:
            case events.Accepted():
                self._hear_status(answer.order, OrderStatus.WORKING, LegStatus.WORKING)
                self._standing(answer.order).remaining = self.hosted.book.remaining(answer.order)
            case events.Filled():
                self._hear_fill(answer)
            case events.Held():
                self._standing(answer.order).waits_for = answer.reason.value
            case events.Replaced():
                self._hear_status(answer.old, OrderStatus.CANCELLED, LegStatus.REPLACED, "replaced")
                self._hear_status(answer.new, OrderStatus.WORKING, LegStatus.WORKING)
                self._standing(answer.new).remaining = self.hosted.book.remaining(answer.new)
            case events.ReplaceRefused():
                self._hear_refused_move(answer)
            case events.Trailed():
                self._standing(answer.order).stop_price = answer.stop
            case events.Reduced() | events.Adjusted():
                self._standing(answer.order).remaining = answer.remaining
            case events.Refused() | events.Cancelled() | events.Expired():
                self._hear_end(answer)

    def _hear_end(self, end: events.Refused | events.Cancelled | events.Expired) -> None:
        match end:
            case events.Refused(order, _, text):
                self._hear_status(order, OrderStatus.REJECTED, LegStatus.REFUSED, text)
            case events.Cancelled(order, reason):
                words = reason.value.replace("_", " ")
                self._hear_status(order, OrderStatus.CANCELLED, LegStatus.CANCELLED, words)
            case events.Expired(order):
                self._hear_status(order, OrderStatus.EXPIRED, LegStatus.EXPIRED, "expired")

    def _hear_status(
        self, order_id: str, status: OrderStatus, leg: LegStatus, reason: str = ""
    ) -> None:
        self.word(order_id, status, reason)
        self._say(order_id, leg)

    def _hear_fill(self, fill: events.Filled) -> None:
        order = self.hosted.orders[fill.order]
        done = fill.remaining == 0
        word = self.word(fill.order, OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED)
        word.remaining, word.waits_for = fill.remaining, None
        word.rest = from_amount_up(fill.reserved or 0)
        word.executions.append(
            Execution(
                f"{fill.order}-{fill.number}",
                order.intent.id,
                from_instant(fill.at),
                from_quantity(fill.quantity),
                from_price(fill.price),
                from_amount(fill.fee),
            )
        )
        quantity, value, fee = self._sum_of(fill.order)
        self._sums[fill.order] = (
            quantity + fill.quantity,
            value + fill.quantity * fill.price,
            fee + fill.fee,
        )
        self._say(fill.order, LegStatus.FILLED if done else LegStatus.WORKING)

    def _hear_refused_move(self, answer: events.ReplaceRefused) -> None:
        old = self.hosted.orders.get(answer.order)
        if old is None:
            return
        position = self.hosted.tracked[old.position_id].position
        for leg in position.legs:
            if leg.replaces == answer.order and leg.status is LegStatus.SENT:
                self.word(leg.order_id, OrderStatus.REJECTED, answer.reason)
                self._say(leg.order_id, LegStatus.REFUSED)

    def _standing(self, order_id: str) -> Word:
        """Return the word of an order whose status stays."""
        order = self.hosted.orders[order_id]
        status = order.life.status
        return self.changes.words.setdefault(
            order_id, Word(OrderStatus.WORKING if status is OrderStatus.INTENDED else status)
        )

    def _sum_of(self, order_id: str) -> tuple[int, int, int]:
        known = self._sums.get(order_id)
        if known is not None:
            return known
        position = self.hosted.tracked[self.hosted.orders[order_id].position_id].position
        leg = position.leg(order_id)
        return (0, 0, 0) if leg is None else (leg.heard, leg.value, leg.fee)

    def _say(self, order_id: str, status: LegStatus) -> None:
        order = self.hosted.orders.get(order_id)
        if order is not None and order.position_id in self.hosted.tracked:
            told = Told(order_id, status, *self._sum_of(order_id))
            self._facts[order.position_id].append(told)
