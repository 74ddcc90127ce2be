"""The fire drill: what the red button would do, by the same code, on a copy in memory.

Positions, orders and books are read once, in a transaction that cannot write, and are worked by the
rounds of the order service as if trading were halted and every close asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from typing import Literal
from uuid import UUID

from kuber.exchange.events import MarketPhase, Quote
from kuber.exchange.units import from_amount, from_price, from_quantity, to_instant
from kuber.infra.db import RawConnection, RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.ledger.units import plain
from kuber.trading.management.facts import CloseAsked
from kuber.trading.management.position import Position, Status
from kuber.trading.order_service.held import Hosted, Tracked
from kuber.trading.order_service.prices import NewestQuotes, priced
from kuber.trading.order_service.reading import load
from kuber.trading.order_service.round import Round
from kuber.trading.order_service.rounds import TradedFor
from kuber.trading.switch_table import Switch
from kuber.trading.switches.flattening import opens_again, order_service_away
from kuber.trading.switches.schemas import DrillCancel, DrillClose, DrillReport

_SYMBOLS = """
    select distinct symbol from positions
    where status <> 'closed' and user_id = %s and mode = %s order by symbol
"""
_PRICES = 3
"""The first may be used up, or fill in part."""
_READ_ONLY = "set transaction isolation level repeatable read read only"


@dataclass(slots=True)
class _Shadow:
    """One instrument as a copy, the positions that are drilled, and the price it has."""

    hosted: Hosted
    mine: list[Tracked]
    quote: Quote | None


class FireDrill:
    """Runs the sequence of the red button against a shadow of a user's accounts."""

    def __init__(
        self, pool: RawPool, clock: Clock, traded_for: TradedFor, quotes: NewestQuotes
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._traded_for = traded_for
        self._quotes = quotes

    async def run(self, user_id: UserId, mode: Literal["simulation"]) -> DrillReport:
        """Return what would be cancelled and closed now, and what would not."""
        began, now = perf_counter(), self._clock.now()
        problems: list[str] = []
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_READ_ONLY)
            away = await order_service_away(connection, now)
            shadows = await self._shadows(connection, user_id, mode, problems)
        if away is not None:
            problems.insert(0, f"{away} Until it runs again nothing is closed.")
        cancels: list[DrillCancel] = []
        closes: list[DrillClose] = []
        for shadow in shadows:
            before = {one.position.id: one.position for one in shadow.mine}
            cancels.extend(_working(shadow.hosted, shadow.mine))
            _press(shadow, now)
            closes.extend(
                _closed(shadow, one, before[one.position.id], problems, now)
                for one in shadow.mine
                if before[one.position.id].held > 0
            )
        return DrillReport(
            mode=mode,
            at=now,
            would_cancel=cancels,
            would_close=closes,
            took_ms=round((perf_counter() - began) * 1000, 3),
            problems=problems,
        )

    async def _shadows(
        self, connection: RawConnection, user_id: UserId, mode: str, problems: list[str]
    ) -> list[_Shadow]:
        found = await (await connection.execute(_SYMBOLS, (user_id, mode))).fetchall()
        symbols = [row[0] for row in found]
        newest = dict(priced(await self._quotes(symbols))) if symbols else {}
        shadows = []
        for symbol, traded in (await self._traded_for(None, symbols)).items():
            if traded is None:
                problems.append(f"{symbol} cannot be traded: its positions would stay open.")
                continue
            hosted = await load(connection, traded)
            holders = hosted.tracked.values()
            mine = [one for one in holders if one.holder.user_id == user_id]
            if symbol not in newest:
                problems.append(f"There is no price of {symbol}: it would wait for the next one.")
            shadows.append(_Shadow(hosted, mine, newest.get(symbol)))
        return shadows


def _press(shadow: _Shadow, now: datetime) -> None:
    """Do what the red button does, and what the next prices at the same level bring."""
    hosted, names = shadow.hosted, [one.position.id for one in shadow.mine]

    def switch_of(one: Tracked) -> Switch:
        return Switch.HALTED if one.position.id in names else Switch.RUNNING

    phase, _ = hosted.traded.phase(now)
    one = Round(hosted, now, switch_of, entries_wait=True)
    one.phase(phase)
    for name in names:
        one.tell(name, CloseAsked())
    one.work()
    for _ in range(_PRICES):
        if shadow.quote is None or phase is MarketPhase.CLOSED:
            return
        one.quote(_again(shadow.quote, hosted, now))
        one.work()


def _again(quote: Quote, hosted: Hosted, now: datetime) -> Quote:
    """Return the newest price as if it came now, after what was heard before."""
    at = max(to_instant(now), hosted.quoted_at + 1)
    return Quote(at, quote.last, quote.bid, quote.ask)


def _working(hosted: Hosted, mine: Sequence[Tracked]) -> list[DrillCancel]:
    """Return the entries that may still fill."""
    found = []
    for one in mine:
        position = one.position
        order = hosted.orders.get(position.entry_id)
        if order is None or not (position.entry is None or position.entry.live):
            continue
        filled = position.bought
        found.append(
            DrillCancel(
                order_id=order.intent.id,
                account_id=one.holder.account_id,
                symbol=hosted.symbol,
                side=order.intent.side.value,
                quantity=_tidy(order.intent.quantity - from_quantity(filled)),
            )
        )
    return found


def _closed(
    shadow: _Shadow, one: Tracked, before: Position, problems: list[str], now: datetime
) -> DrillClose:
    """Return what became of a position that was held."""
    after, sold, value, fee = one.position, *_brought(before, one.position)
    long = after.plan.long
    price = None if not sold else from_price(value // sold)
    whole = after.over and sold
    proceeds = from_amount(value - fee if long else value + fee) if whole else None
    text = f"Closed at {plain(_tidy(price))}." if whole and price is not None else ""
    if not text:
        text = _why_open(shadow, after, now)
        problems.append(f"{shadow.hosted.symbol} would not be closed at once. {text}")
    return DrillClose(
        position_id=UUID(after.id),
        account_id=one.holder.account_id,
        symbol=shadow.hosted.symbol,
        side=after.plan.side.value,
        quantity=_tidy(from_quantity(abs(before.held))),
        price=None if price is None else _tidy(price),
        proceeds=None if proceeds is None else _tidy(proceeds),
        currency=one.holder.currency,
        text=text,
    )


def _brought(before: Position, after: Position) -> tuple[int, int, int]:
    """Return what exits have filled meanwhile: quantity, value and fee."""

    def sums(position: Position) -> tuple[int, int, int]:
        exits = position.exits
        return (
            sum(leg.heard for leg in exits),
            sum(leg.value for leg in exits),
            sum(leg.fee for leg in exits),
        )

    quantity, value, fee = (new - old for new, old in zip(sums(after), sums(before), strict=True))
    return quantity, value, fee


def _why_open(shadow: _Shadow, position: Position, now: datetime) -> str:
    symbol = shadow.hosted.symbol
    if position.status is Status.FROZEN:
        return "It is frozen: a person decides, after a merger or a delisting."
    if position.status is Status.DUST:
        return "What is left is too small for an order."
    opens = opens_again(symbol, now)
    if opens is not None:
        return f"It would be queued for the open: {opens}."
    if shadow.quote is None:
        return f"It would be closed at the next price of {symbol}."
    return "The venue refuses or fills in part; it would be tried again until it is closed."


def _tidy(value: Decimal) -> Decimal:
    return Decimal(plain(value))
