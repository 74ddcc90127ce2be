"""Writes what a round changed, within its transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import structlog
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from kuber.brokers.port import Execution, OrderState, OrderStatus
from kuber.exchange.types import Effect
from kuber.exchange.units import from_quantity
from kuber.infra.db import JsonObject, RawConnection
from kuber.infra.outbox import announce_events
from kuber.kernel.orders import Side
from kuber.ledger.errors import HoldEnded
from kuber.ledger.facts import Executed, Fact, Held, Posting, Released, execution_transaction
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from kuber.ledger.units import plain
from kuber.notifications.outbox import notice_json
from kuber.trading.account_news import News, money_moved, tell_accounts
from kuber.trading.booking import AnswerRows
from kuber.trading.errors import BookLost
from kuber.trading.lifecycle import MOST_REASON, OPEN, OrderLife, Step, advance
from kuber.trading.order_service import statements
from kuber.trading.order_service.admitting import Admitted
from kuber.trading.order_service.changes import Changes, Word
from kuber.trading.order_service.held import VENUE, Hosted, LiveOrder, Tracked
from kuber.trading.order_service.margins import margin_given_back, margin_kept
from kuber.trading.order_service.round import Round
from kuber.trading.order_service.rows import exit_rows, position_row, price_text
from kuber.trading.order_service.telling import closed_event, notice_of
from kuber.trading.order_types import SettlementStatus
from kuber.trading.types import Intent

log = structlog.get_logger(__name__)

_IDS = UUID("6a8c7b1e-8a0b-5f0e-8f0c-9d9f3d0f7c11")


def hold_of(order: LiveOrder, currency: str, amount: Decimal, now: datetime) -> Posting:
    """Return the posting that keeps money for an entry."""
    fact = Held(order.intent.id, amount)
    id_ = uuid5(_IDS, f"hold/{order.intent.id}")
    return _posting(order, id_, currency, now, fact)


class RoundWriter:
    """Writes the changes of rounds on one connection, in its transaction."""

    def __init__(self, connection: RawConnection, booking: AnswerRows, now: datetime) -> None:
        self._connection = connection
        self._booking = booking
        self._ledger = Ledger(Book.TRADING)
        self._now = now
        self.news: list[News] = []
        self.executed = 0
        self._flat: list[tuple[str, Tracked]] = []
        self._refused: list[JsonObject] = []
        self._counted: list[tuple[AsyncCursor[TupleRow], int, str]] = []

    async def write(self, rounds: Sequence[Round], admitted: Sequence[Admitted] = ()) -> None:
        """Write everything that the rounds changed. Raises BookLost."""
        changed = [one for one in rounds if not one.changes.nothing]
        await self._positions([(one.hosted, one.changes) for one in changed])
        await self._admit(admitted)
        await self._exits([row for one in changed for row in exit_rows(one, self._now)])
        postings: list[tuple[LiveOrder, Posting]] = []
        answers, standings = list(self._refused), []
        for one in changed:
            for order_id, word in one.changes.words.items():
                order = one.hosted.orders[order_id]
                tracked = one.hosted.tracked[order.position_id]
                step = self._advance(order, word)
                before = order.life.answers
                if step is not None:
                    answers.append(self._booking.row(order.intent, step, before))
                    self._take(order, step)
                    self.news.append(News(tracked.holder.account_id, "order_updated", order_id))
                found = list(self._postings(order, word, step, tracked))
                postings.extend((order, posting) for posting in found)
                standings.append(
                    self._standing(order, word, settled=bool(step and step.executions))
                )
        await self._answers(answers)
        await self._settle(postings, standings)
        await self._rows(statements.STANDINGS, standings)
        await self._notices(changed)
        if self._flat:
            events = [closed_event(one, symbol, self._now) for symbol, one in self._flat]
            await announce_events(self._connection, events)
        await self._books(changed)

    @property
    def flat_accounts(self) -> dict[UUID, str]:
        """Accounts in which a position was closed, with their currencies."""
        return {one.holder.account_id: one.holder.currency for _, one in self._flat}

    async def _admit(self, admitted: Sequence[Admitted]) -> None:
        """Note on the orders of admitted entries which position they open."""
        rows: list[JsonObject] = [
            {
                "id": str(one.order.intent.id),
                "position_id": one.order.position_id,
                "time_in_force": one.order.terms.time_in_force.value,
            }
            for one in admitted
        ]
        await self._rows(statements.ADMITTED, rows)

    def refuse(self, intent: Intent, reason: str) -> None:
        """Note that an intent becomes no order."""
        step = Step(OrderStatus.REJECTED, reason[:MOST_REASON], ())
        self._refused.append(self._booking.row(intent, step))
        self.news.append(News(intent.account.id, "order_updated", str(intent.id)))

    async def done(self, outcomes: Mapping[UUID, str | None]) -> None:
        """Note what became of requests; None where they were done."""
        rows = [{"id": str(id_), "outcome": outcome} for id_, outcome in outcomes.items()]
        if rows:
            values = {"rows": Jsonb(rows), "now": self._now}
            await self._connection.execute(statements.DONE.encode(), values)

    async def tell(self) -> None:
        """Have pages told when this commits."""
        await tell_accounts(self._connection, self.news)

    async def _positions(self, changes: Iterable[tuple[Hosted, Changes]]) -> None:
        rows = []
        for hosted, found in changes:
            for tracked in found.positions.values():
                rows.append(position_row(tracked, hosted.symbol))
                self.news.append(_position_news(tracked))
                if tracked.position.over and tracked.position.bought:
                    self._flat.append((hosted.symbol, tracked))
                tracked.stored = tracked.position.version
        if not rows:
            return
        values = {"rows": Jsonb(rows)}
        await self._count(statements.POSITIONS, values, len(rows), "changed these positions")

    async def _exits(self, rows: list[JsonObject]) -> None:
        if rows:
            values = {"rows": Jsonb(rows), "now": self._now}
            await self._connection.execute(statements.EXITS.encode(), values)

    def _advance(self, order: LiveOrder, word: Word) -> Step | None:
        filled = sum((one.quantity for one in word.executions), order.life.filled_quantity)
        said = OrderState(order.intent.id, word.status, filled, word.reason)
        return advance(order.life, said, word.executions)

    def _take(self, order: LiveOrder, step: Step) -> None:
        life = order.life
        filled = sum((one.quantity for one in step.executions), life.filled_quantity)
        order.life = OrderLife(step.status, life.quantity, filled, life.answers + 1)

    def _postings(
        self, order: LiveOrder, word: Word, step: Step | None, tracked: Tracked
    ) -> Iterator[Posting]:
        executions = step.executions if step is not None else ()
        currency = tracked.holder.currency
        for number, one in enumerate(executions, 1):
            if order.terms.effect is Effect.CLOSE:
                for id_, fact in margin_given_back(tracked.position, one.execution_id):
                    yield _posting(order, id_, currency, self._now, fact)
            rest = word.rest if number == len(executions) else order.reserved
            yield _posting(
                order,
                execution_transaction(VENUE, order.intent.account.id, one.execution_id),
                currency,
                self._now,
                _executed(order, one, rest if order.reserved else Decimal(0)),
            )
        if executions:
            for id_, fact in margin_kept(tracked.position, executions[-1].execution_id):
                yield _posting(order, id_, currency, self._now, fact)
        if executions and order.reserved:
            order.reserved = word.rest
        if order.life.status not in OPEN and order.reserved:
            order.reserved = Decimal(0)
            id_ = uuid5(_IDS, f"release/{order.intent.id}")
            yield _posting(order, id_, currency, self._now, Released(order.intent.id))

    def _standing(self, order: LiveOrder, word: Word, *, settled: bool) -> JsonObject:
        ended = order.life.status not in OPEN
        remaining = Decimal(0) if ended else None
        if not ended and word.remaining is not None:
            remaining = from_quantity(word.remaining)
        return {
            "id": str(order.intent.id),
            "remaining": None if remaining is None else plain(remaining),
            "waits_for": None if ended else word.waits_for,
            "stop_price": price_text(word.stop_price),
            "reserved": plain(order.reserved),
            "settlement_status": SettlementStatus.SETTLED.value if settled else None,
        }

    async def _answers(self, answers: list[JsonObject]) -> None:
        if not answers:
            return
        values = {"rows": Jsonb(answers)}
        await self._count(
            statements.ANSWERS, values, len(answers), "booked answers to these orders"
        )
        await self.confirm()

    async def _settle(
        self, postings: Sequence[tuple[LiveOrder, Posting]], standings: list[JsonObject]
    ) -> None:
        """Post what was filled; what the ledger refuses is marked, and an alarm in the log."""
        settled = await self._ledger.settle(self._connection, [one for _, one in postings])
        failed = set()
        for (order, _), one in zip(postings, settled, strict=True):
            executed = isinstance(one.posting.fact, Executed)
            self.executed += executed
            if one.refusal is None or isinstance(one.refusal, HoldEnded):
                continue
            if executed:
                failed.add(str(order.intent.id))
            what = "execution_not_settled" if executed else "margin_not_kept"
            log.error(what, order_id=str(order.intent.id), why=str(one.refusal))
        for row in standings:
            if row["id"] in failed:
                row["settlement_status"] = SettlementStatus.FAILED.value
        accounts = {order.intent.account.id for order, _ in postings}
        self.news.extend(money_moved(one) for one in accounts)

    async def _notices(self, changed: Sequence[Round]) -> None:
        notices = [
            notice_of(tracked, tell, one.hosted.symbol)
            for one in changed
            for tracked, tell in one.changes.tells
        ]
        if notices:
            values = {"notices": Jsonb(notice_json(notices))}
            await self._connection.execute(statements.NOTICES.encode(), values)

    async def _books(self, changed: Sequence[Round]) -> None:
        books = [one.hosted for one in changed if one.changes.book]
        if not books:
            return
        values: Mapping[str, Any] = {
            "symbols": [one.symbol for one in books],
            "states": statements.BETWEEN_BOOKS.join(one.book.state().text for one in books),
            "versions": [(one.stored or 0) + 1 for one in books],
            "now": self._now,
        }
        await self._count(statements.BOOKS, values, len(books), "changed these books")
        for one in books:
            one.stored = (one.stored or 0) + 1

    async def _count(
        self, statement: str, values: Mapping[str, Any], expected: int, done: str
    ) -> None:
        """Write rows that nobody else may have changed; `confirm` looks whether that was so."""
        cursor = await self._connection.execute(statement.encode(), values)
        self._counted.append((cursor, expected, done))

    async def confirm(self) -> None:
        """Make sure that everything written so far stood as it was read. Raises BookLost."""
        counted, self._counted = self._counted, []
        for cursor, expected, done in counted:
            row = await cursor.fetchone()
            if row is None or row[0] != expected:
                raise BookLost(f"Another process has {done}.")

    async def _rows(self, statement: str, rows: list[JsonObject]) -> None:
        if rows:
            await self._connection.execute(statement.encode(), {"rows": Jsonb(rows)})


def _posting(order: LiveOrder, id_: UUID, currency: str, now: datetime, fact: Fact) -> Posting:
    account, side = order.intent.account.id, order.intent.side.value
    memo = f"{side} {order.intent.symbol}"
    return Posting(id_, Book.TRADING, account, currency, now, fact, memo)


def _executed(order: LiveOrder, one: Execution, rest: Decimal) -> Executed:
    sign = 1 if order.intent.side is Side.BUY else -1
    return Executed(
        symbol=order.intent.symbol,
        quantity=sign * one.quantity,
        price=one.price,
        fee=one.commission,
        position_id=UUID(order.position_id),
        order_id=order.intent.id,
        execution_id=one.execution_id,
        rest=rest,
    )


def _position_news(tracked: Tracked) -> News:
    event = "position_changed"
    if tracked.stored is None:
        event = "position_opened"
    elif tracked.position.over:
        event = "position_closed"
    return News(tracked.holder.account_id, event, tracked.position.id)


def forget_ended(hosted: Hosted) -> None:
    """Drop the orders that have ended, and the positions that are closed."""
    for order_id, order in list(hosted.orders.items()):
        if order.life.status not in OPEN:
            del hosted.orders[order_id]
    for name, tracked in list(hosted.tracked.items()):
        if tracked.position.over:
            del hosted.tracked[name]
